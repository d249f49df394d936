"""The benchmark runs with today's policies; its bounds are for an idle machine and not judged here."""

from __future__ import annotations

import math

from evals.bench import QUICK, measured


def test_the_quick_benchmark_measures_every_figure_but_the_example() -> None:
    figures = list(measured(QUICK))

    assert list(dict.fromkeys(figure.name.partition(",")[0] for figure in figures)) == [
        "crew --help",
        "crew plan of the example",
        "sandbox start",
        "policy decision p99",
        "own cost of an agent step",
        "ledger and checkpoints",
    ]
    assert all(math.isfinite(figure.value) for figure in figures)
