"""One spelling for every JSON value, so that digests and hashes mean something."""

from __future__ import annotations

import hashlib
import json

from pydantic import JsonValue


def canonical(value: object) -> str:
    """Return a JSON value's text with sorted keys, no spaces, and every non-ASCII character escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(content: bytes | str) -> str:
    """Return "sha256:" and the hex digest; text is hashed as UTF-8."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """Return the digest of a JSON value in its canonical spelling."""
    return digest(canonical(value))


def unmistakable(text: str) -> str:
    """Return a JSON text in which nothing looks like the end of a fence or a role marker such as "<|im_start|>".

    It is the same JSON: such characters stand within its strings only, and are escaped there.
    """
    return text.replace("`", "\\u0060").replace("<|", "\\u003c|")


def encodable(value: JsonValue) -> JsonValue:
    """Return a JSON value whose texts can be encoded: U+FFFD for lone surrogates, which no wire takes."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [encodable(each) for each in value]
    if isinstance(value, dict):
        return {str(encodable(name)): encodable(each) for name, each in value.items()}
    return value
