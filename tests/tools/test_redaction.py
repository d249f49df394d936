"""What is written down holds no secret."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import JsonValue

from tests.tools.scanners.test_leaks import AWS, JWT
from tools.redaction import Redactor
from tools.result import ToolResult

KNOWN = "correct horse/battery+staple"
REDACT = Redactor((KNOWN,))
NOTHING = Redactor(())
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
        "ghp_",
        "ghp_a1B",
        "SG.a.",
        "0123456789:AA",
        "authorization: basic ",
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


TOKENS_BY_DETECTOR = {
    "Artifactory Credentials": "AKCp" + "5bB3dE7g" * 8,
    "AWS Access Key": AWS,
    "Azure Storage Account access key": "AccountKey=" + "aB3+" * 21 + "ab==",
    "Basic Auth Credentials": "https://app:" + "s3cr3t@host/x",
    "Cloudant Credentials": "https://app:" + "0a1b2c3d" * 8 + "@app.cloudant.com",
    "Discord Bot Token": "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "GitHub Token": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "GitLab Token": "glpat-" + "abcdefghij0123456789",
    "JSON Web Token": JWT,
    "Mailchimp Access Key": "0a1b2c3d" * 4 + "-us12",
    "NPM tokens": "//r/:_authToken=npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "OpenAI Token": "sk-" + "aB3dE6gH9jK2mN5pQ8sT" + "T3BlbkFJ" + "aB3dE6gH9jK2mN5pQ8sT",
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "PyPI Token": "pypi-AgEIcHlwaS5vcmc" + "aB3dE6gH9j" * 8,
    "SendGrid API Key": "SG." + "ngeVfQFYQlKU0ufo8x5d1A" + ".TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "Slack Token": "xoxb-" + "34532454-e039d02840a0b9379c",
    "Square OAuth Secret": "sq0csp-" + "ABCDEFGHIJK_LMNOPQRSTUVWXYZ-0123456789" + "abcde",
    "Stripe Access Key": "sk_live_" + "ReTllpYQYfIZu2Jnf2lAPFjD",
    "Telegram Bot Token": "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawa",
    "Twilio API Key": "SK" + "0a1b2c3d" * 4,
}
"""A token for each detector of detect-secrets that knows a format."""
GUESSES = {
    "Base64 High Entropy String", "Hex High Entropy String", "Secret Keyword", "Public IP (ipv4)",
    # These take any digits after a keyword for a secret.
    "IBM COS HMAC Credentials", "IBM Cloud IAM Key", "SoftLayer Credentials",
}  # fmt: skip
OTHER_TOKENS = (
    "xai-" + "aB3dE6gH" * 10, "whsec_" + "aB3dE6gH" * 4, "xapp-1-A0123456-" + "789-0a1b2c3d",
    "dop_v1_" + "0a1b2c3d" * 8,
    "glrt-" + "abcdefghij0123456789", "sk-ant-api03-" + "aB3dE6gH" * 5, "hf_" + "aB3dE6gH" * 4, "hvs." + "aB3dE6gH" * 4,
    "https://hooks.slack.com/services/" + "T0123/B4567/aB3dE6gH", "GOCSPX-" + "aB3dE6g" * 4, "shpat_" + "0a1b2c3d" * 4,
    "Authorization: Basic " + "YWRhOnNlc2FtZQ==", "lin_api_" + "aB3dE6gH" * 5, "AGE-SECRET-KEY-1" + "Q9" * 29,
)  # fmt: skip
TOKENS = (*TOKENS_BY_DETECTOR.values(), *OTHER_TOKENS)


def test_every_format_that_a_detector_knows_is_removed() -> None:
    from tools.scanners.leaks import _detectors

    assert {each.secret_type for each in _detectors()} - GUESSES == set(TOKENS_BY_DETECTOR)


@pytest.mark.attack
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("around", ["{}", "my_{} ", '"{}"', "%3D{}%26", "({})", "ключ{}", "x={};"])
def test_a_token_is_removed_wherever_it_is(token: str, around: str) -> None:
    secret = token.partition("=")[2] if token.startswith("AccountKey") else token
    for text in (around.format(token), json.dumps(f"a\n{around.format(token)}\nb")):
        assert secret not in Redactor(()).text(text)


@pytest.mark.parametrize("token", ["ghp_" + "a1B2" * 9, "glpat-" + "a1B2" * 6, "xoxb-" + "a1B2" * 6])
def test_a_distinctive_token_is_removed_even_within_a_word(token: str) -> None:
    assert token not in Redactor(()).text(f"key{token}")


@pytest.mark.attack
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("before", [b"", b"x"])
def test_secrets_in_utf_16_are_removed(encoding: str, before: bytes) -> None:
    clean = REDACT.bytes(before + f"key {AWS} and {KNOWN} ü.".encode(encoding))
    for secret in (AWS, KNOWN):
        assert secret.encode() not in clean.replace(b"\0", b"")
    assert clean[len(before) :].decode(encoding) == f"key [redacted: AWS access key] and {SERVICE} ü."


def test_bytes_that_are_no_text_are_left_alone() -> None:
    for content in (bytes(range(256)) * 40, b"\0\xd8\0\xdc\xff", "grüße".encode("utf-16")):
        assert REDACT.bytes(content) == content


@pytest.mark.attack
@pytest.mark.parametrize("secret", [KNOWN, "hunter2-hunter2", "s" * 7, "ü" * 9, "a?>b~~c?>"])
@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_a_known_secret_within_longer_base64_is_removed(
    secret: str, before: int, encode: Callable[[bytes], bytes]
) -> None:
    for after in ("", "x", "xy", "xyz" * 30):
        text = encode(f"{'t' * (before + 50)}{secret}{after}".encode()).decode()
        redacted = Redactor((secret,)).text(text)
        left = redacted.replace("\n", "").replace("[redacted: secret of the service]", "....")
        kept = left.rstrip("=") + "A" * (-len(left.rstrip("=")) % 4)
        decoded = base64.urlsafe_b64decode(kept.replace(".", "A").replace("+", "-").replace("/", "_"))
        assert SERVICE in redacted
        assert secret.encode() not in decoded
        assert redacted.startswith(text[:40])


ORDINARY = (
    "da39a3ee5e6b4b0d3255bfef95601890afd80709", "123e4567-e89b-12d3-a456-426614174000",
    "sha256:" + "9f86d081884c7d65" * 4, "sha512-" + base64.b64encode(b"0123456789abcdef" * 4).decode(),
    "risk-averse-task-management-for-everyone", "weighs_da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "https://example.org/a/b?c=d#e", "mailto:ada@example.org", "12:34:56", "disk-based-storage-for-the-catalogue",
    "desk_top_of_the_reading_room_on_the_first_floor", "The basic authorization: basic needs come first.",
    "0123456789:abcdefghijklmnopqrstuvwxyzabcdefghi", "half_of_them", "ACCOUNT", "SKU-0123456789", "AccountKey=name",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert REDACT.text(text) == text


def test_encoded_ordinary_text_is_left_alone() -> None:
    prose = Path(__file__).parents[2].joinpath("README.md").read_bytes() + bytes(range(256)) * 40
    for start in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b16encode):
            text = encode(prose[start:]).decode()
            assert REDACT.text(text) == text


def test_the_source_of_this_project_is_left_alone() -> None:
    root = Path(__file__).parents[2]
    for path in (
        *root.glob("crew/**/*.py"),
        *root.glob("tools/**/*.py"),
        *root.glob("*.md"),
        *root.glob("prompts/*"),
    ):
        if path.is_file():
            text = path.read_text()
            assert NOTHING.text(text) == text, path
