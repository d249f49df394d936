"""Builds the seccomp filter, which rejects system calls that a job may not make.

The filter rejects calls that could change the machine, inspect other processes, create namespaces (inside which the
kernel's attack surface is largest), use a network protocol that is not allowed, or leave a setuid file behind. Calls
newer than those known here fail as if they did not exist. Everything else is left to the sandbox, so that ordinary
programs run. For a job that shares the machine's processes and files, the filter also rejects calls that affect
what namespaces would hide and Landlock does not cover.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final

from tools.sandbox.inside.landlock import SIGNALS_SINCE, TRUNCATION_SINCE
from tools.sandbox.syscalls import AUDIT_ARCH, LAST_KNOWN, Machine, number


@dataclass(frozen=True)
class Confinement:
    """The other parts of a job's confinement, on which the filter depends."""

    network: bool
    """Whether the job uses the host's network; it then gets no unix sockets, as abstract ones reach host services."""
    own_world: bool
    """Whether the job has namespaces, so that it can address only its own processes, sockets and loopback device."""
    memory_counted: bool
    """Whether a cgroup limits memory, including memory that belongs to no process."""
    forks_counted: bool = True
    """Whether a cgroup or an rlimit limits the number of processes and threads."""
    landlock: int = 0
    """Version of Landlock in use, which matters for a job without namespaces; 0 for none."""
    broker: bool = False
    """Whether the supervisor decides about some calls (see `tools.sandbox.inside.broker`)."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BROKERED: Final = _names("chmod connect fchmod fchmodat fchmodat2 futimesat utime utimensat utimes")
"""Calls that Landlock does not restrict, but that a job needs for its own files and sockets."""
_BROKERED_SIGNALS: Final = _names("kill tgkill tkill")
"""Further such calls, before Landlock version 6."""
_FORKS: Final = _names("clone fork vfork")
_REFUSED: Final = _names("""
    _sysctl acct add_key adjtimex bpf chroot clock_adjtime clock_settime create_module delete_module
    fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen fspick init_module ioperm iopl kcmp
    kexec_file_load kexec_load keyctl lookup_dcookie migrate_pages modify_ldt mount mount_setattr move_mount
    move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root
    process_madvise process_mrelease process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd
    reboot request_key setdomainname sethostname setns settimeofday swapoff swapon syslog umount2 uselib
    userfaultfd vhangup vserver
""")
_ABSENT: Final = _names("clone3 io_uring_enter io_uring_register io_uring_setup memfd_secret openat2")
"""Calls reported as missing, as a filter cannot read their arguments in memory or C libraries do not need them."""
_UNCOUNTED_MEMORY: Final = _names("memfd_create shmget")
_SHARED_REFUSED: Final = _names("""
    chown fchown fchownat inotify_add_watch lchown mq_notify mq_open mq_unlink msgctl msgget msgrcv msgsnd semctl
    semget semop semtimedop shmat shmctl shmget
""")
_ATTRIBUTES: Final = _names("fremovexattr fsetxattr lremovexattr lsetxattr removexattr setxattr")
_SHARED_SIGNALS: Final = _names("pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo")
_OWN_ONLY: Final = _names("sched_setaffinity sched_setattr sched_setparam sched_setscheduler")

_NEW_NAMESPACES: Final = 0x7E020000
_NEW_TIME_NAMESPACE: Final = 0x80
_SET_ID: Final = 0o6000
_CREATES: Final = 0x40 | 0x400000
"""O_CREAT and O_TMPFILE, without which the mode argument of open(2) is undefined."""
_TERMINAL_INJECTION: Final = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which can inject input into the terminal."""
_SIGNAL_OWNER: Final = (8, 15)
"""F_SETOWN and F_SETOWN_EX, which choose the recipient of signals about a file."""
_PERSONALITIES: Final = (0, 0xFFFFFFFF)
"""PER_LINUX, and the value that queries the current personality."""
_AF_UNIX: Final = 1
_AF_INET: Final = (2, 10)
_CONNECTED: Final = (1, 5)
"""SOCK_STREAM and SOCK_SEQPACKET, which unlike datagram sockets cannot reach a peer without connect(2)."""
_SOCKET_TYPE: Final = 0xF

_EPERM: Final = 1
_ENOSYS: Final = 38
_EOPNOTSUPP: Final = 95
_EAFNOSUPPORT: Final = 97

_Instruction = tuple[int, int, int, int]
_Block = list[_Instruction]
_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_GREATER: Final = 0x25
_ANY_BIT: Final = 0x45
_AND: Final = 0x54
_RETURN: Final = 0x06
_ALLOW: Final[_Instruction] = (_RETURN, 0, 0, 0x7FFF0000)
_NOTIFY: Final[_Instruction] = (_RETURN, 0, 0, 0x7FC00000)
_KILL: Final[_Instruction] = (_RETURN, 0, 0, 0x80000000)


