from __future__ import annotations

import asyncio
import gzip
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tools.runtimes.local import router
from tools.runtimes.local.backend import Backend
from tools.runtimes.local.metrics import Metrics
from tools.runtimes.local.router import Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Version:
    """A version with a handler of the test's own."""

    def __init__(self, handler: Handler, socket: Path) -> None:
        self.metrics = Metrics("checkout", "production", "v1")
        self.backend: Backend | None = None
        self.health, self.disk_full = ("/readyz",), ""
        self._handler, self._socket = handler, socket

    async def __aenter__(self) -> Version:
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", self._handler)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, auto_decompress=False)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self._socket), backlog=4).start()
        self.backend = Backend(self._socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.backend:
            await self.backend.close()
        await self._runner.cleanup()


def through(
    tmp_path: Path, handler: Handler, use: Callable[[aiohttp.ClientSession, str, Version], Awaitable[Any]]
) -> Any:
    """Run `use` with a client, the router's URL, and the version behind it."""

    async def main() -> Any:
        async with Version(handler, tmp_path / "s") as version:
            route = Route("checkout", lambda: version)
            port = await route.open([0])
            try:
                async with aiohttp.ClientSession(auto_decompress=False) as client:
                    return await use(client, f"http://127.0.0.1:{port}", version)
            finally:
                await route.close()

    return asyncio.run(main())


async def echo(request: web.Request) -> web.Response:
    body = await request.read()
    said = {"method": request.method, "path": request.raw_path, "length": len(body)}
    return web.json_response(
        said | {"headers": {name.lower(): value for name, value in request.headers.items()}}
    )


async def no_answer(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("length", [0, 10, 900_000])
def test_requests_arrive_whole(tmp_path: Path, method: str, length: int) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.request(method, url + "/a%2Fb/%20?q=%26&r", data=b"x" * length or None) as answer:
            said = await answer.json()
        assert (said["method"], said["length"]) == (method, length)
        assert said["path"] == "/a%2Fb/%20?q=%26&r"

    through(tmp_path, echo, use)


def test_a_body_of_unknown_length_is_streamed(tmp_path: Path) -> None:
    seen = asyncio.Event()

    async def read_first(request: web.Request) -> web.Response:
        await request.content.readany()
        seen.set()
        return web.Response(text=str(len(await request.read())))

    async def parts() -> Any:
        yield b"x" * 1000
        await asyncio.wait_for(seen.wait(), 5)
        yield b"x" * 1000

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.post(url, data=parts()) as answer:
            assert answer.status == 200

    through(tmp_path, read_first, use)


def test_an_answer_is_streamed_as_it_comes(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def in_parts(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await more.wait()
        await response.write(b"data: 2\n\n")
        return response

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.get(url) as answer:
            assert await asyncio.wait_for(answer.content.readany(), 5) == b"data: 1\n\n"
            more.set()
            assert await answer.content.read() == b"data: 2\n\n"
            assert answer.headers["Content-Type"] == "text/event-stream"

    through(tmp_path, in_parts, use)


def test_a_large_answer_arrives_whole(tmp_path: Path) -> None:
    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"y" * 5_000_000)

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.get(url) as answer:
            assert answer.headers["Content-Length"] == "5000000"
            assert await answer.read() == b"y" * 5_000_000

    through(tmp_path, large, use)


def test_hop_by_hop_headers_stay_on_their_hop(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        sent = {"Connection": "keep-alive, X-Private", "X-Private": "1", "TE": "trailers", "X-Public": "2"}
        sent |= {"Upgrade": "h2c", "Proxy-Authorization": "Basic eA==", "Keep-Alive": "timeout=9"}
        async with client.get(url, headers=sent) as answer:
            headers = (await answer.json())["headers"]
        assert headers["x-public"] == "2"
        assert not {"x-private", "te", "upgrade", "proxy-authorization", "keep-alive"} & set(headers)

    through(tmp_path, echo, use)


def test_the_service_learns_who_asked_for_what(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        claimed = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "Host": "shop.example"}
        async with client.get(url, headers=claimed) as answer:
            headers = (await answer.json())["headers"]
        assert headers["host"] == "shop.example"
        assert headers["x-forwarded-host"] == "shop.example"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert "forwarded" not in headers

    through(tmp_path, echo, use)


def test_nothing_is_added_to_what_the_client_accepts(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        bare = ("User-Agent", "Accept", "Accept-Encoding")
        async with client.get(url, skip_auto_headers=bare) as answer:
            assert not {"user-agent", "accept", "accept-encoding"} & set((await answer.json())["headers"])

    through(tmp_path, echo, use)


def test_encoded_bodies_pass_untouched(tmp_path: Path) -> None:
    packed = gzip.compress(b"hello")

    async def same(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), headers={"Content-Encoding": "gzip"})

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.post(url, data=packed, headers={"Content-Encoding": "gzip"}) as answer:
            assert await answer.read() == packed
            assert answer.headers["Content-Encoding"] == "gzip"

    through(tmp_path, same, use)


def test_repeated_headers_and_redirects_pass(tmp_path: Path) -> None:
    async def answer_with(_: web.Request) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/elsewhere"})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.get(url, allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
            assert answer.headers["Location"] == "/elsewhere"
        async with client.get(url, allow_redirects=False) as second:
            assert second.status == 303

    through(tmp_path, answer_with, use)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_have_none(tmp_path: Path, status: int) -> None:
    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"ETag": '"1"'})

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        for _ in range(2):  # the second shows that the connection is still in step
            async with client.get(url) as answer:
                assert (answer.status, await answer.read()) == (status, b"")
                assert answer.headers["ETag"] == '"1"'

    through(tmp_path, nothing, use)


def test_head_keeps_the_length_of_what_it_does_not_send(tmp_path: Path) -> None:
    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"y" * 100_000)

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        for _ in range(2):
            async with client.head(url) as answer:
                assert answer.headers["Content-Length"] == "100000"
                assert await answer.read() == b""

    through(tmp_path, large, use)


def test_expect_continue_is_answered_by_the_router(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.post(url, data=b"x" * 1000, expect100=True) as answer:
            said = await asyncio.wait_for(answer.json(), 5)
        assert said["length"] == 1000
        assert "expect" not in said["headers"]

    through(tmp_path, echo, use)


def problem_of(answer: aiohttp.ClientResponse, body: bytes) -> tuple[int, str]:
    document = json.loads(body)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert document["status"] == answer.status
    return answer.status, document["detail"]


def test_a_version_that_is_not_ready_is_503(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        assert version.backend is not None
        await version.backend.close()
        version.backend = None
        async with client.get(url) as answer:
            assert problem_of(answer, await answer.read())[0] == 503
            assert answer.headers["Retry-After"] == "1"
        assert version.metrics.counts["away"] == 1

    through(tmp_path, echo, use)


def test_a_version_that_does_not_listen_is_503(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        (tmp_path / "s").unlink()
        async with client.post(url) as answer:
            assert problem_of(answer, await answer.read())[0] == 503
        assert version.metrics.counts["away"] == 1

    through(tmp_path, echo, use)


def test_a_connection_cut_before_the_answer_is_502(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        async with client.post(url, data=b"x") as answer:
            status, detail = problem_of(answer, await answer.read())
            assert (status, detail) == (502, "checkout closed the connection before it responded.")
        assert version.metrics.counts["away"] == 1

    through(tmp_path, no_answer, use)


def test_a_version_that_says_nothing_is_504(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "HEAD_SECONDS", 0.1)

    async def sleepy(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.get(url) as answer:
            assert problem_of(answer, await answer.read())[0] == 504

    through(tmp_path, sleepy, use)


def test_a_long_answer_that_is_cut_is_seen_to_be_cut(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 100_000)
        await begun.wait()
        assert request.transport is not None
        request.transport.abort()
        return response

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        with pytest.raises(aiohttp.ClientError):
            async with client.get(url) as answer:
                begun.set()
                await answer.read()
        assert version.metrics.counts["away"] == 1

    through(tmp_path, cut, use)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_may_have_been_done_is_not_asked_for_again(tmp_path: Path, method: str) -> None:
    asked = 0

    async def count(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return await no_answer(request)

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async with client.request(method, url) as answer:
            assert answer.status == 502
        assert asked == 1

    through(tmp_path, count, use)


def test_a_read_whose_kept_connection_was_closed_is_asked_for_again(tmp_path: Path) -> None:
    asked = 0

    async def every_second(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return await no_answer(request) if asked == 2 else web.Response(text="here")

    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        for _ in range(2):
            async with client.get(url) as answer:
                assert await answer.text() == "here"
        assert asked == 3

    through(tmp_path, every_second, use)


def test_a_client_that_leaves_is_not_waited_for(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def sleepy(_: web.Request) -> web.Response:
        arrived.set()
        await asyncio.sleep(300)
        return web.Response()

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        asking = asyncio.ensure_future(client.post(url, data=b"x"))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert version.backend is not None
        assert await version.backend.drain(60)
        assert version.metrics.counts["left"] == 1

    through(tmp_path, sleepy, use)


def test_draining_waits_for_what_is_on_its_way(tmp_path: Path) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        arrived.set()
        await go.wait()
        return web.Response(text="done")

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        assert version.backend is not None
        pending = asyncio.ensure_future(client.get(url))
        await arrived.wait()
        assert not await version.backend.drain(0.1)
        go.set()
        assert await version.backend.drain(60)
        async with await pending as answer:
            assert await answer.text() == "done"

    through(tmp_path, wait, use)


def test_answers_are_counted_by_class_and_time(tmp_path: Path) -> None:
    async def by_path(request: web.Request) -> web.Response:
        await asyncio.sleep(0.03)
        return web.Response(status=int(request.path[1:]))

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        begun = time.monotonic()
        for status in (200, 201, 302, 404, 500, 503):
            async with client.get(f"{url}/{status}", allow_redirects=False) as answer:
                assert answer.status == status
        counts = version.metrics.counts
        assert [counts[each] for each in ("2xx", "3xx", "4xx", "5xx", "away")] == [2, 1, 1, 2, 0]
        assert 6 * 0.03 <= version.metrics.seconds <= time.monotonic() - begun

    through(tmp_path, by_path, use)


def test_a_service_cannot_lead_the_router_elsewhere(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        assert version.backend is not None
        (tmp_path / "s").rename(tmp_path / "elsewhere")
        for planted in (lambda path: path.symlink_to(tmp_path / "elsewhere"), Path.touch, os.mkfifo):
            planted(tmp_path / "s")
            assert await version.backend.probe("/") is None
            async with client.get(url) as answer:
                assert answer.status == 503
            (tmp_path / "s").unlink()

    through(tmp_path, echo, use)


def test_a_health_path_that_leads_elsewhere_is_not_healthy(tmp_path: Path) -> None:
    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("/ok")

    async def use(_: aiohttp.ClientSession, __: str, version: Version) -> None:
        assert version.backend is not None
        assert await version.backend.probe("/readyz") == 302

    through(tmp_path, redirect, use)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["other protocol", "two lengths", "too short", "not http", "large head"],
)
def test_nonsense_from_a_service_is_502(tmp_path: Path, said: bytes) -> None:
    async def main() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            writer.close()

        async with await asyncio.start_unix_server(answer, tmp_path / "s"):
            version = Version(echo, tmp_path / "s")
            version.backend = Backend(tmp_path / "s")
            route = Route("checkout", lambda: version)
            url = f"http://127.0.0.1:{await route.open([0])}"
            async with aiohttp.ClientSession() as client:
                for method in ("GET", "POST"):
                    async with client.request(method, url) as response:
                        assert problem_of(response, await response.read())[0] == 502
            await version.backend.close()
            await route.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "target", [b"/\xff\xfe", b"//other.example/x", b"/a/../b/%2e%2e/c", b"/?a=%zz", b"*"]
)
def test_odd_targets_pass_as_they_are(tmp_path: Path, target: bytes) -> None:
    async def use(_: aiohttp.ClientSession, url: str, __: Version) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        method = b"OPTIONS " if target == b"*" else b"GET "
        writer.write(method + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        if head.split()[1] == b"200":
            expected = target.decode(errors="surrogateescape") if target != b"*" else "/"
            assert json.loads(body)["path"] == expected
        else:
            assert head.split()[1] == b"400"

    through(tmp_path, echo, use)


@pytest.mark.parametrize("request_line", ["TRACE / HTTP/1.1", "CONNECT example.com:443 HTTP/1.1"])
def test_what_a_proxy_must_not_pass_on_is_refused(tmp_path: Path, request_line: str) -> None:
    async def use(_: aiohttp.ClientSession, url: str, version: Version) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(f"{request_line}\r\nHost: x\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] in (b"405", b"400")
        writer.close()
        assert sum(version.metrics.counts.values()) == 0

    through(tmp_path, echo, use)


def test_absolute_request_lines_reach_the_service_only(tmp_path: Path) -> None:
    async def use(_: aiohttp.ClientSession, url: str, __: Version) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            b"GET http://example.com/x?y=1 HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"
        )
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        assert json.loads(body)["path"] == "/x?y=1"
        writer.close()

    through(tmp_path, echo, use)


def test_many_at_once_against_a_short_queue(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        async def one() -> int:
            async with client.post(url, data=b"x") as answer:
                return answer.status

        assert set(await asyncio.gather(*(one() for _ in range(100)))) == {200}

    through(tmp_path, echo, use)


def test_the_first_free_port_is_taken() -> None:
    async def main() -> None:
        one, two = Route("one", lambda: None), Route("two", lambda: None)
        try:
            first = await one.open([0])
            assert await two.open([first, 0]) != first
            async with (
                aiohttp.ClientSession() as client,
                client.get(f"http://127.0.0.1:{two.port}") as answer,
            ):
                assert answer.status == 503
            three = Route("three", lambda: None)
            with pytest.raises(OSError, match="free"):
                await three.open([first])
            await three.close()
        finally:
            await one.close()
            await two.close()

    asyncio.run(main())


def test_what_is_no_request_is_refused_as_a_problem(tmp_path: Path) -> None:
    async def use(client: aiohttp.ClientSession, url: str, _: Version) -> None:
        for header, status in (("x" * 8_000, 200), ("x" * 40_000, 400)):
            async with client.get(url, headers={"Authorization": header}) as answer:
                assert answer.status == status
        assert answer.content_type == "application/problem+json"

    through(tmp_path, echo, use)


async def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes on a connection of its own, and return what comes back until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


@pytest.mark.attack
def test_a_body_that_does_not_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "BODY_SECONDS", 0.2)

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx"
        answer = await exchange(url, head)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"did not arrive within 0.2 s" in answer
        async with client.get(url) as after:
            assert after.status == 200

    through(tmp_path, echo, use)


@pytest.mark.attack
def test_a_large_body_that_trickles_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "HEAD_SECONDS", 0.2)

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\nx"
        assert (await exchange(url, head)).startswith(b"HTTP/1.1 504 ")

    through(tmp_path, echo, use)


@pytest.mark.attack
def test_a_client_that_does_not_read_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "READ_SECONDS", 0.2)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 20))

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert version.backend
        await asyncio.sleep(0.1)
        assert await version.backend.drain(20)
        writer.close()

    through(tmp_path, endless, use)


@pytest.mark.attack
def test_connections_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "MOST_CONNECTIONS", 20)

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        port = int(url.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        async with client.get(url) as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            assert "20 open connections" in (await refused.json())["detail"]
        for _, writer in held:
            writer.close()
        for _ in range(100):
            async with client.get(url) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError("closed connections still count")

    through(tmp_path, echo, use)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: x", b"TRACE / HTTP/1.1\r\nHost: x", b"nonsense"])
def test_no_response_names_the_server(tmp_path: Path, sent: bytes) -> None:
    """aiohttp 3.14 calls `_prepare_hook`, which is private, before it sends a response's head."""

    async def use(client: aiohttp.ClientSession, url: str, version: Version) -> None:
        answer = await exchange(url, sent + b"\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.")
        assert b"\r\nserver:" not in answer.lower()

    through(tmp_path, echo, use)
