"""Runs inside the sandbox, around a service that knows TCP ports only; brings its port out as a unix socket.

`python -I -S -c TEXT SOCKET PORT ARGV...`. A sandbox has no network but a loopback of its own, which nobody
outside can reach. It ends when the service does, with the same exit code; only the standard library is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

CHUNK_BYTES = 64 * 1024


async def relay(socket: str, port: int, argv: list[str]) -> int:
    """Run the service to its end and return its exit code, 128 + the signal if a signal ended it."""
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
    except OSError:  # what some servers call localhost is ::1 only
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
