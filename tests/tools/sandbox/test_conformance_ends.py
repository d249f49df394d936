"""How jobs end in every sandbox: by themselves, by being asked, by force, and with us."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tools.sandbox.conftest import Run, assert_no_process, processes_told
from tools.errors import SandboxFailed
from tools.sandbox import Job, Limits, Sandbox, StartedJob, cgroups

Start = Callable[..., StartedJob]
ENDLESS = Limits(wall_seconds=None)

SERVICE = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: (print("asked", flush=True), os._exit(7)))
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + "/s")
server.listen()
print("listening", flush=True)
while True:
    client = server.accept()[0]
    client.send(b"hello")
    client.close()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
DAEMONS = """
import os, sys, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            time.sleep(60)
        os._exit(0)
"""


@pytest.fixture
def log(place: Path) -> Path:
    return place / "logs" / "service.log"


@pytest.fixture
def start(sandbox: Sandbox, python: Callable[..., Job], log: Path) -> Iterator[Start]:
    """Start jobs in the sandbox; what still runs is stopped in the end."""
    begun: list[StartedJob] = []

    def go(code: str, *arguments: object, limits: Limits = ENDLESS) -> StartedJob:
        begun.append(sandbox.start(python(code, *arguments, limits=limits), log))
        return begun[-1]

    yield go
    for each in begun:
        each.stop(0)


def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("code", "ending", "exit_code"),
    [
        ("raise SystemExit(0)", "exited", 0),
        ("raise SystemExit(137)", "exited", 137),
        ("import os; os._exit(255)", "exited", 255),
        ("import os; os.kill(os.getpid(), 9)", "killed", -9),
        ("import os; os.kill(os.getpid(), 15)", "killed", -15),
        ("import ctypes; ctypes.string_at(0)", "killed", -11),
    ],
)
def test_endings(run: Run, code: str, ending: str, exit_code: int) -> None:
    done = run(code)
    assert (done.ending, done.exit_code) == (ending, exit_code)


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/no/such", 127), ("./text", 126)])
def test_what_cannot_run(sandbox: Sandbox, workspace: Path, program: str, code: int) -> None:
    (workspace / "text").write_text("text")
    done = sandbox.run(Job(argv=(program,), folder=workspace, writable=(workspace,)))
    assert (done.ending, done.exit_code, done.stderr.partition(":")[0]) == (
        "exited",
        code,
        f"cannot run {program}",
    )


def test_daemons_end_with_the_job(run: Run, place: Path) -> None:
    done = run(DAEMONS + "time.sleep(0.1); print('done')")
    assert (done.ending, done.stdout) == ("exited", "done\n")
    assert done.seconds < 50
    assert processes_told(str(place)) == {}


def test_daemons_end_with_a_job_that_is_ended(run: Run, place: Path) -> None:
    assert run(DAEMONS + "time.sleep(60)", limits=Limits(wall_seconds=0.5)).ending == "timed_out"
    assert processes_told(str(place)) == {}


def test_nothing_is_left_of_us(run: Run) -> None:
    run("")

    def held() -> tuple[int, int, list[str]]:
        groups = [
            str(each) for place in cgroups.hierarchies() for each in place.folder.glob(f"*{os.getpid()}-*")
        ]
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), groups

    before = held()
    for _ in range(3):
        run("import os; os.fork(); print('x' * 100000)")
    assert held() == before


def test_jobs_side_by_side(run: Run) -> None:
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: run(f"import time; time.sleep(0.2); print({n})"), range(12)))
    assert [each.stdout for each in done] == [f"{n}\n" for n in range(12)]


def test_a_service_answers_and_stops_when_asked(start: Start, workspace: Path, log: Path) -> None:
    running = start(SERVICE)
    wait_for(log.read_text)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(workspace / "s"))
        assert client.recv(5) == b"hello"
    assert running.poll() is None
    assert running.stop(5) == 7
    assert (running.poll(), running.stop(5)) == (7, 7)
    assert log.read_text() == "listening\nasked\n"


def test_who_does_not_listen_is_killed(start: Start, log: Path) -> None:
    running = start(STUBBORN)
    wait_for(lambda: log.read_text())
    began = time.monotonic()
    assert running.stop(0.3) == -9
    assert 0.3 <= time.monotonic() - began < 50


def test_a_service_that_ends_is_noticed(start: Start) -> None:
    running = start("raise SystemExit(5)")
    wait_for(lambda: running.poll() is not None)
    assert running.poll() == 5


def test_a_service_outlives_the_thread_that_started_it(start: Start, log: Path) -> None:
    begun: list[StartedJob] = []
    thread = threading.Thread(target=lambda: begun.append(start(SERVICE)))
    thread.start()
    thread.join()
    wait_for(log.read_text)
    time.sleep(0.3)
    assert begun[0].poll() is None


def test_limits_hold_for_services(start: Start) -> None:
    running = start("data = b'x' * (500 << 20)", limits=Limits(wall_seconds=None, memory_mb=64))
    wait_for(lambda: running.poll() is not None)
    assert running.poll() == -9


def test_a_log_is_continued_and_kept_short(start: Start, log: Path) -> None:
    log.parent.mkdir()
    log.write_text("from before\n")
    running = start("print('first', flush=True)")
    wait_for(lambda: running.poll() is not None)
    assert log.read_text() == "from before\nfirst\n"
    running = start(
        "for number in range(100_000): print(number, 'x' * 30)", limits=Limits(wall_seconds=None, file_mb=1)
    )
    wait_for(lambda: running.poll() is not None)
    text = log.read_text()
    assert 300_000 < len(text) <= 1 << 20
    assert text.endswith("99999 " + "x" * 30 + "\n")


def test_a_log_can_be_a_pipe(sandbox: Sandbox, python: Callable[..., Job], place: Path) -> None:
    os.mkfifo(place / "pipe")
    reader = os.open(place / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    running = sandbox.start(python("print('through')"), place / "pipe")
    wait_for(lambda: running.poll() is not None)
    assert os.read(reader, 100) == b"through\n"
    os.close(reader)


def test_what_cannot_start_says_so(sandbox: Sandbox, workspace: Path, log: Path) -> None:
    inner = workspace / "inner"
    inner.mkdir(mode=0o000)
    if os.geteuid() == 0:
        pytest.skip("root may enter every folder")
    with pytest.raises(SandboxFailed, match="Permission denied"):
        sandbox.start(Job(argv=("true",), folder=inner, writable=(workspace,)), log)


def test_the_end_of_the_launcher_is_the_end_of_all(start: Start, place: Path, log: Path) -> None:
    running = start(DAEMONS + "print('up', flush=True); time.sleep(60)")
    wait_for(log.read_text)
    assert processes_told(str(place))
    os.kill(running.pid, signal.SIGKILL)
    wait_for(lambda: running.poll() is not None)
    assert running.poll() == -9
    assert_no_process(str(place))


CREW = """
import sys, threading, time
from pathlib import Path
from tools.sandbox import Job, Limits, choose
from tools.sandbox.landlock import Landlock
from tools.sandbox.filesystem import base_python
name, folder, code = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
sandbox = Landlock(2) if name == "landlock-2" else choose(name)
def job(what):
    argv = (str(base_python()), "-I", "-c", code + f"open(sys.argv[1] + '/{what}', 'w'); time.sleep(60)", str(folder))
    return Job(argv=argv, folder=folder, writable=(folder,))
