"""What a bench reads of a workspace, which others wrote."""

from __future__ import annotations

from pathlib import Path

from tools.sandbox import Sandbox
from tools.testing import Interpreter, SandboxRunner


def test_sources_are_plain_files_of_the_workspace(
    tmp_path: Path, sandbox: Sandbox, environment: Interpreter
) -> None:
    workspace = tmp_path / "work"
    (workspace / "shop").mkdir(parents=True)
    (workspace / "shop" / "a.py").write_text("x = 1\n")
    (workspace / "binary.py").write_bytes(b"\xff\xfe")
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (workspace / "link.py").symlink_to(tmp_path / "outside.py")
    bench = SandboxRunner(sandbox, environment, workspace, tmp_path / "scratch")

    names = ("shop/a.py", "binary.py", "link.py", "shop", "gone.py", "../outside.py")
    assert bench.sources(names) == {"shop/a.py": "x = 1\n"}
