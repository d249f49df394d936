"""What every sandbox keeps a job from, and what it lets it do. Limits and endings have files of their own."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tools.sandbox.conftest import Run
from tools.errors import JobRefused
from tools.sandbox import Job, Sandbox
from tools.sandbox.filesystem import base_python

TRY = """
import os, sys
def attempt(action):
    try:
        return f"done {action()!r}"
    except OSError as error:
        return "refused"
"""
"""Begin of a job that reports, line by line, what it could do."""


def outcomes(said: str) -> list[str]:
    return [line.partition(" ")[0] for line in said.splitlines()]


@pytest.fixture
def secret(place: Path) -> Path:
    """A file that no job is told of."""
    file = place / "elsewhere" / "secret"
    file.parent.mkdir()
    file.write_text("secret")
    return file


def test_a_program_runs_and_answers(run: Run) -> None:
    done = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (done.ending, done.exit_code, done.stdout, done.stderr) == ("exited", 3, "out\n", "err\n")
    assert 0 < done.seconds < 10


def test_named_folders_are_seen_at_their_real_paths(run: Run, workspace: Path, place: Path) -> None:
    readable, file = place / "readable", place / "one" / "file"
    for folder in (readable, file.parent):
        folder.mkdir()
    (readable / "text").write_text("text")
    file.write_text("single")
    (file.parent / "beside").write_text("beside")
    done = run(
        TRY
        + """
for place in sys.argv[2:4]:
    print(attempt(lambda: open(place).read()))
for place in sys.argv[2:5]:
    print(attempt(lambda: open(place, "w").write("changed")))
print(attempt(lambda: open(sys.argv[4]).read()))
print(attempt(lambda: open(sys.argv[1] + "/made", "w").write("made")), os.getcwd())
""",
        readable / "text",
        file,
        file.parent / "beside",
        readable=(readable, file),
    )
    assert done.stdout.splitlines() == [
        "done 'text'",
        "done 'single'",
        *["refused"] * 4,
        f"done 4 {workspace}",
    ], done.stderr
    assert (workspace / "made").read_text() == "made"


def test_readable_in_writable_is_writable(run: Run, workspace: Path) -> None:
    (workspace / "inner").mkdir()
    done = run("open('inner/file', 'w')", readable=(workspace / "inner",))
    assert (done.exit_code, done.stderr) == (0, "")


def test_nothing_else_is_read(run: Run, secret: Path) -> None:
    site_packages = Path(os.__file__).parent / "site-packages" / "pip" / "__init__.py"
    places = [
        secret,
        Path(__file__),
        Path(__file__).parents[3] / "pyproject.toml",
        Path(sys.prefix) / "pyvenv.cfg",
        Path(__import__("pydantic").__file__),
        site_packages,
        Path.home() / ".bashrc",
        Path("/etc/shadow"),
        Path(f"/proc/{os.getpid()}/environ"),
        Path(f"/proc/{os.getpid()}/cmdline"),
        Path("/var/log/dpkg.log"),
    ]
    assert all(each.exists() for each in (*places[:3], places[4], places[8]))
    folders = [secret.parent, Path.home() / ".ssh", Path("/root"), Path("/var/lib"), Path("/run")]
    done = run(
        TRY
        + """
places, folders = sys.argv[2].split(":"), sys.argv[3].split(":")
for place in places:
    print(attempt(lambda: open(place, "rb").read()))
for folder in folders:
    print(attempt(lambda: os.listdir(folder)))
""",
        ":".join(map(str, places)),
        ":".join(map(str, folders)),
    )
    lines = done.stdout.splitlines()
    assert lines[: len(places)] == ["refused"] * len(places), list(zip(places, lines, strict=False))
    # A folder on the way to a named one may be there, but holds nothing besides that way.
    way = base_python().relative_to("/root").parts[0] if base_python().is_relative_to("/root") else ""
    assert set(lines[len(places) :]) <= {"refused", "done []", f"done ['{way}']"}


def test_nothing_else_is_changed(run: Run, secret: Path) -> None:
    (secret.parent / "folder").mkdir()
    before = secret.stat()
    done = run(
        TRY
        + """
