"""What a budget on the command line says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crew.errors import BadInput
from crew.settings.budget import EXAMPLE, Budget, parse_budget

AMOUNTS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
BUDGETS = st.builds(
    Budget, tokens=st.integers(min_value=0), money=AMOUNTS, steps=st.integers(min_value=0), minutes=AMOUNTS
).filter(lambda budget: str(budget) != "")


@given(BUDGETS)
def test_a_budget_is_read_as_it_is_written(budget: Budget) -> None:
    assert parse_budget(str(budget)) == budget


@given(st.text() | st.from_regex(r"((tokens|money|steps|minutes)=[-+0-9.einf_ ]*,?)+", fullmatch=True))
def test_any_text_is_a_budget_or_is_refused(text: str) -> None:
    try:
        budget = parse_budget(text)
    except BadInput as error:
        assert EXAMPLE in str(error)
    else:
        assert all(0 <= bound < float("inf") for bound in budget.model_dump().values())


def test_spaces_do_not_matter() -> None:
    assert parse_budget(" tokens = 20000 , minutes = 10 ") == Budget(tokens=20_000, minutes=10)
    assert parse_budget(EXAMPLE) == Budget(tokens=20_000, money=0.5, steps=40, minutes=10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unknown limit ''"),
        ("20000", "unknown limit '20000'"),
        ("token=3", "valid limits: tokens, money, steps, minutes"),
        ("tokens=1,tokens=2", "tokens is given twice"),
        ("tokens=", "tokens must be a whole number"),
        ("tokens=0.5", "tokens must be a whole number"),
        ("money=much", "money must be a number"),
        ("money=nan", "money must be 0 or a positive number"),
        ("minutes=inf", "minutes must be 0 or a positive number"),
        ("steps=-1", "steps must be 0 or a positive number"),
        ("tokens=1,", "unknown limit ''"),
    ],
)
def test_what_is_no_budget_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse_budget(text)
