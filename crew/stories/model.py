"""The validated contents of a story file; every error names the line and shows a valid example."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, JsonValue

from crew.errors import BadInput

LONGEST_CRITERION = 2_000
LONGEST_TEXT = 20_000
MOST_CRITERIA = 200

EXAMPLE = """\
service: checkout
stories:
  - id: CHK-1
    title: Orders
    story: As a shopper, I want to place an order, so that I can buy things.
    acceptance:
      - An order has a customer (email) and a total (money, at least 0)."""


class Slo(BaseModel, frozen=True):
    """The service level objectives in a story file."""

    availability: Decimal | None = None
    """Percentage of responses that are not 5xx; None if not given."""
    latency_p95_ms: int | None = None
    """95th percentile of the latency in milliseconds; None if not given."""


class Criterion(BaseModel, frozen=True):
    """One acceptance criterion."""

    id: str
    """The story's id, a dot, and the criterion's position in the story, starting at 1."""
    text: str


class Story(BaseModel, frozen=True):
    """A user story with its acceptance criteria."""

    id: str
    title: str
    story: str
    """The user story in prose; "" if there is none."""
    criteria: tuple[Criterion, ...]


class StoryFile(BaseModel, frozen=True):
    """A story file: the stories of one service, in delivery order."""

    service: str
    repository: Path
    """Absolute path of the service's git repository."""
    stack: Literal["fastapi"] = "fastapi"
    slo: Slo = Slo()
    stories: tuple[Story, ...]


class Node:
    """A value in a story file, with its line number."""

    def __init__(self, value: object, line: int, source: str) -> None:
        self.value = value
        self.line = line
        self.source = source

    def wrong(self, what: str, example: str) -> BadInput:
        """Return the error for this value, with a valid example."""
        shown = "\n".join(f"    {line}" for line in example.splitlines())
        return BadInput(f"{self.source}:{self.line}: {what}\n  For example:\n{shown}")

    def mapping(self, what: str, example: str) -> dict[str, Node]:
        """Return the members of a mapping; raises BadInput for any other value."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} must be a mapping.", example)
        return self.value

    def sequence(self, what: str, example: str) -> list[Node]:
        """Return the items of a non-empty list; raises BadInput for any other value."""
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong(f"{what} must be a list with at least one item.", example)
        return self.value

    def text(self, what: str, example: str, most: int) -> str:
        """Return the text with runs of whitespace collapsed; raises BadInput if it is invalid, blank or too long."""
        return " ".join(self.verbatim(what, example, most).split())

    def verbatim(self, what: str, example: str, most: int) -> str:
        """Return the text as it is written, without surrounding blank lines; raises BadInput as `text` does."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            raise self.wrong(f"{what} must be text.", example)
        text = re.sub(r"\A(?:[^\S\n]*\n)+", "", str(self.value).rstrip())
        if not text.strip():
            raise self.wrong(f"{what} is empty.", example)
        if len(text) > most:
            raise self.wrong(f"{what} has {len(text):,} characters; the limit is {most:,}.", example)
        if not all(each.isprintable() or each.isspace() for each in text):
            raise self.wrong(f"{what} contains a control character.", example)
        return text


def build(root: Node, path: Path) -> StoryFile:
    """Return the validated file, or raise BadInput for the first error."""
    if root.value is None:
        raise root.wrong("the file is empty.", EXAMPLE)
    members = root.mapping("a story file", EXAMPLE)
    _only(members, {"service", "repo", "stack", "slo", "stories"}, "a story file", EXAMPLE)
    service = _service(root, members)
    _stack(members)
    return StoryFile(
        service=service,
        repository=_repository(members, path, service),
        slo=_slo(members),
        stories=_stories(root, members),
    )


def _service(root: Node, members: dict[str, Node]) -> str:
    if "service" not in members:
        raise root.wrong("the name of the service is missing.", EXAMPLE)
    name = members["service"].text("the name of the service", "service: checkout", 63)
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise members["service"].wrong(
            f"invalid service name {name!r}: use lower-case letters, digits, single hyphens, and a letter first.",
            "service: checkout",
        )
    return name


