"""Where the launcher begins."""

from __future__ import annotations

import os

from tools.sandbox.inside import kernel, mounts, supervise
from tools.sandbox.inside.order import Order


def main(fields: dict[str, object]) -> None:
    """Confine and run what the order says."""
    order = Order(**fields)
    try:
        if order.kind == "namespaces":
            mounts.leave(order)
            _follow(os.fork())
            kernel.die_with_parent()
            mounts.build(order)
            kernel.drop_capabilities(order.capset)
        else:
            kernel.die_with_parent()
    except OSError as error:
        os.write(order.status, f"failed {error}\n".encode())
        os._exit(1)
    supervise.supervise(order)
    os._exit(0)


def _follow(child: int) -> None:
    """In the parent, wait for the child and end; in the child, go on."""
    if child:
        os.waitpid(child, 0)
        os._exit(0)
