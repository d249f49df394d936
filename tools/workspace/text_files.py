"""Reading and writing text files, preserving their encoding and line endings."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

MOST_BYTES = 5_000_000
"""Maximum size of a file that is read as text."""
_PARSED = 1_000_000
"""Maximum length of a file that is parsed, in characters."""
_SNIFFED = 8_192
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NoText(ValueError):  # noqa: N818  names the condition
    """A file cannot be read or written as text; the message says why."""


@dataclass(frozen=True)
class Text:
    """The text of a file. Line endings are converted to line feeds if all of them are CR LF."""

    content: str
    encoding: str = "utf-8"
    mark: bytes = b""
    """Byte order mark at the start of the file, if any."""
    crlf: bool = False
    """Whether every line of the file ends in CR LF."""

    def encoded(self, content: str) -> bytes:
        """Encode another text with the same encoding and line endings. Raises NoText if it cannot be encoded."""
        if self.crlf:
            content = re.sub(r"\r?\n", "\r\n", content)
        try:
            return self.mark + content.encode(self.encoding)
        except UnicodeEncodeError as error:
            odd = content[error.start : error.start + 1]
            raise NoText(
                f"The file is encoded in {self.encoding}, which cannot represent {odd!r}; use another character."
            ) from error


def read(path: Path) -> Text:
    """Read a file's text. Raises NoText if it is binary or too large."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise NoText(f"It has {size:,} bytes, too many to be read as text.")
    return decode(path.read_bytes())


def decode(content: bytes) -> Text:
    """Decode bytes by their byte order mark, as UTF-8, by their Python encoding cookie, or else losslessly as Latin-1.

    Raises NoText if the content is binary.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                text = Text(content[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError:
                break
            return _with_ends(text)
    if b"\0" in content[:_SNIFFED]:
        raise NoText("It is binary.")
    for encoding in ("utf-8", _cookie(content)):
        try:
            return _with_ends(Text(content.decode(encoding), encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return _with_ends(Text(content.decode("latin-1"), "latin-1"))


def encode_for(path: Path, content: str) -> bytes:
    """Encode a text for a file, keeping the encoding of an existing file. Raises NoText if that is impossible."""
    there = Text("")
    if path.is_file():
        try:
            there = read(path)
        except NoText:
            there = Text("")
    if there.encoding == "latin-1":
        there = replace(there, encoding="utf-8")  # Latin-1 was a guess, and all content is replaced
    return there.encoded(content)


def syntax_error(name: str, content: str) -> str:
    """Return a Python file's syntax error, such as "line 12: invalid syntax"; "" if valid or not a Python file."""
    if not name.endswith((".py", ".pyi")) or len(content) > _PARSED:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(content)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"line 1: {error}"
    return ""


def _cookie(content: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(content[:_SNIFFED]).readline)[0]
    except SyntaxError:
        return "latin-1"


def _with_ends(text: Text) -> Text:
    ends = text.content.count("\r\n")
    if ends and ends == text.content.count("\n"):
        return replace(text, content=text.content.replace("\r\n", "\n"), crlf=True)
    return text
