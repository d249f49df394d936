"""One allowed call of every tool: the cases change one thing of them."""

from __future__ import annotations

import copy

from pydantic import JsonValue

Call = dict[str, JsonValue]
HOME = "/home/me/.crew/work/CHK-1"
KNOWN: Call = {"known_evidence": ["a-1"], "rationale_letters": 32}
"""What the door finds out about every call."""
TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def call(role: str, tool: str, effect: str, facts: Call | None = None, **arguments: JsonValue) -> Call:
    """Return a call that cites one piece of evidence."""
    return {
        "delivery": "CHK-1",
        "role": role,
        "tool": tool,
        "effect": effect,
        "arguments": arguments,
        "rationale": "Because the criterion CHK-1.1 asks for it.",
        "evidence": ["a-1"],
        "facts": KNOWN | (facts or {}),
    }


def paths(*names: str) -> Call:
    """Return the facts about paths that lead where they say."""
    return {"workspace": HOME, "paths": [{"text": name, "resolved": f"{HOME}/{name}"} for name in names]}


DEPENDENCIES: Call = {
    "added": {"fastapi==0.1.0": True},
    "unpinned": [],
    "licences": {"MIT": ["fastapi==0.1.0"]},
}
MERGE: Call = {
    "known_evidence": ["a-1", "a-7", "a-8", "a-9"],
    "branch": "crew/chk-1",
    "head_tree": TREE,
    "tests": {"action": "a-7", "tree": TREE, "passed": 41, "failed": 0, "errors": 0, "complete": True},
    "mutants": {"judged": 12, "noticed": 11},
    "scan": {"action": "a-8", "tree": TREE, "high": 0, "medium": 0, "skipped": 0},
    "lint": {"action": "a-9", "tree": TREE, "count": 0, "unchecked": []},
    "objections": [],
    "secrets": [],
    "dependencies": DEPENDENCIES,
    "contract": {"breaking": [], "incomparable": []},
    "migrations": {"destructive": []},
    "altered_tests": [],
    "guarding": [],
}
ALLOWED: dict[str, Call] = {
    "read_criteria": call("design", "read_criteria", "read"),
    "settle_blueprint": call("design", "settle_blueprint", "write"),
    "list_files": call(
        "governance",
        "list_files",
        "read",
        {"workspace": HOME, "paths": [{"text": ".", "resolved": HOME}]},
        folder=".",
    ),
    "read_file": call("testing", "read_file", "read", paths("app/main.py"), path="app/main.py"),
    "write_file": call(
        "code",
        "write_file",
        "write",
        paths("app/a.py") | {"secrets": [], "protected": False},
        path="app/a.py",
        content='"\\n"',
    ),
    "edit_file": call(
        "code",
        "edit_file",
        "write",
        paths("app/a.py") | {"secrets": [], "protected": False},
        path="app/a.py",
        old="a",
        new="b",
    ),
    "delete_file": call(
        "code", "delete_file", "write", paths("app/a.py") | {"protected": False}, path="app/a.py"
    ),
    "search_files": call("design", "search_files", "read", paths("app"), pattern="total", folder="app"),
    "show_diff": call("governance", "show_diff", "read"),
    "run_command": call("code", "run_command", "execute", command=["make", "lint"]),
    "generate_service": call("code", "generate_service", "write", {"branch": "crew/chk-1"}),
    "commit": call(
        "code",
        "commit",
        "write",
        {"branch": "crew/chk-1", "altered_protected": [], "secrets": []},
        message="Add tests",
    ),
    "install_dependencies": call(
        "testing", "install_dependencies", "network", {"dependencies": DEPENDENCIES}
    ),
    "run_tests": call("testing", "run_tests", "execute"),
    "run_mutants": call("testing", "run_mutants", "execute"),
    "describe_test_context": call("crew", "describe_test_context", "read", criteria=["CHK-1.1"]),
    "write_examples": call(
        "testing",
        "write_examples",
        "write",
        {"branch": "crew/chk-1", "secrets": []},
        content="def test_chk_1_1_it(): ...",
    ),
    "keep_examples": call("crew", "keep_examples", "execute", {"branch": "crew/chk-1"}, commit=TREE),
    "run_linters": call("code", "run_linters", "execute"),
    "lint_tree": call("crew", "lint_tree", "execute", tree=TREE),
    "scan_code": call("governance", "scan_code", "execute"),
    "scan_secrets": call("governance", "scan_secrets", "read"),
    "check_dependencies": call("governance", "check_dependencies", "read"),
    "check_contract": call("governance", "check_contract", "read"),
    "read_result": call("testing", "read_result", "read", digest="sha256:" + "0" * 64),
    "open_repository": call("crew", "open_repository", "write"),
    "reset_workspace": call("crew", "reset_workspace", "write", {"branch": "crew/chk-1"}, commit=TREE),
    "open_pull_request": call("crew", "open_pull_request", "write", {"branch": "crew/chk-1", "secrets": []}),
    "comment": call("crew", "comment", "write", {"secrets": []}, text="This will cost more."),
    "merge_main": call("crew", "merge_main", "write", {"branch": "crew/chk-1"}, main=TREE),
    "merge": call("crew", "merge", "write", MERGE) | {"evidence": ["a-1", "a-7", "a-8", "a-9"]},
    "start_service": call("deployment", "start_service", "production", {"merged": True}, version=TREE),
}
GONE = object()
"""Stands for a member that is taken away."""


def changed(tool: str, /, **changes: object) -> Call:
    """Return the allowed call of a tool with members replaced; `facts__tests__failed` is three deep."""
    changed_call = copy.deepcopy(ALLOWED[tool])
    for place, value in changes.items():
        *parents, name = place.split("__")
        members: JsonValue = changed_call
        for parent in parents:
            assert isinstance(members, dict)
            members = members[parent]
        assert isinstance(members, dict)
        if value is GONE:
            del members[name]
        else:
            members[name] = value  # type: ignore[assignment]
    return changed_call
