"""Fields that are named like secrets do not make the scanner refuse the service that was generated for them."""

from __future__ import annotations

import re

import pytest

from tests.tools.blueprint.reader.stories import covered
from tools.blueprint import openapi
from tools.scanners import secrets
from tools.stacks.fastapi import FastAPIStack

STORIES = {
    "names": (
        "An account has a password (text), a secret (text), an api key (text), a private key (text) and a pwd (text).",
        "An account has a client secret (text), a db password (text), an auth key (text) and a user passwd (text).",
    ),
    "limits": (
        "An account has a password (text, unique, 8 to 72 characters), a secret (text, up to 4 characters).",
        "An account has an api key (text, unique, matching /[A-Z0-9]{8}/), a pwd (text, at least 30 characters).",
        "An account has a private key (text, matching /[a-zA-Z0-9]{12}/) and a passwd (text, optional).",
    ),
    "types": (
        "An account has a db password (one of red or blue), a secret code (integer) and a secret site (url).",
        "An account has a secret mail (email), a secret id (uuid), a secret date (date) and a secret lock (boolean).",
    ),
    "rules": (
        "An account has a password (text, optional) and a secret (text).",
        "Accounts can be filtered by password and secret, and sorted by password.",
        "An account starts as open.",
        "An account goes from open to locked when it is locked.",
        "Locking an account requires a passwd (text, 8 to 20 characters).",
        "Creating an account with a missing password is rejected with 422.",
        "Given an account with a secret of abcd, when it is locked with a passwd of abcdefgh, then it is locked.",
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_nothing_generated_is_taken_for_a_secret(story: tuple[str, ...]) -> None:
    blueprint = covered(*story)
    generation = FastAPIStack().generate(blueprint, openapi.to_yaml(openapi.document(blueprint)), None)

    found = [
        (each.file, generation.files[each.file].split("\n")[each.line - 1])
        for each in secrets(generation.files)
    ]

    assert found == []


def test_other_fields_keep_their_values() -> None:
    blueprint = covered(
        "An account has a keyword (text), a pass mark (text), a monkey (text) and a name (text)."
    )

    example = openapi.to_yaml(openapi.document(blueprint))

    for name in ("keyword", "pass mark", "monkey", "name"):
        assert re.search(rf": {name}$", example, re.MULTILINE)
