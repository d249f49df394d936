"""Loading of policies and their data, which are read once, checked, and identified by a digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from tools.errors import PolicyError
from tools.policy.lint import lint_modules
from tools.workspace.documents import parse_json, parse_yaml


@dataclass(frozen=True)
class Source:
    """The policies and data that an engine evaluates; both engines get exactly the same ones."""

    modules: dict[str, str]
    """Source texts by name, such as "crew/roles.rego", sorted by name within each package."""
    data: dict[str, JsonValue]
    """The data document: `settings`, `packages`, `releases`, `listed`; `extra_data` is for the user's policies."""
    digest: str


def load(policies: Path, extra: Path | None = None) -> Source:
    """Read and check the policies and data in the folders `policies` (package crew) and `extra` (package extra).

    Raises PolicyError naming the file that cannot be read, is in another package or fails the linter.
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
    """Return the policies and data of one folder; add each file's name, length and content to `digest`."""
    modules: dict[str, str] = {}
    data: dict[str, JsonValue] = {}
    if not folder.is_dir():
        raise PolicyError(f"The policy folder {folder} does not exist.")
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
                data |= _members(parse_json(text) if path.suffix == ".json" else parse_yaml(text), data)
        except (OSError, ValueError) as error:
            raise PolicyError(f"{path} cannot be used: {error}") from error
    if not modules:
        raise PolicyError(f"The folder {folder} contains no policies (*.rego).")
    return modules, data


def _members(document: object, known: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise ValueError("its top level must be an object")
    if twice := sorted(set(document) & set(known)):
        raise ValueError(f"another file defines {', '.join(twice)} already")
    return document
