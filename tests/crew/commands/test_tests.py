"""`crew tests`: property tests of code that is there, judged in the sandbox; what is kept, what is dropped, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from langchain_core.messages import BaseMessage

from crew.cli import main
from tests.crew.models.forms import Body, Say
from tests.crew.models.server import Step, heard, say, serving
from tests.tools.deliveries import put

FILES: dict[str, str | bytes] = {
    "pyproject.toml": '[project]\nname = "codes"\nversion = "1"\ndependencies = []\n',
    "src/codes/__init__.py": "",
    "src/codes/text.py": '''"""Codes."""

open("/tmp/imported-outside", "a").close() if __name__ == "never" else None


def encode_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decode_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def clamp(value: int, high: int = 255) -> int:
    """Keep a value within 0 and `high`.

    >>> clamp(300)
    255
    """
    if value < 0:
        return 0
    return value if value < high else high


def shout(text: str) -> str:
    """Say it loud.

    >>> shout("a")
    'a!'
    """
    return text.upper()


def _private(text: str) -> str:
    return text


def untyped(x, y):
    return x
''',
    "src/codes/spinning.py": "def spin(count: int) -> int:\n    while count:\n        count -= 1\n    return count\n\n"
    "def half(count: int) -> float:\n    return count // 2\n",
    "tests/test_codes.py": "def helper(x: int) -> int:\n    return x\n",
}
FROM_MODEL = """\
from hypothesis import given, strategies as st

import codes.text


@given(value=st.integers(), high=st.integers(min_value=0))
def test_clamp_bounds(value, high):
    assert 0 <= codes.text.clamp(value, high) <= high


@given(text=st.text())
def test_shout_says_nothing(text):
    codes.text.shout(text) is not None


@given(text=st.text(min_size=1))
def test_shout_is_longer(text):
    assert len(codes.text.shout(text)) > len(text)
"""


def crew(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["tests", *map(str, arguments)])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes")
    put(folder, FILES)
    return folder


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[BaseMessage]]]:
    """A served model that hands in tests for codes.text: first some that are refused; what it was told."""
    told: list[list[BaseMessage]] = []

    def answer(body: Body) -> Step:
        messages = heard(body)
        told.append(messages)
        if '"codes.text"' not in str(messages[1].content):
            return Say(text="I would rather not.")
        return say("hand_in_tests", {"content": FROM_MODEL if len(messages) > 2 else "import requests\n"})

    with serving(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield told


@pytest.mark.slow
def test_what_is_kept_and_what_is_dropped(
    repository: Path, tmp_path: Path, listened: list[list[BaseMessage]]
) -> None:
    before = sorted(repository.rglob("*"))
    out = tmp_path / "out"

    done = crew(repository, "--model", "openai:m", "--out", out, "--json")

    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert "Usage of openai:m: 4 model calls, 400 + 40 tokens, 3 unusable." in done.stderr
    found: dict[str, Any] = {each["test"]: each for each in said["properties"] if each["test"]}
    kept = {name for name, each in found.items() if each["kept"]}
    assert kept == {
        "test_roundtrip_encode_text_decode_text",
        "test_type_encode_text",
        "test_type_clamp",
        "test_type_shout",
        "test_docstring_clamp",
        "test_clamp_bounds",
        "test_type_half",
    }
    whys = {name: each["why"] for name, each in found.items()}
    assert "UnicodeDecodeError" in whys["test_type_decode_text"]
    assert whys["test_docstring_shout"].startswith("its example does not hold")
    assert "did not finish" in whys["test_type_spin"]
    assert whys["test_shout_says_nothing"].startswith("it passes on all")
    assert whys["test_shout_is_longer"].startswith("it fails on the code as it is")
    none = [each for each in said["properties"] if not each["test"]]
    assert [(each["module"], "nothing was submitted" in each["why"]) for each in none] == [
        ("codes.spinning", True)
    ]
    files = [out / "test_codes_spinning_properties.py", out / "test_codes_text_properties.py"]
    assert said["files"] == list(map(str, files))
    assert files[1].read_text().count("def test_") == 6
    # Nothing was written into the repository, and the model was shown the code as data, once corrected.
    assert sorted(repository.rglob("*")) == before
    assert [len(each) for each in listened if '"codes.text"' in str(each[1].content)] == [2, 4]
    assert "requests cannot be imported" in str(listened[-1][3].content)
    again = crew(repository, "--out", out)
    assert (again.exit_code, "already exists" in again.output) == (2, True)


def test_nothing_to_test_says_so(tmp_path: Path) -> None:
    put(tmp_path, {"shop.py": "def total(prices):\n    return sum(prices)\n"})
    done = crew(tmp_path)
    assert done.exit_code == 2
    assert "No tests can be generated for" in done.output


def test_what_is_no_folder_says_so(tmp_path: Path) -> None:
    done = crew(tmp_path / "nowhere")
    assert (done.exit_code, "is not a folder" in done.output) == (2, True)


@pytest.mark.slow
def test_a_package_that_is_missing_says_so(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"shop.py": "def total(price: int) -> int:\n    return price\n", "requirements.txt": "-e git+x\n"},
    )
    done = crew(tmp_path)
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    assert "git+x" in done.output or "requirements.txt" in done.output
