"""The cost of a model's reply, as recorded in ledger rows about models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Cost(BaseModel):
    """Tokens and money spent on a reply; all zero for a request without a reply."""

    model_config = ConfigDict(frozen=True)

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """Whether the token counts are estimates because the server did not report them."""
    recorded: bool = False
    """Whether the reply came from a recording."""
    money: float = 0.0
