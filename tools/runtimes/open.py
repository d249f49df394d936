"""Selects a runtime by its URL; the only module that names the runtimes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.errors import PlatformError
from tools.runtimes import Runtime
from tools.runtimes.local.runtime import LocalRuntime

RUNTIMES: dict[str, Callable[[str, Path, str], Runtime]] = {"local": LocalRuntime.from_address}
"""Factories of runtimes by URL scheme, called with the rest of the URL, the home and the sandbox's name."""


def open_runtime(home: Path, sandbox: str = "", url: str = "local") -> Runtime:
    """Return the runtime at `url`, such as "local", for a home, without starting anything.

    `sandbox` names the sandbox for services that run on this machine; "" means the best one available. Raises
    PlatformError for an unknown scheme or an invalid address.
    """
    scheme, _, address = url.partition(":")
    if scheme not in RUNTIMES:
        raise PlatformError(f"Unknown runtime `{url}`; valid runtimes: {', '.join(RUNTIMES)}.")
    return RUNTIMES[scheme](address, home.resolve(), sandbox)
