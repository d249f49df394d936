"""Serve on the unix socket `SOCKET` or the TCP port `PORT` until SIGTERM, finishing what has begun."""

from __future__ import annotations

import signal
import sys

import uvicorn

from app.main import create_app
from app.settings import Settings, SettingsError
from app.telemetry import set_up_logging

GRACE_SECONDS = 20


def main() -> int:
    """Run the service and return the exit code."""
    try:
        settings = Settings.from_environment()
        app = create_app(settings)
    except SettingsError as error:
        print(f"Cannot start: {error}", file=sys.stderr)
        return 2
    set_up_logging(settings.log_level)
    # uvicorn raises the signal again once everything is closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        uds=settings.socket,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
