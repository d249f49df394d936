"""Nothing happens but through the door: reasons bind, policy decides, a person is asked, and nothing is done twice."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from crew.door.call import ApprovalNeeded
from crew.door.door import Door
from crew.records.rows import Answered, Denied, Intent, Outcome
from tests.crew.doors import DELIVERY, Setting, policies, setting
from tests.crew.rows import write
from tools.errors import RepositoryError, ToolError
from tools.result import Tool, ToolResult, Workbench


class Write(BaseModel):
    """Stands in for tools that the policies know."""

    path: str = "a.txt"
    content: str = "x"


class Recorder:
    """Counts what is really done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.probed = 0
        self.there: ToolResult | None = None
        self.error: Exception | None = None

    def run(self, bench: Workbench, arguments: Write) -> ToolResult:
        if self.error:
            raise self.error
        self.done.append(f"{bench.role}: {arguments.content}")
        return ToolResult(ok=True, code="ok", summary=f"Wrote {len(self.done)}.", data={"by": bench.role})

    def probe(self, bench: Workbench, arguments: Write) -> ToolResult | None:
        self.probed += 1
        return self.there


NO_REASONS = (
    ".", "...", "42", "ab", "\u3164" * 9, "\u115f\u1160\uffa0" * 3, "\u2800" * 9, "\u200b\u200d\ufeff" * 3,
    "\u0301" * 9, "\u00ad" * 9, "\u02b0" * 9, "\ue000" * 9, "\U00013441" * 9, "\U000e0061" * 9, "\u0640" * 9,
    "\ufe0f" * 9, "\u2014 \u2713 \u2026", "\U0001f680" * 9,
)  # fmt: skip
"""Rationales in which a reader sees no letters, or too few."""


@pytest.fixture(scope="module")
def policy():
    engine = policies()
    yield engine
    engine.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def place(tmp_path: Path, policy: Any, recorder: Recorder):
    made = setting(tmp_path, policy)
    made.tools["write_file"] = Tool(
        "write_file", "write", Write, recorder.run, ("code",), probe=recorder.probe
    )
    made.tools["merge"] = Tool("merge", "write", Write, recorder.run, ("crew",), probe=recorder.probe)
    workspace = str(made.bench.workspace)
    made.facts = {
        "workspace": workspace,
        "paths": [{"text": "a.txt", "resolved": f"{workspace}/a.txt"}],
        "secrets": [],
        "protected": False,
    }
    yield made
    made.ledger.close()


def kinds(place: Setting) -> list[str]:
    return [row.kind for row in place.ledger.rows(DELIVERY)]


def test_a_call_in_order_is_done_and_written_down(place: Setting, recorder: Recorder) -> None:
    result = place.door().act(place.call("write_file"))
    assert result.ok
    assert recorder.done == ["code: x"]
    assert kinds(place) == ["opened", "intent", "outcome"]
    intent = place.ledger.rows(DELIVERY, Intent)[0].body
    assert intent.rationale == "The story asks for it."
    assert intent.policy.outcome == "allow"


@pytest.mark.parametrize(("changes", "reason"), [
    ({"rationale": ""}, "no rationale"),
    ({"rationale": " \n "}, "no rationale"),
    *(({"rationale": text}, "no rationale") for text in NO_REASONS),
    ({"evidence": ()}, "cites no evidence"),
    ({"evidence": ("a-0000000000000000",)}, "The evidence a-0000000000000000 was neither given"),
    ({"evidence": ("sha256:" + "0" * 64,)}, "The evidence sha256:00"),
    ({"tool": "rm"}, "Unknown tool 'rm'"),
    ({"arguments": {"content": 7}}, "are invalid"),
    ({"role": "governance"}, "governance"),
    ({"role": "nobody"}, "nobody"),
])  # fmt: skip
def test_what_is_not_in_order_is_denied_and_written_down(
    place: Setting, recorder: Recorder, changes: dict[str, Any], reason: str
) -> None:
    changes = dict(changes)
    call = place.call(changes.pop("tool", "write_file"), **changes)
    result = place.door().act(call)
    assert (result.ok, result.code) == (False, "denied")
    assert reason in result.summary
    assert recorder.done == []
    assert kinds(place) == ["opened", "denied"]


@pytest.mark.parametrize("text", ["Why.", "因为需要", "Ещё раз", "لأن القصة تطلبه", "e\u0301te\u0301"])
def test_a_reason_in_any_script_is_one(place: Setting, recorder: Recorder, text: str) -> None:
    assert place.door().act(place.call("write_file", rationale=text)).ok


