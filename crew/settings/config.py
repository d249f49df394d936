"""The settings in `crew.toml`: models, prices, budgets, tests and telemetry.

The file is looked up beside the story file, then in the current folder; without one, the defaults apply. API keys
and passwords are read from the environment only. The table in README.md is generated from these classes.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

from crew.settings.budget import Budget
from crew.state import RoleName

FILE = "crew.toml"
OFFLINE = "offline"
"""URL and name of the deterministic built-in model: it costs nothing, and budgets do not count its calls."""
LARGEST = 1_000_000
"""Maximum size of a settings file in bytes."""

ROLES = get_args(RoleName)
MODEL_URL = r"^(offline|openai:\S+|replay:.+)$"
ModelUrl = Annotated[str, StringConstraints(pattern=MODEL_URL)]
"""`offline`, `openai:NAME` or `replay:FOLDER`."""
WebUrl = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/]+\S*)?$")]
"""An HTTP or HTTPS URL, or an empty string."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class ModelSettings(_Settings):
    """Language models that play the roles, and how requests to them are made."""

    url: ModelUrl = Field(default="offline", examples=["openai:gpt-5"])
    """Model for every role not listed in `[model.roles]`: `offline`, `openai:NAME` or `replay:FOLDER`."""
    base_url: WebUrl = Field(default="", examples=["http://localhost:11434/v1"])
    """Base URL for `openai:` models; empty: `OPENAI_BASE_URL` if set, otherwise OpenAI's API."""
    api: Literal["chat", "responses"] = "chat"
    """API to use: chat completions (supported by every server) or OpenAI's Responses API."""
    structured_output: Literal["function_calling", "json_schema", "json_mode"] = "function_calling"
    """Method for getting structured answers from the model."""
    tool_calls: Literal["native", "text"] = "native"
    """`text` parses tool calls from JSON in the reply, for servers without tool calling."""
    stream: bool = True
    """Whether replies are streamed."""
    timeout_seconds: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    """Seconds to wait for the next byte of a reply."""
    attempts: int = Field(default=4, ge=1, le=100)
    """Maximum attempts per call on rate limits, dropped connections and server errors (5xx)."""
    longest_wait_seconds: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    """Longest wait between attempts in seconds, for `Retry-After` and backoff alike."""
    corrections: int = Field(default=3, ge=0, le=100)
    """How often an unusable reply (broken JSON, an unknown tool) is returned for correction; 0: never."""
    max_output_tokens: int = Field(default=0, ge=0, examples=[4096])
    """Maximum tokens per reply; 0: the server's limit."""
    temperature: float | None = Field(default=None, ge=0, le=2, examples=[0.2])
    """Sampling temperature; absent: the server's default."""
    context_bytes: int = Field(default=60_000, ge=8_000)
    """Size of a request's messages, in bytes, above which older tool results are compacted."""
    fallback: Annotated[tuple[ModelUrl, ...], Strict(False)] = Field(default=(), examples=[["offline"]])
    """Models to fall back to, in order, when one fails; empty: the delivery stops."""
    roles: dict[RoleName, ModelUrl] = Field(default={}, examples=[{"code": "openai:gpt-5"}])
    """Models for individual roles."""

    @property
    def urls(self) -> tuple[str, ...]:
        """URLs of all models without duplicates: the default model, those of individual roles, the fallbacks."""
        return tuple(dict.fromkeys((self.url, *self.roles.values(), *self.fallback)))

    def of(self, role: str) -> str:
        """Return the URL of the model that plays a role."""
        return next((url for name, url in self.roles.items() if name == role), self.url)


class Price(_Settings):
    """Price of a model per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False, examples=[1.25])
    """Price per million input tokens."""
    output: float = Field(ge=0, allow_inf_nan=False, examples=[10.0])
    """Price per million output tokens."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Three-letter currency code; all prices must use the same one."""

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost of these tokens, rounded to a millionth of the currency unit."""
        return round((self.input * input_tokens + self.output * output_tokens) / 1_000_000, 6)


class Budgets(_Settings):
    """Spending limits; a run that reaches one stops, and `crew resume` continues it with a larger limit."""

    delivery: Budget = Budget()
    """Limits for one delivery."""
    run: Budget = Budget()
    """Limits for all deliveries of one command together."""


class TestSettings(_Settings):
    """How the tests of an existing project are run."""

    command: str = Field(default="", examples=["python -m pytest -q"])
    """Test command of the repository; empty: detected."""


class TelemetrySettings(_Settings):
    """OpenTelemetry spans of steps, model calls and tool calls."""

    otlp: WebUrl = Field(default="", examples=["http://localhost:4318"])
    """URL of an OTLP/HTTP collector; empty: telemetry is off."""
    content: bool = False
    """Whether spans include messages, arguments and results, with known secrets redacted."""


class Config(_Settings):
    """The contents of `crew.toml`."""

    model: ModelSettings = ModelSettings()
    prices: dict[str, Price] = Field(default={})
    """Prices by model name, as in `openai:NAME`."""
    budget: Budgets = Budgets()
    tests: TestSettings = TestSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @model_validator(mode="after")
    def _one_currency(self) -> Config:
        if len(currencies := sorted({each.currency for each in self.prices.values()})) > 1:
            raise ValueError(
                f"prices use several currencies ({' and '.join(currencies)}); amounts are added up, so use a single one"
            )
        return self

    def price(self, model: str) -> Price | None:
        """Return the price of a model by name or URL; None if it has no price."""
        return self.prices.get(model) or self.prices.get(model.removeprefix("openai:"))
