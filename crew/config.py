"""`crew.toml`: which models, at what price, within which bounds, tested and watched how.

It is looked for beside the story file, then in the current folder; without one, every default stands. Keys and
passwords have no place in it: they come from the environment. The table in README.md is made from these classes.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, ValidationError, model_validator

from crew.budget import Budget
from crew.errors import BadInput
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

    def with_options(
        self,
        *,
        model: str | None = None,
        base_url: str | None = None,
        budget: Budget | None = None,
        run_budget: Budget | None = None,
        test_command: str | None = None,
        otlp: str | None = None,
    ) -> Config:
        """Return these settings with what the command line says instead; None leaves a setting as it is.

        A model of the command line plays every role, and one that needs no network has no fallback that does.
        Raises BadInput for a value that no setting can have.
        """
        if model is not None and not re.fullmatch(MODEL_URL, model):
            raise BadInput(f"There is no model {model!r}: give offline, openai:NAME or replay:FOLDER.")
        said = self.model_dump()
        if model is not None:
            fallback = self.model.fallback if model.startswith("openai:") else ()
            said["model"] |= {"url": model, "roles": {}, "fallback": fallback}
        for section, key, value in (
            ("model", "base_url", base_url),
            ("budget", "delivery", budget and budget.model_dump()),
            ("budget", "run", run_budget and run_budget.model_dump()),
            ("tests", "command", test_command),
            ("telemetry", "otlp", otlp),
        ):
            if value is not None:
                said[section][key] = value
        return _checked(said, "The command line")


def find_config(story_file: Path | None, cwd: Path) -> Path | None:
    """Return the settings file beside the story file, else in `cwd`; None if neither folder has one.

    A home can stand for the story file that it lies beside.
    """
    folders = [story_file.resolve().parent, cwd] if story_file else [cwd]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def load_config(story_file: Path | None, cwd: Path) -> Config:
    """Return the settings that hold for a story file, or for a command in `cwd` that names none.

    Folders of recordings in it are taken from where the file lies. Raises BadInput with file, key and an example.
    """
    path = find_config(story_file, cwd)
    if path is None:
        return Config()
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadInput(f"{path} is larger than {LARGEST} bytes. Keep settings alone in it.")
        read = _checked(tomllib.loads(content.decode()), str(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}. Make it readable, or remove it.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        from crew.complaints import right_example  # noqa: PLC0415  which needs the classes above

        raise BadInput(f"{path} is not TOML: {error}. {right_example(('model',))}") from error
    return _placed(read, path.resolve().parent)


def placed(url: str, folder: Path) -> str:
    """Return a model's URL, a recording's folder taken from `folder` where it is relative."""
    if not url.startswith("replay:"):
        return url
    return f"replay:{folder / Path(url.removeprefix('replay:')).expanduser()}"


def _placed(read: Config, folder: Path) -> Config:
    model = read.model
    roles = {role: placed(url, folder) for role, url in model.roles.items()}
    fallback = tuple(placed(url, folder) for url in model.fallback)
    found = {"url": placed(model.url, folder), "fallback": fallback, "roles": roles}
    return read.model_copy(update={"model": model.model_copy(update=found)})


def _checked(said: dict[str, object], source: str) -> Config:
    try:
        return Config.model_validate(said)
    except ValidationError as error:
        from crew.complaints import complaint  # noqa: PLC0415  which needs the classes above

        wrong = dict.fromkeys(
            complaint(tuple(map(str, each["loc"])), each["type"], each["msg"]) for each in error.errors()
        )
        raise BadInput("\n".join(f"{source}: {each}" for each in wrong)) from error
