"""The cost of one reply, as members of a ledger row."""

from __future__ import annotations

from langchain_core.messages import AIMessage

from crew.models.spending import BYTES_PER_TOKEN
from crew.records.rows import Cost
from crew.settings.config import Price


def cost_of(said: AIMessage, asked_bytes: int, said_bytes: int, price: Price | None) -> Cost:
    """Return tokens, money, and whether they are estimated or recorded."""
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
