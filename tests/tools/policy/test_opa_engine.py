"""The OPA server answers one question only, is this user's alone, and does not outlive its owner."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import Build
from tools.errors import PolicyError
from tools.policy import opa_engine
from tools.policy.answer import NO_ANSWER
from tools.policy.opa_engine import OpaEngine
from tools.policy.source import Source, load
from tools.runtimes.local.processes import process

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "crew" / "policies"


@pytest.fixture
def engine(opa_only: Build) -> OpaEngine:
    made = opa_only(load(POLICIES))
    assert isinstance(made, OpaEngine)
    return made


def test_nothing_but_the_question_is_answered(engine: OpaEngine) -> None:
    client = engine._client
    text = "package extra\n\nimport rego.v1\n\ndeny := []\n"

    refused = [
        client.get("/v1/policies"),
        client.put("/v1/policies/extra", content=text),
        client.delete("/v1/policies/crew"),
        client.put("/v1/data/settings", json={}),
        client.patch("/v1/data", json=[{"op": "remove", "path": "/settings"}]),
        client.post("/v1/data/settings", json={}),
        client.get("/v1/data/crew/decision"),
        client.get("/v1/config"),
        client.post("/v1/query", json={"query": "1 == 1"}),
        client.get("/"),
    ]

    assert {each.status_code for each in refused} == {httpx.codes.UNAUTHORIZED}
    assert engine.decide({}).rules[0] == "call.form"


def test_the_socket_is_this_users_alone(engine: OpaEngine) -> None:
    assert stat.S_IMODE(engine._folder.stat().st_mode) == 0o700
    assert len(os.fsencode(engine._socket)) < 100


def test_closing_leaves_nothing(engine: OpaEngine) -> None:
    assert engine._server is not None
    pid = engine._server.pid
    assert process(pid) is not None

    engine.close()

    assert process(pid) is None
    assert not engine._folder.exists()


def test_a_server_that_hangs_or_died_means_no(engine: OpaEngine) -> None:
    assert engine._server is not None
    usual, engine._client.timeout = engine._client.timeout, httpx.Timeout(0.2)
    os.kill(engine._server.pid, signal.SIGSTOP)
    assert engine.decide({}).reasons[0] == NO_ANSWER
    os.kill(engine._server.pid, signal.SIGCONT)
    engine._client.timeout = usual
    assert engine.decide({}).rules[0] == "call.form"

    os.kill(engine._server.pid, signal.SIGKILL)
    while not engine._server.has_exited:
        time.sleep(0.01)

    assert engine.decide({}).reasons[0] == NO_ANSWER


def test_a_program_that_is_not_opa_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opa_engine, "START_SECONDS", 600)
    started = time.monotonic()

    with pytest.raises(PolicyError, match="OPA did not start"):
        OpaEngine(Source(modules={}, data={}, digest=""), "/bin/false")

    assert time.monotonic() - started < 300


def test_the_server_dies_with_its_owner(opa_program: str, tmp_path: Path) -> None:
    # The thread that chose the engine ends at once; the engine goes on, until its process is killed.
    owner = textwrap.dedent(
        """
        import sys, threading, time
        from pathlib import Path
        from tools.policy.opa_engine import OpaEngine
        from tools.policy.source import load

        made = []
        thread = threading.Thread(target=lambda: made.append(OpaEngine(load(Path(sys.argv[1])), sys.argv[2])))
        thread.start()
        thread.join()
        time.sleep(0.3)
        print(made[0]._server.pid, made[0].decide({}).rules[0], made[0]._folder, flush=True)
        time.sleep(60)
        """
    )
    command = (sys.executable, "-c", owner, str(POLICIES), opa_program)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        pid, rule, folder = started.stdout.readline().split()
        assert rule == "call.form"
        server = process(int(pid))
        assert server is not None

        started.kill()

    deadline = time.monotonic() + 60
    while process(int(pid)) == server and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process(int(pid)) is None
    for each in sorted(Path(folder).rglob("*"), reverse=True):
        each.rmdir() if each.is_dir() else each.unlink()
    Path(folder).rmdir()