@pytest.mark.parametrize("text", NO_REASONS)
def test_policy_refuses_what_is_no_reason_too(
    place: Setting, recorder: Recorder, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crew.door.known_evidence.gives_reason", lambda text: True)
    result = place.door().act(place.call("write_file", rationale=text))
    assert "gives no reason" in result.summary
    assert place.ledger.rows(DELIVERY, Denied)[0].body.rules == ("reason.rationale",)


def test_evidence_of_another_delivery_does_not_bind(place: Setting, recorder: Recorder) -> None:
    other = place.artifacts.put(b"something of another delivery")
    result = place.door().act(place.call("write_file", evidence=(other,)))
    assert not result.ok
    assert recorder.done == []


def test_evidence_that_is_one_digit_off_is_told_what_it_is_near(place: Setting) -> None:
    last = "0" if place.story[-1] != "0" else "1"
    result = place.door().act(place.call("write_file", evidence=(place.story[:-1] + last,)))
    assert result.summary.endswith(f"is {place.story}.")


def test_an_earlier_action_is_evidence(place: Setting, recorder: Recorder) -> None:
    door = place.door()
    first = place.call("write_file")
    door.act(first)
    assert door.act(place.call("write_file", {"content": "y"}, step=2, evidence=(first.key,))).ok
    begun = place.call("write_file", step=3)
    write(place.ledger, DELIVERY, "intent", begun.key, {"tool": "write_file"})
    assert not door.act(place.call("write_file", step=4, evidence=(begun.key,))).ok


def test_an_agent_rests_on_what_it_was_told_and_found_itself(place: Setting) -> None:
    place.tools["run_tests"] = Tool("run_tests", "execute", Write, Recorder().run, ("code",))
    door = place.door()
    other = place.call("write_file")
    assert door.act(other).ok
    mine = place.call("run_tests", role="testing", allowed_evidence=frozenset())
    assert door.act(mine).ok
    beside = door.act(
        place.call("run_tests", role="testing", step=2, allowed_evidence=frozenset(), evidence=(other.key,))
    )
    assert beside.summary.startswith(
        f"The evidence {other.key} was neither given to the testing agent nor found by it"
    )
    told = frozenset({other.key})
    for number, evidence in enumerate((mine.key, other.key), 3):
        assert door.act(
            place.call("run_tests", role="testing", step=number, allowed_evidence=told, evidence=(evidence,))
        ).ok
    made_up = frozenset({"a-0000000000000000"})
    assert not door.act(
        place.call("run_tests", role="testing", step=5, allowed_evidence=made_up, evidence=tuple(made_up))
    ).ok


def test_the_same_action_is_done_once(place: Setting, recorder: Recorder) -> None:
    first = place.door().act(place.call("write_file"))
    again = place.door().act(place.call("write_file"))
    assert recorder.done == ["code: x"]
    assert again == first


def test_another_place_or_another_word_is_another_action(place: Setting) -> None:
    call = place.call("write_file")
    others = [
        call.model_copy(update=change)
        for change in (
            {"step": 2},
            {"visit": 2},
            {"index": 1},
            {"role": "testing"},
            {"tool": "merge"},
            {"arguments": {"content": "y"}},
            {"rationale": "Other."},
        )
    ]
    assert len({call.key, *(each.key for each in others)}) == len(others) + 1


@pytest.mark.parametrize("there", [True, False])
def test_after_a_crash_the_probe_decides(place: Setting, recorder: Recorder, there: bool) -> None:
    call = place.call("write_file")
    write(place.ledger, DELIVERY, "intent", call.key, {"tool": "write_file"})
    recorder.there = ToolResult(ok=True, code="ok", summary="It is there.") if there else None
    result = place.door().act(call)
    assert recorder.probed == 1
    assert recorder.done == ([] if there else ["code: x"])
    assert result.summary == ("It is there." if there else "Wrote 1.")
    assert place.ledger.rows(DELIVERY, Outcome)[0].body.found_after_a_crash is there


def test_a_tool_that_breaks_is_an_outcome(place: Setting, recorder: Recorder) -> None:
    recorder.error = RepositoryError("The branch is gone.")
    with pytest.raises(RepositoryError):
        place.door().act(place.call("write_file"))
    assert kinds(place) == ["opened", "intent", "outcome"]
    assert place.ledger.rows(DELIVERY, Outcome)[0].body.code == "failed"
    recorder.error = None
    with pytest.raises(ToolError, match="The branch is gone"):
        place.door().act(place.call("write_file"))
    assert recorder.done == []


def test_no_secret_stays_in_a_row_whatever_it_is_part_of(place: Setting, recorder: Recorder) -> None:
    place.secrets = ("s3cret-of-the-shop",)
    recorder.error = RepositoryError("The remote https://s3cret-of-the-shop@example.org is gone.")
    with pytest.raises(RepositoryError, match=r"https://\[redacted: secret of the service\]@") as raised:
        place.door().act(place.call("write_file", rationale="As s3cret-of-the-shop says."))
    assert "s3cret" not in str(raised.value)
    place.door().act(place.call("s3cret-of-the-shop", {"a": "s3cret-of-the-shop"}))
    place.door().act(place.call("write_file", evidence=("s3cret-of-the-shop",)))
    place.door().refuse(place.call("write_file", step=2), "It holds s3cret-of-the-shop.")
    assert kinds(place) == ["opened", "intent", "outcome", "denied", "denied", "denied"]
    kept = [str(row.body.stored()) for row in place.ledger.rows(DELIVERY)]
    kept += [path.read_text() for path in (place.bench.home / "artifacts").rglob("*") if path.is_file()]
    assert not any("s3cret" in each for each in kept)


def test_what_nobody_foresaw_leaves_the_intent_open(place: Setting, recorder: Recorder) -> None:
    recorder.error = OSError("The disk is full.")
    with pytest.raises(OSError, match="full"):
        place.door().act(place.call("write_file"))
    assert kinds(place) == ["opened", "intent"]
    recorder.error = None
    assert place.door().act(place.call("write_file")).ok
    assert recorder.done == ["code: x"]


def test_two_threads_see_the_same_evidence(place: Setting) -> None:
    for number in range(40):
        write(place.ledger, DELIVERY, "outcome", f"a-{number:016}", {"artifacts": []})
    for round_ in range(30):
        door, results = place.door(), []

        def work(index: int, door: Door = door, results: list[Any] = results, round_: int = round_) -> None:
            call = place.call("write_file", visit=round_ + 1, index=index, evidence=("a-0000000000000039",))
            results.append(door.act(call).ok)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True, True]


