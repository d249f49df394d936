"""Spending limits of a delivery or a run, and their command-line syntax."""

from __future__ import annotations

from pydantic import BaseModel, Field, ValidationError

from crew.errors import BadInput

EXAMPLE = "tokens=20000,money=0.5,steps=40,minutes=10"


class Budget(BaseModel, frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True):
    """Limits that are checked before each model call; 0 means no limit."""

    tokens: int = Field(default=0, ge=0, examples=[20_000])
    """Input and output tokens together; 0: no limit."""
    money: float = Field(default=0.0, ge=0, allow_inf_nan=False, examples=[0.5])
    """Cost, in the currency of `[prices]`; 0: no limit."""
    steps: int = Field(default=0, ge=0, examples=[40])
    """Language-model calls, including failed ones but not those of `offline`; 0: no limit."""
    minutes: float = Field(default=0.0, ge=0, allow_inf_nan=False, examples=[10])
    """Wall time in minutes, excluding time spent waiting for a person; 0: no limit."""

    def __str__(self) -> str:
        """Return the limits in the syntax of `parse_budget`; "" if there are none."""
        bounds: dict[str, float] = self.model_dump(exclude_defaults=True)
        return ",".join(f"{name}={bound!r}" for name, bound in bounds.items())


def parse_budget(text: str) -> Budget:
    """Parse a budget such as `tokens=20000,money=0.5`; whatever it omits is not limited.

    Raises BadInput naming the invalid part.
    """
    bounds: dict[str, int | float] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in Budget.model_fields:
            known = ", ".join(Budget.model_fields)
            raise BadInput(
                f"Invalid budget {text!r}: unknown limit {name!r}; valid limits: {known}. For example: {EXAMPLE}."
            )
        if name in bounds:
            raise BadInput(f"Invalid budget {text!r}: {name} is given twice. For example: {EXAMPLE}.")
        bounds[name] = _number(text, name, value)
    try:
        return Budget.model_validate(bounds)
    except ValidationError as error:
        place = error.errors()[0]["loc"][0]
        raise BadInput(
            f"Invalid budget {text!r}: {place} must be 0 or a positive number. For example: {EXAMPLE}."
        ) from error


def _number(text: str, name: str, value: str) -> int | float:
    whole = Budget.model_fields[name].annotation is int
    try:
        return int(value) if whole else float(value)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise BadInput(
            f"Invalid budget {text!r}: {name} must be {kind}, not {value!r}. For example: {EXAMPLE}."
        ) from None
