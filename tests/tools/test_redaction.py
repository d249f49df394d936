"""What is written down holds no secret."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from pydantic import JsonValue

from tests.tools.scanners.test_leaks import AWS, JWT
from tools.redaction import Redactor
from tools.result import ToolResult

KNOWN = "correct horse/battery+staple"
REDACT = Redactor((KNOWN,))
SERVICE = "[redacted: secret of the service]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"key {AWS} end", "key [redacted: AWS access key] end"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer [redacted: JSON web token]"),
        (
            "Authorization: bearer abcdefghijklmnop0123456789",
            "Authorization: bearer [redacted: bearer token]",
        ),
        ("postgresql://app:pw@db/app", "postgresql://app:[redacted: password in a URL]@db/app"),
        (
            "-----BEGIN EC PRIVATE" + " KEY-----\nMHcCAQ\nEE=\n-----END EC PRIVATE KEY-----\nafter",
            "[redacted: private key]\nafter",
        ),
        ("key gsk-" + "a1B2" * 8, "key [redacted: Groq key]"),
        ("key gsk_" + "a1B2" * 13, "key [redacted: Groq key]"),
        ("-----BEGIN PRIVATE" + " KEY----- is how one begins", "[redacted: private key] is how one begins"),
        ("postgresql://db/app and user@example.org", "postgresql://db/app and user@example.org"),
        ("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",) * 2,
        ("The bearer of bad news", "The bearer of bad news"),
    ],
)
def test_forms_that_give_a_secret_away(text: str, expected: str) -> None:
    assert Redactor(()).text(text) == expected


@pytest.mark.parametrize(
    "form",
    [
        KNOWN,
        quote(KNOWN, safe=""),
        base64.b64encode(KNOWN.encode()).decode().rstrip("="),
        KNOWN.encode().hex(),
    ],
)
def test_known_secrets_in_every_form(form: str) -> None:
    assert REDACT(f"<{form}>") == f"<{SERVICE}>"


@pytest.mark.parametrize(
    "secret", ['pa"ss-word', "back\\slash", "schlüssel-ß", "two\nlines-of-it", "tab\tbed-key"]
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_known_secrets_in_serialised_json(secret: str, ascii_only: bool) -> None:
    text = json.dumps({"a": f"<{secret}>"}, ensure_ascii=ascii_only)

    assert json.loads(Redactor((secret,)).text(text)) == {"a": f"<{SERVICE}>"}


def test_all_texts_of_a_document_and_nothing_else() -> None:
    document: JsonValue = {
        "number": 7,
        "list": [None, True, 1.5, f"a {KNOWN}", {KNOWN: f"b {AWS}"}],
    }

    assert REDACT(document) == {
        "number": 7,
        "list": [None, True, 1.5, f"a {SERVICE}", {SERVICE: "b [redacted: AWS access key]"}],
    }
    assert AWS in json.dumps(document), "the document itself is left alone"


def test_the_longer_of_two_secrets_goes_whole() -> None:
    assert (
        Redactor(("secret-one", "secret-one-and-more")).text("secret-one-and-more secret-one")
        == f"{SERVICE} {SERVICE}"
    )


def test_short_secrets_do_not_eat_words() -> None:
    assert Redactor(("", "a", "test")).text("a test in the west") == "a test in the west"


def test_a_result_stays_a_result() -> None:
    result = ToolResult(ok=True, code="ok", summary=f"Wrote {AWS}.", artifacts={"log": "sha256:" + "0" * 64})

    kept = ToolResult.model_validate(REDACT(result.model_dump(mode="json")))

    assert kept == result.model_copy(update={"summary": "Wrote [redacted: AWS access key]."})


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN A " + "PRIVATE KEY-----" + "\nMHcC" * 3,
        "-----BEGIN ",
        "-----BEGIN A ",
        "://",
        "://a:",
        "eyJaaaaaaaa.",
        "bearer ",
        "sk-",
        "a",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()

    Redactor(()).text(text * (1_000_000 // len(text)))

    assert time.process_time() - started < 3


def test_redacting_twice_changes_nothing() -> None:
    once = REDACT(f"{AWS} {KNOWN} Bearer {JWT} postgresql://a:b@c")

    assert REDACT(once) == once


def test_each_line_of_a_known_secret_is_one() -> None:
    redact = Redactor(("-----BEGIN KEY-----\nabcdefgh\n",)).knowing(["hunter2"])

    assert redact.text("of abcdefgh and hunter2") == f"of {SERVICE} and {SERVICE}"
    assert redact.bytes(b"abcdefgh \xff") == f"{SERVICE} ".encode() + b"\xff"
