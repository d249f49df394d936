"""What a job may not even ask the kernel, in every sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tools.sandbox.conftest import Run
from tools.sandbox.syscalls import NUMBERS

CALL = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
numbers = eval(sys.argv[2])
def call(name, *arguments):
    number = numbers[name][0 if os.uname().machine == "x86_64" else 1]
    if number is None:
        return "none"
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
"""

FORBIDDEN = {
    "acct": (0,),
    "add_key": (b"user", b"k", b"v", 1, -3),
    "adjtimex": (b"\0" * 256,),
    "bpf": (0, b"\0" * 128, 128),
    "chroot": (b"/",),
    "clock_settime": (0, b"\0" * 16),
    "delete_module": (b"x", 0),
    "fanotify_init": (0, 0),
    "finit_module": (0, b"", 0),
    "fsopen": (b"tmpfs", 0),
    "init_module": (b"", 0, b""),
    "ioperm": (0, 1, 1),
    "iopl": (3,),
    "kcmp": (1, 1, 0, 0, 0),
    "kexec_file_load": (0, 0, 0, b"", 0),
    "kexec_load": (0, 0, 0, 0),
    "keyctl": (0, -3, 0),
    "mount": (b"none", b"/", b"tmpfs", 0, 0),
    "mount_setattr": (-100, b"/", 0, b"\0" * 32, 32),
    "move_mount": (-100, b"/", -100, b"/", 0),
    "name_to_handle_at": (-100, b"/", b"\0" * 64, b"\0" * 8, 0),
    "open_by_handle_at": (-100, b"\0" * 64, 0),
    "open_tree": (-100, b"/", 1),
    "perf_event_open": (b"\0" * 128, 0, -1, -1, 0),
    "personality": (0x0040000,),
    "pidfd_getfd": (0, 0, 0),
    "pivot_root": (b"/", b"/"),
    "prlimit64": (1, 7, 0, b"\0" * 16),
    "process_vm_readv": (1, 0, 0, 0, 0, 0),
    "process_vm_writev": (1, 0, 0, 0, 0, 0),
    "ptrace": (0, 0, 0, 0),
    "quotactl": (0, 0, 0, 0),
    "reboot": (0, 0, 0, 0),
    "request_key": (b"user", b"k", 0, 0),
    "setdomainname": (b"x", 1),
    "sethostname": (b"x", 1),
    "setns": (0, 0),
    "settimeofday": (b"\0" * 16, 0),
    "swapon": (b"/", 0),
    "syslog": (3, b"\0" * 64, 64),
    "umount2": (b"/", 2),
    "unshare": (0x10000000,),
    "userfaultfd": (0,),
    "vhangup": (),
}
ABSENT = {
    "clone3": (b"\0" * 88, 88),
    "io_uring_enter": (0, 0, 0, 0, 0, 0),
    "io_uring_register": (0, 0, 0, 0),
    "io_uring_setup": (1, b"\0" * 120),
    "memfd_secret": (0,),
    "openat2": (-100, b"/", b"\0" * 24, 24),
}


@pytest.mark.parametrize(("calls", "answer"), [(FORBIDDEN, "EPERM"), (ABSENT, "ENOSYS")])
def test_dangerous_calls_are_refused(run: Run, calls: dict[str, tuple[object, ...]], answer: str) -> None:
    done = run(CALL + f"for name, given in {calls!r}.items(): print(name, call(name, *given))", NUMBERS)
    said = dict(line.split() for line in done.stdout.splitlines())
    assert said.keys() == calls.keys(), done.stderr
    assert {name: each for name, each in said.items() if each not in (answer, "none")} == {}


def test_namespaces_cannot_be_made(run: Run) -> None:
    flags = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
    done = run(
        CALL
        + f"""
for flag in {flags}:
    print(call("unshare", flag), call("clone", flag | 17, 0, 0, 0, 0))
print(call("unshare", 0x80))
""",
        NUMBERS,
    )
    assert done.stdout.split() == ["EPERM"] * 15, done.stderr


def test_other_protocols_are_refused(run: Run) -> None:
    done = run("""
import socket
for family in (socket.AF_NETLINK, socket.AF_PACKET, 40, 38, 29, 31, 30, 44, 21, 9):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            print("made", family, kind)
        except OSError:
            pass
for kind, protocol in ((socket.SOCK_RAW, socket.IPPROTO_ICMP), (socket.SOCK_RAW, socket.IPPROTO_RAW)):
    try:
        socket.socket(socket.AF_INET, kind, protocol)
        print("made raw", kind)
    except OSError:
        pass
""")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_put_into_a_terminal(run: Run) -> None:
    done = run("""
import errno, fcntl, os, pty
try:
    theirs = pty.openpty()[1]
except OSError:
    theirs = 0
for command in (0x5412, 0x541C):
    try:
        fcntl.ioctl(theirs, command, b"x")
        print("done")
    except OSError as error:
        print(errno.errorcode[error.errno])
try:
    os.open("/dev/tty", os.O_RDWR)
    print("terminal")
except OSError:
    print("no terminal")
""")
    assert done.stdout.split("\n")[:3] == ["EPERM", "EPERM", "no terminal"], done.stderr


