"""Services made straight from story files, run as plain subprocesses on loopback."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.acceptance.story_files import load
from tools.blueprint import openapi
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import Reading, read
from tools.stacks import Generation, Previous
from tools.stacks.fastapi import FastAPIStack

SECRET = "a secret of these tests that is long enough for HS256"
CACHE = Path(os.environ.get("SHIPCREW_TESTS_CACHE", Path.home() / ".cache" / "shipcrew-tests" / "acceptance"))
STARTUP_SECONDS = 120.0
STOP_SECONDS = 60.0
UV = Path(sys.executable).parent / "uv"


@dataclass(frozen=True)
class Build:
    """What one story of a file made of the service."""

    reading: Reading
    generation: Generation


def build(name: str) -> tuple[Build, ...]:
    """Read and generate every story of a file, each on top of the one before."""
    story = load(name)
    stack = FastAPIStack()
    blueprint = Blueprint(service=story.service, slo=story.slo)
    previous: Previous | None = None
    builds: list[Build] = []
    for criteria in story.stories:
        reading = read(criteria, blueprint)
        blueprint = reading.blueprint
        contract = openapi.to_yaml(openapi.document(blueprint))
        generation = stack.generate(blueprint, contract, previous)
        previous = Previous(blueprint=blueprint, files=generation.files)
        builds.append(Build(reading, generation))
    return tuple(builds)


class Service:
    """A running service with a database of its own."""

    def __init__(self, builds: tuple[Build, ...], folder: Path) -> None:
        self.url = ""
        self.log = folder / "service.log"
        self._builds = builds
        self._folder = folder / "repository"
        self._database = folder / "service.db"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def refused(self) -> dict[str, str]:
        """Why criteria of its stories are not covered, by their ids."""
        read_all = [each for made in self._builds for each in made.reading.criteria]
        return {each.id: f"{each.outcome}: {each.why}" for each in read_all if each.outcome != "covered"}

    def deliver(self, stories: int | None = None) -> None:
        """Bring the service to where so many stories (all by default) are built, and (re)start it."""
        self.stop()
        for path, text in self._builds[(stories or len(self._builds)) - 1].generation.files.items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        python = environment(self._folder / "requirements.txt")
        stack = FastAPIStack()
        self._run(stack.migrate(python))
        self._start(stack.serve(python))

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
        raise RuntimeError(f"the service does not start:\n{self.log.read_text()[-3000:]}")

    def terminate(self) -> None:
        """Ask the process to end, if one runs."""
        if self._process is not None:
            self._process.terminate()

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
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other processes of the same test run want it too
        if not (home / "complete").exists():
            install = (
                "pip",
                "install",
                "-q",
                "--compile-bytecode",
                "--python",
                str(python),
                "-r",
                str(requirements),
            )
            subprocess.run(
                [UV, "venv", "-q", "--clear", "--python", sys.executable, home], check=True, timeout=600
            )
            subprocess.run([UV, *install], check=True, timeout=600)
            (home / "complete").touch()
    return python


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
