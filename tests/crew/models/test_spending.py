"""What budgets count, what they say when they are reached, and how much larger the next one should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crew.errors import BoundReached
from crew.models.spending import BudgetTracker, spent_text, total
from crew.records.ledger import Ledger
from crew.records.rows import Calling
from crew.settings.budget import Budget, parse_budget
from tests.crew.rows import write
from tools.redaction import Redactor

DELIVERY = "kio-1-abc123"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.db", Redactor(()))
    yield made
    made.close()


def called(ledger: Ledger, model: str, times: int, tokens: int = 0) -> None:
    """Write calls of a model with their replies."""
    for _ in range(times):
        number = len(ledger.rows(DELIVERY, Calling)) + 1
        write(ledger, DELIVERY, "calling", f"m-{number}", {"role": "code", "model": model, "bytes": 4_000})
        body = {"role": "code", "model": model, "input_tokens": tokens, "output_tokens": 0, "seconds": 0.1}
        write(ledger, DELIVERY, "model", f"m-{number}", body)  # type: ignore[arg-type]


def refused(ledger: Ledger, budget: Budget, size: int = 4_000, model: str = "openai:m") -> str:
    """Return what is said to a request of that many bytes; "" if it may go out."""
    try:
        BudgetTracker(ledger, DELIVERY, (), budget, Budget()).check(size, model)
    except BoundReached as error:
        return str(error)
    return ""


def test_calls_of_the_offline_model_are_free(ledger: Ledger) -> None:
    called(ledger, "openai:m", 2, tokens=100)
    called(ledger, "offline", 30)
    assert refused(ledger, Budget(steps=3)) == ""
    assert "2 of 2 model calls" in refused(ledger, Budget(steps=2))
    # Who has spent all may still go on with the model that costs nothing, within the time.
    spent = Budget(steps=2, tokens=200, money=0.001)
    assert refused(ledger, spent, model="offline") == ""
    assert "minutes" in refused(ledger, Budget(minutes=1e-9), model="offline")
    assert "32 model calls (30 of them offline), 200 + 0 tokens" in spent_text(total(ledger.rows(DELIVERY)))


def test_one_call_is_said_as_one(ledger: Ledger) -> None:
    called(ledger, "openai:m", 1, tokens=100)
    assert "1 of 1 model call." in refused(ledger, Budget(steps=1))
    assert spent_text(total(ledger.rows(DELIVERY))) == "1 model call, 100 + 0 tokens"


@pytest.mark.parametrize(
    ("bound", "calls", "tokens"),
    [
        ("tokens=10", 0, 0),
        ("tokens=20000", 6, 3_200),
        ("tokens=100", 1, 95),
        ("steps=1", 1, 0),
        ("steps=12", 12, 0),
    ],
)
def test_the_budget_that_is_named_gives_room_for_work(
    ledger: Ledger, bound: str, calls: int, tokens: int
) -> None:
    called(ledger, "openai:m", calls, tokens)
    said = refused(ledger, parse_budget(bound))
    assert all(each in said for each in (" of ", "Nothing is lost", f"crew resume {DELIVERY} --budget "))
    larger = parse_budget(said.rpartition("--budget ")[2])
    for _ in range(8):
        assert refused(ledger, larger) == ""
        called(ledger, "openai:m", 1, tokens=1_000)


def test_what_is_spent_and_bounded_is_said(ledger: Ledger) -> None:
    called(ledger, "openai:m", 6, tokens=3_200)
    said = refused(ledger, Budget(tokens=20_000, steps=40), size=8_000)
    assert "19,200 of 20,000 tokens, and the next request takes about 2,000." in said
    assert said.endswith("--budget tokens=50000,steps=40")
