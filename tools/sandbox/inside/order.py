"""What the launcher is told. It crosses the process boundary as a dictionary of plain values."""

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
    """Who the program thinks it is, in a user namespace."""
    mounts: list[tuple[str, str, bool]]
    """Folders and files to be seen, parents first: real path, path in the job's world, whether it is writable."""
    hidden: list[str]
    """Folders and files among them to be covered."""
    listable: list[str]
    """Folders whose names can be read."""
    links: list[tuple[str, str]]
    """Symbolic links of the root folder: path and target."""
    files: dict[str, str]
    """Small files of the world's own."""
    scratch: str
    """Folder to be made, kept within `scratch_bytes` and removed; "" where the job's world has its own."""
    scratch_bytes: int
    devices: list[str]
    """Devices that it may use, where it sees the machine's."""
    landlock: int
    """Version of Landlock to use; 0 for none."""
    control: int
    """Read end: a byte asks the program to end, its closing means that everything dies."""
    status: int
    """Write end: one line when the program starts, one when all is over."""
    log: int | None
    """Open file that takes the output; None leaves stdout and stderr as they are."""
    log_bytes: int | None
    """How long the log may become; its older half goes when it does. None for a pipe, which has no length."""
    oom_events: int | None
    """Open cgroup file that counts out-of-memory kills."""
    capset_call: int
    """Number of that system call on this machine, as of the next two."""
    pivot_root_call: int
    seccomp_call: int
    seccomp: bytes
    """Filter of the program."""
    seccomp_brokered: bytes
    """The same, but handing some calls over to the supervisor; empty where there is nothing to hand over."""
    brokered: dict[int, str]
    """Names of these calls by number."""
    memory_bytes: int | None
    """To be watched here; None where a cgroup sees to it."""
    process_limit: int
    """Processes and threads at one time."""
    process_bound: str
    """What holds their number: "cgroup", "rlimit" or "supervisor"."""
    cpu_seconds: int
    wall_seconds: float | None
    file_bytes: int

    def __init__(self, **fields: object) -> None:
        """Take the values over as they are."""
        self.__dict__.update(fields)
