"""From text to a span."""

import re
from datetime import timedelta

from timespan.units import SECONDS

_PART = re.compile(r"\s*(\d+)\s*([wdhms])")


def parse(text: str) -> timedelta:
    """Return the span that a text spells, such as "1h30m".

    Raises ValueError for a text that spells none.
    """
    position, total = 0, 0
    while position < len(text.rstrip()):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(f"not a span of time: {text!r}")
        total += int(part[1]) * SECONDS[part[2]]
        position = part.end()
    if position == 0:
        raise ValueError("an empty text spells no span of time")
    return timedelta(seconds=total)
