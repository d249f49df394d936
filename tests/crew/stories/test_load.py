"""A story file is read whole or refused with the line, what is wrong and an example."""

from __future__ import annotations

import textwrap
import time
from decimal import Decimal
from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.stories import load

GOOD = """\
service: checkout
slo: {availability: 99.9, latency_p95_ms: 250}
stories:
  - id: CHK-1
    title: Orders
    story: As a shopper, I want to place an order.
    acceptance:
      - An order has a customer (email).
      - >
        Orders can be
        listed.
"""
MARKDOWN = """\
---
service: checkout
slo: {availability: 99.9, latency_p95_ms: 250}
---

# CHK-1: Orders

As a shopper, I want to place an order.

- An order has a customer (email).
- Orders can be
  listed.
"""


def write(tmp_path: Path, text: str | bytes, name: str = "stories.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(("text", "name"), [(GOOD, "s.yaml"), (GOOD, "s.yml"), (MARKDOWN, "s.md")])
def test_both_forms_say_the_same(tmp_path: Path, text: str, name: str) -> None:
    file = load(write(tmp_path, text, name))
    (story,) = file.stories
    assert file.service == "checkout"
    assert file.repository == tmp_path.resolve() / "checkout"
    assert file.slo.availability == Decimal("99.9")
    assert file.slo.latency_p95_ms == 250
    assert (story.id, story.title) == ("CHK-1", "Orders")
    assert story.story == "As a shopper, I want to place an order."
    assert [each.text for each in story.criteria] == [
        "An order has a customer (email).",
        "Orders can be listed.",
    ]
    assert [each.id for each in story.criteria] == ["CHK-1.1", "CHK-1.2"]


WRONG = {
    "empty": ("", 1, "the file is empty"),
    "only comments": ("# nothing\n", 1, "the file is empty"),
    "broken": ("service: [checkout\nstories: x\n", 2, "invalid YAML"),
    "tab": ("service: checkout\nstories:\n\t- id: A\n", 3, "invalid YAML"),
    "a list": ("- a\n", 1, "must be a mapping"),
    "no service": ("stories: []\n", 1, "name of the service is missing"),
    "no stories": ("service: checkout\n", 1, "no stories"),
    "stories empty": ("service: checkout\nstories: []\n", 2, "at least one"),
    "service with a path": ("service: ../checkout\nstories: []\n", 1, "invalid service name"),
    "service with a template": ('service: "{{7*7}}"\nstories: []\n', 1, "invalid service name"),
    "service with a command": ("service: $(rm -rf /)\nstories: []\n", 1, "invalid service name"),
    "unknown key": ("service: checkout\nstorys: []\n", 2, "unknown key 'storys' in a story file"),
    "twice": ("service: checkout\nservice: other\n", 2, "duplicate"),
    "go": ("service: checkout\nstack: go_grpc\nstories: []\n", 2, "not available yet"),
    "stack": ("service: checkout\nstack: rails\nstories: []\n", 2, "unknown stack 'rails'"),
    "slo": ("service: checkout\nslo: {availability: 101}\nstories: []\n", 2, "percentage"),
    "slo text": ("service: checkout\nslo: {latency_p95_ms: fast}\nstories: []\n", 2, "must be a number"),
    "latency": ("service: checkout\nslo: {latency_p95_ms: 0}\nstories: []\n", 2, "whole number"),
}
WRONG_STORIES = {
    "no id": ("  - title: A\n    acceptance: [x]\n", 3, "has no id"),
    "id with a path": ("  - id: ../../etc\n    acceptance: [x]\n", 3, "invalid story id"),
    "no criteria": ("  - id: A\n    title: Orders\n", 3, "no acceptance criteria"),
    "empty criteria": ("  - id: A\n    acceptance: []\n", 4, "at least one"),
    "blank criterion": ("  - id: A\n    acceptance:\n      - ''\n", 5, "a criterion is empty"),
    "mapping": ("  - id: A\n    acceptance:\n      - An order: is good\n", 5, "must be text"),
    "same id": ("  - id: A\n    acceptance: [x]\n  - id: A\n    acceptance: [x]\n", 5, "duplicate"),
    "control": ('  - id: A\n    acceptance: ["a\\u0007b"]\n', 4, "control character"),
    "long": (f"  - id: A\n    acceptance: [{'x' * 2001}]\n", 4, "the limit is 2,000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    text, line, what = WRONG[name]
    with pytest.raises(BadInput) as refused:
        load(write(tmp_path, text))
    assert f"stories.yaml:{line}: " in str(refused.value)
    assert what in str(refused.value)
    assert "For example:" in str(refused.value)


@pytest.mark.parametrize("name", WRONG_STORIES)
def test_a_wrong_story_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    text, line, what = WRONG_STORIES[name]
    with pytest.raises(BadInput) as refused:
        load(write(tmp_path, f"service: checkout\nstories:\n{text}"))
    assert f"stories.yaml:{line}: " in str(refused.value)
    assert what in str(refused.value)


def test_aliases_are_refused_before_they_grow(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    with pytest.raises(BadInput, match="aliases"):
        load(write(tmp_path, bomb))


@pytest.mark.attack
def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    began = time.process_time()
    with pytest.raises(BadInput, match="YAML: it is nested more than 100 deep"):
        load(write(tmp_path, "service: " + "[" * 100_000))
    assert time.process_time() - began < 10


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="1,000,000"):
        load(write(tmp_path, b"x" * 5_000_000))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"stories.yaml:2: not valid UTF-8"):
        load(write(tmp_path, b"service: a\n\xff\xfe\n"))


@pytest.mark.parametrize(("text", "line", "what"), [
    ("Hello\n", 1, "before the first story"),
    ("# Orders\n", 1, "its id, a colon and its title"),
    ("---\nservice: a\n---\n# A: B\n\n1. one\n", 6, "paragraphs, code and a bulleted list"),
    ("---\nservice: a\n---\n# A: B\n\n- one\n  - two\n", 6, "without a nested list"),
    ("---\nservice: [\n---\n# A: B\n", 2, "invalid YAML"),
    ("", 1, "the file is empty"),
])  # fmt: skip
def test_wrong_markdown_is_named_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(write(tmp_path, text, "stories.md"))
    assert f"stories.md:{line}: " in str(refused.value)
    assert what in str(refused.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(BadInput, match="ends in"):
        load(write(tmp_path, "x", "stories.txt"))


def test_text_that_means_something_elsewhere_is_only_text(tmp_path: Path) -> None:
    said = "An order has a note `$(rm -rf /)` {{7*7}} <b> ../../etc/passwd."
    file = load(write(tmp_path, f"service: a\nstories:\n  - id: A\n    acceptance: ['{said}']\n"))
    assert file.stories[0].criteria[0].text == said


TRACEBACK = """\
It fails:

    Traceback (most recent call last):
      File "app.py", line 3, in <module>
\t    total[0]  +=  1

```yaml
a:
  - b:   c
```

Please fix it."""


def test_the_whitespace_of_a_story_is_kept(tmp_path: Path) -> None:
    indented = textwrap.indent(TRACEBACK, "      ")
    criterion = textwrap.indent("The output is\n  a:  1\n\ta: 2", "        ")
    (story,) = load(
        write(
            tmp_path,
            f"service: a\nstories:\n  - id: A-1\n    story: |-\n{indented}\n"
            f"    acceptance:\n      - |-\n{criterion}\n",
        )
    ).stories
    assert story.story == TRACEBACK
    assert story.criteria[0].text == "The output is\n  a:  1\n\ta: 2"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_whitespace_of_a_markdown_story_is_kept(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "stories.md"
    text = f"---\nservice: a\n---\n# A-1: B\n\n{TRACEBACK}\n\n- It works.\n- It  ends.\n\n# A-2: C\n\nD\n\n- E\n\nF\n"
    path.write_bytes(text.replace("\n", ends).encode())
    first, second = load(path).stories
    assert first.story == TRACEBACK
    assert [each.text for each in first.criteria] == ["It works.", "It  ends."]
    assert second.story == "D\nF"


@pytest.mark.attack
@pytest.mark.parametrize("odd", ["\\e[31m", "\\u202e", "\\u200b", "\\0"])
def test_control_characters_are_still_refused(tmp_path: Path, odd: str) -> None:
    with pytest.raises(BadInput, match="control character"):
        load(
            write(tmp_path, f'service: a\nstories:\n  - id: A-1\n    story: "a{odd}b"\n    acceptance: [x]\n')
        )
