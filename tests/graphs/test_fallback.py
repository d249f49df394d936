"""Who plays a role when a model gives up: the next one, from the role's beginning, and nobody twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from crew.brief import Brief
from crew.errors import BoundReached, Stopped
from crew.models.by_url import role_models
from crew.models.recordings.record import Recorder
from crew.models.role_model import RoleModel
from crew.records.rows import Answered, Calling, Fallback
from crew.settings.budget import Budget
from crew.settings.config import Config
from graphs.fallback import play
from tests.crew.doors import DELIVERY, policies
from tests.crew.models.server import Body, Reset, Say, Status, Step, say
from tests.crew.models.wired import DONE, KEY, QUICK, ROLE, Scenario, right, scenario
from tools.policy import Decision
from tools.redaction import Redactor

NO_TOOLS = Status(400, "m does not support tools")


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    engine = policies()
    yield engine
    engine.close()


class Stage:
    """A role's play with a chain of models behind one server."""

    def __init__(self, here: Scenario, *urls: str) -> None:
        self.here = here
        self.resets: list[int] = []
        self.chain: tuple[RoleModel, ...] = ()
        self.cast(*urls)

    def cast(self, *urls: str) -> None:
        """Let these models play, in this order."""
        model = {"url": urls[0], "fallback": urls[1:], "base_url": self.here.server.url} | QUICK
        self.chain = role_models(Config.model_validate({"model": model}), Path.cwd())("code")

    def play(self, reset: Any = None) -> tuple[int, Any]:
        """Play the role's first turn in the delivery."""

        def brief(visit: int) -> Brief:
            evidence = {"story": self.here.place.story}
            place = {"role": "code", "delivery": DELIVERY, "visit": visit, "service": "checkout"}
            return Brief.model_validate(place | {"story": {"id": "CHK-1"}, "evidence": evidence, "facts": {}})

        def note(visit: int, why: str) -> None:
            self.resets.append(visit)
            if reset:
                reset()

        context = replace(self.here.context, role_models=lambda _: self.chain)
        visit, state = play(ROLE, context, DELIVERY, 0, brief, note)
        return visit, state["answer"]

    @property
    def passed_on(self) -> list[tuple[Any, ...]]:
        """Visits that went to another model: who, to whom."""
        return [(row.body.visit, row.body.played, row.body.to) for row in self.here.rows(Fallback)]


