from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.tools.deep import nest
from tests.tools.runtimes.local.conftest import is_running, running
from tools.errors import PlatformError
from tools.runtimes import Ended, Listen, ServiceStatus
from tools.runtimes.local.processes import alive
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_started_version_answers_at_its_url(runtime: LocalRuntime, make: Make) -> None:
    release = runtime.launch(make("v1"))

    assert release.ready
    assert release.switched
    assert (release.version, release.detail) == ("v1", "It takes all traffic.")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", release.url)
    assert httpx.get(release.url).text == "v1"
    assert httpx.post(release.url, content=b"order").text == "v1 order"
    assert [alive(each) for each in running(runtime)] == [True]
    status = only(runtime.status())
    assert (status.name, status.environment, status.version) == ("checkout", "production", "v1")
    assert (status.url, status.state, status.restarts) == (release.url, "running", 0)


def test_starting_what_serves_already_changes_nothing(runtime: LocalRuntime, make: Make) -> None:
    first = runtime.launch(make("v1"))
    before = running(runtime)
    again = runtime.launch(make("v1"))

    assert again.ready
    assert not again.switched
    assert (running(runtime), again.url) == (before, first.url)


def test_a_change_of_its_environment_is_another_version(runtime: LocalRuntime, make: Make) -> None:
    runtime.launch(make("v1"))
    before = running(runtime)
    changed = make("v1", variables={"NAME": "v1, changed"})
    assert not is_running(runtime, changed)

    second = runtime.launch(changed)

    assert second.switched
    assert len(running(runtime)) == 1
    assert running(runtime) != before
    assert httpx.get(second.url).text == "v1, changed"
    assert is_running(runtime, changed)


def test_services_outlive_the_process_that_started_them(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    version = make("v1")
    script = (
        "import sys; from pathlib import Path; from tools.runtimes.local.version import LocalVersion;"
        "from tools.runtimes.local.runtime import LocalRuntime;"
        "LocalRuntime(Path(sys.argv[1])).launch(LocalVersion.model_validate_json(sys.argv[2]))"
    )
    argv = [sys.executable, "-P", "-c", script, str(tmp_path / "home"), version.model_dump_json()]
    subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    before = running(runtime)

    release = runtime.launch(version)

    assert [alive(each) for each in before] == [True]
    assert running(runtime) == before
    assert not release.switched
    assert httpx.get(release.url).text == "v1"


@pytest.mark.attack
def test_deep_folders_beside_a_socket_are_named_and_removed(
    runtime: LocalRuntime, make: Make, home: Path, living: Living
) -> None:
    runtime.launch(make("v1", variables={"NEST": "3000"}))
    wait_for(lambda: "nested more than 100 deep" in only(runtime.status()).detail)
    assert httpx.get(runtime.launch(make("v2")).url).text == "v2"
    sockets = Path(json.loads((home / "platform" / "daemon.json").read_text())["control"]).parent
    assert not list(sockets.glob("*/d"))
    (sockets / "left").mkdir()
    nest(sockets / "left")
    os.kill(daemon_of(home), signal.SIGKILL)
    wait_for(lambda: not (sockets / "left").exists())
    wait_for(lambda: is_running(runtime, make("v2")))
    (sockets / "left").mkdir()
    nest(sockets / "left")
    runtime.down()
    assert living() == []
    assert not sockets.exists()


def test_a_switch_drops_no_request(runtime: LocalRuntime, make: Make) -> None:
    url = runtime.launch(make("v1")).url
    over, answers, failures = threading.Event(), [], []

    def load(method: str) -> None:
        with httpx.Client() as client:
            while not over.is_set():
                try:
                    answer = client.request(method, url, content=b"x" if method == "POST" else None)
                    answers.append((answer.status_code, answer.text.split()[0]))
                except httpx.HTTPError as error:
                    failures.append(error)

    with ThreadPoolExecutor(4) as pool:
        for method in ("GET", "POST", "GET", "POST"):
            pool.submit(load, method)
        wait_for(lambda: len(answers) > 50)
        for name in ("v2", "v3", "v1"):
            assert runtime.launch(make(name)).switched
            seen = len(answers)
            wait_for(lambda seen=seen: len(answers) > seen + 50)
        over.set()

    assert failures == []
    assert {status for status, _ in answers} == {200, 201}
    names = [name for _, name in answers]
    assert set(names) == {"v1", "v2", "v3"}
    assert names[-1] == "v1"


def test_a_request_on_its_way_is_answered_by_the_version_that_took_it(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    first = runtime.launch(make("v1"))
    (served,) = running(runtime)
    logs = tmp_path / "home" / "platform" / "logs"
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, first.url + "/slow", timeout=60)
        wait_for(lambda: any("slow request" in path.read_text() for path in logs.iterdir()))
        second = runtime.launch(make("v2"))
        assert slow.result().text == "v1"
    assert httpx.get(second.url).text == "v2"
    assert not alive(served)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"variables": {"FAIL": "no such table"}}, "exited with code 3 before it was ready"),
        (
            {"variables": {"READY_AFTER": "60"}, "ready_seconds": 3},
            "not ready within 3 s: /readyz returned 503",
        ),
        ({"serve": ("/no/such/program",)}, "could not be started|exited with code 127"),
        ({"migrate": ("/bin/sh", "-c", "echo no such column; exit 4")}, "migration exited with code 4"),
        ({"migrate": ("/bin/sleep", "60"), "migrate_seconds": 0.3}, "migration took more than 0.3 s"),
    ],
    ids=["ends", "not ready", "no program", "migration fails", "migration hangs"],
)
def test_a_version_that_does_not_come_up_leaves_the_one_before(
    runtime: LocalRuntime, make: Make, living: Living, broken: dict[str, object], reason: str
) -> None:
    first = runtime.launch(make("v1"))
    before, processes = living(), running(runtime)

    failed = runtime.launch(make("v2", **broken))

    assert not failed.ready
    assert not failed.switched
    assert re.search(reason, failed.detail)
    assert (failed.version, running(runtime), failed.url) == ("v1", processes, first.url)
    assert httpx.get(first.url).text == "v1"
    assert only(runtime.status()).version == "v1"
    assert living() == before


