"""What policy has to know about a call besides what the caller said.

Found out here from the repository, the workspace, the ledger and the scanners; nothing that a model says is
a fact."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, JsonValue

from crew.door.call import Call
from crew.evidence.evidence import last
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger
from tools.catalogue import review
from tools.catalogue.dependencies import InstallDependencies
from tools.catalogue.example_tests import WriteExamples
from tools.catalogue.files import DeleteFile, EditFile, ListFiles, ReadFile, WriteFile
from tools.catalogue.release import StartService, is_merged
from tools.catalogue.repository import Comment, Commit, Merge, OpenPullRequest
from tools.catalogue.search import SearchFiles
from tools.projects.dependencies import requirements
from tools.projects.sensitive_files import guarding_changes
from tools.projects.trees import branch_of, branch_tree, changed_texts, repository, workspace_tree
from tools.result import Tool, Workbench
from tools.test_integrity.protected_tests import is_protected
from tools.test_integrity.weakened_tests import altered_tests

Source = Callable[[Workbench, BaseModel], dict[str, JsonValue]]


class Facts:
    """Looks up the facts of one delivery's calls."""

    def __init__(self, bench: Workbench, ledger: Ledger, artifacts: ArtifactStore) -> None:
        self._bench = bench
        self._ledger = ledger
        self._artifacts = artifacts

    def __call__(self, call: Call, tool: Tool, arguments: BaseModel) -> dict[str, JsonValue]:
        """Return the facts that the policies name for this tool; none for a tool that they name none for."""
        if isinstance(arguments, ListFiles | SearchFiles):
            return self._paths(arguments.folder)
        if isinstance(arguments, ReadFile):
            return self._paths(arguments.path)
        if isinstance(arguments, WriteFile):
            return self._changing(arguments.path) | _secrets({arguments.path: arguments.content})
        if isinstance(arguments, EditFile):
            return self._changing(arguments.path) | _secrets({arguments.path: arguments.new})
        if isinstance(arguments, DeleteFile):
            return self._changing(arguments.path)
        if isinstance(arguments, Comment):
            return _secrets({"the comment": arguments.text})
        if isinstance(arguments, InstallDependencies):
            return self._dependencies(requirements(self._bench, arguments.version, fetch=True))
        if isinstance(arguments, Merge):
            return self._merge(arguments)
        if isinstance(arguments, StartService):
            return {"merged": is_merged(self._bench, arguments.version)}
        return self._change(tool, arguments)

    def _paths(self, name: str) -> dict[str, JsonValue]:
        root = self._bench.workspace.resolve()
        try:
            resolved = str((root / name).resolve())
        except (OSError, ValueError, RuntimeError):
            resolved = ""
        return {"workspace": str(root), "paths": [{"text": name, "resolved": resolved}]}

    def _changing(self, name: str) -> dict[str, JsonValue]:
        return self._paths(name) | {"protected": is_protected(self._bench, name)}

    def _change(self, tool: Tool, arguments: BaseModel) -> dict[str, JsonValue]:
        facts: dict[str, JsonValue] = {"branch": _short(branch_of(self._bench))}
        if isinstance(arguments, Commit):
            changed = changed_texts(self._bench, workspace_tree(self._bench))
            return facts | _secrets(changed | {"the commit message": arguments.message})
        if isinstance(arguments, WriteExamples):
            return facts | _secrets({"the example tests": arguments.content})
        if isinstance(arguments, OpenPullRequest):
            texts = {"the title": arguments.title, "the description": arguments.description}
            return facts | _secrets(changed_texts(self._bench, branch_tree(self._bench)) | texts)
        return facts

    def _dependencies(self, texts: dict[str, str]) -> dict[str, JsonValue]:
        return {"dependencies": review.dependency_facts(self._bench, texts)}

    def _merge(self, arguments: Merge) -> dict[str, JsonValue]:
        tree = branch_tree(self._bench)
        held = repository(self._bench)
        texts = requirements(self._bench, held.required(branch_of(self._bench)), fetch=True)
        return {
            "branch": _short(branch_of(self._bench)),
            "head_tree": tree,
            "approves": tree,
            "tests": self._proof("run_tests"),
            "scan": self._proof("scan_code"),
            "contract": review.contract_findings(self._bench, tree).model_dump(mode="json"),
            "migrations": {"destructive": [*review.destructive_migrations(self._bench, tree)]},
            "altered_tests": [*altered_tests(self._bench, tree)],
            "guarding": [*guarding_changes(self._bench, tree)],
            **_secrets(changed_texts(self._bench, tree) | {"the title": arguments.title}),
            **self._dependencies(texts),
        }

    def _proof(self, tool: str) -> dict[str, JsonValue]:
        found = last(self._ledger, self._artifacts, self._bench.delivery, tool)
        return found.data | {"action": found.action} if found else {}


def _secrets(texts: dict[str, str]) -> dict[str, JsonValue]:
    return {"secrets": review.secret_records(texts)}


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")
