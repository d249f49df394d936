"""A Rego policy drafted by a language model from a regulation's text.

The model proposes; crew/policy_check.py decides whether the draft is sound, and what it finds wrong is sent back, three
times at most. A sound draft still forbids nothing: a person approves it first (crew/policy_folder.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from crew.canonical import digest, unmistakable
from crew.errors import BadInput, Stopped
from prompts import render

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

CORRECTIONS = 3
"""How often what is wrong is sent back."""
LONGEST_REGULATION = 60_000
"""Characters of a regulation; a longer one is drafted from part by part."""
MOST_COMPLAINTS = 12
"""Complaints that are sent back at once."""
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Characters that a person does not see: no text for a model that the person who approves cannot read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DraftRule(_Part):
    """One rule of the policy."""

    name: str = Field(max_length=80, description='Its id, as "rule" in rego: subject.what_it_forbids.')
    why: str = Field(max_length=2_000, description="The sentence of the regulation, quoted exactly.")


class PolicyCase(_Part):
    """A call, and what becomes of it."""

    name: str = Field(min_length=3, max_length=120, description="What happens, in a few words.")
    input: dict[str, JsonValue] = Field(description='"tool", and what differs from its allowed call.')
    expect: Literal["deny", "ask", "allow"]
    rule: str = Field(
        max_length=80, description="Id of the rule that fires, or for allow the one that must not."
    )


class PolicyDraft(_Part):
    """The policy, its rules and its tests."""

    rules: tuple[DraftRule, ...] = Field(max_length=20, description="Empty if nothing can be checked.")
    rego: str = Field(max_length=20_000, description="The whole file, from `package extra` on.")
    cases: tuple[PolicyCase, ...] = Field(
        max_length=80, description="For each rule at least one that makes it fire and one allow."
    )


Check = Callable[[PolicyDraft], list[str]]
"""Returns what is wrong with a draft, a sentence each."""


def readable(text: str) -> str:
    """Return a regulation's text without what a person would not see, and without secrets.

    Raises BadInput if nothing or too much is left.
    """
    from tools.scanners import redact  # noqa: PLC0415  what it needs is slow to load

    seen = str(redact(_UNSEEN.sub("", text))).strip()
    if not seen:
        raise BadInput("The regulation is empty. Give a file with its text, as Markdown or plain text.")
    if len(seen) > LONGEST_REGULATION:
        raise BadInput(
            f"The regulation has {len(seen)} characters, and at most {LONGEST_REGULATION} are read at once. "
            "Cut it into parts, a file each."
        )
    return seen


def draft_policy(
    model: BaseChatModel, regulation: str, tools: dict[str, list[str]], check: Check
) -> PolicyDraft:
    """Return a draft that `check` finds nothing wrong with.

    `tools` is each tool's name with those of its facts. Raises BadInput for the offline model, and Stopped if the
    last correction did not help, or if the model finds nothing in the text that could be checked.
    """
    if model._llm_type == "offline":
        raise BadInput(
            "Reading a regulation needs a language model; the offline one has only playbooks. "
            "Name one: --model openai:NAME, or [model] url in crew.toml."
        )
    first = _first_messages(regulation, tools)
    messages, wrong = first, ["nothing was drafted"]
    for _ in range(1 + CORRECTIONS):
        said = _ask(model, messages)
        draft, text, wrong = _read(said)
        if draft is not None:
            if not draft.rules and not draft.rego.strip():
                raise Stopped(
                    "The model finds nothing in this text that a policy could check; nothing was written."
                )
            wrong = check(draft)
            if not wrong:
                return draft
        # Only the last draft goes along, so that requests stay small however often it is sent back.
        messages = [*first, *_correction(text, wrong)]
    raise Stopped(
        f"The model gave no sound draft in {1 + CORRECTIONS} tries; nothing was written. The last one:\n"
        + "\n".join(f"- {each}" for each in wrong[:MOST_COMPLAINTS])
        + "\nTry another model, or a shorter part of the regulation."
    )


def draft_tool() -> dict[str, JsonValue]:
    """Return the schema of the one tool that the model must call, as an OpenAI function."""
    function: dict[str, JsonValue] = {
        "name": "draft_policy",
        "description": "Hand in the policy.",
        "parameters": PolicyDraft.model_json_schema(),
    }
    return {"type": "function", "function": function}


def _first_messages(regulation: str, tools: dict[str, list[str]]) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415  most of a second

    # No backtick in the data: nothing in it can end the fence.
    fenced = unmistakable(json.dumps({"regulation": regulation}, ensure_ascii=False))
    return [
        SystemMessage(render("_policy_draft", tools=tools)),
        HumanMessage(f"```json regulation\n{fenced}\n```"),
    ]


def _correction(text: str, wrong: list[str]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage  # noqa: PLC0415  as above

    listed = "\n".join(f"- {each[:400]}" for each in wrong[:MOST_COMPLAINTS])
    return [
        AIMessage(f"```json draft\n{text}\n```"),
        HumanMessage(
            f"This draft was refused:\n{listed}\nCall `draft_policy` again with the whole draft, mended."
        ),
    ]


def _ask(model: BaseChatModel, messages: list[BaseMessage]) -> AIMessage:
    from openai import OpenAIError  # noqa: PLC0415  as above

    try:
        return model.bind_tools([draft_tool()], tool_choice="draft_policy").invoke(messages)
    except OpenAIError as error:
        raise Stopped(
            f"The model gave no answer: {error}. Nothing was written; try again, or another model."
        ) from error


def _read(said: AIMessage) -> tuple[PolicyDraft | None, str, list[str]]:
    """Return the draft that a reply holds, or None; what it said, to be shown to it again; and what is wrong."""
    if said.tool_calls:
        arguments: object = said.tool_calls[0]["args"]
    elif said.invalid_tool_calls:
        broken = str(said.invalid_tool_calls[0]["args"])
        return None, broken[:20_000], ["the arguments of draft_policy are not JSON, or were cut off"]
    else:
        arguments = _json_in(said.text)
        if arguments is None:
            return (
                None,
                said.text[:2_000],
                ["this is no draft: call draft_policy, or give its arguments as a JSON block"],
            )
    text = json.dumps(arguments, ensure_ascii=False)
    try:
        return PolicyDraft.model_validate(arguments), text, []
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc'])) or 'draft'}: {each['msg']}" for each in error.errors()]
        return None, text[:40_000], wrong


def _json_in(text: str) -> object:
    """Return the object that stands as JSON in a text, in a block or alone; None if there is none."""
    decoder = json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "rego" in value:
            return value
    return None


def prompt_digest(tools: dict[str, list[str]]) -> str:
    """Return the digest of the prompt that drafts are made with."""
    return digest(render("_policy_draft", tools=tools))
