"""The cost of model calls: summed from the ledger's rows, and checked against budgets.

A "calling" row stands for a request; a "model" or "fault" row contains its result and the tokens that it used."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel

from crew.errors import BoundReached
from crew.records.cost import Cost
from crew.records.ledger import Ledger, Row
from crew.records.rows import Calling, ModelBody, ModelFault, ModelResult, Outcome
from crew.settings.budget import Budget
from crew.settings.config import OFFLINE, Price
from tools.counting import counted

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

FURTHER = 10
"""Minimum number of further calls that the larger budget suggested in an error message allows."""
BYTES_PER_TOKEN = 4
"""Assumed ratio for estimates, made before a request is sent or if a server does not report token usage."""


class Spent(BaseModel, frozen=True):
    """The total cost of a number of model calls."""

    calls: int = 0
    """Requests that were sent, including failed ones."""
    free: int = 0
    """Calls of the offline model, which cost nothing."""
    replayed: int = 0
    """Replies that came from a recording, so that nothing is spent on them now."""
    faults: int = 0
    """Unusable replies, and requests without a reply."""
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """Whether some token counts are estimates (4 bytes per token) because the server did not report them."""
    money: float = 0.0
    recorded_money: float = 0.0
    """Cost of replayed calls at the time of recording, none of which was spent now."""
    largest_request: int = 0
    """Size of the largest request, in bytes of messages and tools."""
    seconds: float = 0.0
    """Time used by models and tools."""

    @property
    def tokens(self) -> int:
        """Total number of input and output tokens."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Spent) -> Spent:
        """Return the combined cost, with the larger of the two largest requests."""
        return Spent(
            calls=self.calls + other.calls,
            free=self.free + other.free,
            replayed=self.replayed + other.replayed,
            faults=self.faults + other.faults,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            estimated=self.estimated or other.estimated,
            money=round(self.money + other.money, 6),
            recorded_money=round(self.recorded_money + other.recorded_money, 6),
            largest_request=max(self.largest_request, other.largest_request),
            seconds=round(self.seconds + other.seconds, 3),
        )


def spent_by(row: Row) -> Spent:
    """Return the cost recorded in one row."""
    body = row.body
    if isinstance(body, Calling):
        return Spent(calls=1, free=body.model == OFFLINE, largest_request=body.bytes)
    if isinstance(body, Outcome):
        return Spent(seconds=body.seconds)
    if isinstance(body, ModelResult):
        used = spent_on(body, is_fault=isinstance(body, ModelFault))
        return used.model_copy(update={"seconds": body.seconds})
    return Spent()


def spent_on(cost: Cost, *, is_fault: bool) -> Spent:
    """Return the cost of one reply, or of a request without one."""
    return Spent(
        replayed=cost.recorded,
        faults=is_fault,
        input_tokens=cost.input_tokens,
        output_tokens=cost.output_tokens,
        estimated=cost.estimated,
        money=0.0 if cost.recorded else cost.money,
        recorded_money=cost.money if cost.recorded else 0.0,
    )


def cost_of(said: AIMessage, asked_bytes: int, said_bytes: int, price: Price | None) -> Cost:
    """Return the tokens and money spent on one reply, and whether they are estimated or from a recording."""
    usage = said.usage_metadata
    sent, received = asked_bytes // BYTES_PER_TOKEN, said_bytes // BYTES_PER_TOKEN
    if usage:
        sent, received = max(0, usage["input_tokens"]), max(0, usage["output_tokens"])
    return Cost(
        input_tokens=sent,
        output_tokens=received,
        estimated=not usage or bool(said.response_metadata.get("estimated")),
        recorded=bool(said.response_metadata.get("recorded")),
        money=price.of(sent, received) if price else 0.0,
    )


def by_role(rows: Iterable[Row]) -> dict[str, Spent]:
    """Return the cost of each role's model calls, in the order of the first calls."""
    found: dict[str, Spent] = {}
    for row in rows:
        if isinstance(row.body, ModelBody):
            role = row.body.role
            found[role] = found.get(role, Spent()) + spent_by(row)
    return found


def total(rows: Iterable[Row]) -> Spent:
    """Return the total cost recorded in the rows."""
    spent = Spent()
    for row in rows:
        spent += spent_by(row)
    return spent


def spending_lines(spent: dict[str, Spent]) -> list[str]:
    """Return one line per role and one with the total, or no lines if no tokens were used."""
    if not any(each.tokens for each in spent.values()):
        return []
    everything = sum(spent.values(), Spent())
    return [f"    {role:11} {spent_text(each)}" for role, each in [*spent.items(), ("total", everything)]]


