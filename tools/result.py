"""The types that define tools and their results.

An error that a model can fix is returned as a `ToolResult` with a stable code; any other is raised as an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, JsonValue

if TYPE_CHECKING:
    from tools.redaction import Redactor
    from tools.runtimes import Runtime
    from tools.sandbox import Sandbox

Effect = Literal["read", "write", "execute", "network", "production"]

READERS = ("design", "code", "testing/examples", "testing", "governance")
"""The roles that may read the workspace; see `Tool.roles`."""


class ToolResult(BaseModel, frozen=True, extra="forbid"):
    """The result of a tool call."""

    ok: bool
    code: str
    """Stable, machine-readable code in snake case: "ok", "not_found", "tests_failed"."""
    summary: str
    """One sentence that says what happened and, if the call failed, how to fix it."""
    data: dict[str, JsonValue] = {}
    """Structured details, at most a few KB. Larger content belongs in `artifacts`."""
    artifacts: dict[str, str] = {}
    """Maps the names of the artifacts that the tool stored to their digests."""


def success(
    summary: str, code: str = "ok", artifacts: dict[str, str] | None = None, **data: JsonValue
) -> ToolResult:
    """Return the result of a successful call; the keyword arguments become its `data`."""
    return ToolResult(ok=True, code=code, summary=summary, data=data, artifacts=artifacts or {})


def failure(code: str, summary: str, **data: JsonValue) -> ToolResult:
    """Return the result of a failed call; the summary says how to fix it, the keyword arguments become its `data`."""
    return ToolResult(ok=False, code=code, summary=summary, data=data)


class Finding(BaseModel, frozen=True, extra="forbid"):
    """A problem found in a change, as listed in `ToolResult.data`."""

    severity: Literal["note", "warning", "blocking"]
    what: str
    file: str = ""
    line: int = 0
    """Line number, counted from 1; 0 means the whole file."""


def as_data(findings: Iterable[BaseModel]) -> list[JsonValue]:
    """Return models as JSON for `ToolResult.data`, omitting members that have their default value."""
    return [finding.model_dump(mode="json", exclude_defaults=True) for finding in findings]


class Artifacts(Protocol):
    """Content-addressed storage of documents, diffs, reports and logs."""

    def put(self, content: bytes) -> str:
        """Store the bytes and return their digest, "sha256:..."; storing the same bytes again has no effect."""

    def get(self, digest: str) -> bytes:
        """Return the bytes with this digest. Raises KeyError if there are none."""


@dataclass(frozen=True)
class Workbench:
    """The resources a tool may use. They are set by the door, never by the caller of the tool."""

    delivery: str
    service: str
    story: str
    """Id of the story."""
    stack: str
    when: datetime
    """When the delivery was opened. All of its commits have this time, so that identical content gets
    identical commit ids."""
    repository: Path
    """The service's git repository."""
    workspace: Path
    """Working files of this delivery; contains no `.git`."""
    home: Path
    """Folder in which the crew stores its data."""
    artifacts: Artifacts
    redact: Redactor
    """Removes secrets from text that leaves the process, such as a commit message."""
    sandbox: Sandbox
    runtime: Runtime
    cache: Path
    """Folder of the services' installed environments, shared by all homes of this person."""
    ledger_head: Callable[[], str]
    """Returns the hash of the last row of the delivery's ledger; during a tool call, that is the intent of the call."""
    ledger: str = "none"
    """Id of the ledger that records the delivery, as written to the repository; each home has its own ledger."""
    secrets: dict[str, str] = field(default_factory=dict)
    """The service's own secrets, keyed by environment variable; no tool puts them into a result."""
    tests_written: Callable[[], frozenset[str]] = frozenset
    """Returns the paths that, according to the ledger, the testing agent has written in this delivery."""
    test_command: str = ""
    """The repository's own test command, as given by a person; "" means that it is detected automatically."""
    role: str = "crew"
    """The role that calls the tool. Like the two attributes below, it is set by the door for each call."""
    rationale: str = ""
    action: str = ""

    def note(self, name: str) -> Path:
        """Return the path of a file beside the workspace, where code that runs in the workspace cannot change it."""
        return self.workspace.with_name(f"{self.delivery}.{name}")


@dataclass(frozen=True)
class FactSources:
    """The sources from which the facts of a call are derived; the output of a model is never one of them."""

    bench: Workbench
    evidence: Callable[[str], dict[str, JsonValue]]
    """Returns the data and `action` id of a named tool's last result in this delivery; {} if there is none."""
    objections: Callable[[], JsonValue]
    """Returns the blocking findings in the last answer of each role, as sentences that name the role."""


@dataclass(frozen=True)
class Fact:
    """A named input to the policies that decide on a call."""

    name: str
    type: Literal["string", "array", "object", "boolean"]
    find: Callable[..., JsonValue]
    """Called as `find(sources, arguments)`. If it raises ToolError, the call is denied for the reason given."""
    enables: str = ""
    """Setting of the tool that enables the policy rules about this fact; "" if there is none."""
    required: bool = True
    """Whether policies deny a call that lacks this fact."""


@dataclass(frozen=True)
class Tool:
    """A typed function with a declared effect, and everything else that defines a tool."""

    name: str
    """Unique name in snake case, such as "run_tests"."""
    effect: Effect
    arguments: type[BaseModel]
    """Model of the arguments. Its docstring and field descriptions document the tool for language models."""
    run: Callable[..., ToolResult]
    """Called as `run(workbench, arguments)`."""
    roles: tuple[str, ...]
    """Roles that may call it: "crew" is the state machine, "testing/examples" the second task of the testing role."""
    facts: tuple[Fact, ...] = ()
    """The facts that policies need about a call."""
    probe: Callable[..., ToolResult | None] | None = None
    """Called as `probe(workbench, arguments)` after a crash between intent and outcome. Returns the result if the
    effect took place, else None. A tool without a probe can safely be run again."""
    after_compaction: bool = False
    """Whether the tool is offered only after older results have been removed from the transcript."""
