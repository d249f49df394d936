"""Model calls outside a delivery: a model submits a draft through a tool call and is asked to correct its errors."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, messages_to_dict
from pydantic import BaseModel, JsonValue, ValidationError

from crew.errors import BoundReached, Stopped
from crew.models.faults import Fault, Faulty, unusable
from crew.models.request import ask, size_of
from crew.models.role_model import RoleModel
from crew.models.schemas import ToolSchema, tool_schema
from crew.models.spending import Spent, bound_reached, cost_of, spent_on
from crew.records.canonical_json import unmistakable
from crew.settings.budget import Budget
from tools.redaction import Redactor

MOST_COMPLAINTS = 12
"""Maximum number of errors that are sent back at once."""
Handed = TypeVar("Handed", bound=BaseModel)
_LONGEST = 40_000
"""Maximum length of a draft that is sent back with its errors, in characters."""


class NothingUsable(Stopped):
    """A model submitted no usable draft within the allowed number of tries."""

    def __init__(self, role_model: str, tries: int, wrong: list[str]) -> None:
        listed = "\n".join(f"- {each}" for each in wrong[:MOST_COMPLAINTS])
        super().__init__(
            f"{role_model} submitted nothing usable in {tries} tries. Errors in the last one:\n{listed}"
        )
        self.wrong = wrong


class NoAnswer(Stopped):
    """A request to a model failed, for example because its server is down or rejects the API key."""


@dataclass(frozen=True)
class Form(Generic[Handed]):
    """The form of the draft that a model has to submit, and of the tool for submitting it."""

    tool: str
    does: str
    """Description of the tool, for the model."""
    called: str
    """Noun for what is submitted, such as "draft"."""
    model: type[Handed]
    shown: Callable[[Handed], str]
    """Function that returns the text in which a rejected submission is shown to the model again."""

    @property
    def schema(self) -> ToolSchema:
        """The one tool that the model must call, as an OpenAI function."""
        return tool_schema(self.tool, self.does, self.model.model_json_schema())


class Drafter:
    """A source of drafts from one model within a budget, which adds up their cost."""

    def __init__(self, role_model: RoleModel, redact: Redactor, budget: Budget | None = None) -> None:
        self.role_model = role_model
        self.redact = redact
        self.spent = Spent()
        self._budget = budget or Budget()
        self._begun = time.monotonic()
        self._down = ""

    def draft(
        self,
        first: list[BaseMessage],
        form: Form[Handed],
        check: Callable[[Handed], list[str]],
        corrections: int,
    ) -> Handed:
        """Return the model's submission once `check` finds no errors in it.

        Errors are sent back up to `corrections` times. Raises NothingUsable after that, NoAnswer if a request fails or
        an earlier one showed that the model is unavailable, and BoundReached before a request that exceeds the budget.
        """
        messages, wrong = first, list[str]()
        for _ in range(1 + corrections):
            said = self._ask(messages, form)
            handed, text, wrong = _read(said, form)
            wrong = wrong or (check(handed) if handed is not None else [])
            if handed is not None and not wrong:
                return handed
            self.spent += Spent(faults=1)
            # Only the last draft is sent back, so that requests stay small however many corrections there are.
            messages = [*first, *_correction(form, text, wrong)]
        raise NothingUsable(self.role_model.name, 1 + corrections, wrong)

    def _ask(self, messages: list[BaseMessage], form: Form[Handed]) -> AIMessage:
        if self._down:
            raise NoAnswer(self._down)
        size = sum(len(each.text.encode()) for each in messages) + size_of([form.schema])

        def sending() -> None:
            self._require_budget(size)
            self.spent += Spent(calls=1, largest_request=size)

        def failed(fault: Fault, waits: float) -> None:
            self.spent += Spent(faults=1)

        try:
            said = ask(
                self.role_model, messages, [form.schema], sending, failed, self.redact, forced=form.tool
            )
        except Faulty as error:
            self._give_up(error.fault)
        kept = len(json.dumps(messages_to_dict([said])))
        self.spent += spent_on(cost_of(said, size, kept, self.role_model.price), is_fault=False)
        return said

    def _give_up(self, fault: Fault) -> NoReturn:
        self.spent += Spent(faults=1)
        said = f"{self.role_model.name} did not answer ({fault.name}). {fault.what}"
        # A request that was too long does not mean that the model is unavailable for the next one.
        self._down = said if fault.remedy != "shrink" else ""
        raise NoAnswer(said) from None

    def _require_budget(self, size: int) -> None:
        spent = self.spent.model_copy(update={"seconds": time.monotonic() - self._begun})
        if reached := bound_reached(spent, size, self._budget):
            said, more = reached
            larger = self._budget.model_copy(update=more)
            raise BoundReached(f"The budget is used up: {said}. Give a larger one: --budget {larger}")


def first_messages(prompt: str, kind: str, facts: dict[str, str]) -> list[BaseMessage]:
    """Return messages with the prompt and the facts, as JSON in a fence labelled `kind` that they cannot close."""
    fenced = unmistakable(json.dumps(facts, ensure_ascii=False))
    return [SystemMessage(prompt), HumanMessage(f"```json {kind}\n{fenced}\n```")]


def _read(said: AIMessage, form: Form[Handed]) -> tuple[Handed | None, str, list[str]]:
    """Return the submission in a reply or None, the text to show to the model again, and the errors."""
    if fault := unusable(said, [form.tool]):
        broken = str(said.invalid_tool_calls[0]["args"]) if said.invalid_tool_calls else said.text
        return None, broken, [fault.what]
    arguments = said.tool_calls[0]["args"] if said.tool_calls else _json_in(said.text, form)
    if arguments is None:
        return (
            None,
            said.text,
            [f"nothing was submitted: call {form.tool}, or give its arguments as a JSON block"],
        )
    try:
        handed = form.model.model_validate(arguments)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, each['loc'])) or form.called}: {each['msg']}" for each in error.errors()
        ]
        return None, json.dumps(arguments, ensure_ascii=False), wrong
    return handed, form.shown(handed), []


def _correction(form: Form[Handed], text: str, wrong: list[str]) -> list[BaseMessage]:
    listed = "\n".join(f"- {each[:400]}" for each in wrong[:MOST_COMPLAINTS])
    return [
        AIMessage(text[:_LONGEST] or "(nothing)"),
        HumanMessage(
            f"This {form.called} was refused:\n{listed}\n"
            f"Call `{form.tool}` again with the whole {form.called}, corrected."
        ),
    ]


def _json_in(text: str, form: Form[Handed]) -> JsonValue:
    """Return the first JSON object in the text that has all members required by the form, or None."""
    required = {name for name, each in form.model.model_fields.items() if each.is_required()}
    decoder = json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and required <= value.keys():
            return value
    return None
