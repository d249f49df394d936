"""Wrappers of system calls that Python does not provide."""

from __future__ import annotations

import ctypes
import os
import stat

SIGKILL = 9
SIGTERM = 15
SIGXCPU = 24
IGNORED_BY_PYTHON = (13, 25)
"""SIGPIPE and SIGXFSZ, for which programs expect the default action."""

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_SECUREBITS = 28
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_SECCOMP_SET_MODE_FILTER, _SECCOMP_NEW_LISTENER = 1, 1 << 3
_SECURE_BITS = 0xEF
"""NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each with its lock, and KEEP_CAPS locked as off."""
_LAST_CAPABILITY = 63
_AF_INET, _SOCK_DGRAM = 2, 2
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(what: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by number; raises OSError with a message that starts with `what`."""
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *words)
    return _checked(what, result)


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Call mount(2); raises OSError if it fails."""
    words = (
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _checked(f"mount {kind or 'bind'} on {target}", _libc.mount(*words))


def umount(path: str, flags: int) -> None:
    """Call umount2(2); raises OSError if it fails."""
    _checked(f"umount {path}", _libc.umount2(path.encode(), flags))


def pivot_root(number: int, new: str, old: str) -> None:
    """Call pivot_root(2), whose `number` depends on the machine; raises OSError if it fails."""
    call(f"pivot_root {new}", number, new.encode(), old.encode())


def unshare(flags: int) -> None:
    """Call unshare(2); raises OSError if it fails."""
    _checked("unshare", _libc.unshare(flags))


def set_host_name(name: str) -> None:
    """Call sethostname(2); raises OSError if it fails."""
    _checked("sethostname", _libc.sethostname(name.encode(), len(name)))


def raise_loopback() -> None:
    """Enable the loopback device of this network namespace; raises OSError if that fails."""
    handle = _checked("socket", _libc.socket(_AF_INET, _SOCK_DGRAM | os.O_CLOEXEC, 0))
    request = b"lo".ljust(16, b"\0") + (_IFF_UP | _IFF_RUNNING).to_bytes(2, "little") + bytes(22)
    _checked("SIOCSIFFLAGS", _libc.ioctl(handle, _SIOCSIFFLAGS, request))
    os.close(handle)


def is_folder(handle: int) -> bool:
    """Return whether an open descriptor refers to a folder."""
    return stat.S_ISDIR(os.fstat(handle).st_mode)


def die_with_parent() -> None:
    """Make the kernel kill this process when the thread that forked it exits."""
    _prctl("PR_SET_PDEATHSIG", _PR_SET_PDEATHSIG, SIGKILL)


def set_dumpable(on: bool) -> None:
    """Set whether other processes of the same user may inspect this one through /proc."""
    _prctl("PR_SET_DUMPABLE", _PR_SET_DUMPABLE, int(on))


def adopt_orphans() -> None:
    """Become the parent of all descendants whose parents die."""
    _prctl("PR_SET_CHILD_SUBREAPER", _PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """Make setuid programs and file capabilities ineffective from now on."""
    _prctl("PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities(capset: int) -> None:
    """Drop all capabilities permanently; `capset` is the number of that system call on this machine.

    Changing the bounding set and the secure bits itself requires capabilities; a process that has none can skip it.
    """
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _libc.prctl(_PR_SET_SECUREBITS, _SECURE_BITS, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    version_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
    call("capset", capset, version_3, bytes(24))


def default_signals() -> None:
    """Restore the default action of the signals that Python ignores, and unblock all signals."""
    for number in IGNORED_BY_PYTHON:
        _libc.signal(number, None)
    _libc.sigprocmask(2, bytes(128), None)


def ioctl(handle: int, request: int, data: bytes) -> bytes | None:
    """Call ioctl(2) with a structure; returns the structure as the kernel updated it, or None if the call fails."""
    memory = ctypes.create_string_buffer(data, len(data))
    if _libc.ioctl(handle, ctypes.c_ulong(request), memory) < 0:
        return None
    return memory.raw


def pidfd_getfd(process: int, descriptor: int) -> int:
    """Return a duplicate of another process's descriptor, given a pidfd of that process; raises OSError."""
    return call("pidfd_getfd", 438, process, descriptor, 0)


def connect(socket: int, path: bytes) -> None:
    """Connect to a unix socket; raises OSError if connect(2) fails."""
    address = (1).to_bytes(2, "little") + path + b"\0"
    _checked("connect", _libc.connect(socket, address, len(address)))


def set_times(path: bytes, times: bytes | None) -> None:
    """Call utimensat(2) with two timespecs, or with None for the current time; raises OSError if it fails."""
    _checked("utimensat", _libc.utimensat(-100, path, times, 0))


def load_filter_with_listener(seccomp: int, program: bytes) -> int:
    """Install a seccomp filter in this process and return the descriptor that reports the delegated calls.

    `seccomp` is the number of that system call on this machine. Raises OSError where this is impossible, such as in
    a container that has a listener itself.
    """
    code = ctypes.create_string_buffer(program, len(program))
    filter_program = _Program(len(program) // 8, ctypes.addressof(code))
    words = (_SECCOMP_SET_MODE_FILTER, _SECCOMP_NEW_LISTENER, ctypes.addressof(filter_program))
    return call("seccomp", seccomp, *words)


def load_filter(program: bytes) -> None:
    """Install a seccomp filter in this process permanently; requires `forbid_new_privileges` first."""
    code = ctypes.create_string_buffer(program, len(program))
    filter_program = _Program(len(program) // 8, ctypes.addressof(code))
    _prctl("PR_SET_SECCOMP", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filter_program))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _prctl(what: str, option: int, argument: int, more: int = 0) -> None:
    words = (ctypes.c_ulong(argument), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0))
    _checked(what, _libc.prctl(option, *words))


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