@pytest.fixture
def stage(tmp_path: Path, policy: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    answers: dict[str, Any] = {}

    def answer(body: Body) -> Step:
        said = answers.get(body["model"], right)
        return said(body) if callable(said) else said

    with scenario(tmp_path, policy, answer) as here:
        yield lambda *urls, **said: (answers.clear(), answers.update(said), Stage(here, *urls))[2]


def test_the_same_model_may_be_tried_in_another_way(stage: Any) -> None:
    def answer(body: Body) -> Step:
        return NO_TOOLS if "tools" in body else right(body)

    on = stage("openai:m", "openai:m?tool_calls=text", m=answer)
    assert on.play() == (2, DONE)
    assert on.passed_on == [(1, "openai:m", "openai:m?tool_calls=text")]
    assert on.resets == [2]
    assert 'Set tool_calls = "text"' in str(on.here.rows(Fallback)[0].body.text)


def _circling(body: Body) -> Step:
    evidence = json.loads(right(body).calls[0][2])["evidence"]
    return say("list_files", {"rationale": "To see.", "evidence": evidence})


def test_a_model_that_goes_round_in_a_circle_is_followed_by_the_next(stage: Any) -> None:
    on = stage("openai:a", "openai:b", a=_circling)
    assert on.play() == (2, DONE)
    assert "again and again" in str(on.here.rows(Fallback)[0].body.text)


def test_a_replayed_circle_is_followed_as_it_was(stage: Any, tmp_path: Path, policy: Any) -> None:
    for name, urls, came in (("one", ["openai:a"], (1, None)), ("two", ["openai:a", "openai:b"], (2, DONE))):
        recorder = Recorder(
            tmp_path / name,
            title="t",
            model="openai:a",
            made="Here.",
            today=date(2026, 1, 2),
            redact=Redactor(()),
        )
        with scenario(
            tmp_path / f"{name}-home",
            policy,
            lambda body: _circling(body) if body["model"] == "a" else right(body),
        ) as here:
            on = Stage(here, *urls)
            on.chain = tuple(replace(each, recorder=recorder) for each in on.chain)
            assert on.play() == came
        with scenario(tmp_path / f"{name}-again", policy, {}) as here:
            assert Stage(here, f"replay:{tmp_path / name}").play() == came
            assert here.server.bodies == []


def test_with_nobody_left_a_circle_is_the_end_of_the_role(stage: Any) -> None:
    on = stage("openai:a", a=_circling)
    assert on.play() == (1, None)
    assert on.passed_on == []


@pytest.mark.parametrize("wrong", [NO_TOOLS, Say(text="no"), Reset()], ids=["refused", "unusable", "dropped"])
def test_a_replay_gives_up_where_the_model_did(stage: Any, tmp_path: Path, policy: Any, wrong: Step) -> None:
    on = stage("openai:a", "openai:b", a=wrong)
    recorder = Recorder(
        tmp_path / "recording",
        title="t",
        model="openai:a",
        made="Here.",
        today=date(2026, 1, 2),
        redact=Redactor(()),
    )
    on.chain = tuple(replace(each, recorder=recorder) for each in on.chain)
    assert on.play() == (2, DONE)

    with scenario(tmp_path / "again", policy, {}) as here:
        again = Stage(here, f"replay:{tmp_path / 'recording'}")
        assert again.play() == (2, DONE)
        assert len(here.server.bodies) == 0
        assert [each[0] for each in again.passed_on] == [1]


def test_with_nobody_left_it_stops_and_all_may_try_again(stage: Any) -> None:
    on = stage("openai:a", "openai:b", a=NO_TOOLS, b=Reset())
    with pytest.raises(Stopped, match=rf"crew resume {DELIVERY} tries again, with another model") as stopped:
        on.play()
    assert stopped.value.exit_code == 1
    assert on.passed_on == [(1, "openai:a", "openai:b"), (2, "openai:b", "")]
    again = stage("openai:a", "openai:b", a=NO_TOOLS)
    again.here.budget = Budget(steps=7)
    with pytest.raises(BoundReached):
        again.play()
    again.here.budget = Budget()
    # b goes on in its visit: that it gave up before is over.
    assert again.play() == (4, DONE)
    assert again.passed_on[2:] == [(3, "openai:a", "openai:b")]


def test_who_plays_is_known_after_a_crash(stage: Any) -> None:
    on = stage("openai:a", "openai:b", a=NO_TOOLS)

    def crash() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on.play(reset=crash)
    assert on.play() == (2, DONE)
    assert [body["model"] for body in on.here.server.bodies] == ["a", "b", "b", "b"]
    assert on.resets == [2, 2]
    assert on.passed_on == [(1, "openai:a", "openai:b")]


def test_a_model_that_is_changed_for_another_has_not_given_up(stage: Any) -> None:
    on = stage("openai:a", "openai:b")

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        # The crew ends between a's first reply and what it asks for.
        patch.setattr("graphs.agent.read_reply", stop)
        with pytest.raises(KeyboardInterrupt):
            on.play()
    on.cast("openai:b", "openai:a")
    changed = stage(
        "openai:b", "openai:a", b=lambda body: NO_TOOLS if len(body["messages"]) > 2 else right(body)
    )
    changed.here.budget = Budget(steps=2)
    with pytest.raises(BoundReached):
        changed.play()
    changed.here.budget = Budget()
    assert changed.play() == (3, DONE)
    assert changed.passed_on == [(1, "openai:a", "openai:b"), (2, "openai:b", "openai:a")]
    assert changed.resets == [2, 2, 3]


class Held(TypedDict, total=False):
    """State of a delivery with one node."""

    done: list[Any]


def test_a_later_visit_has_checkpoints_of_its_own(stage: Any) -> None:
    def gives_up(body: Body) -> Step:
        return NO_TOOLS if len(body["messages"]) > 2 else right(body)

    on = stage("openai:a", "openai:b", a=gives_up)
    graph = StateGraph(Held)
    graph.add_node("code", lambda state: {"done": list(on.play())})
    graph.add_edge(START, "code")
    delivery = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": DELIVERY}}
    # a gives up at its second request, and b is stopped in the middle of its own visit.
    on.here.budget = Budget(steps=4)
    with pytest.raises(BoundReached):
        delivery.invoke({}, thread, durability="sync")
    on.here.budget = Budget()
    assert delivery.invoke(None, thread, durability="sync") == {"done": [2, DONE]}
    # Whoever goes on does so in b's visit, not in what a left behind.
    assert [row.key for row in on.here.rows(Calling)] == [
        "m-code-1-1-1", "m-code-1-2-1", "m-code-2-1-1", "m-code-2-2-1", "m-code-2-3-1",
    ]  # fmt: skip
    assert [body["model"] for body in on.here.server.bodies] == ["a"] * 2 + ["b"] * 3


def test_a_person_is_heard_in_a_later_visit(stage: Any) -> None:
    on = stage("openai:a", "openai:b", a=NO_TOOLS)
    on.here.place.policy = Asks(on.here.place.policy)
    graph = StateGraph(Held)
    graph.add_node("code", lambda state: {"done": list(on.play())})
    graph.add_edge(START, "code")
    delivery = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": DELIVERY}}
    (asked,) = delivery.invoke({}, thread, durability="sync", version="v2").interrupts
    said = Command(resume={asked.id: {"kind": "approve", "by": "Ada", "to": asked.value["id"]}})
    assert delivery.invoke(said, thread, durability="sync") == {"done": [2, DONE]}
    assert [row.body.by for row in on.here.rows(Answered)] == ["Ada"]
    assert [body["model"] for body in on.here.server.bodies] == ["a", "b", "b", "b"]


class Asks:
    """The real policies, which let nothing be written before a person said so."""

    def __init__(self, policy: Any) -> None:
        self._policy = policy

    def decide(self, document: dict[str, Any]) -> Decision:
        """Return what the policies say, but for writing."""
        said: Decision = self._policy.decide(document)
        if document["tool"] != "write_file":
            return said
        return said.model_copy(update={"outcome": "ask", "reasons": ("It writes.",), "rules": ("test",)})
