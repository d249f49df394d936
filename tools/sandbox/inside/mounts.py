"""Sets up the namespaces, with a file system that contains only the paths named in the order.

Every path is opened without following symbolic links, made read-only if required while its mount is still detached,
and only then attached in its place, so that it is never visible with more access than intended.
"""

from __future__ import annotations

import errno
import os

from tools.sandbox.inside import kernel
from tools.sandbox.inside.order import Order

_NEW_MOUNTS = 0x00020000
_NEW_CGROUPS = 0x02000000
_NEW_HOST_NAME = 0x04000000
_NEW_IPC = 0x08000000
_NEW_USERS = 0x10000000
_NEW_PROCESSES = 0x20000000
_NEW_NETWORK = 0x40000000

_NO_SUID, _NO_DEVICES, _NO_EXECUTION = 0x2, 0x4, 0x8
_RECURSIVELY, _PRIVATE = 0x4000, 0x40000
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NO_SUID, _ATTRIBUTE_NO_DEVICES = 0x1, 0x2, 0x4
_DETACH = 2

_OPEN_TREE, _MOVE_MOUNT, _OPENAT2, _MOUNT_SETATTR = 428, 429, 437, 442
_CLONE_TREE = 0x1 | 0o2000000 | 0x8000 | 0x1000
"""OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, AT_RECURSIVE, AT_EMPTY_PATH."""
_OF_DESCRIPTORS = 0x04 | 0x40
"""MOVE_MOUNT_F_EMPTY_PATH and MOVE_MOUNT_T_EMPTY_PATH."""
_EMPTY_PATH, _WHOLE_TREE = 0x1000, 0x8000
_NO_SYMBOLIC_LINKS = 0x04 | 0x02
"""RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS."""
_HERE = -100

_OLD, _NEW = "/old", "/new"
_PLACE = "/tmp"  # noqa: S108  any existing folder; it is covered in this mount namespace only
_SCRATCH = "/tmp"  # noqa: S108  the job's own
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
)


def leave(order: Order) -> None:
    """Enter new namespaces; the next forked process becomes process 1 of the new process namespace."""
    flags = _NEW_MOUNTS | _NEW_CGROUPS | _NEW_HOST_NAME | _NEW_IPC | _NEW_PROCESSES
    if not order.network:
        flags |= _NEW_NETWORK
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.unshare(flags | _NEW_USERS)
    except OSError as error:
        if user != 0 or error.errno not in (errno.EPERM, errno.ENOSPC, errno.EINVAL):
            raise
        kernel.unshare(flags)  # root, if user namespaces are disabled
        return
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{order.user} {user} 1")
    _write("/proc/self/gid_map", f"{order.user} {group} 1")


def build(order: Order) -> None:
    """Mount the job's file system and switch to it; must be called by the job's process 1."""
    kernel.mount("", "/", "", _RECURSIVELY | _PRIVATE)
    _tmpfs(_PLACE, "mode=0755")
    os.mkdir(_PLACE + _OLD)
    os.mkdir(_PLACE + _NEW)
    kernel.pivot_root(order.pivot_root_call, _PLACE, _PLACE + _OLD)
    os.chdir("/")
    _tmpfs(_NEW, "mode=0755")
    _fill(order)
    _make_read_only(_NEW)
    kernel.umount(_OLD, _DETACH)
    os.chdir(_NEW)
    kernel.pivot_root(order.pivot_root_call, ".", ".")
    kernel.umount(".", _DETACH)
    os.chdir("/")
    kernel.set_host_name("sandbox")
    if not order.network:
        kernel.raise_loopback()


