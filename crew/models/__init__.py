"""Chat models by URL: `offline`, `openai:NAME`, `replay:FOLDER`; settings of one model may follow as a query."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from crew.config import Config, ModelSettings
from crew.errors import BadInput

if TYPE_CHECKING:
    from crew.models.player import Keeper, Player, Players

_IN_URL = (
    "base_url",
    "api",
    "structured_output",
    "tool_calls",
    "max_output_tokens",
    "temperature",
    "context_bytes",
)
"""Settings that a URL may carry: openai:qwen3?tool_calls=text."""


def players(config: Config, keeper: Keeper | None = None) -> Players:
    """Return who plays each role: the model that the settings name for it, then the fallbacks in order.

    `keeper` takes down every call. Raises BadInput for a URL that names no model, before anything is asked."""
    made: dict[str, Player] = {}

    def player(url: str) -> Player:
        if url not in made:
            made[url] = _player(url, config, keeper)
        return made[url]

    def chain(role: str) -> tuple[Player, ...]:
        urls = dict.fromkeys([config.model.of(role), *config.model.fallback])
        return tuple(player(url) for url in urls)

    for url in {config.model.url, *config.model.roles.values(), *config.model.fallback}:
        player(url)
    return chain


def _player(url: str, config: Config, keeper: Keeper | None) -> Player:
    kind, _, rest = url.partition(":")
    if url == "offline":
        return _offline(keeper)
    if kind == "openai" and rest:
        return _openai(url, config, keeper)
    if kind == "replay" and rest:
        return _replay(url, config, keeper)
    raise BadInput(f"There is no model {url!r}: give offline, openai:NAME or replay:FOLDER.")


def _offline(keeper: Keeper | None) -> Player:
    from crew.models.offline import OfflineModel  # noqa: PLC0415  langchain costs most of a second
    from crew.models.player import Player  # noqa: PLC0415
    from crew.playbooks import PLAYBOOKS  # noqa: PLC0415

    return Player(name="offline", model=OfflineModel(playbooks=PLAYBOOKS), keeper=keeper)


def _openai(url: str, config: Config, keeper: Keeper | None) -> Player:
    from crew.models.openai import openai_model  # noqa: PLC0415  another second
    from crew.models.player import Player  # noqa: PLC0415

    name, _, query = url.removeprefix("openai:").partition("?")
    settings = _with_query(config.model, query, url)
    parameters = {"model": name, "api": settings.api, "tool_calls": settings.tool_calls}
    if settings.temperature is not None:
        parameters["temperature"] = str(settings.temperature)
    return Player(
        name=url,  # with its settings: the same model may be tried in another way
        model=openai_model(name, settings),
        attempts=settings.attempts,
        longest_wait_seconds=settings.longest_wait_seconds,
        corrections=settings.corrections,
        context_bytes=settings.context_bytes,
        streams=settings.stream,
        tool_calls=settings.tool_calls,
        structured_output=settings.structured_output,
        price=config.price(name),
        keeper=keeper,
        parameters={**parameters},
    )


def _replay(url: str, config: Config, keeper: Keeper | None) -> Player:
    raise BadInput("Replays come later.")


def _with_query(settings: ModelSettings, query: str, url: str) -> ModelSettings:
    """Return the settings with what a URL says of its model."""
    said = settings.model_dump()
    try:
        pairs = parse_qsl(query, strict_parsing=bool(query), keep_blank_values=True)
    except ValueError as error:
        raise BadInput(
            f"{url}: what follows the question mark is no list of settings: NAME=VALUE."
        ) from error
    for name, value in pairs:
        if name not in _IN_URL:
            raise BadInput(f"{url}: {name!r} cannot be said there; {', '.join(_IN_URL)} can.")
        said[name] = (
            int(value) if name in ("max_output_tokens", "context_bytes") and value.isdigit() else value
        )
        if name == "temperature":
            said[name] = float(value) if value.replace(".", "", 1).isdigit() else value
    try:
        return ModelSettings.model_validate(said)
    except ValueError as error:
        raise BadInput(f"{url}: {error}") from error