threading.Thread(target=lambda: sandbox.run(job("run"))).start()
thread = threading.Thread(target=lambda: sandbox.start(job("start"), folder / "log"))
thread.start()
thread.join()
time.sleep(60)
"""


def test_everything_dies_with_us(
    any_sandbox: Sandbox, request: pytest.FixtureRequest, workspace: Path
) -> None:
    name = request.node.callspec.params["any_sandbox"]
    code = textwrap.dedent(DAEMONS)
    arguments = [sys.executable, "-c", CREW, name, str(workspace), code]
    with subprocess.Popen(arguments, cwd=Path(__file__).parents[3]) as crew:
        wait_for(lambda: (workspace / "run").exists() and (workspace / "start").exists())
        wait_for(lambda: len(processes_told(str(workspace))) > 8)
        crew.kill()
    assert_no_process(str(workspace))


def test_we_are_killed_at_any_moment(
    any_sandbox: Sandbox, request: pytest.FixtureRequest, workspace: Path
) -> None:
    name = request.node.callspec.params["any_sandbox"]
    arguments = [sys.executable, "-c", CREW, name, str(workspace), textwrap.dedent(DAEMONS)]
    for number in range(4):
        with subprocess.Popen(arguments, cwd=Path(__file__).parents[3]) as crew:
            wait_for(lambda: descendants(crew.pid))
            time.sleep(number * 0.006)
            known = descendants(crew.pid)
            crew.kill()
        wait_for(functools.partial(none_of, known))
        assert_no_process(str(workspace))


def none_of(known: set[int]) -> bool:
    """Whether none of these processes lives, and none of a session that one of them began."""
    return not any(process in known or stat[3] in known for process, stat in stats().items())


def stats() -> dict[int, list[int]]:
    """Return parent, group, session of every process that lives, after its state."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                state, *fields = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if state != "Z":
                    found[int(folder.name)] = [0, *map(int, fields)]
    return found


def descendants(process: int) -> set[int]:
    """Return the processes below one."""
    parents = {each: stat[1] for each, stat in stats().items()}
    found = {process}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}