def test_a_failure_shows_the_end_of_the_log(runtime: LocalRuntime, make: Make) -> None:
    release = runtime.launch(make("v1", variables={"FAIL": "the table is missing"}))

    assert "cannot go on: the table is missing" in release.detail
    assert "checkout-production-v1.log" in release.detail
    assert (release.ready, release.url, release.version, running(runtime)) == (False, "", "", ())
    assert runtime.status() == []


def test_a_migration_runs_once_for_a_version(runtime: LocalRuntime, make: Make, tmp_path: Path) -> None:
    def version(name: str) -> LocalVersion:
        return make(
            name, data=tmp_path / "data", migrate=("/bin/sh", "-c", f"echo {name} >> {tmp_path}/data/done")
        )

    for name in ("v1", "v1", "v2", "v1"):
        assert runtime.launch(version(name)).ready

    assert (tmp_path / "data" / "done").read_text().split() == ["v1", "v2"]


def test_a_migration_runs_again_for_data_that_is_gone(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    version = make("v1", data=data, migrate=("/bin/sh", "-c", f"echo again > {data}/done"))
    runtime.launch(version)
    runtime.stop("checkout", "production")
    (data / "done").unlink()

    assert runtime.launch(version).ready
    assert (data / "done").is_file()


def test_environments_and_services_are_apart(runtime: LocalRuntime, make: Make) -> None:
    one = runtime.launch(make("v1"))
    (stopped,) = running(runtime)
    two = runtime.launch(make("v2", environment="staging"))
    three = runtime.launch(make("v3", service="billing"))

    assert len({one.url, two.url, three.url}) == 3
    assert [httpx.get(each.url).text for each in (one, two, three)] == ["v1", "v2", "v3"]
    assert [(each.name, each.environment) for each in runtime.status()] == [
        ("billing", "production"),
        ("checkout", "production"),
        ("checkout", "staging"),
    ]
    ended = runtime.stop("checkout", "production")
    assert ended == Ended(name="checkout", environment="production", version="v1")
    assert runtime.stop("checkout", "production") is None
    assert not alive(stopped)
    assert [httpx.get(each.url).text for each in (two, three)] == ["v2", "v3"]


def test_a_service_on_a_port_is_brought_out(runtime: LocalRuntime, make: Make) -> None:
    release = runtime.launch(make("v1", listen=Listen(kind="port")))

    assert httpx.get(release.url).text == "v1"
    assert httpx.post(release.url, content=b"x" * 1_000_000).status_code == 201
    assert "SOCKET" not in httpx.get(release.url + "/environment").json()
    switched = runtime.launch(make("v2", listen=Listen(kind="port")))
    assert httpx.get(switched.url).text == "v2"


def test_only_loopback_listens(runtime: LocalRuntime, make: Make) -> None:
    port = int(runtime.launch(make("v1")).url.rpartition(":")[2])

    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    assert listening == [f"0100007F:{port:04X}"]


def test_requests_are_counted_by_version(runtime: LocalRuntime, make: Make) -> None:
    url = runtime.launch(make("v1")).url
    httpx.get(url)
    httpx.post(url)
    runtime.launch(make("v2"))
    httpx.get(url)

    metrics = runtime.metrics()

    labels = 'service="checkout",environment="production",version='
    assert f'shipcrew_requests_total{{{labels}"v1",outcome="2xx"}} 2' in metrics
    assert f'shipcrew_requests_total{{{labels}"v2",outcome="2xx"}} 1' in metrics
    assert f'shipcrew_request_duration_seconds_count{{{labels}"v1"}} 2' in metrics


def test_secrets_reach_the_service_and_nothing_else(
    runtime: LocalRuntime, make: Make, tmp_path: Path
) -> None:
    version = make("v1", secrets={"SAY": "hush-hush-4711"})
    release = runtime.launch(version)
    assert httpx.get(release.url + "/environment").json()["SAY"] == "hush-hush-4711"

    assert "hush" not in repr(version) + str(version) + version.model_dump_json() + repr(runtime.status())
    failed = runtime.launch(make("v2", secrets={"FAIL": "hush-hush-4711"}))
    assert "cannot go on: [redacted: secret of the service]" in failed.detail
    holders = [
        path for path in (tmp_path / "home").rglob("*") if path.is_file() and b"hush" in path.read_bytes()
    ]
    assert [path.name for path in holders] == ["state.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600


def test_down_breaks_a_start_off(runtime: LocalRuntime, make: Make, living: Living) -> None:
    runtime.launch(make("v1"))
    before = len(living())
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(
            runtime.launch, make("v2", variables={"READY_AFTER": "600"}, ready_seconds=600)
        )
        wait_for(lambda: len(living()) > before)
        assert [each.version for each in runtime.down()] == ["v1"]
        with pytest.raises(PlatformError, match="shut down before"):
            starting.result()
    assert living() == []


def test_a_service_that_floods_its_log_is_bounded(runtime: LocalRuntime, make: Make, tmp_path: Path) -> None:
    flood = ("/bin/sh", "-c", "yes 'too much to say' & exec python3 service.py")
    release = runtime.launch(make("v1", serve=flood))
    logs = tmp_path / "home" / "platform" / "logs"

    def size() -> int:
        return sum(path.stat().st_size for path in logs.iterdir())

    wait_for(lambda: size() > 1_000_000)
    time.sleep(1)
    assert httpx.get(release.url, timeout=60).text == "v1"
    assert 1_000_000 < size() < 5_000_000


def test_two_homes_know_nothing_of_each_other(runtime: LocalRuntime, make: Make, tmp_path: Path) -> None:
    other = LocalRuntime(tmp_path / "other")
    try:
        mine, theirs = runtime.launch(make("v1")), other.launch(make("v2"))
        assert mine.url != theirs.url
        assert (httpx.get(mine.url).text, httpx.get(theirs.url).text) == ("v1", "v2")
        assert [each.version for each in other.down()] == ["v2"]
        assert httpx.get(mine.url).text == "v1"
    finally:
        other.down()


def test_two_that_ask_at_once_meet_one_daemon(runtime: LocalRuntime, make: Make, tmp_path: Path) -> None:
    versions = [make("v1", service=name) for name in ("one", "two", "three")]
    with ThreadPoolExecutor(3) as pool:
        releases = list(pool.map(lambda each: LocalRuntime(tmp_path / "home").launch(each), versions))

    assert all(each.ready for each in releases)
    assert [each.name for each in runtime.status()] == ["one", "three", "two"]


def test_two_starts_of_one_service_come_one_after_the_other(
    runtime: LocalRuntime, make: Make, living: Living
) -> None:
    runtime.launch(make("v0"))
    before = len(living())
    with ThreadPoolExecutor(4) as pool:
        releases = list(pool.map(lambda name: runtime.launch(make(name)), ("v1", "v2", "v1", "v2")))

    assert all(each.ready for each in releases)
    assert len(living()) == before


def test_the_daemon_ends_by_itself_with_nothing_left_to_run(
    runtime: LocalRuntime, make: Make, living: Living
) -> None:
    runtime.launch(make("v1"))
    runtime.stop("checkout", "production")
    wait_for(lambda: living() == [])
    assert runtime.status() == []
    assert living() == []


def test_down_ends_all_and_forgets_it(runtime: LocalRuntime, make: Make, living: Living) -> None:
    runtime.launch(make("v1"))
    runtime.launch(make("v2", service="billing"))

    assert sorted(each.name for each in runtime.down()) == ["billing", "checkout"]

    assert living() == []
    assert runtime.status() == []
    assert runtime.down() == []
    assert living() == []


def test_down_where_nothing_ever_ran_makes_nothing(tmp_path: Path) -> None:
    assert LocalRuntime(tmp_path / "home").down() == []
    assert LocalRuntime(tmp_path / "home").status() == []
    assert not (tmp_path / "home").exists()


def test_a_service_keeps_its_port(runtime: LocalRuntime, make: Make) -> None:
    first = runtime.launch(make("v1")).url
    runtime.down()
    assert runtime.launch(make("v2")).url == first


def test_a_port_that_somebody_took_is_left_to_them(runtime: LocalRuntime, make: Make) -> None:
    first = runtime.launch(make("v1")).url
    runtime.down()
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", first.rpartition(":")[2]]
    taken = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        wait_for(lambda: is_open(first))
        second = runtime.launch(make("v1")).url
        assert second != first
        assert httpx.get(second).text == "v1"
    finally:
        taken.kill()
        taken.wait()


def is_open(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.ConnectError:
        return False
    return True