secret, library = sys.argv[2], os.__file__
folder = os.path.dirname(secret)
for action in (
    lambda: open(secret, "a"),
    lambda: os.truncate(secret, 0),
    lambda: os.unlink(secret),
    lambda: os.rename(secret, sys.argv[1] + "/mine"),
    lambda: os.link(secret, sys.argv[1] + "/mine"),
    lambda: os.mkdir(folder + "/new"),
    lambda: os.rmdir(folder + "/folder"),
    lambda: os.symlink("x", folder + "/link"),
    lambda: os.mkfifo(folder + "/fifo"),
    lambda: os.chmod(secret, 0o777),
    lambda: os.chown(secret, os.getuid(), os.getgid()),
    lambda: os.utime(secret, (1, 1)),
    lambda: os.setxattr(secret, "user.x", b"x"),
    lambda: open(library, "a"),
    lambda: os.fchmod(os.open(library, os.O_RDONLY), 0o777),
    lambda: os.utime(os.open(library, os.O_RDONLY), (1, 1)),
    lambda: open("/etc/hosts", "a"),
    lambda: open("/usr/made", "w"),
    lambda: open("/proc/sys/kernel/core_pattern", "w"),
    lambda: open("/proc/sys/vm/overcommit_memory", "w"),
    lambda: os.mknod(sys.argv[1] + "/device", 0o20666, os.makedev(1, 1)),
):
    print(attempt(action))
""",
        secret,
    )
    assert outcomes(done.stdout) == ["refused"] * 21, done.stdout
    after = secret.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_size) == (before.st_mode, before.st_mtime_ns, 6)


def test_own_files_can_be_changed_in_every_way(run: Run) -> None:
    done = run("""
import os, shutil, sys, tempfile
os.chdir(sys.argv[1])
os.makedirs("a/b")
open("a/file", "w").write("text")
os.chmod("a/file", 0o750)
os.utime("a/file", (5, 7))
assert (os.stat("a/file").st_mode & 0o777, os.stat("a/file").st_mtime) == (0o750, 7)
os.fchmod(os.open("a/file", os.O_RDONLY), 0o700)
os.rename("a/file", "a/b/file")
os.symlink("b/file", "a/link")
os.truncate("a/b/file", 2)
shutil.copy2("a/b/file", "copy")
assert open("copy").read() == "te" and os.stat("copy").st_mode & 0o777 == 0o700
shutil.rmtree("a")
with tempfile.NamedTemporaryFile() as scratch:
    scratch.write(b"scratch")
    os.utime(scratch.name)
""")
    assert (done.exit_code, done.stderr) == (0, "")


def test_no_network(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        done = run(
            TRY
            + """
import socket
def datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"x", ("127.0.0.1", int(sys.argv[3])))
print(attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2)))
print(attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2)))
print(attempt(lambda: socket.getaddrinfo("pypi.org", 443)))
attempt(datagram)
""",
            tcp.getsockname()[1],
            udp.getsockname()[1],
        )
        assert outcomes(done.stdout) == ["refused"] * 3, done.stderr
        with pytest.raises(BlockingIOError):
            udp.recv(1)


def test_installing_gets_the_network_and_nothing_else(run: Run, secret: Path) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp, listening(socket.AF_UNIX, "\0" + str(secret)):
        done = run(
            TRY
            + """
import socket
def abstract():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\\0" + sys.argv[3])
print(attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2)))
print(attempt(lambda: open("/etc/resolv.conf").read()))
print(attempt(abstract))
print(attempt(lambda: open(sys.argv[3]).read()))
print(attempt(lambda: socket.socket(socket.AF_NETLINK)))
""",
            tcp,
            secret,
            network=True,
        )
    assert outcomes(done.stdout) == ["done", "done", "refused", "refused", "refused"], done.stderr


def test_unix_sockets_reach_named_folders_only(run: Run, workspace: Path, secret: Path) -> None:
    outside, given = str(secret.parent / "s"), str(workspace / "s")
    (workspace / "link").symlink_to(outside)
    with (
        listening(socket.AF_UNIX, given),
        listening(socket.AF_UNIX, outside),
        listening(socket.AF_UNIX, "\0" + outside),
    ):
        done = run(
            TRY
            + """
