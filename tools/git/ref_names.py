"""Names of the refs of story branches, ledgers and generations."""

from __future__ import annotations

import hashlib
import re

GENERATED = "refs/crew/generated"
"""The ref of the latest pure generation of a service; earlier ones are its ancestors."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_PLAIN_LENGTH = 80


def safe(text: str) -> str:
    """Return a component of a ref name that is unique to the text.

    Plain ids are returned unchanged. Any other text becomes a readable part, a "+" (which no plain id contains) and
    a digest of the text.
    """
    if _PLAIN.fullmatch(text) and len(text) <= _PLAIN_LENGTH and not text.endswith(".lock"):
        return text
    words = re.sub(r"[^A-Za-z0-9]+", "-", text)[:40].strip("-") or "story"
    return f"{words}+{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def story_branch(story: str) -> str:
    """Return the full ref name of a story's branch."""
    return f"refs/heads/crew/{safe(story)}"


def ledger_ref(delivery: str) -> str:
    """Return the full ref name of a delivery's ledger anchor."""
    return f"refs/crew/ledger/{safe(delivery)}"
