"""Over the wire: requests that stay small however long a role works, and budgets that stop it and let it go on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from crew.errors import BoundReached
from crew.models import spending as spending
from crew.records.rows import Calling, ModelReply
from crew.settings.budget import Budget, parse_budget
from tests.crew.doors import DELIVERY, policies
from tests.crew.models.server import Body, Say, Status, Step, heard, say
from tests.crew.models.wired import DONE, KEY, MODES, right, scenario, with_steps

STEPS = 110
READ = "read_file"


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    engine = policies()
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.mark.parametrize(
    ("lines", "content", "mode"),
    [
        (1, 0, "chat"),
        (25, 0, "responses streamed"),
        (75, 0, "chat streamed"),
        (0, 6_000, "responses"),
        (1, 0, "text"),
    ],
    ids=["200 bytes", "5 KB", "15 KB", "big arguments", "in text"],
)
def test_a_request_stays_flat(lines: int, content: int, mode: str, tmp_path: Path, policy: Any) -> None:
    offered: list[bool] = []
    recalled: list[str] = []

    def answer(body: Body) -> Step:
        messages = heard(body)
        story = json.loads(str(messages[1].content)[14:-4])["evidence"]["story"]
        why = {"rationale": "Line by line, since the whole is too much.", "evidence": [story]}
        step = len(offered) + 1
        offered.append(
            '"read_result"' in json.dumps(body.get("tools", ""))
            or '"read_result"' in str(messages[0].content)
        )
        if step == 61 and (found := re.search(r"put_away\W+(sha256:[0-9a-f]{64})", str(messages))):
            call: tuple[str, dict[str, Any]] = ("read_result", {"digest": found[1]})
        elif lines:
            call = ("read_file", {"path": "file0.txt", "first_line": step, "lines": lines})
        else:
            call = ("write_file", {"path": "file0.txt", "content": str(step) * content})
        if step == 62 and isinstance(messages[-1], ToolMessage):
            recalled.append(str(messages[-1].content))
        if mode == "text":
            return Say(text=json.dumps({"calls": [{"tool": call[0], "arguments": call[1] | why}]}))
        return say(call[0], call[1] | why)

    form = {"tool_calls": "text"} if mode == "text" else MODES[mode]
    with scenario(tmp_path, policy, answer, timeout_seconds=20, **form) as here:
        (here.place.bench.workspace / "file0.txt").write_text(f"{'z' * 198}\n" * 300)
        out = here.work(with_steps(STEPS))
        assert "did not finish within 110 steps" in out["problem"]
        assert here.faults == []
        sizes = here.server.sizes
        assert len(sizes) == STEPS
        assert max(sizes[99:]) <= 2 * sizes[9], (
            f"{sizes[9]} bytes at step 10, {max(sizes[99:])} from step 100 on"
        )
        assert (offered[1], offered[60]) == (False, True)
        assert ("z" * 198 if lines else "was written") in recalled[0]
        # The estimate that budgets rest on is near what goes out.
        said = [int(str(row.body.bytes)) for row in here.rows(Calling)]
        assert all(0.5 < guess / size < 1.5 for guess, size in zip(said, sizes, strict=True))


def command(error: BoundReached, option: str) -> Budget:
    """Return the budget of the command that an error names, as the command line reads it."""
    words = shlex.split(str(error).rpartition(": ")[2])
    assert words[:3] == ["crew", "resume", DELIVERY]
    assert words[3] == option
    return parse_budget(words[4])


@pytest.mark.parametrize(
    ("bound", "requests"),
    [
        ({"steps": 2}, 2),
        ({"tokens": 1_900}, 1),
        ({"money": 0.0003}, 2),
        ({"minutes": 0.25}, 2),
        ({"tokens": 10}, 0),
    ],
    ids=["steps", "tokens", "money", "minutes", "none at all"],
)
@pytest.mark.parametrize("whose", ["--budget", "--run-budget"])
def test_a_bound_is_looked_at_before_each_request(
    bound: dict[str, Any],
    requests: int,
    whose: str,
    tmp_path: Path,
    policy: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 0.0
    monkeypatch.setattr(spending, "time", SimpleNamespace(monotonic=lambda: seconds))

    def answer(body: Body) -> Step:
        nonlocal seconds
        seconds += 10
        step = right(body)
        return Say(calls=step.calls, usage={"prompt_tokens": 1_000, "completion_tokens": 100})

    prices = {"prices": {"m": {"input": 0.1, "output": 1.0}}}
    with scenario(tmp_path, policy, answer, config=prices) as here:
        setattr(here, "budget" if whose == "--budget" else "run_budget", Budget(**bound))
        with pytest.raises(BoundReached) as stopped:
            here.work()
        assert len(here.server.bodies) == requests
        assert here.rows()[-1].kind != "calling"
        setattr(here, "budget" if whose == "--budget" else "run_budget", command(stopped.value, whose))
        for _ in range(4):  # each time with what the message says
            try:
                assert here.work()["answer"] == DONE
                break
            except BoundReached as again:
                budget = command(again, whose)
                setattr(here, "budget" if whose == "--budget" else "run_budget", budget)
        assert here.work()["answer"] == DONE
        assert len(here.server.bodies) == 3
        assert [row.key for row in here.rows(ModelReply)] == ["m-code-1-1", "m-code-1-2", "m-code-1-3"]


def test_requests_that_fail_are_steps_too(tmp_path: Path, policy: Any) -> None:
    with scenario(tmp_path, policy, lambda body: Status(500, "oops"), attempts=9) as here:
        here.budget = Budget(steps=4)
        with pytest.raises(BoundReached, match="4 of 4 model calls"):
            here.work()
        assert len(here.server.bodies) == 4
