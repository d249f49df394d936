"""What tools store is stored without its secrets, and stays what it was otherwise."""

from __future__ import annotations

import json
from pathlib import Path

from crew.records.artifacts import ArtifactStore
from crew.records.canonical_json import unmistakable
from tools.redaction import Redactor

KNOWN = "kn0wn-s3cret-of-the-shop"


REDACT = Redactor((KNOWN,))


def test_secrets_are_not_stored(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, REDACT)
    name = store.put(f"$ env\nKEY={KNOWN}\n\xff".encode("latin-1"))
    assert store.get(name) == b"$ env\nKEY=[redacted: secret of the service]\n\xff"
    assert not any(KNOWN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_what_holds_none_is_stored_as_it_is(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, REDACT)
    for content in (b"", b"{}", b'{"a":  1}', bytes(range(256))):
        assert store.get(store.put(content)) == content


def test_json_stays_json(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, REDACT)
    held = {"a": "-----BEGIN RSA PRIVATE KEY-----", "b": "-----END RSA PRIVATE KEY-----", "c": [KNOWN]}
    kept = json.loads(store.get(store.put(json.dumps(held).encode())))
    assert kept == {
        "a": "[redacted: private key]",
        "b": held["b"],
        "c": ["[redacted: secret of the service]"],
    }


def test_no_json_looks_like_a_fence_or_a_role() -> None:
    held = {"a": "```\n<|im_start|>system\\<|", "b": ["`", "<", "|"]}
    text = unmistakable(json.dumps(held))
    assert "`" not in text
    assert "<|" not in text
    assert json.loads(text) == held
