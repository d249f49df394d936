from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.tools.runtimes.local.conftest import is_running
from tools.errors import PlatformError
from tools.runtimes import ServiceStatus
from tools.runtimes.local.processes import Process, Processes, process
from tools.runtimes.local.runtime import LocalRuntime
from tools.runtimes.local.version import LocalVersion

Make = Callable[..., LocalVersion]
Living = Callable[[], list[int]]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def only(statuses: list[ServiceStatus]) -> ServiceStatus:
    assert len(statuses) == 1
    return statuses[0]


def daemon_of(home: Path) -> int:
    return int(json.loads((home / "platform" / "daemon.json").read_text())["process"]["pid"])


def kill_daemon(home: Path) -> None:
    """Kill the daemon, and first its parent, which would start it again."""
    announced = json.loads((home / "platform" / "daemon.json").read_text())
    for name in ("parent", "process"):
        os.kill(announced[name]["pid"], signal.SIGKILL)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_killed_daemon_takes_its_services_along_and_the_next_heals(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    data = home.parent / "data"
    version = make("v1", data=data, migrate=("/bin/sh", "-c", f"echo once >> {data}/done"))
    first = runtime.launch(version)

    kill_daemon(home)
    wait_for(lambda: living() == [])

    status = only(runtime.status())
    assert (status.version, status.url) == ("v1", first.url)
    wait_for(lambda: is_running(runtime, version))
    assert httpx.get(first.url).text == "v1"
    assert (data / "done").read_text().split() == ["once"]


@pytest.mark.attack
@pytest.mark.parametrize("kills", [1, 3])
def test_a_killed_daemon_is_started_again_by_its_parent(
    runtime: LocalRuntime, make: Make, home: Path, living: Living, kills: int
) -> None:
    url = runtime.launch(make("v1")).url
    for _ in range(kills):
        killed = daemon_of(home)
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        wait_for(lambda killed=killed: daemon_of(home) != killed, 5)
        assert time.monotonic() - began < 5
    wait_for(lambda: answers(url))  # without any command of a client
    assert [each.version for each in runtime.down()] == ["v1"]
    assert living() == []


def answers(url: str) -> bool:
    try:
        return httpx.get(url).text == "v1"
    except httpx.HTTPError:
        return False


def test_a_parent_told_to_end_ends_its_daemon(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    parent = json.loads((home / "platform" / "daemon.json").read_text())["parent"]["pid"]
    os.kill(parent, signal.SIGTERM)
    wait_for(lambda: living() == [])
    assert not (home / "platform" / "daemon.json").exists()


def test_down_just_after_a_kill_ends_the_parent_too(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    os.kill(daemon_of(home), signal.SIGKILL)
    runtime.down()
    assert living() == []
    assert runtime.status() == []


def test_a_start_after_a_kill_waits_for_what_is_being_healed(
    runtime: LocalRuntime, make: Make, home: Path
) -> None:
    version = make("v1", variables={"READY_AFTER": "0.5"})
    runtime.launch(version)
    kill_daemon(home)

    release = runtime.launch(version)

    assert release.ready
    assert not release.switched
    assert is_running(runtime, version)


@pytest.mark.parametrize("moment", range(3))
def test_a_daemon_killed_within_a_switch_loses_nothing(
    runtime: LocalRuntime, make: Make, home: Path, moment: int
) -> None:
    url = runtime.launch(make("v1")).url
    killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.0{moment * 30:02d}; kill -9 {daemon_of(home)}"])

    release = runtime.launch(make("v2"))

    killer.wait()
    assert release.ready
    wait_for(lambda: is_running(runtime, make("v2")))
    assert release.url == url
    assert httpx.get(url).text == "v2"


def test_a_service_that_crashes_is_started_again(runtime: LocalRuntime, make: Make) -> None:
    release = runtime.launch(make("v1"))
    assert httpx.get(release.url + "/crash").status_code in (502, 503)

    wait_for(lambda: only(runtime.status()).restarts == 1 and is_running(runtime, make("v1")))
    assert httpx.get(release.url).text == "v1"
    assert only(runtime.status()).state == "running"


def test_a_service_that_is_away_is_answered_for(runtime: LocalRuntime, make: Make, code: Path) -> None:
    url = runtime.launch(make("v1")).url
    (code / "service.py").rename(code / "away.py")
    httpx.get(url + "/crash")
    wait_for(lambda: only(runtime.status()).state != "running")

    answer = httpx.get(url)

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["status"] == 503
    assert 'outcome="away"} 2' in runtime.metrics()


def test_a_crash_loop_is_called_so_and_is_not_busy(
    runtime: LocalRuntime, make: Make, code: Path, home: Path
) -> None:
    runtime.launch(make("v1"))
    (code / "service.py").write_text("raise SystemExit('the disk is full')")
    httpx.get(only(runtime.status()).url + "/crash")
    wait_for(lambda: only(runtime.status()).state == "crashing")

    crashing = only(runtime.status())
    assert "the disk is full" in crashing.detail
    assert crashing.restarts >= 2
    assert not is_running(runtime, make("v1"))
    begun, before = time.monotonic(), cpu_seconds(daemon_of(home))
    time.sleep(1)
    used, restarts = (
        cpu_seconds(daemon_of(home)) - before,
        only(runtime.status()).restarts - crashing.restarts,
    )
    passed = time.monotonic() - begun
    assert used < 0.3 * passed
    assert restarts <= 3 * passed


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_good_version_replaces_a_crashing_one(runtime: LocalRuntime, make: Make, code: Path) -> None:
    url = runtime.launch(make("v1")).url
    good = (code / "service.py").read_text()
    (code / "service.py").write_text("raise SystemExit(1)")
    httpx.get(url + "/crash")
    wait_for(lambda: only(runtime.status()).state == "crashing")
    (code / "service.py").write_text(good)

    assert runtime.launch(make("v2")).ready
    assert httpx.get(url).text == "v2"
    assert only(runtime.status()).state == "running"


def test_a_daemon_told_to_end_leaves_no_process_and_is_healed(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    os.kill(daemon_of(home), signal.SIGTERM)
    wait_for(lambda: living() == [])
    assert not (home / "platform" / "daemon.json").exists()
    assert runtime.launch(make("v1")).ready


def test_an_announcement_of_somebody_elses_process_is_not_believed(
    runtime: LocalRuntime, make: Make, home: Path
) -> None:
    runtime.launch(make("v1"))
    announcement = json.loads((home / "platform" / "daemon.json").read_text())
    kill_daemon(home)
    innocent = subprocess.Popen(["/bin/sleep", "60"], cwd="/")
    try:
        announcement["process"]["pid"] = innocent.pid
        (home / "platform" / "daemon.json").write_text(json.dumps(announcement))
        stale = Process.model_validate(announcement["process"])
        (home / "platform" / "processes.json").write_text(Processes(running=(stale,)).model_dump_json())

        assert runtime.launch(make("v1")).ready
        runtime.down()
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_process_that_outlived_its_daemon_is_ended(runtime: LocalRuntime, make: Make, home: Path) -> None:
    runtime.launch(make("v1"))
    kill_daemon(home)
    left_over = subprocess.Popen(["/bin/sleep", "60"], cwd="/")
    known = process(left_over.pid)
    assert known is not None
    (home / "platform" / "processes.json").write_text(Processes(running=(known,)).model_dump_json())

    runtime.status()

    assert left_over.wait(timeout=60) == -signal.SIGKILL


def test_down_after_a_kill_forgets_and_starts_nothing(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    kill_daemon(home)
    assert [each.version for each in runtime.down()] == ["v1"]
    assert living() == []
    assert runtime.status() == []


def test_down_ends_a_daemon_that_hangs(
    runtime: LocalRuntime, make: Make, home: Path, living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.launch(make("v1"))
    os.kill(daemon_of(home), signal.SIGSTOP)
    monkeypatch.setattr("tools.runtimes.local.runtime.DOWN_SECONDS", 0.5)
    runtime.down()
    assert living() == []


def test_a_daemon_ends_when_its_home_is_removed(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    shutil.rmtree(home)
    wait_for(lambda: living() == [])


def test_a_daemon_ends_when_its_sockets_are_removed_and_is_healed(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1"))
    control = Path(json.loads((home / "platform" / "daemon.json").read_text())["control"])
    shutil.rmtree(control.parent)
    wait_for(lambda: living() == [])
    assert runtime.launch(make("v1")).ready


def test_a_damaged_state_is_named_and_down_mends_it(runtime: LocalRuntime, make: Make, home: Path) -> None:
    runtime.launch(make("v1"))
    kill_daemon(home)
    (home / "platform" / "state.json").write_text("{")

    with pytest.raises(PlatformError, match=r"state\.json is damaged.*crew down"):
        runtime.status()
    with pytest.raises(PlatformError, match="damaged"):
        runtime.launch(make("v1"))
    runtime.down()
    assert runtime.launch(make("v1")).ready


def test_another_protocol_is_refused_and_down_ends_it(
    runtime: LocalRuntime, make: Make, living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.launch(make("v1"))
    monkeypatch.setattr("tools.runtimes.local.runtime.PROTOCOL", 2)
    with pytest.raises(PlatformError, match="crew down"):
        runtime.status()
    assert [each.version for each in runtime.down()] == ["v1"]
    assert living() == []