def _fill(order: Order) -> None:
    _folder(_NEW + "/proc")
    kernel.mount("proc", _NEW + "/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXECUTION)
    scratch = f"mode=0755,size={order.scratch_bytes}"
    _devices(scratch)
    _folder(_NEW + _SCRATCH)
    _tmpfs(_NEW + _SCRATCH, scratch)
    for path, target in order.links:
        os.symlink(target, _NEW + path)
    for path, text in order.files.items():
        _folder(os.path.dirname(_NEW + path))
        _write(_NEW + path, text, os.O_CREAT)
    for source, path, writable in order.mounts:
        read_only = 0 if writable else _ATTRIBUTE_READ_ONLY
        _bind(source, path, _ATTRIBUTE_NO_SUID | _ATTRIBUTE_NO_DEVICES | read_only)
    _write("/nothing", "", os.O_CREAT)
    for path in order.hidden:
        _hide(path)
    # Last, because opening the paths to mount may depend on it. Files in /proc belong to the machine, whose owner
    # could otherwise change the machine's settings through /proc/sys.
    _make_read_only(_NEW + "/proc")


def _devices(scratch: str) -> None:
    folder = _NEW + "/dev"
    _folder(folder)
    _tmpfs(folder, "mode=0755")
    for name in _DEVICES:
        if os.path.exists(f"{_OLD}/dev/{name}"):
            _write(f"{folder}/{name}", "", os.O_CREAT)
            _attach(_tree(f"{_OLD}/dev/{name}"), f"{folder}/{name}", _ATTRIBUTE_NO_SUID)
    for name, target in _DEVICE_LINKS:
        os.symlink(target, f"{folder}/{name}")
    for name in ("shm", "pts"):
        os.mkdir(f"{folder}/{name}")
    kernel.mount(
        "devpts", f"{folder}/pts", "devpts", _NO_SUID | _NO_EXECUTION, "newinstance,ptmxmode=0666,mode=620"
    )
    _make_read_only(folder)
    _tmpfs(f"{folder}/shm", scratch)


def _bind(source: str, path: str, attributes: int) -> None:
    tree = _tree(_OLD + source)
    target = _NEW + path
    if not os.path.lexists(target):
        if kernel.is_folder(tree):
            _folder(target)
        else:
            _folder(os.path.dirname(target))
            _write(target, "", os.O_CREAT)
    _attach(tree, target, attributes)


def _hide(path: str) -> None:
    """Hide a folder or file in the job's file system by mounting an empty one over it."""
    target = _open(_NEW + path)
    if kernel.is_folder(target):
        _tmpfs(f"{_OLD}/proc/self/fd/{target}", "mode=0755,size=4096")
        covering = _open(_NEW + path)
        _attributes(covering, _ATTRIBUTE_READ_ONLY, _EMPTY_PATH)
        os.close(covering)
        os.close(target)
    else:
        os.close(target)
        _attach(_tree("/nothing"), _NEW + path, _ATTRIBUTE_READ_ONLY)


def _tree(path: str) -> int:
    """Return a descriptor of a detached copy of the mounts at a path."""
    handle = _open(path)
    try:
        return kernel.call(f"open_tree {path}", _OPEN_TREE, handle, b"", _CLONE_TREE)
    finally:
        os.close(handle)


def _attach(tree: int, path: str, attributes: int) -> None:
    _attributes(tree, attributes, _EMPTY_PATH | _WHOLE_TREE)
    target = _open(path)
    kernel.call(f"move_mount {path}", _MOVE_MOUNT, tree, b"", target, b"", _OF_DESCRIPTORS)
    os.close(target)
    os.close(tree)


def _make_read_only(mount_point: str) -> None:
    handle = os.open(mount_point, os.O_PATH | os.O_CLOEXEC)
    _attributes(handle, _ATTRIBUTE_READ_ONLY, _EMPTY_PATH)
    os.close(handle)


def _attributes(handle: int, attributes: int, flags: int) -> None:
    wanted = attributes.to_bytes(8, "little") + bytes(24)
    kernel.call("mount_setattr", _MOUNT_SETATTR, handle, b"", flags, wanted, len(wanted))


def _open(path: str) -> int:
    """Open a path with O_PATH; raises OSError if it leads through a symbolic link."""
    how = (
        (os.O_PATH | os.O_CLOEXEC).to_bytes(8, "little") + bytes(8) + _NO_SYMBOLIC_LINKS.to_bytes(8, "little")
    )
    return kernel.call(f"open {path}", _OPENAT2, _HERE, path.encode(), how, len(how))


def _tmpfs(path: str, options: str) -> None:
    kernel.mount("tmpfs", path, "tmpfs", _NO_SUID | _NO_DEVICES, options)


def _folder(path: str) -> None:
    os.makedirs(path, mode=0o755, exist_ok=True)


def _write(path: str, text: str, flags: int = 0) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o644)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
