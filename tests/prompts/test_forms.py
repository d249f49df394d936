"""Every sentence that the design prompt shows as a form is read as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read

FORMS = Path(__file__).resolve().parents[2] / "prompts" / "_forms.md"
WORLD = (
    "A voucher has a percent (integer, 1 to 90) and an expiry date (date).",
    "A loan has a deposit (money), a fee (money), a note (text, optional) and renewals (integer, default 0).",
    "A loan goes from open to lost when it is lost.",
    "A line belongs to a cart.",
    "A line has a quantity (integer) and a price (money).",
    "A cart has a name (text).",
    "A book also has an author (text, optional).",
)
"""What the sentences speak of besides."""


def sentences() -> list[str]:
    """Return the sentences, without the remarks in brackets."""
    text = FORMS.read_text().partition("\n- ")[2]
    plain = " ".join(re.sub(r"\[[^\]]*\]", "", text).split())
    return [each.strip() for each in re.split(r" - (?=[A-Z])| / (?=[A-Z])", plain)]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """Return what became of each sentence, read together."""
    criteria = [(f"P-1.{place}", text) for place, text in enumerate([*WORLD, *sentences()], 1)]
    return {
        each.text: each.why or each.outcome for each in read(criteria, Blueprint(service="library")).criteria
    }


@pytest.mark.parametrize("sentence", sentences())
def test_a_form_of_the_prompt_is_read(sentence: str, outcomes: dict[str, str]) -> None:
    assert outcomes[sentence] == "covered"
