"""Each fault of a model or its server, over the wire: named in the ledger, bounded, gone from the history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crew.model_calls import GaveUp
from crew.models import openai
from crew.models.openai import LARGEST_REPLY
from crew.records.rows import Calling, ModelFault, ModelReply
from tests.crew.doors import DELIVERY, policies
from tests.crew.models.faults import BOTH, CASES, REASONED, SAYS_TOO_LONG, Case
from tests.crew.models.server import Body, Raw, Say, Status, Step, say
from tests.crew.models.wired import DONE, IMPATIENT, IN_TEXT, KEY, MODES, right, scenario, with_steps


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    engine = policies()
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def asked(body: Body) -> list[Any]:
    """Return what a request says, whichever protocol it came by."""
    return list(body.get("messages") or body["input"])


@pytest.mark.parametrize(
    ("case", "mode"),
    [pytest.param(case, mode, id=f"{case.name}, {mode}") for case in CASES for mode in case.modes],
)
def test_a_fault_is_named_and_leaves_no_trace(case: Case, mode: str, tmp_path: Path, policy: Any) -> None:
    patience = IMPATIENT if case.name == "silence" else {}
    with scenario(tmp_path, policy, {2: case.step}, **MODES[mode], **patience) as here:
        if case.remedy == "give_up":
            with pytest.raises(GaveUp, match=case.fault):
                here.work()
            assert (here.faults, len(here.server.bodies)) == ([case.fault], 2)
            return
        assert here.work()["answer"] == DONE
        assert here.faults == [case.fault]
        _, before, again, after = map(asked, here.server.bodies)
        told = again[len(before) :]
        assert again[: len(before)] == before
        assert [each["role"] for each in told] == ["user"] * (case.remedy == "tell")
        assert case.told in json.dumps(told)
        # What was wrong is gone, and so is what was said of it.
        assert after[: len(before)] == before
        assert [each.get("role") for each in after].count("user") == 1
        assert [row.body.step for row in here.rows(Calling)] == [1, 2, 2, 3]
        assert [row.key for row in here.rows(ModelFault)] == ["m-code-1-2-1"]
        assert here.place.ledger.verify(DELIVERY) is None


@pytest.mark.parametrize(
    ("name", "requests"), [("503", 3), ("unknown tool", 3), ("overflow", 3), ("reset on the way", 3)]
)
def test_every_patience_ends(name: str, requests: int, tmp_path: Path, policy: Any) -> None:
    (case,) = (each for each in CASES if each.name == name)
    with scenario(tmp_path, policy, dict.fromkeys(range(2, 50), case.step), **MODES["chat streamed"]) as here:
        with pytest.raises(GaveUp, match=case.fault):
            here.work()
        assert here.faults == [case.fault] * requests
        assert len(here.server.bodies) == 1 + requests
        waits = [row.body.waits_seconds for row in here.rows(ModelFault)]
        assert all(each is None or float(str(each)) <= 0.02 for each in waits)
        assert [row.kind for row in here.rows(Calling, ModelFault)[-2:]] == ["calling", "fault"]


@pytest.mark.parametrize("mode", IN_TEXT)
def test_calls_in_text_do_the_same(mode: str, tmp_path: Path, policy: Any) -> None:
    wrong: dict[int, Step] = {
        1: Say(text="Let me see what is there."),
        2: Say(text='{"calls": [{"tool": "list_files"}]}'),
        5: Say(text='```json\n{"calls": [{"tool": "list_files", "arguments": {"n": NaN}}]}\n```'),
    }
    with scenario(tmp_path, policy, wrong, **IN_TEXT[mode]) as here:
        assert here.work()["answer"] == DONE
        assert here.faults == ["no_call", "malformed_arguments", "malformed_arguments"]
        assert all("tools" not in body for body in here.server.bodies)
        form = here.server.bodies[0].get("response_format") or here.server.bodies[0].get("text", {}).get(
            "format"
        )
        wanted = {"function_calling": None, "json_schema": "json_schema", "json_mode": "json_object"}
        assert (form or {}).get("type") == wanted[str(IN_TEXT[mode]["structured_output"])]


@pytest.mark.parametrize("given_id", ["same", ""])
@pytest.mark.parametrize("mode", MODES)
def test_ids_of_calls_are_told_apart(mode: str, given_id: str, tmp_path: Path, policy: Any) -> None:
    listing = json.dumps({"rationale": "To see.", "evidence": ["s"]})

    def twice(name: str) -> Say:
        return Say(calls=((name, "list_files", listing), (name, "read_file", listing)))

    with scenario(tmp_path, policy, {1: twice(given_id)}, **MODES[mode]) as here:
        here.work()  # the server looks at every conversation
        again = json.dumps(asked(here.server.bodies[1]))
        assert "call00000" in again
        assert "call00001" in again


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("forever", [Raw(b"x" * 100_000, forever=True), "stream"], ids=["bytes", "words"])
def test_an_endless_reply_ends(forever: Any, mode: str, tmp_path: Path, policy: Any) -> None:
    step = Say(text="word " * (LARGEST_REPLY // 4)) if forever == "stream" else forever
    with scenario(tmp_path, policy, {1: step}, **MODES[mode]) as here:
        assert here.work()["answer"] == DONE
        assert here.faults == ["oversized"]  # by its size: at the end of its time it would be "disconnected"


@pytest.mark.parametrize("mode", BOTH)
def test_a_byte_now_and_then_is_not_waited_for_without_end(
    mode: str, tmp_path: Path, policy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "LONGEST_REPLY", 0.1)  # times 20 s: a byte is always there long before that
    slow = Say(text="I " * 20_000, pause=0.05)
    with scenario(tmp_path, policy, {2: slow}, timeout_seconds=20, **MODES[mode]) as here:
        here.work()
        assert here.faults == ["disconnected"]
        assert "was not complete after 2 s" in str(here.rows(ModelFault)[0].body.text)


@pytest.mark.parametrize(
    "usage", [None, {"prompt_tokens": -5, "completion_tokens": -1}], ids=["none", "negative"]
)
@pytest.mark.parametrize("mode", MODES)
def test_tokens_that_a_server_does_not_count_are_estimated(
    mode: str, usage: Any, tmp_path: Path, policy: Any
) -> None:
    with scenario(tmp_path, policy, lambda body: _uncounted(right(body), usage), **MODES[mode]) as here:
        assert here.work()["answer"] == DONE
        for row in here.rows(ModelReply):
            assert bool(row.body.estimated) == (usage is None)
            assert (row.body.input_tokens > 500) == (usage is None)
            assert min(row.body.input_tokens, row.body.output_tokens) >= 0


def test_tokens_that_are_counted_in_every_chunk_are_not_added_up(tmp_path: Path, policy: Any) -> None:
    with scenario(tmp_path, policy, lambda body: replace(right(body), counts_on=True), stream=True) as here:
        assert here.work()["answer"] == DONE
        assert {(row.body.input_tokens, row.body.output_tokens) for row in here.rows(ModelReply)} == {
            (100, 10)
        }


def _uncounted(step: Say, usage: Any) -> Say:
    return Say(calls=step.calls, usage=usage)


@pytest.mark.parametrize("mode", BOTH)
def test_a_key_stands_nowhere(mode: str, tmp_path: Path, policy: Any) -> None:
    header = f"Bearer {KEY}"
    echo = {
        1: Status(500, "x" * 280 + header),
        2: Raw(json.dumps({"error": f"{'x' * 280}{header}"}).encode()),
        3: say("list_files", {"rationale": f"My key is {KEY}.", "evidence": [KEY]}),
        4: Say(refusal=f"I saw {header}."),
        5: say(KEY, REASONED),
        6: Say(text=f"What about {KEY}?"),
        7: Status(401, f"{header} is \x1b[31mwrong\x1b[0m\u202e."),
    }
    with scenario(tmp_path, policy, echo, corrections=5, **MODES[mode]) as here:
        with pytest.raises(GaveUp) as stopped:
            here.work()
        assert "is [31mwrong [0m ." in str(stopped.value)
        assert here.server.bodies
        kept = [json.dumps(row.body.stored()) for row in here.rows()] + [str(stopped.value)]
        kept += [
            each.read_text(errors="replace") for each in (tmp_path / "home").rglob("*") if each.is_file()
        ]
        kept += [json.dumps(body) for body in here.server.bodies]
        # Neither the whole of it nor its beginning.
        assert [each for each in kept if KEY[:12] in each] == []
        assert here.faults == [
            "server_error", "unreadable", "refusal", "unknown_tool", "no_call", "unauthorised",
        ]  # fmt: skip


def test_what_cannot_be_waited_for_is_said(tmp_path: Path, policy: Any) -> None:
    with (
        scenario(tmp_path, policy, {1: Status(429, "slow", {"Retry-After": "7200"})}) as here,
        pytest.raises(GaveUp, match=r"asks to wait 7200 s; the limit is 0.02 s \(longest_wait_seconds"),
    ):
        here.work()


def test_a_model_that_reads_little_is_asked_little_from_then_on(tmp_path: Path, policy: Any) -> None:
    sizes: list[int] = []

    def small(body: Body) -> Step:
        size = len(json.dumps(asked(body)))
        sizes.append(size)
        if size > 12_000:
            return Status(400, SAYS_TOO_LONG)
        n = len(sizes)
        return say("write_file", {"path": "file0.txt", "content": "y" * 900 + str(n)} | REASONED)

    with scenario(tmp_path, policy, small, context_bytes=20_000) as here:
        out = here.work(with_steps(25))
        assert "did not finish" in out["problem"]
        assert here.faults == ["context_overflow"]
        assert here.rows(Calling)[-1].body.shrunk == 1
        assert "earlier_steps" in json.dumps(here.server.bodies[-1])


@pytest.mark.parametrize("mode", BOTH)
def test_a_server_that_is_not_there_is_named_without_its_password(
    mode: str, tmp_path: Path, policy: Any
) -> None:
    with scenario(
        tmp_path, policy, {}, base_url="http://ada:sesame@127.0.0.1:9/v1?key=k", **MODES[mode]
    ) as here:
        with pytest.raises(GaveUp) as gave_up:
            here.work()
        said = str(gave_up.value)
    assert "The model's server at http://127.0.0.1:9/v1 cannot be reached: " in said
    assert (
        ". Start it, or point to a running one: base_url under [model] in crew.toml, or OPENAI_BASE_URL."
        in said
    )
    assert "sesame" not in said
    assert "ada" not in said


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Status(429, "slow"), "The model's server says 429: slow."),
        (Status(429, "Slow down."), "The model's server says 429: Slow down."),
        (Status(401, "who are you?"), "says 401: who are you? Set OPENAI_API_KEY"),
        (Status(401, "no"), "says 401: no. Set OPENAI_API_KEY"),
        (Say(refusal="I will not"), "The model refused: I will not."),
    ],
)
def test_what_a_server_says_is_a_sentence(step: Step, said: str, tmp_path: Path, policy: Any) -> None:
    with scenario(tmp_path, policy, lambda body: step) as here:
        with pytest.raises(GaveUp):
            here.work()
        last = str(here.rows(ModelFault)[-1].body.text)
    assert last.startswith(said) or said in last
    assert ".." not in last
