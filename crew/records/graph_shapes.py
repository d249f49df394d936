"""The shapes of the delivery graph, on which checkpoints of unfinished deliveries depend.

A shape consists of the names of all nodes, edges and state fields, and of the fields of briefs and answers.
A delivery can only be continued by a version with the same shape; once it has ended, its shape no longer matters.
"""

from __future__ import annotations

SHAPES = (
    "sha256:4d8a267c1dc0e7f0b111965b5c88ac3c46ab30b15d5ca8c280699bcdced30d37",
    "sha256:1949b27d7939b7d788452488f78aaf362a119843b7fb858821409313d2331555",
    "sha256:4cc9b5de9a009bf3803dba6325efced78fd3a93340755a4e0fe2d703fba0bb15",
)
"""Digests of all shapes, oldest first; the last one is current and is checked by tests/graphs/test_shape.py."""

UNCOMPARED = SHAPES[:2]
"""Shapes of versions that did not compare what a criterion names with its tests; they are shown as they ended."""

SHAPE = SHAPES[-1]
