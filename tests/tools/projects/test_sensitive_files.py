"""Which files decide how changes are guarded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, put
from tools.projects.sensitive_files import guarding_changes
from tools.projects.trees import workspace_tree


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
