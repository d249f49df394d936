"""Messages quote the author's own words, and advise only what would help."""

from __future__ import annotations

import pytest

from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read

STORY = (
    "An order has a total (money) and a customer (text).",
    "An order starts as draft.",
    "An order goes from draft to paid when it is paid.",
)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ('An order has a "note" (text).',
         "'\"note\"' is not a valid name; names consist of letters, digits, spaces and hyphens"),
        ("An order has an \u201cid code\u201d (text, matching /[0-9]+/).",
         "'\"id code\"' is not a valid name; names consist of letters, digits, spaces and hyphens"),
        ("Orders can be sorted by total descending.",
         "order has no field 'total descending', and the direction of sorting is left to the client; "
         "write 'sorted by total'"),
        ("Orders can be filtered by usually.", "order has no field 'usually'; use the name of one of its fields"),
        ("Orders can be sorted by mood.", "order has no field 'mood'; write 'An order also has a mood (text).'"),
    ],
)  # fmt: skip
def test_a_message_says_what_the_author_wrote(sentence: str, why: str) -> None:
    criteria = [(f"S-{number}", text) for number, text in enumerate((*STORY, sentence))]
    assert read(criteria, Blueprint(service="shop")).criteria[-1].why == why
