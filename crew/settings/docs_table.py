"""The settings table in README.md, generated from the settings classes by `make docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from crew.settings.budget import Budget
from crew.settings.config import ModelSettings, Price, TelemetrySettings, TestSettings

START_MARK = "<!-- settings: made by `make docs`, checked by tests/test_docs.py -->\n"
END_MARK = "<!-- /settings -->"
_SECTIONS: dict[str, type[BaseModel]] = {
    "model": ModelSettings,
    'prices."NAME"': Price,
    "budget.delivery": Budget,
    "budget.run": Budget,
    "tests": TestSettings,
    "telemetry": TelemetrySettings,
}


def settings_table() -> str:
    """Return a Markdown table with the section, key, default and description of each setting."""
    lines = ["| section | key | default | description |", "| --- | --- | --- | --- |"]
    for name, section in _SECTIONS.items():
        lines += _rows(name, section)
    return "\n".join(lines) + "\n"


def with_settings(text: str) -> str:
    """Return a document in which the table between the markers is replaced with the current one."""
    before, rest = text.split(START_MARK, 1)
    after = rest.split(END_MARK, 1)[1]
    return f"{before}{START_MARK}{settings_table()}{END_MARK}{after}"


def _rows(name: str, section: type[BaseModel]) -> Iterator[str]:
    for key, field in section.model_fields.items():
        default = "required" if field.is_required() else _shown(field.default)
        description = (field.description or "").replace("\n", " ")
        if get_origin(field.annotation) is Literal:
            description += f" One of {', '.join(f'`{each}`' for each in get_args(field.annotation))}."
        yield f"| `[{name}]` | `{key}` | {default} | {description} |"


def _shown(default: object) -> str:
    if default is None:
        return "absent"
    return f"`{json.dumps(default)}`"


if __name__ == "__main__":
    page = Path(__file__).resolve().parents[2] / "README.md"
    page.write_text(with_settings(page.read_text()))
