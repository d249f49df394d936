"""Generated services as real processes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tools.blueprint import openapi
from tools.blueprint.model import Blueprint
from tools.stacks import Generation, Previous
from tools.stacks.fastapi import FastAPIStack
from tools.stacks.fastapi.repository import repository_files
from tools.stacks.fastapi.validation import validate

SECRET = "a-secret-of-more-than-thirty-two-bytes-for-tests"
STACK = FastAPIStack()
_GENERATED: dict[int, tuple[Blueprint, Generation]] = {}


def generate(blueprint: Blueprint, previous: Previous | None = None) -> Generation:
    """All files but the generated tests, which have tests of their own."""
    if previous is None and id(blueprint) in _GENERATED:
        return _GENERATED[id(blueprint)][1]
    validate(blueprint)
    contract = openapi.to_yaml(openapi.document(blueprint))
    found = Generation(files=repository_files(blueprint, contract, previous), tests={})
    if previous is None:
        _GENERATED[id(blueprint)] = (blueprint, found)
    return found


def write(generation: Generation, folder: Path) -> Path:
    for path, text in generation.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


@dataclass(frozen=True)
class Service:
    """A running service."""

    folder: Path
    process: subprocess.Popen[bytes]
    log: Path
    socket: Path

    def client(self) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://service", timeout=60)


def migrate(python: Path, folder: Path, database: str) -> None:
    environment = {**_plain(), "DATABASE_URL": database}
    done = subprocess.run(STACK.migrate(python), cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def running(python: Path, folder: Path, database: str, sockets: Path, **more: str) -> Iterator[Service]:
    path = sockets / f"{time.monotonic_ns()}.sock"
    log = folder / f"{path.stem}.log"
    environment = {
        **_plain(),
        "DATABASE_URL": database,
        "SOCKET": str(path),
        "AUTH_JWT_SECRET": SECRET,
    } | more
    with log.open("wb") as output:
        process = subprocess.Popen(
            STACK.serve(python), cwd=folder, env=environment, stdout=output, stderr=output
        )
    service = Service(folder, process, log, path)
    try:
        _wait(service)
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, if there is one."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += [Path(each) for each in os.environ["PATH"].split(os.pathsep)]
    needed = ("initdb", "postgres", "createdb")
    return next((each for each in places if all((each / name).exists() for name in needed)), None)


@contextmanager
def postgresql(programs: Path, folder: Path) -> Iterator[Callable[[str], str]]:
    """A server on a socket, in a time zone and with an encoding that services must not mind."""
    user = "postgres" if os.geteuid() == 0 else None
    folder.mkdir()
    if user is not None:
        shutil.chown(folder, user)
        folder.parent.chmod(0o755)
    data = folder / "data"
    initialise = [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
    subprocess.run(initialise, check=True, capture_output=True, user=user, cwd=folder)
    options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "timezone=America/New_York"]
    log = folder.parent / "postgresql.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *options], stderr=output, user=user, cwd=folder
        )

    def make(name: str) -> str:
        create = [programs / "createdb", "-h", folder, "-U", "postgres", name]
        deadline = time.monotonic() + 120
        while (done := subprocess.run(create, capture_output=True, text=True)).returncode != 0:
            assert server.poll() is None, log.read_text()
            # One that was made though its client heard nothing of it is as good as made.
            if "already exists" in done.stderr:
                break
            assert time.monotonic() < deadline, f"{done.stderr}\n{log.read_text()}"
            time.sleep(0.1)
        return f"postgresql://postgres@/{name}?host={folder}"

    try:
        yield make
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _wait(service: Service) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert service.process.poll() is None, service.log.read_text()
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(service.socket)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(service.log.read_text())


def _plain() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def body(response: httpx.Response) -> Any:
    """The JSON of an answer, whose status must not be an error of the server."""
    assert response.status_code < 500, response.text
    return response.json()


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """A bearer token, signed as RFC 7515 says."""
    header = _part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    payload = _part(json.dumps({"exp": int(time.time()) + 600} | claims).encode())
    signature = hmac.new(secret.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{_part(signature)}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
