"""Entry point of the launcher."""

from __future__ import annotations

import os

from tools.sandbox.inside import kernel, landlock, mounts, process_group, scratch, supervise
from tools.sandbox.inside.order import Order


def main(fields: dict[str, object]) -> None:
    """Confine and run the program described by the fields of an `Order`; never returns."""
    order = Order(**fields)
    guard: int | None = None
    try:
        if order.kind == "namespaces":
            mounts.leave(order)
            _follow(os.fork())
            kernel.die_with_parent()
            mounts.build(order)
            kernel.drop_capabilities(order.capset_call)
        elif order.kind == "bubblewrap":
            kernel.die_with_parent()
        else:
            guard = _guarded(order)
    except OSError as error:
        os.write(order.status, f"failed {error}\n".encode())
        os._exit(1)
    supervise.supervise(order, guard)
    os._exit(0)


def _follow(child: int) -> None:
    """After a fork, make the parent wait for `child` and exit; return at once in the child, where it is 0."""
    if child:
        os.waitpid(child, 0)
        os._exit(0)


def _guarded(order: Order) -> int:
    """Continue in a child, with this process as its guard; return a descriptor that is closed when the guard dies.

    Without a process namespace, the guard must kill what is left; it adopts all processes if the supervisor is killed.
    """
    kernel.adopt_orphans()
    if order.scratch:
        os.mkdir(order.scratch, 0o700)
    watched, held = os.pipe()
    child = os.fork()
    if child:
        os.close(watched)
        os.close(order.status)
        os.waitpid(child, 0)
        process_group.kill_all()
        if order.scratch:
            scratch.remove(order.scratch)
        os._exit(0)
    os.close(held)
    kernel.adopt_orphans()
    if order.landlock >= landlock.SIGNALS_SINCE:
        kernel.forbid_new_privileges()
        landlock.Domain(order.landlock, files=False, tcp=False).enter()
    return watched
