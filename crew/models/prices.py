"""The cost of one reply, as members of a ledger row."""

from __future__ import annotations

from langchain_core.messages import AIMessage
from pydantic import JsonValue

from crew.models.spending import BYTES_PER_TOKEN
from crew.settings.config import Price


def cost_of(said: AIMessage, asked_bytes: int, said_bytes: int, price: Price | None) -> dict[str, JsonValue]:
    """Return tokens, money, and whether they are estimated or recorded, as `crew.models.spending` reads them."""
    usage = said.usage_metadata
    sent, received = asked_bytes // BYTES_PER_TOKEN, said_bytes // BYTES_PER_TOKEN
    if usage:
        sent, received = max(0, usage["input_tokens"]), max(0, usage["output_tokens"])
    body: dict[str, JsonValue] = {"input_tokens": sent, "output_tokens": received}
    if not usage or said.response_metadata.get("estimated"):
        body["estimated"] = True
    if said.response_metadata.get("recorded"):
        body["recorded"] = True
    if price:
        body["money"] = price.of(sent, received)
    return body