def _repository(members: dict[str, Node], path: Path, service: str) -> Path:
    folder = path.resolve().parent
    if "repo" not in members:
        return folder / service
    named = Path(members["repo"].text("repo", "repo: ./checkout", 1_000)).expanduser()
    return (folder / named).resolve()


def _stack(members: dict[str, Node]) -> None:
    if "stack" not in members:
        return
    stack = members["stack"].text("stack", "stack: fastapi", 100)
    if stack == "go_grpc":
        raise members["stack"].wrong("the go_grpc stack is not available yet; use fastapi.", "stack: fastapi")
    if stack != "fastapi":
        raise members["stack"].wrong(f"unknown stack {stack!r}; valid: fastapi.", "stack: fastapi")


def _slo(members: dict[str, Node]) -> Slo:
    example = "slo: {availability: 99.9, latency_p95_ms: 250}"
    if "slo" not in members:
        return Slo()
    given = members["slo"].mapping("slo", example)
    _only(given, {"availability", "latency_p95_ms"}, "slo", example)
    numbers: dict[str, JsonValue] = {}
    for name, node in given.items():
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise node.wrong(f"{name} must be a number.", example)
        numbers[name] = str(value) if name == "availability" else value
    if not 0 < float(given["availability"].value if "availability" in given else 50) < 100:  # type: ignore[arg-type]
        raise given["availability"].wrong("availability must be a percentage between 0 and 100.", example)
    latency = numbers.get("latency_p95_ms", 1)
    if not isinstance(latency, int) or latency < 1:
        raise given["latency_p95_ms"].wrong(
            "latency_p95_ms must be a whole number of milliseconds, at least 1.", example
        )
    return Slo.model_validate(numbers)


def _stories(root: Node, members: dict[str, Node]) -> tuple[Story, ...]:
    if "stories" not in members:
        raise root.wrong("there are no stories.", EXAMPLE)
    stories: dict[str, Story] = {}
    for node in members["stories"].sequence("stories", EXAMPLE):
        story = _story(node)
        if story.id in stories:
            raise node.wrong(f"duplicate story id {story.id!r}.", "- id: CHK-2")
        stories[story.id] = story
    return tuple(stories.values())


def _story(node: Node) -> Story:
    members = node.mapping("a story", EXAMPLE)
    _only(members, {"id", "title", "story", "acceptance"}, "a story", EXAMPLE)
    if "id" not in members:
        raise node.wrong("the story has no id.", "- id: CHK-1")
    name = members["id"].text("the id of a story", "- id: CHK-1", 64)
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name) or ".." in name:
        raise members["id"].wrong(
            f"invalid story id {name!r}: use letters, digits, hyphens, dots and underscores.",
            "- id: CHK-1",
        )
    if "acceptance" not in members:
        raise node.wrong(f"the story {name} has no acceptance criteria.", EXAMPLE)
    items = members["acceptance"].sequence(f"the acceptance criteria of {name}", EXAMPLE)
    if len(items) > MOST_CRITERIA:
        raise members["acceptance"].wrong(
            f"the story {name} has {len(items)} criteria; the limit is {MOST_CRITERIA}.", EXAMPLE
        )
    return Story(
        id=name,
        title=members["title"].text("title", EXAMPLE, 200) if _given(members, "title") else name,
        story=members["story"].verbatim("story", EXAMPLE, LONGEST_TEXT) if _given(members, "story") else "",
        criteria=tuple(
            Criterion(id=f"{name}.{place}", text=item.verbatim("a criterion", EXAMPLE, LONGEST_CRITERION))
            for place, item in enumerate(items, 1)
        ),
    )


def _given(members: dict[str, Node], name: str) -> bool:
    return name in members and members[name].value is not None


def _only(members: dict[str, Node], known: set[str], what: str, example: str) -> None:
    for name, node in members.items():
        if name not in known:
            raise node.wrong(
                f"unknown key {name!r} in {what}; valid keys: {', '.join(sorted(known))}.", example
            )
