"""Policies and their data, read once, checked, and fixed by a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import JsonValue

from tools.errors import PolicyError
from tools.policy.lint import Finding, lint_modules


@dataclass(frozen=True)
class Source:
    """All that an engine needs to know; both engines are given these very bytes."""

    modules: dict[str, str]
    """Name ("crew/roles.rego") to text, in order of the names."""
    data: dict[str, JsonValue]
    """The data document: `settings`, `packages`, `releases`, `listed`; `extra_data` is of a user's own policies."""
    digest: str


def load(policies: Path, extra: Path | None = None) -> Source:
    """Read `policies` (package crew) and `extra` (package extra).

    Raises PolicyError naming the file for what cannot be read, lies in another package or fails the linter.
    """
    digest = hashlib.sha256()
    modules, data = _folder(policies, "crew", digest)
    if odd := set(data) - {"settings", "packages", "releases", "listed"}:
        names = ", ".join(sorted(odd))
        raise PolicyError(
            f"The data in {policies} may define settings, packages, releases and listed, not {names}."
        )
    if extra is not None:
        more, extra_data = _folder(extra, "extra", digest)
        modules |= more
        data["extra_data"] = extra_data
    findings = lint_modules(modules)
    if findings:
        raise PolicyError("These policies are not safe to run:\n" + "\n".join(map(str, findings)))
    return Source(modules=modules, data=data, digest=f"sha256:{digest.hexdigest()}")


def _folder(folder: Path, package: str, digest: hashlib._Hash) -> tuple[dict[str, str], dict[str, JsonValue]]:
    """Read one folder; every file's name and length go into the digest, so that no two folders share one."""
    modules: dict[str, str] = {}
    data: dict[str, JsonValue] = {}
    if not folder.is_dir():
        raise PolicyError(f"There is no folder of policies at {folder}.")
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.suffix not in (".rego", ".json", ".yaml", ".yml"):
            continue
        name = f"{package}/{path.name}"
        try:
            content = path.read_bytes()
            digest.update(f"{name}\n{len(content)}\n".encode() + content)
            text = content.decode()
            if path.suffix == ".rego":
                modules[name] = text
            else:
                data |= _members(json.loads(text) if path.suffix == ".json" else yaml.safe_load(text), data)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise PolicyError(f"{path} cannot be used: {error}") from error
    if not modules:
        raise PolicyError(f"There are no policies (*.rego) in {folder}.")
    return modules, data


def _members(document: object, known: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise ValueError("its top must be an object with names as keys")
    if twice := sorted(set(document) & set(known)):
        raise ValueError(f"another file defines {', '.join(twice)} already")
    return document


__all__ = ["Finding", "Source", "load"]
