"""Services made straight from story files, run as plain subprocesses on loopback."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.acceptance.story_files import StoryFile, load
from tools.blueprint import openapi
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import Reading, read
from tools.stacks import Generation, Previous
from tools.stacks.fastapi import FastAPIStack

SECRET = "a secret of these tests that is long enough for HS256"
CACHE = Path(os.environ.get("SHIPCREW_TESTS_CACHE", Path.home() / ".cache" / "shipcrew-tests"))
STARTUP_SECONDS = 30.0
STOP_SECONDS = 10.0
UV = Path(sys.executable).parent / "uv"

_made: dict[tuple[str, int], tuple[Reading, Generation]] = {}
"""Of every story that was built: what is the same for each service of the file."""


class Service:
    """One delivered service with a database of its own; each story of its file is one more generation."""

    def __init__(self, name: str, folder: Path) -> None:
        self.story: StoryFile = load(name)
        self.uncovered: list[str] = []
        self.misjudged: list[str] = []
        self.url = ""
        self.log = folder / "service.log"
        self._folder = folder / "repository"
        self._database = folder / "service.db"
        self._blueprint = Blueprint(service=self.story.service, slo=self.story.slo)
        self._files: dict[str, str] | None = None
        self._delivered = 0
        self._process: subprocess.Popen[bytes] | None = None

    def deliver(self, upto: int | None = None) -> None:
        """Bring the service to where that many stories (all by default) are built, and (re)start it."""
        self.stop()
        stack = FastAPIStack()
        target = len(self.story.stories) if upto is None else upto
        while self._delivered < target:
            self._next(stack)
            python = environment(self._folder / "requirements.txt")
            self._run(stack.migrate(python))
        self._start(stack.serve(environment(self._folder / "requirements.txt")))

    def _next(self, stack: FastAPIStack) -> None:
        made = _made.get((self.story.service, self._delivered))
        if made is None:
            made = self._make(stack)
            _made[(self.story.service, self._delivered)] = made
        reading, generation = made
        self.uncovered += [each.id for each in reading.criteria if each.outcome != "covered"]
        self.misjudged += [
            f"{each.id} {each.outcome}: {each.why}" for each in reading.criteria if each.outcome != "covered"
        ]
        for path, text in generation.files.items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        self._blueprint, self._files = reading.blueprint, generation.files
        self._delivered += 1

    def _make(self, stack: FastAPIStack) -> tuple[Reading, Generation]:
        reading = read(self.story.stories[self._delivered], self._blueprint)
        previous = None
        if self._files is not None:
            previous = Previous(blueprint=self._blueprint, files=self._files)
        contract = openapi.to_yaml(openapi.document(reading.blueprint))
        return reading, stack.generate(reading.blueprint, contract, previous)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": f"sqlite:///{self._database}",
            "AUTH_JWT_SECRET": SECRET,
        }

    def _run(self, argv: tuple[str, ...]) -> None:
        done = subprocess.run(
            argv,
            cwd=self._folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{argv} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")

    def _start(self, argv: tuple[str, ...]) -> None:
        port = _free_port()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                cwd=self._folder,
                env=self._environment() | {"PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{self.story.service} does not start:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End the process, if one runs."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def environment(requirements: Path) -> Path:
    """Return the Python of a virtual environment with these requirements, made when it is not cached."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    home = CACHE / digest
    python = home / "bin" / "python"
    done = home / "complete"
    if not done.exists():
        for argv in (
            [str(UV), "venv", "-q", "--clear", "--python", sys.executable, str(home)],
            [str(UV), "pip", "install", "-q", "--python", str(python), "-r", str(requirements)],
        ):
            subprocess.run(argv, check=True, timeout=600)
        done.touch()
    return python


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
