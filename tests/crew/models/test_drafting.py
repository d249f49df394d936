"""A model is asked for one thing outside of any delivery, over the wire, and faults are what they are elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, Field

from crew.errors import BadInput, BoundReached
from crew.models.by_url import lone_role_model
from crew.models.drafting import Drafter, Form, NoAnswer, NothingUsable
from crew.settings.budget import Budget
from crew.settings.config import Config
from tests.crew.models.forms import Body, Say
from tests.crew.models.server import Raw, Reset, Server, Silence, Status, Step, checked, heard, say, serving
from tests.crew.models.wired import IMPATIENT, IN_TEXT, KEY, MODES, QUICK
from tools.redaction import Redactor


class Sum(BaseModel):
    """A sum."""

    value: int = Field(description="Positive.")


FORM = Form("hand_in", "Hand in the sum.", "sum", Sum, lambda handed: f"I said {handed.value}.")
FIRST: list[BaseMessage] = [SystemMessage("Add."), HumanMessage("1 and 2")]
RIGHT = say("hand_in", {"value": 3})


def positive(handed: Sum) -> list[str]:
    return [] if handed.value > 0 else ["It is not positive."]


def drafting(
    server: Server, budget: Budget | None = None, prices: dict[str, Any] | None = None, **model: Any
) -> Drafter:
    settings = {"model": {"base_url": server.url} | QUICK | model, "prices": prices or {}}
    return Drafter(lone_role_model("openai:m", Config.model_validate(settings), budget), Redactor(()), budget)


def steps(*given: Step) -> Callable[[Body], Step]:
    """Return what answers one request after the other, and the last one again and again."""
    left = [*given]

    def answer(body: Body) -> Step:
        checked(body)
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


PASSING: dict[str, Step] = {
    "rate limit": Status(429, "Slow down.", {"Retry-After": "0"}),
    "failing server": Status(503, "Not now."),
    "dropped connection": Reset(),
    "silence": Silence(),
    "no JSON": Raw(b"<html>"),
}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for(step: Step, mode: dict[str, Any]) -> None:
    with serving(steps(step, RIGHT)) as server:
        patience = IMPATIENT if isinstance(step, Silence) else {}
        drafter = drafting(server, **mode, **patience)
        assert drafter.draft(FIRST, FORM, positive, 0).value == 3
    assert [[each.text for each in heard(body)] for body in server.bodies] == [["Add.", "1 and 2"]] * 2
    assert (drafter.spent.calls, drafter.spent.faults) == (2, 1)


UNUSABLE: dict[str, tuple[Step, str]] = {
    "refusal": (Say(refusal="I must not."), "The model refused: I must not."),
    "truncation": (say("hand_in", '{"val', finish="length"), "The reply was cut off"),
    "malformed arguments": (say("hand_in", '{"val'), "The arguments of hand_in could not be read"),
    "unknown tool": (say("add", {"value": 3}), "called 'add', which does not exist"),
    "empty": (Say(), "nothing was submitted: call hand_in"),
    "talk": (Say(text="It is {three}."), "nothing was submitted: call hand_in"),
    "another form": (say("hand_in", {"value": "three"}), "value: Input should be a valid integer"),
    "what is checked": (say("hand_in", {"value": -3}), "It is not positive."),
}


@pytest.mark.parametrize(("step", "told"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_sent_back(step: Step, told: str) -> None:
    with serving(steps(step, RIGHT)) as server:
        drafter = drafting(server)
        assert drafter.draft(FIRST, FORM, positive, 1).value == 3
    first, second = map(heard, server.bodies)
    assert second[:2] == first
    assert told in second[-1].text
    assert second[-1].text.endswith("Call `hand_in` again with the whole sum, corrected.")
    assert (drafter.spent.calls, drafter.spent.faults) == (2, 1)


@pytest.mark.parametrize(("step", "told"), UNUSABLE.values(), ids=UNUSABLE)
def test_it_is_sent_back_so_often_and_no_more(step: Step, told: str) -> None:
    with serving(steps(step)) as server:
        with pytest.raises(NothingUsable, match="openai:m submitted nothing usable in 3 tries") as raised:
            drafting(server).draft(FIRST, FORM, positive, 2)
        assert told in str(raised.value)
    assert [len(each["messages"]) for each in server.bodies] == [2, 4, 4]
    assert heard(server.bodies[1])[2].text


LASTING: dict[str, tuple[Step, str, int]] = {
    "rate limit": (Status(429, "Slow down.", {"Retry-After": "0"}), "rate_limited", 3),
    "a long wait": (Status(429, "Slow down.", {"Retry-After": "900"}), "rate_limited", 1),
    "no quota": (Status(429, "x", kind="insufficient_quota"), "no_quota", 1),
    "dropped connection": (Reset(), "disconnected", 3),
    "no access": (Status(401, f"Wrong key {KEY}."), "unauthorised", 1),
    "no such model": (Status(404, "No m."), "unknown_model", 1),
}


@pytest.mark.parametrize(("step", "name", "asked"), LASTING.values(), ids=LASTING)
def test_what_lasts_ends_it_and_is_not_tried_again(
    step: Step, name: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(steps(step)) as server:
        drafter = drafting(server)
        for _ in range(2):
            with pytest.raises(NoAnswer, match=rf"openai:m did not answer \({name}\)\. ") as raised:
                drafter.draft(FIRST, FORM, positive, 3)
            assert KEY not in str(raised.value)
        assert len(server.bodies) == asked
        assert drafter.spent.calls == drafter.spent.faults == asked


def test_what_is_too_long_says_nothing_of_the_next() -> None:
    with serving(steps(Status(400, "This model's maximum context length is 9 tokens."), RIGHT)) as server:
        drafter = drafting(server)
        with pytest.raises(NoAnswer, match="context_overflow"):
            drafter.draft(FIRST, FORM, positive, 3)
        assert drafter.draft(FIRST, FORM, positive, 3).value == 3


@pytest.mark.parametrize("mode", [*MODES.values(), *IN_TEXT.values()], ids=[*MODES, *IN_TEXT])
def test_the_call_is_forced_and_counted(mode: dict[str, Any]) -> None:
    def answer(body: Body) -> Step:
        if "tools" in body:
            return RIGHT
        return Say(text=json.dumps({"calls": [{"tool": "hand_in", "arguments": {"value": 3}}]}))

    with serving(answer) as server:
        drafter = drafting(server, prices={"m": {"input": 10.0, "output": 100.0}}, **mode)
        assert drafter.draft(FIRST, FORM, positive, 0).value == 3
    assert "hand_in" in json.dumps(server.bodies[0].get("tool_choice", server.bodies[0]))
    assert (drafter.spent.input_tokens, drafter.spent.output_tokens) == (100, 10)
    assert drafter.spent.money == pytest.approx(0.002)


BOUNDS = {
    "steps": (Budget(steps=1), "1 of 1 model call"),
    "tokens": (Budget(tokens=200), "110 of 200 tokens, and the next request takes about"),
    "money": (Budget(money=0.001), "0.0020 spent of 0.001"),
}


@pytest.mark.parametrize(("budget", "said"), BOUNDS.values(), ids=BOUNDS)
def test_a_budget_is_looked_at_before_each_request(budget: Budget, said: str) -> None:
    with serving(steps(say("hand_in", {"value": -3}))) as server:
        drafter = drafting(server, budget, {"m": {"input": 10.0, "output": 100.0}})
        with pytest.raises(BoundReached, match=rf"The budget is used up: {said}.*--budget \w+=") as raised:
            drafter.draft(FIRST, FORM, positive, 3)
        assert "crew resume" not in str(raised.value)
        assert len(server.bodies) == 1


def test_money_without_a_price_is_no_bound() -> None:
    with pytest.raises(BadInput, match="the price of openai:m is not known"):
        lone_role_model("openai:m", Config(), Budget(money=1.0))
