"""Exposes the TCP port of a service as a unix socket; runs inside the sandbox as the parent of the service.

Usage: `python -I -S -c TEXT SOCKET PORT ARGV...`. It is needed because the loopback network of a sandbox cannot be
reached from outside. It exits when the service does, with its exit code, and uses only the standard library.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

CHUNK_BYTES = 64 * 1024


async def relay(socket: str, port: int, argv: list[str]) -> int:
    """Run the service until it exits; returns its exit code, or 128 + the signal number."""
    service = await asyncio.create_subprocess_exec(*argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, service.send_signal, number)

    async def connect(inward: asyncio.StreamReader, outward: asyncio.StreamWriter) -> None:
        try:
            answers, requests = await _open(port)
        except OSError:
            outward.close()
            return
        await asyncio.gather(_copy(inward, requests), _copy(answers, outward))
        for writer in (requests, outward):
            writer.close()

    async with await asyncio.start_unix_server(connect, socket):
        code = await service.wait()
    return code if code >= 0 else 128 - code


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection("127.0.0.1", port)
    except OSError:  # some servers listen on ::1 only
        return await asyncio.open_connection("::1", port)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()


if __name__ == "__main__":
    sys.exit(asyncio.run(relay(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
