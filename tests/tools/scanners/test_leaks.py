"""Secrets are found wherever they stand, once, without their value; what only looks a little like one is not."""

from __future__ import annotations

import time

import pytest

from tools.scanners import secrets, text_of
from tools.scanners.leaks import UNSCANNED

# Put together here, so that no scanner of this repository takes them for real ones.
AWS = "AKIA" + "QWERTYUIOPASDFGH"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
FOUND = {
    "AWS access key": f'key = "{AWS}"',
    "AWS Access Key": 'aws_secret_access_key = "' + "wJalrXUtnFEMI/K7MDENG/" + 'bPxRfiCYzzzzzzKEYa"',
    "GitHub token": 'token = "ghp_' + '16C7e42F292c6912E7710c838347Ae178B4a"',
    "GitLab token": 'token = "glpat-' + 'abcdefghij0123456789"',
    "Slack token": 'slack = "xoxb-' + '123456789012-1234567890123-abcdefghijklmnopqrstuvwx"',
    "Stripe key": 'stripe = "sk_' + 'live_abcdefghijklmnopqrstuvwx"',
    "API key": 'model = "sk-' + 'ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"',
    "Google API key": 'maps = "AIza' + 'SyA1234567890abcdefghijklmnopqrstuv"',
    "Hugging Face token": 'hub = "hf_' + 'abcdefghijklmnopqrstuvwxyz0123456789"',
    "npm token": "//registry/:_authToken=npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "JSON web token": f'header = "Bearer {JWT}"',
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password in a URL": 'url = "postgresql://app:' + 's3cr3tpw@db.internal/app"',
    "bearer token": "curl -H 'Authorization: Bearer " + "abcdefghijklmnop0123456789'",
    "Secret Keyword": 'password = "' + 'hunter2hunter2"',
    "Base64 High Entropy String": 'x = "' + 'zX9kQ2vB7nM4pL8wR3tY6uI1oA5sD0fG"',
    "Hex High Entropy String": 'x = "' + '7f9c2ba4e88f827d616045507605853e"',
}


@pytest.mark.parametrize(("kind", "line"), FOUND.items(), ids=FOUND.keys())
def test_found_once_and_without_its_value(kind: str, line: str) -> None:
    (found,) = secrets({"app/settings.py": f"import os\n\n{line}\n"})

    assert (found.kind, found.file, found.line) == (kind, "app/settings.py", 3)
    value = line.rpartition('"')[0].rpartition('"')[2] or line
    assert value not in found.model_dump_json()
    assert len(found.digest) == 8


