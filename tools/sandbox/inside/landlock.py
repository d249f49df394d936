"""Interface to Landlock, by which a process permanently gives up access to files, networks and signals."""

from __future__ import annotations

import os
import stat

from tools.sandbox.inside import kernel

_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
_VERSION = 1
_PATH_BENEATH = 1

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_FOLDER = 1 << 3
READ = EXECUTE | READ_FILE | READ_FOLDER
_MOVE = 1 << 13
TRUNCATION_SINCE = 3
SIGNALS_SINCE = 6
"""First version that can confine signals and abstract sockets."""
_ALL = ((1, (1 << 13) - 1), (2, _MOVE), (TRUNCATION_SINCE, 1 << 14), (5, 1 << 15), (9, 1 << 16))
"""The file rights that each version of the interface introduced. Version 1: reading, writing, creating and removing
each kind of file; later versions: moving between folders, truncating, device ioctls, connecting to sockets."""
DEVICE_COMMANDS = 1 << 15
_DEVICES = 1 << 6 | 1 << 11 | DEVICE_COMMANDS
"""Rights to create device files, and to call ioctl(2) on devices."""
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15 | 1 << 16
_NETWORK = 1 << 0 | 1 << 1
"""Rights to bind and connect TCP sockets."""
_ABSTRACT_SOCKETS = 1 << 0
_SIGNALS = 1 << 1


def version() -> int:
    """Return the kernel's version of the interface, or 0 if Landlock is missing or disabled."""
    try:
        return kernel.call("landlock_create_ruleset", _CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


def everything(abi: int) -> int:
    """Return a mask of all file rights that exist in this version."""
    return sum(rights for since, rights in _ALL if since <= abi)


def write(abi: int) -> int:
    """Return a mask of the rights to a writable folder: all file rights except those for devices."""
    return everything(abi) & ~_DEVICES


class Domain:
    """A set of rules for the access that a process keeps."""

    def __init__(self, abi: int, *, files: bool, tcp: bool) -> None:
        """Create a domain with no rights to signals and abstract sockets outside it, nor to `files` or `tcp` if set."""
        self._abi = abi
        words = [everything(abi) if files else _MOVE]
        if abi >= 4:
            words.append(_NETWORK if tcp else 0)
        if abi >= SIGNALS_SINCE:
            words.append(_ABSTRACT_SOCKETS | _SIGNALS)
        attributes = b"".join(word.to_bytes(8, "little") for word in words)
        self._ruleset = kernel.call(
            "landlock_create_ruleset", _CREATE_RULESET, attributes, len(attributes), 0
        )
        if not files:
            self.allow("/", _MOVE)  # a domain denies moving files unless it is allowed explicitly

    def allow(self, path: str, rights: int) -> None:
        """Grant rights to a file, or to a folder and its contents; a path that cannot be opened is skipped."""
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            if not stat.S_ISDIR(os.fstat(handle).st_mode):
                rights &= _OF_FILES
            rule = (rights & everything(self._abi)).to_bytes(8, "little") + handle.to_bytes(4, "little")
            kernel.call("landlock_add_rule", _ADD_RULE, self._ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(handle)

    def enter(self) -> None:
        """Restrict this process permanently; requires `kernel.forbid_new_privileges` first."""
        kernel.call("landlock_restrict_self", _RESTRICT_SELF, self._ruleset, 0)
        os.close(self._ruleset)
