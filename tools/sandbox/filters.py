"""The seccomp filter: what a job may not even ask the kernel.

It refuses what could change the machine, look into other processes, make namespaces (whose inside is the kernel's
widest attack surface), speak any network protocol that is not meant for it, or leave a setuid file behind. Calls newer
than the ones known here do not exist for a job. The rest is left to the sandbox, so that ordinary programs run.
"""

from __future__ import annotations

import struct
from typing import Final

from tools.sandbox.syscalls import AUDIT_ARCH, LAST_KNOWN, Machine, number

_REFUSED: Final = """
    _sysctl acct add_key adjtimex bpf chroot clock_adjtime clock_settime create_module delete_module fanotify_init
    fanotify_mark finit_module fsconfig fsmount fsopen fspick init_module ioperm iopl kcmp kexec_file_load kexec_load
    keyctl lookup_dcookie migrate_pages modify_ldt mount mount_setattr move_mount move_pages name_to_handle_at
    nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_mrelease
    process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd reboot request_key setdomainname
    sethostname setns settimeofday swapoff swapon syslog umount2 uselib userfaultfd vhangup vserver
""".split()
_ABSENT: Final = "clone3 io_uring_enter io_uring_register io_uring_setup memfd_secret openat2".split()
"""Calls whose arguments lie in memory that a filter cannot read, and ones that C libraries can do without."""

_NEW_NAMESPACES: Final = 0x7E020000
_NEW_TIME_NAMESPACE: Final = 0x80
_SET_ID: Final = 0o6000
_CREATES: Final = 0x40 | 0x400000
"""O_CREAT and O_TMPFILE: without them the mode of open() is noise."""
_TERMINAL_INJECTION: Final = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put words into the mouth of whoever sits at the terminal."""
_PERSONALITIES: Final = (0, 0xFFFFFFFF)
"""Linux, and the question which one it is."""
AF_UNIX: Final = 1
_AF_INET: Final = (2, 10)

_EPERM: Final = 1
_ENOSYS: Final = 38
_EAFNOSUPPORT: Final = 97

_Instruction = tuple[int, int, int, int]
_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_GREATER: Final = 0x25
_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final[_Instruction] = (_RETURN, 0, 0, 0x7FFF0000)
_KILL: Final[_Instruction] = (_RETURN, 0, 0, 0x80000000)


def seccomp_filter(machine: Machine, *, network: bool, own_network: bool) -> bytes:
    """Return the filter as the kernel's array of instructions.

    `own_network` says that the job has a loopback of its own, so that internet sockets lead nowhere else. A job with
    the machine's network gets no unix sockets, since abstract ones would lead to the machine's own services.
    """
    internet = _AF_INET if network or own_network else ()
    families = internet if network else (AF_UNIX, *internet)
    code = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        _KILL,
        (_LOAD, 0, 0, 0),
        (_GREATER, 0, 1, LAST_KNOWN),
        _error(_ENOSYS),
    ]
    blocks = {
        **{name: [_error(_EPERM)] for name in _REFUSED},
        **{name: [_error(_ENOSYS)] for name in _ABSENT},
        **_files(),
        "clone": _unless_bits(0, _NEW_NAMESPACES),
        "unshare": _unless_bits(0, _NEW_NAMESPACES | _NEW_TIME_NAMESPACE),
        "ioctl": _unless_equal(1, _TERMINAL_INJECTION),
        "personality": _only(0, _PERSONALITIES, _EPERM),
        "prlimit64": _only(0, (0,), _EPERM),
        "socket": _only(0, families, _EAFNOSUPPORT),
        "socketpair": _only(0, (AF_UNIX,), _EAFNOSUPPORT),
    }
    for name, block in blocks.items():
        call = number(name, machine)
        if call is not None:
            code += [(_EQUAL, 0, len(block), call), *block]
    code.append(_ALLOW)
    return b"".join(struct.pack("<HBBI", *each) for each in code)


def _files() -> dict[str, list[_Instruction]]:
    """No file may become setuid or setgid: outside it would lend its owner's rights to anyone."""
    return {
        "chmod": _unless_bits(1, _SET_ID),
        "fchmod": _unless_bits(1, _SET_ID),
        "fchmodat": _unless_bits(2, _SET_ID),
        "fchmodat2": _unless_bits(2, _SET_ID),
        "mknod": _unless_bits(1, _SET_ID),
        "mknodat": _unless_bits(2, _SET_ID),
        "creat": _unless_bits(1, _SET_ID),
        "open": _if_bits(1, _CREATES, _unless_bits(2, _SET_ID)),
        "openat": _if_bits(2, _CREATES, _unless_bits(3, _SET_ID)),
    }


def _error(code: int) -> _Instruction:
    return (_RETURN, 0, 0, 0x00050000 | code)


def _argument(index: int) -> _Instruction:
    """Load the low half, which is all of it that the kernel looks at in the arguments that are checked here."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _unless_bits(index: int, bits: int) -> list[_Instruction]:
    return [_argument(index), (_ANY_BIT, 0, 1, bits), _error(_EPERM), _ALLOW]


def _if_bits(index: int, bits: int, then: list[_Instruction]) -> list[_Instruction]:
    return [_argument(index), (_ANY_BIT, 1, 0, bits), _ALLOW, *then]


def _unless_equal(index: int, values: tuple[int, ...]) -> list[_Instruction]:
    tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *tests, _ALLOW, _error(_EPERM)]


def _only(index: int, values: tuple[int, ...], otherwise: int) -> list[_Instruction]:
    tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *tests, _error(otherwise), _ALLOW]
