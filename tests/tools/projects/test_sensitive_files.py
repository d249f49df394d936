"""Which files control a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, git, put
from tools.git import agent, commit_generation
from tools.projects.sensitive_files import guarding_changes, is_controlling
from tools.projects.trees import note_generation, repository, workspace_tree
from tools.redaction import Redactor

CONTROLLING = [
    ".github/workflows/ci.yml",
    "sub/.github/workflows/ci.yml",
    ".GitHub/workflows/ci.yml",
    ".github/.gitkeep",
    ".forgejo/workflows/ci.yml",
    ".gitea/workflows/ci.yml",
    ".woodpecker.yml",
    ".woodpecker/a.yaml",
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
    ".gitlab-ci.yml",
    ".travis.yml",
    ".cirrus.yml",
    ".pre-commit-config.yaml",
    ".husky/pre-commit",
    ".vscode/tasks.json",
    ".envrc",
    ".env",
    ".npmrc",
    ".python-version",
    ".gitattributes",
    "src/deep/.gitattributes",
    "src/.GITATTRIBUTES",
    ".gitignore",
    "src/.gitignore",
    ".gitmodules",
    ".dockerignore",
    ".coveragerc",
    ".\u200cgithub/x",
    "\u200c.github/x",
    "\uff0egithub/x",
    "docs\\.github\\x",
    "CODEOWNERS",
    "docs/codeowners",
    "crew.toml",
    "sub/Crew.toml",
    "policies/merge.rego",
    "Jenkinsfile",
    "ci/jenkinsfile.release",
    "jenkinsfile.",
    "azure-pipelines-release.yaml",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    "buildspec.yml",
    "appveyor.yml",
    "lefthook-local.yml",
    "renovate.json5",
    "alembic.ini",
    "migrations/env.py",
    "src/shop/alembic/env.py",
]
HARMLESS = [
    "src/github.py",
    "docs/workflows/ci.yml",
    ".editorconfig",
    "src/.gitkeep",
    ".env.example",
    "app/env.py",
    "README.md",
    "src/a.b.c/x.py",
    "src/x.github",
    "regopy.py",
    "src/cloudbuild_client.py",
    "tests/test_codeowners.py",
]


@pytest.mark.attack
@pytest.mark.parametrize("path", CONTROLLING)
def test_controlling_files_are_known_in_every_folder_and_spelling(path: str) -> None:
    assert is_controlling(path)


@pytest.mark.parametrize("path", HARMLESS)
def test_other_files_control_nothing(path: str) -> None:
    assert not is_controlling(path)


@pytest.mark.parametrize(
    ("path", "guards"),
    [
        (".github/workflows/ci.yml", True),
        ("crew.toml", True),
        ("policies/merge.rego", True),
        ("CODEOWNERS", True),
        (".gitlab-ci.yml", True),
        ("src/github.py", False),
        ("docs/workflows/ci.yml", False),
    ],
)
def test_what_guards_is_named_where_it_changes(tmp_path: Path, path: str, guards: bool) -> None:
    bench = delivery(tmp_path, {"a.py": "x = 1\n", path: "kept: 1\n"})
    put(bench.workspace, {"a.py": "x = 2\n"})
    assert guarding_changes(bench, workspace_tree(bench)) == []
    put(bench.workspace, {path: "kept: 2\n"})
    assert guarding_changes(bench, workspace_tree(bench)) == ([path] if guards else [])


@pytest.mark.attack
def test_links_submodules_and_deletions_are_changes(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"a.py": "x = 1\n", ".forgejo/ci.yml": "a\n", "sub/.gitattributes": "a\n"})
    note_generation(bench, repository(bench).base_commit())
    (bench.workspace / ".forgejo/ci.yml").unlink()
    (bench.workspace / "sub/.gitattributes").unlink()
    (bench.workspace / "sub/.gitattributes").symlink_to("a\n")
    (bench.workspace / ".devcontainer").symlink_to("sub")
    found = guarding_changes(bench, workspace_tree(bench))
    assert found == [".devcontainer", ".forgejo/ci.yml", "sub/.gitattributes"]


def test_a_generation_may_change_its_own_files_unless_a_person_edited_them(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"README.md": "\n"})
    held = repository(bench)
    first, second = {".github/ci.yml": "1\n", "b/.npmrc": "1\n"}, {".github/ci.yml": "2\n"}
    redact = Redactor(())

    def generate(files: dict[str, str], parent: str | None) -> str:
        note = commit_generation(held, files, parent, "Generate", agent("code"), bench.when, redact)
        note_generation(bench, note)
        return note

    generation = generate(first, None)
    put(bench.workspace, {**first})
    tree = workspace_tree(bench)
    assert guarding_changes(bench, tree) == []

    main = held.base_commit()
    merged = held.commit(tree, (main, generation), "Merge", agent("code"), bench.when, redact)
    git(bench.repository, "update-ref", held.base_ref, merged)
    generate(second, generation)
    put(bench.workspace, {**second})
    (bench.workspace / "b/.npmrc").unlink()
    assert guarding_changes(bench, workspace_tree(bench)) == []
    put(bench.workspace, {".github/ci.yml": "1\nadded\n"})
    assert guarding_changes(bench, workspace_tree(bench)) == [".github/ci.yml"]

    put(bench.workspace, {**first, ".github/ci.yml": "1\nsigned: true\n"})
    edited = held.commit(workspace_tree(bench), (merged,), "Sign", agent("code"), bench.when, redact)
    git(bench.repository, "update-ref", held.base_ref, edited)
    put(bench.workspace, {**first})
    generate(first, generation)
    assert guarding_changes(bench, workspace_tree(bench)) == [".github/ci.yml"]
