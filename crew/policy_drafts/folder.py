"""Drafted policies on disk, from draft to approval.

A draft's folder contains `policy.rego`, `cases.json`, `draft.json` (status, rules and quotes), `regulation.md` and a
README for the person who approves it. Approval copies them to `NAME.approved/` in a folder of policies, together with
`approval.json`, and copies the policy to `NAME.rego` next to that, which is the file that `crew run --policies` reads.
The approved digest covers every file except the README, which is generated from the others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from crew.errors import BadInput
from crew.policy_drafts.draft import DraftRule, PolicyCase, PolicyDraft
from crew.records.canonical_json import digest, digest_of

POLICY, CASES, DRAFT, REGULATION = "policy.rego", "cases.json", "draft.json", "regulation.md"
APPROVAL = "approval.json"
SUFFIX = ".approved"
_FILES = (CASES, DRAFT, POLICY, REGULATION)
LARGEST = 1_000_000
"""Maximum size of a file of a draft, in bytes."""


class About(BaseModel, frozen=True, extra="forbid"):
    """Contents of `draft.json`: the origin of a policy, and the sentence behind each rule."""

    status: Literal["draft"] = "draft"
    """Always "draft", since an approval is recorded in `approval.json`."""
    name: str
    """Name of the policy's file, without `.rego`."""
    model: str
    """URL of the model that drafted it."""
    prompt: str
    """Digest of the prompt that it was drafted with."""
    rules: tuple[DraftRule, ...]


class Approval(BaseModel, frozen=True, extra="forbid"):
    """A person's approval of a draft."""

    digest: str
    """Digest of the draft's files, without the README."""
    by: str
    when: str
    """UTC time in ISO 8601 format."""
    rules: tuple[str, ...]
    engines: tuple[str, ...]
    """Names of the policy engines that agreed on every case."""


@dataclass(frozen=True)
class Drafted:
    """A drafted policy, read once so that the same bytes are checked, shown, hashed and copied."""

    about: About
    draft: PolicyDraft
    regulation: str
    files: dict[str, bytes]

    @property
    def digest(self) -> str:
        """Digest of all files except the README."""
        return digest_of({name: digest(content) for name, content in self.files.items()})


def drafted(draft: PolicyDraft, about: About, regulation: str) -> Drafted:
    """Return a draft together with the contents of its files."""
    cases = [case.model_dump(mode="json") for case in draft.cases]
    files = {
        POLICY: draft.rego,
        CASES: json.dumps(cases, indent=2, ensure_ascii=False) + "\n",
        DRAFT: about.model_dump_json(indent=2) + "\n",
        REGULATION: regulation,
    }
    return Drafted(about, draft, regulation, {name: files[name].encode() for name in _FILES})


def write(policy: Drafted, folder: Path, readme: str) -> None:
    """Write a draft to a new or empty folder.

    Raises BadInput if the folder is not empty or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} already exists. Remove it, or name another folder: --out FOLDER.")
        _write_files(folder, policy.files | {"README.md": readme.encode()})
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written: {error.strerror}. Name another folder: --out FOLDER."
        ) from error


def read(folder: Path) -> Drafted:
    """Read a draft's folder; raises BadInput naming a file that is missing or invalid."""
    files = {name: _content(folder / name) for name in _FILES}
    name = DRAFT
    try:
        about = About.model_validate_json(files[DRAFT])
        name = CASES
        cases = TypeAdapter(tuple[PolicyCase, ...]).validate_json(files[CASES])
        draft = PolicyDraft(rules=about.rules, rego=files[POLICY].decode(), cases=cases)
        regulation = files[REGULATION].decode()
    except (ValidationError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{folder / name} has an invalid format: {error}. Fix it, or draft the policy again."
        ) from error
    return Drafted(about, draft, regulation, files)


def is_draft(folder: Path) -> bool:
    """Return whether a folder contains one drafted policy."""
    return (folder / DRAFT).is_file()


def read_approval(folder: Path) -> Approval | None:
    """Return the approval in a folder, or None; raises BadInput if it is invalid."""
    if not (folder / APPROVAL).is_file():
        return None
    try:
        return Approval.model_validate_json(_content(folder / APPROVAL))
    except ValidationError as error:
        raise BadInput(
            f"{folder / APPROVAL} has an invalid format: {error}. Approve the policy again."
        ) from error


def approve(policy: Drafted, into: Path, by: str, engines: tuple[str, ...], readme: str) -> Approval:
    """Copy a policy and its approval into the folder `into`; raises BadInput if that cannot be written."""
    approval = Approval(
        digest=policy.digest,
        by=by,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        rules=tuple(rule.name for rule in policy.draft.rules),
        engines=engines,
    )
    kept = into / f"{policy.about.name}{SUFFIX}"
    more = {"README.md": readme.encode(), APPROVAL: (approval.model_dump_json(indent=2) + "\n").encode()}
    try:
        _write_files(kept, policy.files | more)
        # Written last, so that a policy in use always has its approval next to it.
        (into / f"{policy.about.name}.rego").write_bytes(policy.files[POLICY])
    except OSError as error:
        raise BadInput(
            f"{into} cannot be written: {error.strerror}. Name another folder: --into FOLDER."
        ) from error
    return approval


def verify_approvals(folder: Path) -> list[tuple[Drafted, Approval]]:
    """Return the approved policies of a folder after verifying that they are unchanged since their approval.

    Hand-written policies need no approval. Raises BadInput if the folder is a draft, or if a policy differs from what
    was approved.
    """
    if is_draft(folder):
        raise BadInput(
            f"{folder} contains a draft, which has no effect until a person approves it: "
            f"crew policy approve {folder} --into FOLDER."
        )
    return [_verified(kept) for kept in sorted(folder.glob(f"*{SUFFIX}")) if kept.is_dir()]


def _verified(kept: Path) -> tuple[Drafted, Approval]:
    policy, approval = read(kept), read_approval(kept)
    used = kept.parent / f"{kept.name.removesuffix(SUFFIX)}.rego"
    if approval is None:
        raise BadInput(f"{kept} has no {APPROVAL}: nobody approved it. {_again(kept)}")
    if approval.digest != policy.digest:
        raise BadInput(
            f"{kept} was changed after {approval.by} approved it on {approval.when}. {_again(kept)}"
        )
    if not used.is_file() or used.read_bytes() != policy.files[POLICY]:
        raise BadInput(
            f"{used} is not what {approval.by} approved on {approval.when}. To keep the change, make it in {kept} "
            f"too and approve that: crew policy approve {kept} --into {kept.parent}. Otherwise, the same "
            "command restores the approved text."
        )
    return policy, approval


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _again(kept: Path) -> str:
    return f"Restore it, or approve it as it is: crew policy approve {kept} --into {kept.parent}."


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}. Draft the policy again.") from error
    if len(content) > LARGEST:
        raise BadInput(f"{path} is larger than {LARGEST} bytes; a draft is never that large.")
    return content
