"""Model usage of recorded deliveries, by role: `python -m evals.recorded FOLDER...` prints a table for each."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from crew.models.recordings.format import RecordedCall, Recording, read
from crew.settings.config import Price

HEADER = ("Role", "Model calls", "Prompt tokens", "Completion tokens", "Largest request", "Recorded cost")


class Taken(BaseModel, frozen=True):
    """Tokens, request size and cost of the model calls of one role."""

    role: str
    """Name of the role; "all" in the last row."""
    calls: int
    """Number of model calls, including failed ones."""
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    """Whether the token counts include estimates, for calls whose token counts the server did not report."""
    largest_request: int
    """Size in bytes of the messages and tools of the largest request."""
    money: float | None
    """Cost at the time of recording; a replay is free. None if a price is unknown or currencies differ."""
    currency: str = ""


def summary(folder: Path) -> list[Taken]:
    """Return one row per role, in the order of their first calls, and a total row.

    Raises BadInput if the recording is invalid.
    """
    recording = read(folder)
    roles = dict.fromkeys(each.role for each in recording.calls)
    rows = [
        _taken(recording, role, [each for each in recording.calls if each.role == role]) for role in roles
    ]
    return [*rows, _taken(recording, "all", recording.calls)]


def markdown(rows: Sequence[Taken]) -> str:
    """Return the rows as a Markdown table; estimated token counts are marked with a "~"."""
    cells = [HEADER, ("---", *["---:"] * (len(HEADER) - 1)), *map(_cells, rows)]
    return "".join(f"| {' | '.join(each)} |\n" for each in cells)


def _taken(recording: Recording, role: str, calls: Sequence[RecordedCall]) -> Taken:
    used = [each.usage for each in calls if each.usage]
    prices = [_price(recording.about.prices or {}, each, recording.about.model) for each in calls]
    currencies = {each.currency for each in prices if each}
    known = all(price or not call.usage for price, call in zip(prices, calls, strict=True))
    money = sum(_money(price, call) for price, call in zip(prices, calls, strict=True))
    priced = bool(prices) and known and len(currencies) == 1
    return Taken(
        role=role,
        calls=len(calls),
        prompt_tokens=sum(each.input_tokens for each in used),
        completion_tokens=sum(each.output_tokens for each in used),
        estimated=any(each.estimated for each in used)
        or any(each.reply and not each.usage for each in calls),
        largest_request=max((each.size for each in calls), default=0),
        money=round(money, 6) if priced else None,
        currency=currencies.pop() if priced else "",
    )


def _price(prices: Mapping[str, Price], call: RecordedCall, model: str) -> Price | None:
    names = (call.model, model, model.partition(":")[2])
    return next((prices[name] for name in names if name in prices), None)


def _money(price: Price | None, call: RecordedCall) -> float:
    return price.of(call.usage.input_tokens, call.usage.output_tokens) if price and call.usage else 0


def _cells(row: Taken) -> tuple[str, ...]:
    about = "~" if row.estimated else ""
    return (
        row.role,
        str(row.calls),
        f"{about}{row.prompt_tokens:,}",
        f"{about}{row.completion_tokens:,}",
        f"{row.largest_request:,} bytes",
        "not known" if row.money is None else f"{row.money:.4f} {row.currency}",
    )


RECORDINGS = Path(__file__).resolve().parent / "recordings"
START_MARK = "<!-- taken: made by `make docs`, checked by tests/evals/test_recorded.py -->\n"
END_MARK = "<!-- /taken -->"


def with_tables(page: str) -> str:
    """Return the README of the recordings with up-to-date tables between its markers."""
    before, rest = page.split(START_MARK, 1)
    after = rest.split(END_MARK, 1)[1]
    folders = sorted(each.parent for each in RECORDINGS.glob("*/recording.json"))
    tables = "\n".join(f"**{each.name}**\n\n{markdown(summary(each))}" for each in folders)
    return f"{before}{START_MARK}{tables}{END_MARK}{after}"


def main(folders: Sequence[str]) -> None:
    """Print a table for each folder; if none is given, update the tables in the README of the bundled recordings."""
    if not folders:
        page = RECORDINGS / "README.md"
        page.write_text(with_tables(page.read_text()))
    for each in folders:
        about = read(Path(each)).about
        print(f"{about.title}: {about.model}, {about.date}. {about.made}\n")
        print(markdown(summary(Path(each))))


if __name__ == "__main__":
    main(sys.argv[1:])
