"""Further property tests, which a language model derives from docstrings and type hints, one request per module."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, Field

from crew.errors import BoundReached
from crew.models.drafting import Drafter, Form, NoAnswer, NothingUsable, first_messages
from prompts import render

LONGEST_SOURCE = 12_000
"""Maximum length of a module's source, in characters; the rest is cut off."""
MOST_TESTS = 8
CORRECTIONS = 1
"""Maximum number of times that errors are sent back to the model."""


class HandedIn(BaseModel, frozen=True, extra="forbid"):
    """The tests of one module."""

    content: str = Field(max_length=20_000, description="One Python file.")


class NoTests(Exception):  # noqa: N818  reads better without the suffix
    """A model submitted no usable tests; the message says why."""


FORM = Form(
    tool="hand_in_tests",
    does="Submit the tests.",
    called="file",
    model=HandedIn,
    shown=lambda handed: f"```python\n{handed.content}\n```",
)


def draft_tests(drafter: Drafter, module: str, source: str, objections: Callable[[str], list[str]]) -> str:
    """Return a test file for which `objections` returns none; objections are sent back to the model once.

    Raises NoTests if that does not help, if a request fails, or if the budget is used up.
    """
    try:
        # Redact before truncating, since a truncated secret would not be recognized.
        facts = {"module": module, "source": drafter.redact.text(source)[:LONGEST_SOURCE]}
        first = first_messages(render("_property_tests", most=MOST_TESTS), "module", facts)
        return drafter.draft(first, FORM, lambda handed: objections(handed.content), CORRECTIONS).content
    except NothingUsable as error:
        raise NoTests(f"the model's tests cannot be used: {error.wrong[0][:300]}") from None
    except (NoAnswer, BoundReached) as error:
        raise NoTests(f"the model could not answer: {error}") from None