@pytest.mark.parametrize(
    "line",
    [
        'jwt_secret=os.environ["AUTH_JWT_SECRET"]',
        'JWT_SECRET = "AUTH_JWT_SECRET"',
        "jwt_secret: str | None = field(default=None, repr=False)",
        "secret = get_secret(settings)",
        'revision = "1975ea83b712"',
        'COMMIT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"',
        'url = "postgresql://{user}:{password}@db/app"',
        'url = "postgresql://user:$PASSWORD@db/app"',
        'url = "http://localhost:8080/orders"',
        'id = "123e4567-e89b-12d3-a456-426614174000"',
        '"WWW-Authenticate": "Bearer error=\\"invalid_token\\""',
        "fastapi==0.165.0 --hash=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "The password is never logged.",
        '"digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    ],
)
def test_what_is_no_secret_is_not_found(line: str) -> None:
    assert secrets({"app/settings.py": line}) == ()


MADE_UP = [
    "password",
    "correct horse battery staple",
    "hunter2hunter2",
    "P@ssw0rd",
    "changeme",
    "AAAAAAAA",
    "12345678",
]
RANDOM = ["W4Acq9" + "GFz6Y1", "xKqvBnmT" + "Rw8fLp2Z", "wJalrXUtnFEMIK7" + "MDENGbPxRfiCYzz"]


@pytest.mark.parametrize("value", MADE_UP)
@pytest.mark.parametrize("file", ["tests/test_login.py", "app/test_login.py", "tests/data/users.yaml"])
def test_made_up_values_in_tests_are_no_secrets(file: str, value: str) -> None:
    assert secrets({file: f'body = {{"password": "{value}"}}'}) == ()


@pytest.mark.attack
@pytest.mark.parametrize("value", RANDOM)
def test_random_values_in_tests_are_secrets(value: str) -> None:
    assert len(secrets({"tests/test_login.py": f'body = {{"password": "{value}"}}'})) == 1


@pytest.mark.attack
@pytest.mark.parametrize("file", ["app/settings.py", "tests.py", "latest/settings.py", "openapi.yaml"])
def test_made_up_values_elsewhere_are_secrets(file: str) -> None:
    assert len(secrets({file: 'password = "hunter2hunter2"'})) == 1


@pytest.mark.attack
def test_tokens_in_tests_are_secrets() -> None:
    for kind, line in FOUND.items():
        if kind != "Secret Keyword":
            assert [each.kind for each in secrets({"tests/test_login.py": line})] == [kind]


@pytest.mark.parametrize("comment", ["# pragma: allowlist secret", "# nosec", "# gitleaks:allow"])
def test_comments_do_not_hide_a_secret(comment: str) -> None:
    assert len(secrets({"a.py": f'key = "{AWS}"  {comment}'})) == 1


@pytest.mark.parametrize(
    "name", ["poetry.lock", "swagger/index.html", "logo.svg", "x.png", "tests/a.py", "no"]
)
def test_no_kind_of_file_is_left_out(name: str) -> None:
    assert len(secrets({name: f'key = "{AWS}"'})) == 1


def test_a_secret_in_a_very_long_line_is_found_in_time() -> None:
    started = time.process_time()

    for padding in ('a"=' * 60_000, "password=" * 20_000, "x" * 180_000, "://a:" * 36_000):
        (found,) = [each for each in secrets({"a.js": f"{padding} {AWS}"}) if each.kind == "AWS access key"]
        assert found.line == 1

    assert time.process_time() - started < 20


def test_a_secret_across_the_cut_of_a_long_line_is_found() -> None:
    for length in range(780, 1010, 7):
        assert len(secrets({"a.js": "y " * (length // 2) + f" {AWS} " + "y " * 900})) == 1


def test_only_added_lines_of_a_diff_count() -> None:
    diff = f"""diff --git a/app/old.py b/app/old.py
--- a/app/old.py
+++ b/app/old.py
@@ -10,4 +10,3 @@ def f():
 context = "{AWS}"
-removed = "{AWS}"
--- a/removed/{AWS}
+++ "{AWS[:-1]}Z"
 context
@@ -30 +30 @@
-x = 1
+x = "{AWS}"
\\ No newline at end of file
diff --git a/new.py b/new.py
--- /dev/null
+++ b/new.py
@@ -0,0 +1,2 @@
+import os
+y = "{AWS}"
"""
    assert [(each.file, each.line) for each in secrets(diff)] == [
        ("app/old.py", 11),
        ("app/old.py", 30),
        ("new.py", 2),
    ]


def test_the_same_secret_has_the_same_digest() -> None:
    one, other, third = secrets({"a.py": f'"{AWS}"', "b.py": f"# {AWS}", "c.py": f'"{AWS[:-1]}Z"'})

    assert one.digest == other.digest != third.digest


@pytest.mark.attack
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("line", [f'key = "{AWS}"', 'password = "' + 'hunter2hunter2"'])
def test_the_encoding_of_a_file_hides_nothing(encoding: str, line: str) -> None:
    (found,) = secrets({"a.py": text_of(f"import os\n\n{line}\n".encode(encoding))})
    assert found.line == 3


@pytest.mark.attack
@pytest.mark.parametrize("value", [AWS, JWT, "password=" + "hunter2hunter2", "api_key: " + "hunter2hunter2"])
def test_the_name_of_a_file_is_scanned_too(value: str) -> None:
    (found,) = secrets({f"app/{value}.txt": ""})
    secret = value.replace(": ", "=").rpartition("=")[2]
    assert found.file.startswith("the file name app/")
    assert secret not in found.file


@pytest.mark.parametrize(
    "name",
    [
        "app/password_reset.py", "migrations/versions/1975ea83b712_add_secret.py", "tests/test_api_key.py",
        "123e4567-e89b-12d3-a456-426614174000.json", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "docs/secret keys.md",
    ],
)  # fmt: skip
def test_the_name_of_a_file_that_holds_no_secret(name: str) -> None:
    assert secrets({name: ""}) == ()


@pytest.mark.attack
@pytest.mark.parametrize("text", ["x" * 5_000_001, "a\n" * 200_001], ids=["characters", "lines"])
def test_texts_beyond_the_limit_are_named_instead_of_scanned(text: str) -> None:
    began = time.process_time()
    found = secrets({"a.py": f'key = "{AWS}"', "long.csv": text, "b.py": f'key = "{AWS}"'})
    assert [(each.kind, each.file) for each in found] == [
        ("AWS access key", "a.py"),
        (UNSCANNED, "long.csv"),
        (UNSCANNED, "b.py"),
    ]
    assert [each.kind for each in secrets(f"+++ b/long.csv\n{text}")] == [UNSCANNED]
    assert time.process_time() - began < 10


@pytest.mark.attack
def test_blank_lines_cost_nothing() -> None:
    began = time.process_time()
    assert secrets({"a.txt": "\n" * 190_000}) == ()
    assert time.process_time() - began < 5
