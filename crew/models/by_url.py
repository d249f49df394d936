"""Chat models, opened by URL: `offline`, `openai:NAME` or `replay:FOLDER`; a query may add settings for that model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from pydantic import ValidationError

from crew.errors import BadInput
from crew.known_secrets import redactor_of
from crew.models.offline import OfflineModel
from crew.models.recordings.record import Recorder
from crew.models.recordings.replay import ReplayModel, carried_over, replay_model
from crew.models.role_model import RoleModel, RoleModels
from crew.playbooks import PLAYBOOKS
from crew.settings.budget import Budget
from crew.settings.config import OFFLINE, Config, ModelSettings
from crew.settings.model_settings import server_of

_IN_URL = (
    "base_url",
    "api",
    "structured_output",
    "tool_calls",
    "max_output_tokens",
    "temperature",
    "context_bytes",
)
"""Settings that a URL may contain, as in openai:qwen3?tool_calls=text."""
ANY = 1_000
"""Limit on corrections in a replay, too high ever to apply, since the recorded replies reflect the original limit."""


def role_models(config: Config, home: Path, recorder: Recorder | None = None) -> RoleModels:
    """Return a function from a role to its models: the one in the settings, then the fallbacks in order.

    `recorder` records every call. Raises BadInput for an invalid URL before any request is sent."""
    made: dict[str, RoleModel] = {}

    def role_model(url: str) -> RoleModel:
        if url not in made:
            made[url] = _role_model(url, config, home, recorder)
        return made[url]

    def chain(role: str) -> tuple[RoleModel, ...]:
        urls = dict.fromkeys([config.model.of(role), *config.model.fallback])
        return tuple(each for url in urls for each in _as_often_as_recorded(role_model(url), role))

    if config.budget.delivery.money or config.budget.run.money:
        for url in config.model.urls:
            _require_price(url, config)
    for url in config.model.urls:
        role_model(url)
    return chain


def _require_price(url: str, config: Config) -> None:
    """Raise BadInput if a model's price is unknown, since a money budget would then never be reached."""
    name = url.partition("?")[0]
    if url.startswith("openai:") and config.price(name) is None:
        raise BadInput(
            f"A budget limits money, but the price of {name} is not known. Set it in crew.toml, per million tokens:"
            f'\n  [prices."{name.removeprefix("openai:")}"]\n  input = 1.25\n  output = 10.0'
        )


def lone_role_model(url: str, config: Config, budget: Budget | None = None) -> RoleModel:
    """Return the model with the given URL for use outside a delivery; raises BadInput if the URL is invalid."""
    if budget and budget.money:
        _require_price(url, config)
    return _role_model(url, config, Path.cwd(), None)


def open_recorder(folder: Path, config: Config, home: Path, label: str) -> Recorder:
    """Return a recorder that writes every call to a folder; `label` describes how the recording was made."""
    url = config.model.url
    made = label or f"With crew run --model {url}."
    if url.startswith("replay:"):
        made = label or carried_over(replay_model(url, redact=redactor_of(home), home=home))
    return Recorder(
        folder,
        title=folder.name,
        model=url,
        made=made,
        today=datetime.now(UTC).date(),
        prices=config.prices or None,
        redact=redactor_of(home),
        home=home,
        context_bytes=config.model.context_bytes,
    )


def _role_model(url: str, config: Config, home: Path, recorder: Recorder | None) -> RoleModel:
    kind, _, rest = url.partition(":")
    if url == OFFLINE:
        return RoleModel(name=OFFLINE, model=OfflineModel(playbooks=PLAYBOOKS), recorder=recorder)
    if kind == "openai" and rest:
        return _openai(url, config, recorder)
    if kind == "replay" and rest:
        return _replay(url, home, recorder)
    raise BadInput(f"Unknown model {url!r}: give offline, openai:NAME or replay:FOLDER.")


def _openai(url: str, config: Config, recorder: Recorder | None) -> RoleModel:
    from crew.models.openai import openai_model, shown_server  # noqa: PLC0415  takes a second

    name, _, query = url.removeprefix("openai:").partition("?")
    settings = _with_query(config.model, query, url)
    return RoleModel(
        name=redactor_of(None).text(url),  # the query distinguishes settings of the same model
        model=openai_model(name, settings),
        attempts=settings.attempts,
        longest_wait_seconds=settings.longest_wait_seconds,
        corrections=settings.corrections,
        context_bytes=settings.context_bytes,
        served=True,
        streams=settings.stream,
        api=settings.api,
        tool_calls=settings.tool_calls,
        structured_output=settings.structured_output,
        price=config.price(name),
        server=shown_server(server_of(settings)),
        recorder=recorder,
    )


def _replay(url: str, home: Path, recorder: Recorder | None) -> RoleModel:
    model = replay_model(url, redact=redactor_of(home), home=home)
    if model.by_place and recorder is None:
        raise BadInput(f"{url}: match=place is for making a new recording; add --record FOLDER.")
    about = model.recording.about
    prices = list((about.prices or {}).values())
    price = prices[0] if len(prices) == 1 else None
    return RoleModel(
        name=url.partition("?")[0],
        model=model,
        attempts=1,
        corrections=ANY,
        context_bytes=about.context_bytes,
        price=price,
        recorder=recorder,
    )


def _as_often_as_recorded(role_model: RoleModel, role: str) -> tuple[RoleModel, ...]:
    """Return a role's model once for each recorded attempt, since another model took over from one that gave up."""
    visits = role_model.model.visits(role) if isinstance(role_model.model, ReplayModel) else 1
    return (
        role_model,
        *(replace(role_model, name=f"{role_model.name}#{number}") for number in range(2, visits + 1)),
    )


def _with_query(settings: ModelSettings, query: str, url: str) -> ModelSettings:
    """Return the settings overridden by the query of a URL; raises BadInput if the query is invalid."""
    try:
        given = dict(parse_qsl(query, strict_parsing=bool(query), keep_blank_values=True))
    except ValueError as error:
        raise BadInput(f"{url}: write the settings after the question mark as NAME=VALUE.") from error
    if unknown := [name for name in given if name not in _IN_URL]:
        raise BadInput(f"{url}: {unknown[0]!r} cannot be set in a URL; valid: {', '.join(_IN_URL)}.")
    try:
        parsed = ModelSettings.model_validate_strings(given)
        return settings.model_copy(update={name: getattr(parsed, name) for name in given})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadInput(
            f"{url}: {wrong['loc'][0]} is invalid: {wrong['msg'].replace('Input', 'it')}."
        ) from error
