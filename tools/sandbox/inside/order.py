"""The launcher's parameters, which cross the process boundary as a dictionary of plain values."""

from __future__ import annotations


class Order:
    """How to confine one program, and for how long. File descriptors are numbers that the launcher inherited."""

    kind: str
    """Name of the sandbox."""
    argv: list[str]
    folder: str
    environment: dict[str, str]
    network: bool
    user: int
    """User id of the program in a user namespace."""
    mounts: list[tuple[str, str, bool]]
    """Visible folders and files, parents first: real path, path in the sandbox, whether it is writable."""
    hidden: list[str]
    """Folders and files among them to hide."""
    listable: list[str]
    """Folders that can be listed but not read."""
    links: list[tuple[str, str]]
    """Symbolic links of the root folder: path and target."""
    files: dict[str, str]
    """Small files to create in the sandbox, by path."""
    scratch: str
    """Folder to create, limit to `scratch_bytes` and remove; "" if the job has namespaces."""
    scratch_bytes: int
    devices: list[str]
    """Devices of the machine that it may use."""
    landlock: int
    """Version of Landlock to use; 0 for none."""
    control: int
    """Read end: a byte asks the program to exit, closing it kills everything."""
    status: int
    """Write end: one line when the program has started, one when everything has exited."""
    log: int | None
    """Open file that takes the output; None leaves stdout and stderr as they are."""
    log_bytes: int | None
    """Maximum size of the log, at which its older half is dropped. None for a pipe."""
    oom_events: int | None
    """Open cgroup file that counts out-of-memory kills."""
    capset_call: int
    """Number of that system call on this machine, like the next two."""
    pivot_root_call: int
    seccomp_call: int
    seccomp: bytes
    """The program's filter."""
    seccomp_brokered: bytes
    """The same, but delegating some calls to the supervisor; empty if none are delegated."""
    brokered: dict[int, str]
    """Names of these calls by number."""
    memory_bytes: int | None
    """Enforced by the supervisor; None if a cgroup enforces it."""
    process_limit: int
    """Concurrent processes and threads."""
    process_bound: str
    """What limits their number: "cgroup", "rlimit" or "supervisor"."""
    cpu_seconds: int
    wall_seconds: float | None
    file_bytes: int

    def __init__(self, **fields: object) -> None:
        """Set the fields."""
        self.__dict__.update(fields)