def test_no_privileges(run: Run) -> None:
    done = run("""
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print({name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")})
print(int(status["NoNewPrivs"]), int(status["Seccomp"]))
""")
    capabilities, rest = done.stdout.splitlines()
    # The bounding set can only be changed with a capability, which not everybody has.
    real_root = (
        Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"] and not os.geteuid()
    )
    allowed = set() if real_root else {"CapBnd"}
    left = {name for name, value in eval(capabilities).items() if value}
    assert left <= allowed
    assert rest == "1 2"


def test_no_setuid_file_is_left(run: Run) -> None:
    done = run(
        CALL
        + """
import stat
open("file", "w").close()
for action in (
    lambda: os.chmod("file", 0o4755),
    lambda: os.chmod("file", 0o2755),
    lambda: os.fchmod(os.open("file", os.O_RDONLY), 0o4755),
    lambda: os.close(os.open("made", os.O_CREAT | os.O_WRONLY, 0o4755)),
    lambda: os.mknod("node", 0o104755),
):
    try:
        action()
    except PermissionError:
        pass
print(call("fchmodat2", -100, b"file", 0o4755, 0), call("creat", b"created", 0o4755))
for name in os.listdir("."):
    assert not os.stat(name).st_mode & 0o6000, name
assert os.listdir(".") == ["file"], os.listdir(".")
os.close(os.open("file", os.O_RDONLY, 0o7777))  # the mode of a file that is not made is noise
""",
        NUMBERS,
    )
    assert (done.exit_code, done.stderr) == (0, "")


def test_other_processes_are_out_of_reach(run: Run) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        done = run(
            """
import os, signal, sys
targets = {int(sys.argv[2]), int(sys.argv[3]), os.getppid(), 1}
for target in targets:
    for action in (
        lambda: os.kill(target, signal.SIGTERM),
        lambda: os.killpg(target, signal.SIGTERM),
        lambda: os.sched_setaffinity(target, {0}),
        lambda: os.setpriority(os.PRIO_PROCESS, target, 19),
        lambda: open(f"/proc/{target}/mem", "rb"),
        lambda: open(f"/proc/{target}/environ", "rb").read(),
        lambda: open(f"/proc/{target}/oom_score_adj", "w"),
        lambda: os.listdir(f"/proc/{target}/fd"),
    ):
        try:
            action()
            print("done", target)
        except OSError:
            pass
try:
    os.kill(-1, signal.SIGTERM)
except OSError:
    pass
print("alive")
""",
            bystander.pid,
            os.getpid(),
        )
        unharmed = bystander.poll() is None
        bystander.kill()
    assert unharmed
    lines = done.stdout.splitlines()
    # Process 1 of a job's own world may be asked to end, and does not; it may be slowed down, which harms the job.
    assert [line for line in lines if line not in ("alive", "done 1")] == [], done.stdout
    assert lines.count("done 1") <= 3
    assert lines[-1:] == ["alive"] or done.exit_code == -signal.SIGTERM


def test_children_can_be_signalled(run: Run) -> None:
    done = run("""
import os, signal, subprocess
child = subprocess.Popen(["sleep", "60"])
child.terminate()
assert child.wait() == -signal.SIGTERM
group = subprocess.Popen(["sleep", "60"], start_new_session=True)
os.killpg(group.pid, signal.SIGKILL)
assert group.wait() == -signal.SIGKILL
signal.signal(signal.SIGUSR1, lambda *_: print("signalled"))
signal.raise_signal(signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(0, signal.SIGUSR1)
""")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "signalled\n" * 3, "")


def test_signals_are_as_at_the_start_of_a_program(run: Run) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    results = []

    def masked() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
        results.append(
            run("""
import signal, subprocess
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
print(subprocess.run(["sh", "-c", "kill -PIPE $$; echo survived"]).returncode)
""")
        )

    try:
        thread = threading.Thread(target=masked)
        thread.start()
        thread.join()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert results[0].stdout == f"set()\n{-signal.SIGPIPE}\n", results[0].stderr
