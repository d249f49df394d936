"""Drafting of a Rego policy from the text of a regulation with a language model.

`check.py` decides whether the model's draft is sound, and its complaints are sent back to the model up to three times.
A sound draft has no effect until a person approves it (see `folder.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.errors import BadInput, Stopped
from crew.models.drafting import Drafter, Form, NoAnswer, NothingUsable, first_messages
from crew.records.canonical_json import digest
from prompts import render
from tools.redaction import Redactor

CORRECTIONS = 3
"""Maximum number of times that errors are sent back to the model."""
LONGEST_REGULATION = 60_000
"""Maximum length of a regulation in characters; longer ones have to be split."""
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Invisible characters, which are removed so that the model reads nothing that the approving person cannot see."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DraftRule(_Part):
    """One rule of the policy."""

    name: str = Field(max_length=80, description='Its id, as "rule" in rego: subject.what_it_forbids.')
    why: str = Field(max_length=2_000, description="The sentence of the regulation, quoted exactly.")


class PolicyCase(_Part):
    """A call and the expected decision."""

    name: str = Field(min_length=3, max_length=120, description="What happens, in a few words.")
    input: dict[str, JsonValue] = Field(description='"tool", and what differs from its allowed call.')
    expect: Literal["deny", "ask", "allow"]
    rule: str = Field(
        max_length=80, description="Id of the rule that fires, or for allow the one that must not."
    )


class PolicyDraft(_Part):
    """The policy, its rules and its tests."""

    rules: tuple[DraftRule, ...] = Field(max_length=20, description="Empty if nothing can be checked.")
    rego: str = Field(max_length=20_000, description="The whole file, starting with `package extra`.")
    cases: tuple[PolicyCase, ...] = Field(
        max_length=80, description="For each rule, at least one that makes it fire and one `allow`."
    )


Check = Callable[[PolicyDraft], list[str]]
"""Function that returns one complaint for each error in a draft."""


def readable(text: str, redact: Redactor) -> str:
    """Return a regulation's text without invisible characters and secrets.

    Raises BadInput if the remaining text is empty or too long.
    """
    seen = redact.text(_UNSEEN.sub("", text)).strip()
    if not seen:
        raise BadInput("The regulation is empty. Give a file with its text, as Markdown or plain text.")
    if len(seen) > LONGEST_REGULATION:
        raise BadInput(
            f"The regulation has {len(seen)} characters, and at most {LONGEST_REGULATION} are read at once. "
            "Split it into several files."
        )
    return seen


FORM = Form(
    tool="draft_policy",
    does="Submit the policy.",
    called="draft",
    model=PolicyDraft,
    shown=lambda draft: (
        f"```json draft\n{json.dumps(draft.model_dump(mode='json'), ensure_ascii=False)}\n```"
    ),
)


def draft_policy(drafter: Drafter, regulation: str, tools: dict[str, list[str]], check: Check) -> PolicyDraft:
    """Return a draft in which `check` finds no errors.

    `tools` maps each tool's name to the names of its facts. Raises BadInput for the offline model, and Stopped if the
    last correction did not help, a request fails, the budget is used up, or the model finds nothing in the text that
    a policy could check.
    """
    if drafter.role_model.name == "offline":
        raise BadInput(
            "Reading a regulation needs a language model; the offline one has only playbooks. "
            "Name one: --model openai:NAME, or [model] url in crew.toml."
        )

    def wrong(draft: PolicyDraft) -> list[str]:
        return check(draft) if draft.rules or draft.rego.strip() else []

    try:
        prompt = render("_policy_draft", tools=tools)
        first = first_messages(prompt, "regulation", {"regulation": regulation})
        draft = drafter.draft(first, FORM, wrong, CORRECTIONS)
    except NothingUsable as error:
        raise Stopped(
            f"{error}\nNothing was written. Try another model, or a shorter part of the regulation."
        ) from None
    except NoAnswer as error:
        raise Stopped(f"{error} Nothing was written.") from None
    if not draft.rules and not draft.rego.strip():
        raise Stopped("The model finds nothing in this text that a policy could check; nothing was written.")
    return draft


def prompt_digest(tools: dict[str, list[str]]) -> str:
    """Return the digest of the prompt for drafting policies."""
    return digest(render("_policy_draft", tools=tools))
