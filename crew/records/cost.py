"""What a model's reply took, as rows about models record it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Cost(BaseModel):
    """What a reply took; nothing for a request that got no reply."""

    model_config = ConfigDict(frozen=True)

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """Whether the tokens are an estimate, since the server did not count them."""
    recorded: bool = False
    """Whether the reply came from a recording."""
    money: float = 0.0
