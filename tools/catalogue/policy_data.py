"""Command that updates the roles and tools in the policies' data: `python -m tools.catalogue.policy_data`.

The effects that a role may have, and all other settings, are decided by people and stay unchanged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from tools.catalogue.registry import CATALOGUE
from tools.result import Tool

DATA = Path(__file__).parents[2] / "crew" / "policies" / "data.json"


def with_catalogue(data: str) -> str:
    """Return the text of data.json with the `tools` of each role and the `tools` section updated from the catalogue."""
    settings: dict[str, Any] = json.loads(data)["settings"]
    for name, role in settings["roles"].items():
        role["tools"] = [
            tool.name
            for tool in CATALOGUE.values()
            if name in {holder.partition("/")[0] for holder in tool.roles}
        ]
    settings["tools"] = {name: _settings(tool) for name, tool in CATALOGUE.items()}
    lines = ",\n".join(f"    {json.dumps(name)}: {_value(value)}" for name, value in settings.items())
    return f'{{\n  "settings": {{\n{lines}\n  }}\n}}\n'


def _settings(tool: Tool) -> dict[str, JsonValue]:
    settings: dict[str, JsonValue] = {"effect": tool.effect}
    settings |= {fact.enables: True for fact in tool.facts if fact.enables}
    facts: dict[str, JsonValue] = {fact.name: fact.type for fact in tool.facts if fact.required}
    return settings | ({"facts": facts} if facts else {})


def _value(value: JsonValue) -> str:
    """Format a value as JSON on one line, or an object with one line per member."""
    if not isinstance(value, dict):
        return json.dumps(value)
    lines = ",\n".join(f"      {json.dumps(name)}: {json.dumps(member)}" for name, member in value.items())
    return f"{{\n{lines}\n    }}"


if __name__ == "__main__":
    DATA.write_text(with_catalogue(DATA.read_text()))
