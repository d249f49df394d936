from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tools.runtimes import Version


def version(**fields: Any) -> Version:
    given = {"service": "checkout", "version": "v1", "serve": ("run",)} | fields
    return Version.model_validate(given)


def test_a_version_says_what_it_replaces() -> None:
    assert version().key == "checkout/production"
    assert version(environment="staging").key == "checkout/staging"


def test_secrets_show_only_where_asked_for() -> None:
    secret = version(secrets={"KEY": "hush"})
    assert "hush" not in f"{secret!r} {secret} {secret.model_dump()} {secret.model_dump_json()}"
    text = secret.model_dump_json(context={"secrets": "shown"})
    assert Version.model_validate_json(text) == secret
    assert secret != version(secrets={"KEY": "else"})


@pytest.mark.parametrize(
    "fields",
    [
        {"service": ""},
        {"service": "../checkout"},
        {"service": "a/b"},
        {"service": "checkout\n"},
        {"service": 'a"b'},
        {"version": "../v1"},
        {"version": ".."},
        {"version": "v 1"},
        {"version": "v" * 65},
        {"environment": "test"},
        {"health": ("readyz",)},
        {"health": ("/ready z",)},
        {"health": ("/readyz\r\nX: y",)},
        {"unknown": 1},
    ],
)
def test_names_that_could_do_harm_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        version(**fields)
