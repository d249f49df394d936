"""The launcher's parameters, which cross the process boundary as a dictionary of plain values."""

from __future__ import annotations


class Order:
    """Parameters for confining and running one program. File descriptors are inherited by the launcher."""

    kind: str
    """Name of the sandbox."""
    argv: list[str]
    folder: str
    environment: dict[str, str]
    network: bool
    user: int
    """User id of the program in a user namespace."""
    mounts: list[tuple[str, str, bool]]
    """Visible folders and files, parents first, as tuples of real path, path in the sandbox, whether it is writable."""
    hidden: list[str]
    """Folders and files to hide inside the mounts."""
    listable: list[str]
    """Folders that can be listed but not read."""
    links: list[tuple[str, str]]
    """Symbolic links to create in the root folder, as pairs of path and target."""
    files: dict[str, str]
    """Contents of the small files to create in the sandbox, by path."""
    scratch: str
    """Scratch folder to create, limit to `scratch_bytes` and remove; "" if the job has namespaces."""
    scratch_bytes: int
    devices: list[str]
    """Devices of the machine that the program may use."""
    landlock: int
    """Version of Landlock to use; 0 for none."""
    control: int
    """Read end of a pipe: a byte asks the program to exit; closing the write end kills all processes."""
    status: int
    """Write end of a pipe: receives a line when the program has started, and one when all processes have exited."""
    log: int | None
    """Open file that receives the output; None leaves stdout and stderr unchanged."""
    log_bytes: int | None
    """Maximum size of the log, at which its older half is dropped; None means no limit."""
    oom_events: int | None
    """Open cgroup file that counts out-of-memory kills; None if no cgroup limits memory."""
    cpu_usage: int | None
    """Open cgroup file that counts CPU time; None if it has to be added up by polling."""
    capset_call: int
    """Number of the capset(2) system call on this machine; likewise for the next two fields."""
    pivot_root_call: int
    seccomp_call: int
    seccomp: bytes
    """The program's seccomp filter."""
    seccomp_brokered: bytes
    """The same filter, but with some calls delegated to the supervisor; empty if none are delegated."""
    brokered: dict[int, str]
    """Names of the delegated system calls, by number."""
    memory_bytes: int | None
    """Memory limit that the supervisor enforces; None if a cgroup enforces it."""
    process_limit: int
    """Maximum number of concurrent processes and threads."""
    process_bound: str
    """What enforces `process_limit`: "cgroup", "rlimit" or "supervisor"."""
    cpu_seconds: int
    wall_seconds: float | None
    file_bytes: int

    def __init__(self, **fields: object) -> None:
        """Set each keyword argument as an attribute."""
        self.__dict__.update(fields)
