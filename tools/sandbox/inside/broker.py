"""Decides, in place of the kernel, about system calls that Landlock does not restrict.

The seccomp filter delegates such a call to the supervisor, and the calling thread waits. The file that the call names
is opened here, once, and its real path is checked against what the job may use; then the call is executed here on
that same open file, so that the job cannot replace it in between. A connection may have to wait for its peer, so it
is made by a separate process.
"""

from __future__ import annotations

import errno
import os

from tools.sandbox.inside import kernel, process_group
from tools.sandbox.inside.forks import Forks
from tools.sandbox.inside.order import Order

_RECEIVE, _SEND, _STILL_VALID = 0xC0502100, 0xC0182101, 0x40082102
"""Numbers of the ioctl(2) requests to the seccomp listener."""
_REQUEST_BYTES = 80
_CONTINUE = 1
_HERE = -100
_NO_FOLLOW = 0x100
_EMPTY_PATH = 0x1000
_SET_ID = 0o6000
_AF_UNIX = 1
_LONGEST_PATH = 4096
_LONGEST_ADDRESS = 110


class Request:
    """A delegated system call that waits for a decision."""

    def __init__(self, data: bytes) -> None:
        """Parse the kernel's `struct seccomp_notif`."""
        self.id = data[:8]
        self.thread = int.from_bytes(data[8:12], "little")
        self.number = int.from_bytes(data[16:20], "little", signed=True)
        self._arguments = [int.from_bytes(data[at : at + 8], "little") for at in range(32, 80, 8)]

    def address(self, index: int) -> int:
        """Return the argument at `index` as an unsigned integer, such as an address or a mask."""
        return self._arguments[index]

    def integer(self, index: int) -> int:
        """Return the argument at `index` as a signed 32-bit integer."""
        low = self._arguments[index] & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low

    def memory(self, address: int, size: int) -> bytes:
        """Read `size` bytes of the caller's memory, or fewer if the mapped memory ends before that."""
        with open(f"/proc/{self.thread}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size) or b""

    def text(self, address: int) -> bytes:
        """Read a path from the caller's memory, page by page because the next page may not be mapped."""
        found = b""
        while len(found) < _LONGEST_PATH:
            size = 4096 - (address + len(found)) % 4096
            found += self.memory(address + len(found), size)
            if b"\0" in found:
                return found[: found.index(b"\0")]
        raise OSError(errno.ENAMETOOLONG, "path")


class Broker:
    """Decides about the delegated system calls of one job."""

    def __init__(self, listener: int, order: Order) -> None:
        """Read from the order which calls are delegated, and which real paths may be changed or connected to."""
        self.listener = listener
        self._names = order.brokered
        self._file_bytes = order.file_bytes
        self._forks = Forks(order.process_limit)
        self._writable = [order.scratch, *(path for _, path, writable in order.mounts if writable)]
        self._reachable = [*self._writable, *(path for _, path, writable in order.mounts if not writable)]

    def answer(self) -> None:
        """Receive one call and respond to it; an error is reported to the caller as its errno."""
        data = kernel.ioctl(self.listener, _RECEIVE, bytes(_REQUEST_BYTES))
        if data is None:
            return  # the caller has died
        request = Request(data)
        name = self._names.get(request.number, "")
        if name != "connect":
            self._reply(request, name)
            return
        try:
            child = os.fork()
        except OSError:
            self._send(request, errno.EAGAIN, 0)
            return
        if not child:
            try:
                self._reply(request, name)
            finally:
                os._exit(0)

    def _reply(self, request: Request, name: str) -> None:
        flags = error = 0
        try:
            flags = self._decide(request, name)
        except OSError as problem:
            error = problem.errno or errno.EPERM
        except (ValueError, OverflowError):
            error = errno.EINVAL
        self._send(request, error, flags)

    def _send(self, request: Request, error: int, flags: int) -> None:
        result = (-error).to_bytes(4, "little", signed=True) + flags.to_bytes(4, "little")
        kernel.ioctl(self.listener, _SEND, request.id + bytes(8) + result)

    def _decide(self, request: Request, name: str) -> int:
        """Execute the call, or return the flag that lets the kernel do so; raises OSError if it is denied or fails."""
        if name == "connect":
            self._connect(request)
        elif name in ("kill", "tkill", "tgkill"):
            self._signal(request, name)
            return _CONTINUE
        elif name in ("clone", "fork", "vfork"):
            if not self._forks.allow():
                raise OSError(errno.EAGAIN, "processes")
            return _CONTINUE
        elif "chmod" in name:
            self._change_mode(request, name)
        elif "utime" in name:
            self._change_times(request, name)
        elif name == "truncate":
            self._truncate(request)
        else:
            raise OSError(errno.EPERM, name)
        return 0

    def _connect(self, request: Request) -> None:
        size = request.integer(2)
        if not 2 < size <= _LONGEST_ADDRESS:
            raise OSError(errno.EINVAL, "address")
        address = request.memory(request.address(1), size)
        self._require_valid(request)
        if int.from_bytes(address[:2], "little") != _AF_UNIX:
            raise OSError(errno.EAFNOSUPPORT, "address family")
        path = address[2:].partition(b"\0")[0]
        if not path:
            raise OSError(errno.EPERM, "abstract socket")
        place = self._open(request, _HERE, path, self._reachable)
        caller = os.pidfd_open(_process(request.thread))
        socket = kernel.pidfd_getfd(caller, request.integer(0))
        kernel.connect(socket, f"/proc/self/fd/{place}".encode())

    def _signal(self, request: Request, name: str) -> None:
        target = request.integer(0)
        members = process_group.members()
        if name != "kill" or target > 0:
            allowed = _process(target) in members
        else:
            group = os.getpgid(request.thread) if target == 0 else -target
            allowed = target != -1 and any(_group(each) == group for each in members)
        if not allowed:
            raise OSError(errno.EPERM, "not a process of this job")

    def _change_mode(self, request: Request, name: str) -> None:
        if name == "fchmod":
            place, mode = self._opened(request, request.integer(0)), request.integer(1)
        elif name == "chmod":
            place, mode = self._named(request, _HERE, 0, 0), request.integer(1)
        else:
            flags = request.integer(3) if name == "fchmodat2" else 0
            place, mode = self._named(request, request.integer(0), 1, flags), request.integer(2)
        if mode & _SET_ID:
            raise OSError(errno.EPERM, "set-id mode")
        os.chmod(f"/proc/self/fd/{place}", mode & 0o7777)
        os.close(place)

    def _change_times(self, request: Request, name: str) -> None:
        if name == "utimensat":
            folder, times = request.integer(0), request.address(2)
            if request.address(1):
                place = self._named(request, folder, 1, request.integer(3))
            else:
                place = self._opened(request, folder)
        elif name == "futimesat":
            place, times = self._named(request, request.integer(0), 1, 0), request.address(2)
        else:
            place, times = self._named(request, _HERE, 0, 0), request.address(1)
        kernel.set_times(f"/proc/self/fd/{place}".encode(), _times(request, name, times))
        os.close(place)

    def _truncate(self, request: Request) -> None:
        place, size = self._named(request, _HERE, 0, 0), request.address(1)
        if size > self._file_bytes:
            raise OSError(errno.EFBIG, "size")
        os.truncate(f"/proc/self/fd/{place}", size)
        os.close(place)

    def _named(self, request: Request, folder: int, index: int, flags: int) -> int:
        path = request.text(request.address(index))
        if not path and flags & _EMPTY_PATH:
            return self._opened(request, folder)
        if flags & _NO_FOLLOW:
            raise OSError(errno.EOPNOTSUPP, "links have no mode and no times of their own here")
        self._require_valid(request)
        return self._open(request, folder, path, self._writable)

    def _opened(self, request: Request, descriptor: int) -> int:
        return self._open(request, _HERE, f"/proc/{request.thread}/fd/{descriptor}".encode(), self._writable)

    def _open(self, request: Request, folder: int, path: bytes, allowed: list[str]) -> int:
        """Open a path as the caller would resolve it; raises OSError if its real path is not allowed."""
        for own in (b"/proc/self/", b"/proc/thread-self/"):
            if path.startswith(own):
                path = b"/proc/%d/" % request.thread + path.removeprefix(own)
        start = os.open(
            f"/proc/{request.thread}/" + ("cwd" if folder == _HERE else f"fd/{folder}"), os.O_PATH
        )
        place = os.open(path, os.O_PATH | os.O_CLOEXEC, dir_fd=start)
        os.close(start)
        real = os.readlink(f"/proc/self/fd/{place}")
        if not any(real == each or real.startswith(each + "/") for each in allowed):
            raise OSError(errno.EPERM, real)
        return place

    def _require_valid(self, request: Request) -> None:
        """Check that the memory read was the caller's, whose id may have been reused; raises OSError if not."""
        if kernel.ioctl(self.listener, _STILL_VALID, request.id) is None:
            raise OSError(errno.ESRCH, "caller")


def _process(thread: int) -> int:
    with open(f"/proc/{thread}/status", "rb") as status:
        for line in status:
            if line.startswith(b"Tgid:"):
                return int(line.split()[1])
    raise OSError(errno.ESRCH, "thread")


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


def _times(request: Request, name: str, address: int) -> bytes | None:
    """Return the access and modification times as two timespecs, or None for the current time."""
    if not address:
        return None
    size = 16 if name == "utime" else 32
    words = request.memory(address, size)
    numbers = [int.from_bytes(words[at : at + 8], "little", signed=True) for at in range(0, size, 8)]
    if name == "utime":
        numbers = [numbers[0], 0, numbers[1], 0]
    elif name != "utimensat":
        numbers = [numbers[0], numbers[1] * 1000, numbers[2], numbers[3] * 1000]
    return b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)
