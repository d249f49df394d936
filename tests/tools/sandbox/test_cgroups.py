"""Where control groups are looked for, on machines of several kinds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.sandbox import Limits, cgroups
from tools.sandbox.cgroups import Group, Hierarchy, candidates, own_groups

MEMORY, PIDS, CPU = frozenset({"memory"}), frozenset({"pids"}), frozenset({"cpuacct"})


def test_version_1_below_our_own_group() -> None:
    mounts = (
        "30 24 0:26 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n"
        "31 24 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        "32 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    )
    groups = own_groups("8:pids:/\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n")
    assert candidates(mounts, groups) == [
        Hierarchy(Path("/sys/fs/cgroup/memory/a/b"), 1, MEMORY),
        Hierarchy(Path("/sys/fs/cgroup/pids"), 1, PIDS),
        Hierarchy(Path("/sys/fs/cgroup/cpu"), 1, CPU),
    ]


def test_version_1_seen_from_a_container() -> None:
    mounts = "30 24 0:26 /docker/abc /sys/fs/cgroup/memory,pids ro - cgroup cgroup rw,memory,pids\n"
    inside = candidates(mounts, own_groups("4:memory,pids:/docker/abc/d\n"))
    assert inside == [Hierarchy(Path("/sys/fs/cgroup/memory,pids/d"), 1, MEMORY | PIDS)]
    elsewhere = candidates(mounts, own_groups("4:memory,pids:/\n"))
    assert elsewhere[0].folder == Path("/sys/fs/cgroup/memory,pids")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders as systemd makes them for a person who is logged in."""
    enabled = {
        "": "cpuset cpu io memory pids",
        "user.slice": "cpu memory pids",
        "user.slice/user@1000": "cpu memory pids",
        "user.slice/user@1000/app.slice": "memory pids",
        "user.slice/user@1000/app.slice/terminal.scope": "",
        "user.slice/session.scope": "",
    }
    for name, controllers in enabled.items():
        folder = tmp_path / "cgroup" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.subtree_control").write_text(controllers + "\n")
    return tmp_path / "cgroup"


def test_version_2_in_the_nearest_group_that_hands_controllers_on(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = f"26 24 0:22 / {tree} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    ours = own_groups("0::/user.slice/user@1000/app.slice/terminal.scope\n")
    found = [Hierarchy(tree / "user.slice/user@1000/app.slice", 2, MEMORY | PIDS)]
    assert candidates(mounts, ours) == found
    own = str(tree / "user.slice" / "user@1000")
    monkeypatch.setattr(os, "access", lambda path, _: str(path).startswith(own))
    assert candidates(mounts, ours) == found
    assert candidates(mounts, own_groups("0::/user.slice/session.scope\n")) == []


def test_a_group_bounds_and_goes() -> None:
    if not cgroups.hierarchies():
        pytest.skip("no control group is writable here")
    group = Group(Limits(memory_mb=64, processes=10))
    folders = [
        folder for each in cgroups.hierarchies() for folder in each.folder.glob(f"shipcrew-{os.getpid()}-*")
    ]
    assert folders
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        group.attach(process.pid)
        assert all(str(process.pid) in (each / "cgroup.procs").read_text().split() for each in folders)
        assert not group.out_of_memory()
    group.remove()
    assert not any(each.exists() for each in folders)


def test_what_others_left_is_swept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / f"shipcrew-{gone.pid}-0").mkdir()
    (tmp_path / f"shipcrew-{os.getpid()}-0").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.setattr(cgroups, "candidates", lambda *_: [Hierarchy(tmp_path, 1, PIDS)])
    monkeypatch.setattr(cgroups, "_works", lambda _: True)
    cgroups.hierarchies.__wrapped__()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", f"shipcrew-{os.getpid()}-0"]
