"""Evaluation of policies by a local OPA server: one process per run, on a Unix socket private to this user."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import time
from pathlib import Path

import httpx
from pydantic import JsonValue

from tools.errors import PolicyError
from tools.policy.answer import PolicyEngine, Unanswered
from tools.policy.source import Source
from tools.runtimes.server import Server

START_SECONDS = 30.0
ANSWER_SECONDS = 5.0
"""Timeout for an answer, in seconds, after which the call is denied."""

_OPTIONS = ("run", "--server", "--authorization=basic", "--disable-telemetry", "--log-level=error")

# The server only answers this one query: its policies cannot be changed through the socket.
_AUTHORISATION = """package system.authz

import rego.v1

default allow := false

allow if {
	input.method == "POST"
	input.path == ["v1", "data", "crew", "decision"]
}
"""


class OpaEngine(PolicyEngine):
    """A policy engine that owns a local OPA server, which never outlives this process."""

    name = "opa"

    def __init__(self, source: Source, program: str) -> None:
        self.digest = source.digest
        # A socket path is limited to about 100 bytes, and the folder must be private to this user.
        self._folder = Path(tempfile.mkdtemp(prefix="crew-opa-"))
        self._socket = self._folder / "opa.sock"
        transport = httpx.HTTPTransport(uds=str(self._socket))
        self._client = httpx.Client(transport=transport, base_url="http://opa", timeout=ANSWER_SECONDS)
        self._server: Server | None = None
        try:
            command = (program, *_OPTIONS, f"--addr=unix://{self._socket}", str(self._write(source)))
            self._server = Server(command, self._folder, self._folder / "log")
            self._wait()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._client.close()
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, source: Source) -> Path:
        """Write the loaded policies and data to a folder, so that the server reads nothing else; return its path."""
        folder = self._folder / "policies"
        for name, text in {**source.modules, "system/authz.rego": _AUTHORISATION}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "data.json").write_text(json.dumps(source.data))
        return folder

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._server is None or self._server.has_exited:
                break
            if _listens(self._socket):
                return
            time.sleep(0.01)
        log = (self._folder / "log").read_text(errors="replace")[-2000:].strip()
        raise PolicyError(
            f"OPA did not start. Fix the reported problem, or use the policy engine regopy.\n{log}"
        )

    def _exchange(self, document: dict[str, JsonValue]) -> JsonValue:
        if self._server is None or self._server.has_exited:
            raise Unanswered("The OPA server has exited.")
        try:
            response = self._client.post(
                "/v1/data/crew/decision", params={"strict-builtin-errors": "true"}, json={"input": document}
            )
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client has been closed
            raise Unanswered(f"OPA did not respond: {error}") from error
        if response.status_code != httpx.codes.OK:
            raise Unanswered(f"OPA could not evaluate the policies (HTTP {response.status_code}).")
        body = response.json()
        return body.get("result") if isinstance(body, dict) else None


def _listens(path: Path) -> bool:
    # A plain socket is used because the client's transport leaks a socket that fails to connect.
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