class Asking:
    """A policy that asks a person; real policies ask in the tests of the policies."""

    def __init__(self, answerable: bool) -> None:
        self.answerable = answerable

    def decide(self, document: dict[str, Any], /) -> Any:
        from tools.policy import Decision

        return Decision(
            outcome="ask",
            reasons=("The change breaks the contract.",),
            rules=("contract.breaking",),
            answerable=self.answerable,
            engine="test",
            policy_digest="sha256:0",
            seconds=0.0,
        )


@pytest.mark.parametrize("approved", [True, False])
def test_a_person_decides(place: Setting, recorder: Recorder, approved: bool) -> None:
    place.policy = Asking(answerable=False)
    place.yes = True  # may not answer what is not answerable
    call = place.call("merge")
    with pytest.raises(ApprovalNeeded) as needed:
        place.door().act(call)
    assert kinds(place) == ["opened", "asked"]
    place.door().answer(DELIVERY, needed.value.approval.id, approved, "ada", "Not now.")
    result = place.door().act(call)
    assert result.ok is approved
    assert recorder.done == (["code: x"] if approved else [])
    if not approved:
        assert "ada rejected it. Not now." in result.summary


def test_asking_twice_asks_once(place: Setting) -> None:
    place.policy = Asking(answerable=False)
    for _ in range(2):
        with pytest.raises(ApprovalNeeded):
            place.door().act(place.call("merge"))
    assert kinds(place) == ["opened", "asked"]


def test_yes_answers_what_is_answerable_and_is_recorded(place: Setting, recorder: Recorder) -> None:
    place.policy = Asking(answerable=True)
    place.yes = True
    assert place.door().act(place.call("merge")).ok
    (answer,) = place.ledger.rows(DELIVERY, Answered)
    assert answer.body.by == "--yes"
    assert place.ledger.rows(DELIVERY, Intent)[0].body.approval == answer.key


def test_an_approval_is_for_what_was_shown(place: Setting, recorder: Recorder) -> None:
    place.policy = Asking(answerable=False)
    place.facts = {"approves": "tree-1"}
    with pytest.raises(ApprovalNeeded) as first:
        place.door().act(place.call("merge"))
    place.door().answer(DELIVERY, first.value.approval.id, True, "ada")
    place.facts = {"approves": "tree-2"}
    with pytest.raises(ApprovalNeeded) as second:
        place.door().act(place.call("merge", step=2))
    assert first.value.approval.id != second.value.approval.id
    assert recorder.done == []


def test_policy_without_an_answer_is_a_no(place: Setting, recorder: Recorder) -> None:
    place.facts = {}
    assert not place.door().act(place.call("write_file")).ok
    assert recorder.done == []
