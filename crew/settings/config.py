"""`crew.toml`: which models, at what price, within which bounds, tested and watched how.

It is looked for beside the story file, then in the current folder; without one, every default stands. Keys and
passwords have no place in it: they come from the environment. The table in README.md is made from these classes.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

from crew.settings.budget import Budget
from crew.state import RoleName

FILE = "crew.toml"
OFFLINE = "offline"
"""URL and name of the model that asks nobody: it costs nothing, and no budget counts its calls."""
LARGEST = 1_000_000
"""Bytes that a settings file may have."""

ROLES = get_args(RoleName)
MODEL_URL = r"^(offline|openai:\S+|replay:.+)$"
ModelUrl = Annotated[str, StringConstraints(pattern=MODEL_URL)]
"""`offline`, `openai:NAME` or `replay:FOLDER`."""
WebUrl = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/]+\S*)?$")]
"""An address, or nothing."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class ModelSettings(_Settings):
    """Which language model plays the roles, and how it is spoken to."""

    url: ModelUrl = Field(default="offline", examples=["openai:gpt-5"])
    """Model of every role that `[model.roles]` does not name: `offline`, `openai:NAME` or `replay:FOLDER`."""
    base_url: WebUrl = Field(default="", examples=["http://localhost:11434/v1"])
    """Server of `openai:` models; empty: `OPENAI_BASE_URL`, and without that OpenAI's own."""
    api: Literal["chat", "responses"] = "chat"
    """Protocol: chat completions, which every server has, or OpenAI's responses."""
    structured_output: Literal["function_calling", "json_schema", "json_mode"] = "function_calling"
    """How a model is made to answer in a form."""
    tool_calls: Literal["native", "text"] = "native"
    """`text`: calls are JSON in the model's text, for servers without tool calling."""
    stream: bool = True
    """Whether replies are streamed."""
    timeout_seconds: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    """Seconds that one call may wait without receiving a byte."""
    attempts: int = Field(default=4, ge=1, le=100)
    """Tries of one call that meets a rate limit, a dropped connection or a server's fault (5xx)."""
    longest_wait_seconds: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    """Most seconds that one `Retry-After` or backoff waits."""
    corrections: int = Field(default=3, ge=0, le=100)
    """How often one bad answer (broken JSON, an unknown tool) is sent back; 0: never."""
    max_output_tokens: int = Field(default=0, ge=0, examples=[4096])
    """Most tokens of one reply; 0: the server's own bound."""
    temperature: float | None = Field(default=None, ge=0, le=2, examples=[0.2])
    """Temperature of sampling; absent: the server's own."""
    context_bytes: int = Field(default=60_000, ge=8_000)
    """Bytes of a request's messages above which older results are put away."""
    fallback: Annotated[tuple[ModelUrl, ...], Strict(False)] = Field(default=(), examples=[["offline"]])
    """Models tried in this order when one gives up; empty: the delivery stops."""
    roles: dict[RoleName, ModelUrl] = Field(default={}, examples=[{"code": "openai:gpt-5"}])
    """Role to the model that plays it."""

    def of(self, role: str) -> str:
        """Return the URL of the model that plays a role."""
        return next((url for name, url in self.roles.items() if name == role), self.url)


class Price(_Settings):
    """What a model costs, by the million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False, examples=[1.25])
    """Money for a million tokens sent."""
    output: float = Field(ge=0, allow_inf_nan=False, examples=[10.0])
    """Money for a million tokens received."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency, as three letters; the same in every price."""

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Return what these tokens cost, to a millionth of the currency."""
        return round((self.input * input_tokens + self.output * output_tokens) / 1_000_000, 6)


class Budgets(_Settings):
    """Bounds on spending; a bound reached is a stop that `crew resume` continues with a larger one."""

    delivery: Budget = Budget()
    """Bounds of one delivery."""
    run: Budget = Budget()
    """Bounds of all deliveries of one command."""


class TestSettings(_Settings):
    """How a repository that the crew did not make is tested."""

    command: str = Field(default="", examples=["python -m pytest -q"])
    """The repository's own test command; empty: it is looked for."""


class TelemetrySettings(_Settings):
    """OpenTelemetry spans of steps, model calls and tool calls."""

    otlp: WebUrl = Field(default="", examples=["http://localhost:4318"])
    """Collector that takes OTLP over HTTP; empty: telemetry is off."""
    content: bool = False
    """Whether spans hold messages, arguments and results, with known secrets taken out."""


class Config(_Settings):
    """Everything that `crew.toml` can say."""

    model: ModelSettings = ModelSettings()
    prices: dict[str, Price] = Field(default={})
    """Name of a model, as in `openai:NAME`, to its price."""
    budget: Budgets = Budgets()
    tests: TestSettings = TestSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @model_validator(mode="after")
    def _one_currency(self) -> Config:
        if len(currencies := sorted({each.currency for each in self.prices.values()})) > 1:
            raise ValueError(
                f"prices stand in {' and '.join(currencies)}; money is added up, so give one currency"
            )
        return self

    @property
    def currency(self) -> str:
        """The currency of all prices."""
        return next((each.currency for each in self.prices.values()), "USD")

    def price(self, model: str) -> Price | None:
        """Return the price of a model by its name or URL; None if none is given."""
        return self.prices.get(model) or self.prices.get(model.removeprefix("openai:"))
