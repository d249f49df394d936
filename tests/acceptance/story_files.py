"""Story files as this suite needs them: ids and criteria, from YAML or Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tools.blueprint.model import Slo

FOLDER = Path(__file__).parent / "stories"
NAMES = tuple(sorted(each.name for each in FOLDER.iterdir()))


@dataclass(frozen=True)
class StoryFile:
    """What a delivery needs of it."""

    service: str
    slo: Slo
    stories: tuple[tuple[tuple[str, str], ...], ...]
    """Per story its criteria, as id and text."""


def load(name: str) -> StoryFile:
    """Read a story file of this suite."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    front = _markdown(text) if name.endswith(".md") else yaml.safe_load(text)
    slo = front.get("slo", {})
    return StoryFile(
        service=front["service"],
        slo=Slo(
            availability=Decimal(str(slo["availability"])) if "availability" in slo else None,
            latency_p95_ms=slo.get("latency_p95_ms"),
        ),
        stories=tuple(
            tuple((f"{story['id']}.{at}", text) for at, text in enumerate(story["acceptance"], start=1))
            for story in front["stories"]
        ),
    )


def _markdown(text: str) -> dict[str, Any]:
    _, front, body = text.split("---\n", maxsplit=2)
    stories = []
    for part in re.split(r"^# ", body, flags=re.MULTILINE)[1:]:
        heading, _, rest = part.partition("\n")
        bullets = re.findall(r"^- (.+)$", rest, flags=re.MULTILINE)
        stories.append({"id": heading.partition(":")[0].strip(), "acceptance": bullets})
    return {**yaml.safe_load(front), "stories": stories}
