"""Where the launcher begins."""

from __future__ import annotations

import os

from tools.sandbox.inside import kernel, supervise
from tools.sandbox.inside.order import Order


def main(fields: dict[str, object]) -> None:
    """Confine and run what the order says."""
    order = Order(**fields)
    kernel.die_with_parent()
    supervise.supervise(order)
    os._exit(0)
