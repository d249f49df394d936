from __future__ import annotations

import pytest

from tools.runtimes.local.restart_policy import pause_seconds


@pytest.mark.parametrize(
    ("ends", "seconds"), [(1, 0.2), (2, 0.4), (3, 0.8), (7, 12.8), (8, 25.6), (9, 30), (10_000, 30)]
)
def test_pauses_double_up_to_half_a_minute(ends: int, seconds: float) -> None:
    assert pause_seconds(ends) == pytest.approx(seconds)
