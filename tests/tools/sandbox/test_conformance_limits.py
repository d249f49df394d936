"""Limits of a job, in every sandbox, with and without control groups."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.tools.sandbox.conftest import Run
from tools.sandbox import Limits

either = pytest.mark.usefixtures("bounds")


@either
def test_one_process_runs_out_of_memory(run: Run) -> None:
    done = run(
        """
data = []
while True:
    data.append(bytearray(8 << 20))
""",
        limits=Limits(memory_mb=96, wall_seconds=30),
    )
    assert (done.ending, done.exit_code) == ("out_of_memory", -9)


@either
def test_many_processes_run_out_of_memory_together(run: Run) -> None:
    done = run(
        """
import os, time
for _ in range(6):
    if os.fork() == 0:
        data = b"x" * (40 << 20)
        time.sleep(60)
time.sleep(60)
""",
        limits=Limits(memory_mb=160, wall_seconds=30),
    )
    assert done.ending == "out_of_memory"


def test_memory_within_the_limit_is_there(run: Run) -> None:
    done = run("data = b'x' * (64 << 20); print(len(data))", limits=Limits(memory_mb=128))
    assert (done.ending, done.stdout) == ("exited", f"{64 << 20}\n")


@either
def test_memory_in_files_is_counted_or_refused(run: Run) -> None:
    done = run(
        """
import os
handles = []
try:
    while True:
        handles.append(os.memfd_create("x"))
        for _ in range(4):
            os.write(handles[-1], bytes(8 << 20))
except OSError as error:
    print(error.strerror)
""",
        limits=Limits(memory_mb=96, wall_seconds=30),
    )
    assert done.ending == "out_of_memory" or done.stdout == "Function not implemented\n"


@either
def test_a_fork_bomb_is_held(run: Run) -> None:
    done = run(
        """
import os, time
deadline = time.monotonic() + 0.5
while time.monotonic() < deadline:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
""",
        limits=Limits(processes=24, wall_seconds=60),
    )
    assert (done.ending, done.stderr) == ("exited", "")


@either
def test_the_number_of_processes_holds(run: Run) -> None:
    done = run(
        """
import os, sys, time
children = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(60)
        children += 1
        time.sleep(0.002)
except BlockingIOError:
    pass
print(children)
""",
        limits=Limits(processes=24, wall_seconds=50),
    )
    assert 20 <= int(done.stdout) <= 24, done


@either
def test_threads_are_counted_too(run: Run) -> None:
    done = run(
        """
import threading, time
try:
    for _ in range(100):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        time.sleep(0.002)
    print("all")
except RuntimeError:
    print("refused")
""",
        limits=Limits(processes=24, wall_seconds=50),
    )
    assert done.stdout == "refused\n", done


def test_orphans_are_collected(run: Run) -> None:
    done = run(
        """
import os, time
def fork():
    while True:  # until there is room again: for ever, if nobody collects
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(0.05)
for _ in range(120):
    if fork() == 0:
        if fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
print("all")
""",
        limits=Limits(processes=64, wall_seconds=60),
    )
    assert (done.ending, done.stdout) == ("exited", "all\n"), done


def test_wall_time(run: Run) -> None:
    done = run("import time; print('begun', flush=True); time.sleep(60)", limits=Limits(wall_seconds=3))
    assert (done.ending, done.exit_code, done.stdout) == ("timed_out", -9, "begun\n")
    assert 3 <= done.seconds < 50


def test_processor_time_of_all_processes_together(run: Run) -> None:
    done = run(
        """
import os
for _ in range(3):
    os.fork()
while True:
    pass
""",
        limits=Limits(cpu_seconds=1, wall_seconds=90),
    )
    assert done.ending == "timed_out"
    assert done.seconds < 60, "the limit of wall time is not what ended it"


@pytest.mark.attack
def test_processor_time_of_children_that_nobody_waits_for(run: Run, bounds: str) -> None:
    done = run(
        """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    child = os.fork()
    if not child:
        while time.process_time() < 0.4:
            pass
        os._exit(0)
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass
""",
        limits=Limits(cpu_seconds=2, wall_seconds=60),
    )
    assert done.ending == "timed_out"
    assert done.seconds < 50, "the limit of wall time is not what ended it"


def test_file_size(run: Run, workspace: Path) -> None:
    done = run(
        """
try:
    with open("big", "wb") as file:
        for _ in range(10):
            file.write(bytes(1 << 20))
            file.flush()
except OSError as error:
    print(error.strerror)
open("big", "rb+").truncate(1 << 20)
try:
    open("sparse", "wb").truncate(1 << 40)
except OSError as error:
    print(error.strerror)
""",
        limits=Limits(file_mb=4),
    )
    assert done.stdout == "File too large\n" * 2, done
    assert (workspace / "big").stat().st_size == 1 << 20


def test_scratch_is_bounded_and_goes(run: Run) -> None:
    done = run(
        """
import os, time
print(os.environ["TMPDIR"], flush=True)
try:
    for number in range(1_000):
        with open(f"{os.environ['TMPDIR']}/{number}", "wb") as file:
            file.write(bytes(1 << 20))
        time.sleep(0.05)
except OSError as error:
    print(error.strerror)
""",
        limits=Limits(scratch_mb=8, file_mb=2, wall_seconds=60),
    )
    folder, *rest = done.stdout.splitlines()
    assert done.ending == "killed" or rest == ["No space left on device"], done
    assert folder == "/tmp" or not Path(folder).exists()


@pytest.mark.attack
def test_deeply_nested_scratch_goes_too(run: Run) -> None:
    done = run(
        """
import os, time
print(os.environ["TMPDIR"], flush=True)
os.chdir(os.environ["TMPDIR"])
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
time.sleep(2)
""",
        limits=Limits(wall_seconds=60),
    )
    folder = done.stdout.strip()
    # Without a file system of its own, the job is killed: its scratch folder can no longer be measured.
    assert done.ending == ("exited" if folder == "/tmp" else "killed"), done
    assert folder == "/tmp" or not Path(folder).exists()


def test_output_is_bounded(run: Run) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run(
        """
import sys
for _ in range(60):
    sys.stdout.write("x" * (1 << 20))
print("end")
sys.stderr.write("é" * 3000)
""",
        limits=Limits(output_bytes=1001),
    )
    assert (done.exit_code, len(done.stdout), done.stdout[-4:]) == (0, 1001, "end\n")
    assert done.stderr == "\ufffd" + "é" * 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000


def test_rubbish_is_decoded(run: Run) -> None:
    done = run("import os; os.write(1, bytes(range(256)) * 4 + b'\\xf0\\x9f'); os.write(2, b'\\xff')")
    assert "\x00\x01" in done.stdout
    assert done.stdout.endswith("\ufffd")
    assert done.stderr == "\ufffd"


def test_open_files_and_core_dumps(run: Run, workspace: Path) -> None:
    done = run("""
import os, resource
print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 4096)
os.abort()
""")
    assert (done.ending, done.exit_code, done.stdout) == ("killed", -6, "")
    assert list(workspace.iterdir()) == []
