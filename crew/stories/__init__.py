"""Read and validate story files, the input of `crew run`."""

from __future__ import annotations

from pathlib import Path

from crew.errors import BadInput
from crew.stories.markdown import read_markdown
from crew.stories.model import Criterion, Slo, Story, StoryFile, build
from crew.stories.yaml import read_yaml

__all__ = ["Criterion", "Slo", "Story", "StoryFile", "load", "parse"]

LARGEST_BYTES = 1_000_000
"""Maximum size of a story file in bytes; story files are written by hand, so a larger one must be a mistake."""


def load(path: Path) -> StoryFile:
    """Read and check a story file.

    Raises BadInput naming the line and the error, with a valid example.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_BYTES else b""
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Pass the path of a story file."
        ) from error
    if size > LARGEST_BYTES:
        raise BadInput(
            f"{path}: the file has {size:,} bytes; the limit for a story file is {LARGEST_BYTES:,}. "
            "Split it into several files, or remove what is not a story."
        )
    return parse(content, path)


def parse(content: bytes, path: Path) -> StoryFile:
    """Parse the contents of a story file, whose format is given by the suffix of `path`.

    Relative paths in the file are resolved against its folder.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}:{line}: not valid UTF-8. Save the file as UTF-8.") from error
    if path.suffix in {".md", ".markdown"}:
        return build(read_markdown(text, str(path)), path)
    if path.suffix in {".yaml", ".yml"}:
        return build(read_yaml(text, str(path)), path)
    raise BadInput(f"{path}: unknown file type; the name of a story file ends in .yaml, .yml or .md.")
