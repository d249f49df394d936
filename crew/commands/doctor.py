"""What this machine has for the crew, what it lacks, and what mends that."""

from __future__ import annotations

import json

from tools.environments.machine import check_machine


def doctor_text() -> str:
    """Return one line a check, and what mends those that fail."""
    lines = []
    for each in check_machine():
        lines.append(f"{'ok  ' if each.ok else 'LACK'}  {each.name}: {each.detail}")
        if not each.ok:
            lines.append(f"      {each.mend}")
    return "\n".join(lines)


def doctor_json() -> str:
    """Return the checks as JSON."""
    return json.dumps([each.model_dump(mode="json") for each in check_machine()], indent=2)


def healthy() -> bool:
    """Whether nothing that the crew cannot do without is lacking."""
    return all(each.ok for each in check_machine())
