"""A canonical form for JSON values, so that equal values have equal digests, and helpers for safe JSON text."""

from __future__ import annotations

import hashlib
import json

from pydantic import JsonValue


def canonical(value: object) -> str:
    """Serialize a JSON value with sorted keys, no spaces, and all non-ASCII characters escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(content: bytes | str) -> str:
    """Return the SHA-256 digest as "sha256:" and hexadecimal digits; text is hashed as UTF-8."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """Return the digest of the canonical form of a JSON value."""
    return digest(canonical(value))


def unmistakable(text: str) -> str:
    """Escape whatever looks like the end of a fence or a role marker such as "<|im_start|>" in JSON text.

    The JSON value stays the same, since such characters occur only within strings.
    """
    return text.replace("`", "\\u0060").replace("<|", "\\u003c|")


def encodable(value: JsonValue) -> JsonValue:
    """Replace lone surrogates in a JSON value with U+FFFD, so that it can be encoded as UTF-8."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [encodable(each) for each in value]
    if isinstance(value, dict):
        return {str(encodable(name)): encodable(each) for name, each in value.items()}
    return value
