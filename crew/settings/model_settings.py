"""Model settings in the form in which a delivery stores them: with the server's URL, without credentials."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit, urlunsplit

from crew.settings.config import Config, ModelSettings, Price
from tools.redaction import MARK

PUBLIC = "https://api.openai.com/v1"


def server_of(settings: ModelSettings) -> str:
    """Return the server's base URL from the settings, else from the environment, else OpenAI's own."""
    return settings.base_url or os.environ.get("OPENAI_BASE_URL") or PUBLIC


def kept_settings(config: Config) -> str:
    """Return the model settings and prices as JSON, with the URL of the server that requests are sent to."""
    model = config.model.model_dump(mode="json", exclude={"url"})
    if any(url.startswith("openai:") for url in config.model.urls):
        model["base_url"] = _without_credentials(server_of(config.model))
    prices = {name: each.model_dump(mode="json") for name, each in config.prices.items()}
    return json.dumps({"model": model, "prices": prices}, sort_keys=True)


def with_kept_settings(config: Config, url: str, kept: str) -> Config:
    """Return the configuration with the model and settings that a delivery has stored.

    Credentials are not stored; those for the same server are taken from the configuration or the environment.
    """
    if not kept or MARK in kept:
        return config
    read = json.loads(kept)
    known = {name: value for name, value in read["model"].items() if name in ModelSettings.model_fields}
    server = server_of(config.model)
    if known.get("base_url") == _without_credentials(server):
        known["base_url"] = server
    return config.model_copy(
        update={
            "model": ModelSettings.model_validate(known | {"url": url}),
            "prices": {name: Price.model_validate(each) for name, each in read["prices"].items()},
        }
    )


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
