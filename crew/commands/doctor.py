"""Checks of this machine's requirements, as shown by `crew doctor`."""

from __future__ import annotations

import json

from tools.environments.machine import check_machine


def doctor_text() -> str:
    """Return one line per check, and the fix for each that fails."""
    lines = []
    for each in check_machine():
        lines.append(f"{'ok  ' if each.ok else 'LACK'}  {each.name}: {each.detail}")
        if not each.ok:
            lines.append(f"      {each.fix}")
    return "\n".join(lines)


def doctor_json() -> str:
    """Return the checks as JSON."""
    return json.dumps([each.model_dump(mode="json") for each in check_machine()], indent=2)


def healthy() -> bool:
    """Whether all requirements are met."""
    return all(each.ok for each in check_machine())
