"""Story files: what `crew run` takes, and what is wrong with one that it cannot take."""

from __future__ import annotations

from pathlib import Path

from crew.errors import BadInput
from crew.stories.markdown import read_markdown
from crew.stories.model import Criterion, Slo, Story, StoryFile, build
from crew.stories.yaml import read_yaml

__all__ = ["Criterion", "Slo", "Story", "StoryFile", "load", "parse"]

LARGEST_BYTES = 1_000_000
"""A story file is written by people: more than this is a mistake, and would only be slow to refuse later."""


def load(path: Path) -> StoryFile:
    """Read and check a story file.

    Raises BadInput naming the line, what is wrong with it, and an example that is right.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_BYTES else b""
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Give the path of a story file."
        ) from error
    if size > LARGEST_BYTES:
        raise BadInput(
            f"{path}: the file has {size:,} bytes; a story file may have {LARGEST_BYTES:,}. "
            "Split it into several files, or take out what is not a story."
        )
    return parse(content, path)


def parse(content: bytes, path: Path) -> StoryFile:
    """Check the bytes of a story file; `path` gives its form, by the ending, and the place of its
    repository."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}:{line}: this is not UTF-8 text. Save the file as UTF-8.") from error
    if path.suffix in {".md", ".markdown"}:
        return build(read_markdown(text, str(path)), path)
    if path.suffix in {".yaml", ".yml"}:
        return build(read_yaml(text, str(path)), path)
    raise BadInput(f"{path}: a story file ends in .yaml, .yml or .md.")