import socket, threading
def reach(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
own = socket.socket(socket.AF_UNIX)
own.bind("own")
own.listen()
threading.Thread(target=own.accept).start()
for address in ("own", "s", sys.argv[1] + "/s", sys.argv[2], "\\0" + sys.argv[2], "link", "../elsewhere/s"):
    print(attempt(lambda: reach(address)))
a, b = socket.socketpair()
a.send(b"x")
assert b.recv(1) == b"x"
""",
            outside,
        )
    assert outcomes(done.stdout) == ["done"] * 3 + ["refused"] * 4, done.stderr


class Listening:
    """A server that accepts and says nothing."""

    def __init__(self, family: int, address: object) -> None:
        self._server = socket.socket(family)
        self._server.bind(address)  # type: ignore[arg-type]
        self._server.listen()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        try:
            while True:
                self._server.accept()[0].close()
        except OSError:
            return

    def __enter__(self) -> int:
        name = self._server.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


listening = Listening
Make = Callable[..., Job]


def test_repositories_are_out_of_reach(sandbox: Sandbox, python: Make, workspace: Path, place: Path) -> None:
    readable = place / "readable"
    for folder in (workspace, readable / "deep" / "down"):
        (folder / ".git" / "hooks").mkdir(parents=True)
        (folder / ".git" / "config").write_text("secret")
    job = python(
        TRY
        + """
for folder in (sys.argv[1], sys.argv[2] + "/deep/down"):
    print(attempt(lambda: open(folder + "/.git/config").read()))
    print(attempt(lambda: open(folder + "/.git/config", "w").write("[core]")))
    print(attempt(lambda: open(folder + "/.git/hooks/post-commit", "w").write("x")))
    print(attempt(lambda: os.rename(folder + "/.git", folder + "/git")))
    print(attempt(lambda: os.listdir(folder + "/.git")))
""",
        readable,
        readable=(readable,),
    )
    if sandbox.name == "landlock":
        with pytest.raises(JobRefused, match=r"\.git would be accessible"):
            sandbox.run(job)
        return
    done = sandbox.run(job)
    assert done.stdout.splitlines() == [*["refused"] * 4, "done []"] * 2, done.stderr
    assert (workspace / ".git" / "config").read_text() == "secret"


def test_pointers_to_repositories_lead_nowhere(sandbox: Sandbox, python: Make, workspace: Path) -> None:
    (workspace / "real").mkdir()
    (workspace / "real" / "config").write_text("secret")
    (workspace / "linked").mkdir()
    (workspace / "linked" / ".git").symlink_to("../real")
    (workspace / "tree").mkdir()
    (workspace / "tree" / ".git").write_text("gitdir: ../real\n")
    (workspace / "cache").mkdir()
    (workspace / "cache" / ".git").touch()
    places = ("real/config", "linked/.git/config", "tree/.git")
    job = python(TRY + f"for place in {places}: print(attempt(lambda: open(place).read()))")
    if sandbox.name == "landlock":
        with pytest.raises(JobRefused):
            sandbox.run(job)
        return
    done = sandbox.run(job)
    assert set(done.stdout.splitlines()) <= {"refused", "done ''"}, done.stdout + done.stderr


@pytest.mark.attack
def test_pipes_and_sockets_in_place_of_pointers_are_not_waited_for(
    sandbox: Sandbox, python: Make, workspace: Path
) -> None:
    for name in ("pipe", "socket", "empty"):
        (workspace / name).mkdir()
    os.mkfifo(workspace / "pipe" / ".git")
    (workspace / "empty" / ".git").touch()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(workspace / "socket" / ".git"))
        assert sandbox.run(python("print('ran')")).stdout == "ran\n"


@pytest.mark.parametrize("purpose", ["readable", "writable"])
def test_links_as_named_folders_are_refused(
    sandbox: Sandbox, python: Make, place: Path, purpose: str
) -> None:
    (place / "target").mkdir()
    (place / "link").symlink_to("target")
    for path in ("link", "link/.", "target/../link"):
        with pytest.raises(JobRefused, match="symbolic link"):
            sandbox.run(python("", **{purpose: (place / path,)}, folder=place / "target"))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"readable": (Path("/"),)}, "No job may access /"),
        ({"readable": (Path("/proc/1"),)}, "No job may access /proc/1"),
        ({"readable": (Path("relative"),)}, "not absolute"),
        ({"readable": (Path("/no/such/place"),)}, "does not exist"),
        ({"writable": (Path("/etc/hostname"),)}, "not a folder"),
        ({"folder": Path("/usr")}, "working folder"),
        ({"argv": ()}, "needs a program"),
        ({"environment": {"A": "\0"}}, "NUL"),
    ],
)
def test_odd_jobs_are_refused(sandbox: Sandbox, workspace: Path, fields: dict[str, object], why: str) -> None:
    job = Job(argv=("true",), folder=workspace, writable=(workspace,)).model_copy(update=fields)
    with pytest.raises(JobRefused, match=why):
        sandbox.run(job)


def test_a_path_in_a_repository_is_refused(sandbox: Sandbox, python: Make, place: Path) -> None:
    (place / ".git" / "hooks").mkdir(parents=True)
    with pytest.raises(JobRefused, match=r"\.git"):
        sandbox.run(python("", writable=(place / ".git" / "hooks",), folder=place / ".git" / "hooks"))


def test_links_in_a_folder_lead_nowhere(run: Run, workspace: Path, secret: Path) -> None:
    (workspace / "link").symlink_to(secret)
    (workspace / "folder").symlink_to(secret.parent)
    done = run(
        TRY
        + """
os.symlink(sys.argv[2], "made")
for place in ("link", "made", "folder/secret", "../elsewhere/secret", "/proc/self/root" + sys.argv[2]):
    print(attempt(lambda: open(place).read()))
    print(attempt(lambda: open(place, "w").write("x")))
    print(attempt(lambda: os.chmod(place, 0o777)))
""",
        secret,
    )
    assert outcomes(done.stdout) == ["refused"] * 15, done.stdout
    assert secret.read_text() == "secret"


def test_the_environment_is_clean(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CREW", "x")
    done = run(
        "import os; print(sorted(os.environ)); print(os.environ['GIVEN'], os.environ['HOME'] == os.environ['TMPDIR'])",
        environment={"GIVEN": "given"},
    )
    assert done.stdout.splitlines() == [
        "['GIVEN', 'HOME', 'LANG', 'LC_CTYPE', 'PATH', 'TMPDIR']".replace("'LC_CTYPE', ", ""),
        "given True",
    ]


def test_the_library_is_there_without_packages(run: Run) -> None:
    done = run("""
import ctypes, hashlib, json, os, sqlite3, ssl, subprocess, sys, zoneinfo
assert zoneinfo.ZoneInfo("Europe/Berlin")
assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)
assert subprocess.run(["python3", "-c", "print(1)"], capture_output=True, text=True).stdout == "1\\n"
assert subprocess.run(["sh", "-c", "ls / > /dev/null; exit 4"], stderr=subprocess.DEVNULL).returncode == 4
assert len(os.urandom(8)) == 8 and open("/dev/zero", "rb").read(1) == b"\\0"
open("/dev/null", "w").write("x")
for name in ("pip", "setuptools", "pydantic", "tools", "yaml"):
    try:
        __import__(name)
    except (ModuleNotFoundError, PermissionError):
        continue
    sys.exit(f"{name} can be imported")
""")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.fixture
def inheritable() -> Iterator[int]:
    """A descriptor that careless code passes on to every child."""
    handle = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(handle, True)
    yield handle
    os.close(handle)


@pytest.mark.usefixtures("inheritable")
def test_no_descriptor_leaks(run: Run) -> None:
    done = run("""
import fcntl
def is_open(number):
    try:
        return fcntl.fcntl(number, fcntl.F_GETFD) >= 0
    except OSError:
        return False
print([number for number in range(4096) if is_open(number)])
""")
    assert done.stdout == "[0, 1, 2]\n"
