"""What a delivery or a run may spend, and how a person writes it on the command line."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crew.errors import BadInput

EXAMPLE = "tokens=20000,money=0.5,steps=40,minutes=10"


class Budget(BaseModel):
    """Bounds that are checked before each call of a model; 0 bounds nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    tokens: int = Field(default=0, ge=0, examples=[20_000])
    """Tokens, sent and received together; 0: no bound."""
    money: float = Field(default=0.0, ge=0, allow_inf_nan=False, examples=[0.5])
    """Money, in the currency of `[prices]`; 0: no bound."""
    steps: int = Field(default=0, ge=0, examples=[40])
    """Calls of a language model, those that fail among them; those of `offline` are free. 0: no bound."""
    minutes: float = Field(default=0.0, ge=0, allow_inf_nan=False, examples=[10])
    """Minutes of wall time, without the time that a person is waited for; 0: no bound."""

    def __str__(self) -> str:
        """Return what is bounded, as `parse_budget` reads it; "" for no bound at all."""
        bounds: dict[str, float] = self.model_dump(exclude_defaults=True)
        return ",".join(f"{name}={bound!r}" for name, bound in bounds.items())


def parse_budget(text: str) -> Budget:
    """Return the budget that a text like `tokens=20000,money=0.5` spells; what it leaves out is not bounded.

    Raises BadInput that names the part which cannot be read.
    """
    bounds: dict[str, int | float] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in Budget.model_fields:
            known = ", ".join(Budget.model_fields)
            raise BadInput(f"The budget {text!r} bounds {name!r}; it can bound {known}: --budget {EXAMPLE}.")
        if name in bounds:
            raise BadInput(
                f"The budget {text!r} bounds {name} twice; give each once, for example: {EXAMPLE}."
            )
        bounds[name] = _number(text, name, value)
    try:
        return Budget.model_validate(bounds)
    except ValidationError as error:
        place = error.errors()[0]["loc"][0]
        raise BadInput(
            f"The budget {text!r}: {place} must be a number from 0. Right is, for example, {EXAMPLE}."
        ) from error


def _number(text: str, name: str, value: str) -> int | float:
    whole = Budget.model_fields[name].annotation is int
    try:
        return int(value) if whole else float(value)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise BadInput(
            f"The budget {text!r}: {name} must be {kind}, not {value!r}. Right is, for example, {EXAMPLE}."
        ) from None
