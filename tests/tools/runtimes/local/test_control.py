from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.errors import PlatformError
from tools.runtimes.local.paths import platform_paths
from tools.runtimes.local.protocol import request
from tools.runtimes.local.runtime import LocalRuntime
from tools.runtimes.local.state import find_daemon
from tools.runtimes.local.version import LocalVersion

Make = Callable[..., LocalVersion]


@pytest.mark.parametrize("path", ["/status", "/metrics", "/start", "/down", "/nothing"])
def test_without_the_token_nothing_is_answered(
    runtime: LocalRuntime, make: Make, tmp_path: Path, path: str
) -> None:
    runtime.launch(make("v1"))
    daemon = find_daemon(platform_paths(tmp_path / "home"))
    assert daemon is not None
    for token in ("", "wrong", daemon.token[:-1], "ä"):
        guess = daemon.model_copy(update={"token": token.encode().decode("latin-1")})
        answer = request(guess, "GET" if path in ("/status", "/metrics") else "POST", path)
        assert answer.status == 401
    assert [each.version for each in runtime.status()] == ["v1"]


def test_only_this_user_can_reach_what_the_daemon_keeps(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    runtime.launch(make("v1"))
    daemon = find_daemon(platform_paths(tmp_path / "home"))
    assert daemon is not None
    kept = [*(tmp_path / "home" / "platform").rglob("*"), *daemon.control.parent.rglob("*")]
    open_to_others = [path for path in kept if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []
    for folder in (tmp_path / "home" / "platform", daemon.control.parent, daemon.control.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.getuid()


def test_the_daemon_has_nothing_of_the_crews_environment(
    runtime: LocalRuntime, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hush-hush")
    runtime.launch(make("v1"))
    daemon = find_daemon(platform_paths(tmp_path / "home"))
    assert daemon is not None
    environment = Path(f"/proc/{daemon.process.pid}/environ").read_bytes()
    assert b"hush" not in environment
    assert Path(f"/proc/{daemon.process.pid}/cwd").readlink() == Path("/")
    assert os.getsid(daemon.process.pid) != os.getsid(0)


def test_a_request_that_is_not_understood_is_named_without_its_secrets(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    runtime.launch(make("v1"))
    daemon = find_daemon(platform_paths(tmp_path / "home"))
    assert daemon is not None
    document = json.loads(make("v2").model_dump_json()) | {"secrets": {"KEY": ["hush"]}, "extra": "hush"}
    answer = request(daemon, "POST", "/start", json.dumps(document))
    assert answer.status == 422
    assert b"extra" in answer.body
    assert b"hush" not in answer.body


def test_a_platform_that_cannot_begin_says_why(
    runtime: LocalRuntime, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="x") as session:
        (Path(session) / "shipcrew").write_text("in the way")
        monkeypatch.setenv("XDG_RUNTIME_DIR", session)
        with pytest.raises(PlatformError, match=r"The platform did not start:\n.*Cannot create .*shipcrew"):
            runtime.launch(make("v1"))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
