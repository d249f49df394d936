"""The shape of a delivery: what a checkpoint of an unfinished one depends on.

That is the names of the graphs' nodes and edges, of the fields of their states, and of those of the
briefs and answers in them.
A delivery is continued by a version of the same shape only; once it has ended, nothing depends on its shape.
"""

from __future__ import annotations

SHAPES = (
    "sha256:4d8a267c1dc0e7f0b111965b5c88ac3c46ab30b15d5ca8c280699bcdced30d37",
    "sha256:1949b27d7939b7d788452488f78aaf362a119843b7fb858821409313d2331555",
)
"""Digests of all shapes, oldest first; the last one is current. tests/graphs/test_shape.py computes it."""

SHAPE = SHAPES[-1]