def spent_text(spent: Spent) -> str:
    """Return the cost as one line of text."""
    about = "about " if spent.estimated else ""
    calls = counted(spent.calls, "model call") + (f" ({spent.free:,} of them offline)" if spent.free else "")
    calls += f" ({spent.replayed:,} of them replayed)" if spent.replayed else ""
    said = f"{calls}, {about}{spent.input_tokens:,} + {spent.output_tokens:,} tokens"
    if spent.faults:
        said += f", {spent.faults} unusable"
    if spent.money:
        said += f", {spent.money:.4f} spent"
    if spent.recorded_money:
        said += f", {spent.recorded_money:.4f} as recorded, not spent now"
    return said


class BudgetTracker:
    """A tracker that checks the spending of a delivery, and of the run that it belongs to, against their budgets."""

    def __init__(
        self, ledger: Ledger, delivery: str, others: Iterable[str], budget: Budget, run_budget: Budget
    ) -> None:
        """Start counting the time of the delivery; `others` are the ids of the run's other deliveries."""
        self._ledger = ledger
        self._delivery = delivery
        self._budget = budget
        self._run_budget = run_budget
        self._before = (
            total(row for each in others for row in ledger.rows(each)) if any_bound(run_budget) else Spent()
        )
        self._earlier = total(ledger.rows(delivery)).seconds if budget.minutes or run_budget.minutes else 0.0
        self._begun = time.monotonic()

    def check(self, request_bytes: int, model: str) -> None:
        """Raise BoundReached if a request of the given size to a model would exceed a limit.

        The offline model costs nothing, so only its time is limited."""
        if not any_bound(self._budget) and not any_bound(self._run_budget):
            return
        rows = self._ledger.rows(self._delivery, ModelBody)
        seconds = self._earlier + time.monotonic() - self._begun
        here = total(rows).model_copy(update={"seconds": seconds})
        for spent, budget, what, option in (
            (here, self._budget, f"delivery {self._delivery}", "--budget"),
            (here + self._before, self._run_budget, "run", "--run-budget"),
        ):
            held = Budget(minutes=budget.minutes) if model == OFFLINE else budget
            if reached := bound_reached(spent, request_bytes, held):
                said, larger = reached
                more = budget.model_copy(update=larger)
                raise BoundReached(
                    f"The budget of the {what} is used up: {said}. Nothing is lost; continue with a larger one: "
                    f"crew resume {self._delivery} {option} {more}"
                )


def any_bound(budget: Budget) -> bool:
    """Return whether a budget sets any limit."""
    return budget != Budget()


def bound_reached(
    spent: Spent, request_bytes: int, budget: Budget
) -> tuple[str, dict[str, int | float]] | None:
    """Return the limit that a request of this size would exceed, and a higher one; None if it exceeds none.

    The exceeded limit is described in words; the higher one is given by its name in the budget."""
    estimate = -(-request_bytes // BYTES_PER_TOKEN)
    money, minutes = spent.money + spent.recorded_money, spent.seconds / 60
    tokens, steps = spent.tokens + estimate, spent.calls - spent.free
    if budget.steps and steps >= budget.steps:
        said = f"{steps} of {counted(budget.steps, 'model call')}"
        return said, {"steps": int(_generous(max(budget.steps, steps + FURTHER)))}
    if budget.tokens and tokens > budget.tokens:
        said = f"{spent.tokens:,} of {budget.tokens:,} tokens, and the next request takes about {estimate:,}"
        return said, {"tokens": int(_generous(max(budget.tokens, spent.tokens + FURTHER * estimate)))}
    if budget.money and money >= budget.money:
        return f"{money:.4f} spent of {budget.money:g}", {"money": _generous(2 * max(budget.money, money))}
    if budget.minutes and minutes >= budget.minutes:
        said = f"{minutes:.1f} of {budget.minutes:g} minutes"
        return said, {"minutes": _generous(max(1, 2 * budget.minutes, 2 * minutes))}
    return None


def _generous(number: float) -> float:
    """Return a number rounded up to 1, 1.5, 2, 3, 5 or 8 times a power of ten, which is easy to read."""
    digit = 10.0 ** math.floor(math.log10(number))
    steps = (1, 1.5, 2, 3, 5, 8, 10)
    return float(f"{next(each for each in steps if each * digit >= number * (1 - 1e-9)) * digit:.6g}")