@cache
def seccomp_filter(machine: Machine, confinement: Confinement) -> bytes:
    """Return the filter as an array of BPF instructions in the kernel's binary format."""
    blocks = _always(confinement) | _files()
    if not confinement.memory_counted:
        blocks |= _each(_UNCOUNTED_MEMORY, _ENOSYS)
    if not confinement.own_world:
        blocks |= _shared(confinement)
    handed_over = names_of_brokered(confinement)
    if confinement.broker:
        blocks |= {name: [*blocks.get(name, [_ALLOW])[:-1], _NOTIFY] for name in handed_over}
    else:
        blocks |= {name: [_error(_EPERM)] for name in handed_over if name not in _FORKS}
    code = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        _KILL,
        (_LOAD, 0, 0, 0),
        (_GREATER, 0, 1, LAST_KNOWN),
        _error(_ENOSYS),
    ]
    for name, block in blocks.items():
        call = number(name, machine)
        if call is not None:
            code += [(_EQUAL, 0, len(block), call), *block]
    code.append(_ALLOW)
    return b"".join(struct.pack("<HBBI", *each) for each in code)


def names_of_brokered(confinement: Confinement) -> tuple[str, ...]:
    """Return the names of the system calls that the supervisor has to decide about."""
    names: tuple[str, ...] = () if confinement.forks_counted else _FORKS
    if not confinement.own_world:
        names += tuple(name for name in _BROKERED if name != "connect" or not confinement.network)
        names += _BROKERED_SIGNALS if confinement.landlock < SIGNALS_SINCE else ()
        names += ("truncate",) if confinement.landlock < TRUNCATION_SINCE else ()
    return names


def _each(names: tuple[str, ...], error: int) -> dict[str, _Block]:
    return {name: [_error(error)] for name in names}


def _always(confinement: Confinement) -> dict[str, _Block]:
    internet = _AF_INET if confinement.network or confinement.own_world else ()
    return {
        **_each(_REFUSED, _EPERM),
        **_each(_ABSENT, _ENOSYS),
        "clone": _unless_bits(0, _NEW_NAMESPACES),
        "unshare": _unless_bits(0, _NEW_NAMESPACES | _NEW_TIME_NAMESPACE),
        "ioctl": _unless_equal(1, _TERMINAL_INJECTION),
        "personality": _only(0, _PERSONALITIES, _EPERM),
        "prlimit64": _only(0, (0,), _EPERM),
        "socket": _only(0, internet if confinement.network else (_AF_UNIX, *internet), _EAFNOSUPPORT),
        "socketpair": _only(0, (_AF_UNIX,), _EAFNOSUPPORT),
    }


def _files() -> dict[str, _Block]:
    """Return rules against making a file setuid or setgid, which would give anyone on the host its owner's rights."""
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


def _shared(confinement: Confinement) -> dict[str, _Block]:
    """Return rules that keep a job without namespaces from affecting the machine's other processes and files."""
    blocks = {
        **_each(_SHARED_REFUSED, _EPERM),
        **_each(_ATTRIBUTES, _EOPNOTSUPP),
        **{name: _only(0, (0,), _EPERM) for name in _OWN_ONLY},
        "setpriority": _own_priority(0, 1),
        "ioprio_set": _own_priority(1, 2),
    }
    if not confinement.network:
        types = _only(1, _CONNECTED, _EPERM, masked=_SOCKET_TYPE)
        unix = [_argument(0), (_EQUAL, 1, 0, _AF_UNIX), _error(_EAFNOSUPPORT), *types]
        blocks |= {"socket": unix, "socketpair": unix}
    if confinement.landlock < SIGNALS_SINCE:
        blocks |= _each(_SHARED_SIGNALS, _EPERM)
        blocks["fcntl"] = _unless_equal(1, _SIGNAL_OWNER)
    return blocks


def _own_priority(*kinds: int) -> _Block:
    """Allow only the given kinds of target (process or process group), and only the caller's own (id 0)."""
    return [*_only(0, kinds, _EPERM)[:-1], *_only(1, (0,), _EPERM)]


def _error(code: int) -> _Instruction:
    return (_RETURN, 0, 0, 0x00050000 | code)


def _argument(index: int) -> _Instruction:
    """Load the low 32 bits of an argument, the only part that the kernel uses of the arguments checked here."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _unless_bits(index: int, bits: int) -> _Block:
    return [_argument(index), (_ANY_BIT, 0, 1, bits), _error(_EPERM), _ALLOW]


def _if_bits(index: int, bits: int, then: _Block) -> _Block:
    return [_argument(index), (_ANY_BIT, 1, 0, bits), _ALLOW, *then]


def _unless_equal(index: int, values: tuple[int, ...]) -> _Block:
    return [_argument(index), *_jumps(values), _ALLOW, _error(_EPERM)]


def _only(index: int, values: tuple[int, ...], otherwise: int, masked: int = 0) -> _Block:
    loaded = [_argument(index), (_AND, 0, 0, masked)] if masked else [_argument(index)]
    return [*loaded, *_jumps(values), _error(otherwise), _ALLOW]


def _jumps(values: tuple[int, ...]) -> _Block:
    """Return jumps that skip the instruction following them if the loaded argument equals any of the values."""
    return [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
