from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tools.environments import machine
from tools.environments.machine import Check, check_machine


def check(name: str) -> Check:
    return next(each for each in check_machine() if each.name == name)


def test_all_is_looked_at_and_what_fails_can_be_mended() -> None:
    checks = check_machine()
    names = [each.name for each in checks if each.name != "cgroups"]
    assert names == ["python", "git", "uv", "sandbox", "policy", "sockets", "disk"]
    for each in checks:
        assert each.detail
        assert each.ok or each.fix


def test_what_this_test_runs_with_is_found() -> None:
    assert [check(name).ok for name in ("python", "git", "uv")] == [True, True, True]
    assert Path(check("uv").detail).is_file()


@pytest.mark.parametrize(
    ("name", "setting", "value", "detail"),
    [
        ("python", "environments.machine.OLDEST_PYTHON", (99, 0), "Python"),
        ("git", "git.command.OLDEST", (99, 0), "or newer is required"),
        ("disk", "environments.machine.DISK_BYTES", 10**18, "GB free at"),
        ("sandbox", "environments.machine.SANDBOXES", ("wishful",), "Unknown sandbox 'wishful'"),
    ],
)
def test_what_is_lacking_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, setting: str, value: object, detail: str
) -> None:
    monkeypatch.setattr(f"tools.{setting}", value)
    found = check(name)
    assert not found.ok
    assert detail in found.detail
    assert found.fix


def test_without_opa_the_crew_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = check("policy")
    assert found.ok
    assert "regopy" in found.detail
    assert found.fix


def test_without_git_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = check("git")
    assert not found.ok
    assert "not installed" in found.detail


def test_a_folder_in_the_way_of_sockets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="x") as session:
        monkeypatch.setenv("XDG_RUNTIME_DIR", session)
        assert check("sockets").ok
        (Path(session) / "shipcrew").rmdir()
        (Path(session) / "shipcrew").write_text("in the way")
        found = check("sockets")
    assert not found.ok
    assert "shipcrew" in found.detail


def test_a_home_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    checks = check_machine(tmp_path / "not" / "there")
    assert str(tmp_path) in next(each for each in checks if each.name == "disk").detail
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize(
    ("enforced", "told"),
    [
        ({"memory": "cgroup v2", "processes": "cgroup v2", "CPU time": "cgroup v2"}, "counted by the kernel"),
        (
            {"memory": "watched", "processes": "cgroup v1", "CPU time": "cgroup v1"},
            "not writable here for memory:",
        ),
        (
            {"memory": "cgroup v1", "processes": "cgroup v1", "CPU time": "polled every 0.1 s"},
            "not writable here for CPU time: polled",
        ),
        ({}, "not writable here for memory, processes, CPU time:"),
    ],
)
def test_cgroups_are_told_from_what_replaces_them(enforced: dict[str, str], told: str) -> None:
    found = machine._cgroups(enforced)
    assert told in found.detail
    assert found.ok
