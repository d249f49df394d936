"""A tool and its result.

What a model can fix is a `ToolResult` with a stable code; what it cannot is an exception.
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
"""Who may read the workspace, in the form of `Tool.roles`."""


class ToolResult(BaseModel, frozen=True, extra="forbid"):
    """The result of a tool call."""

    ok: bool
    code: str
    """Stable, snake_case, for machines: "ok", "not_found", "tests_failed"."""
    summary: str
    """One sentence that says what happened and, if not ok, how to fix it."""
    data: dict[str, JsonValue] = {}
    """Facts, a few KB at most. Bulk goes into `artifacts`."""
    artifacts: dict[str, str] = {}
    """Name to artifact digest, of what the tool put into the artifact store."""


def success(
    summary: str, code: str = "ok", artifacts: dict[str, str] | None = None, **data: JsonValue
) -> ToolResult:
    """Return the result of a call that did its work; the keyword arguments become its `data`."""
    return ToolResult(ok=True, code=code, summary=summary, data=data, artifacts=artifacts or {})


def failure(code: str, summary: str, **data: JsonValue) -> ToolResult:
    """Return the result of a call that the caller can fix, as the summary says; keyword arguments as for `success`."""
    return ToolResult(ok=False, code=code, summary=summary, data=data)


class Finding(BaseModel, frozen=True, extra="forbid"):
    """An objection to a change, in the form in which `ToolResult.data` lists it."""

    severity: Literal["note", "warning", "blocking"]
    what: str
    file: str = ""
    line: int = 0
    """From 1; 0 means the whole file."""


def as_data(findings: Iterable[BaseModel]) -> list[JsonValue]:
    """Return models as the JSON of a result, without members that are at their default."""
    return [finding.model_dump(mode="json", exclude_defaults=True) for finding in findings]


class Artifacts(Protocol):
    """Content-addressed storage of documents, diffs, reports and logs."""

    def put(self, content: bytes) -> str:
        """Store the bytes and return their digest, "sha256:..."; storing them again changes nothing."""

    def get(self, digest: str) -> bytes:
        """Return the bytes, or raise KeyError."""


@dataclass(frozen=True)
class Workbench:
    """What a tool may touch: set by the door, never chosen by the caller of the tool."""

    delivery: str
    service: str
    story: str
    """Id of the story."""
    stack: str
    when: datetime
    """When the delivery was opened: the time of every commit it makes, so that the same work has the same
    id."""
    repository: Path
    """The service's git repository."""
    workspace: Path
    """Working files of this delivery; holds no `.git`."""
    home: Path
    """Folder of everything that the crew stores."""
    artifacts: Artifacts
    redact: Redactor
    """For texts that a tool sends elsewhere: a commit message."""
    sandbox: Sandbox
    runtime: Runtime
    cache: Path
    """Environments of services, shared by all homes of this person."""
    ledger_head: Callable[[], str]
    """Hash of the last row of the delivery's ledger: while a tool runs, that of its own intent."""
    ledger: str = "none"
    """Id of the ledger that holds the delivery, for the repository to name; another home has another one."""
    secrets: dict[str, str] = field(default_factory=dict)
    """The service's own secrets by environment name; no tool puts them into a result."""
    tests_written: Callable[[], frozenset[str]] = frozenset
    """Paths that the testing agent has written in this delivery, as the ledger says."""
    test_command: str = ""
    """The repository's own test command, as given by a person; "" means that it is detected."""
    role: str = "crew"
    """Who acts: set by the door for each call, like the two below."""
    rationale: str = ""
    action: str = ""

    def note(self, name: str) -> Path:
        """Return a file of the delivery beside the workspace, which code that runs there must not change."""
        return self.workspace.with_name(f"{self.delivery}.{name}")


@dataclass(frozen=True)
class FactSources:
    """Where the facts of a call are found; none of them is taken from what a model says."""

    bench: Workbench
    evidence: Callable[[str], dict[str, JsonValue]]
    """The data and the `action` id of the last result of a tool in this delivery; {} if there is none."""


@dataclass(frozen=True)
class Fact:
    """Something that policies judge a call by."""

    name: str
    type: Literal["string", "array", "object", "boolean"]
    find: Callable[..., JsonValue]
    """Called as `find(sources, arguments)`. A ToolError says why it cannot be found, and denies the call."""
    enables: str = ""
    """Setting of the tool that makes policies apply the rules about this fact; "" for none."""
    required: bool = True
    """Whether policies deny a call without it."""


@dataclass(frozen=True)
class Tool:
    """A typed function with a declared effect: all that has to be written for a new tool."""

    name: str
    """Snake case, unique: "run_tests"."""
    effect: Effect
    arguments: type[BaseModel]
    """Its docstring tells a model what the tool is for, its fields' descriptions what to put in."""
    run: Callable[..., ToolResult]
    """Called as `run(workbench, arguments)`."""
    roles: tuple[str, ...]
    """Who may call it: roles, "crew" for the state machine; "testing/examples" is a second task of a role."""
    facts: tuple[Fact, ...] = ()
    """What policies have to know about a call."""
    probe: Callable[..., ToolResult | None] | None = None
    """Called as `probe(workbench, arguments)` after a crash between intent and outcome: the result if the
    effect is there, None if it is not. None instead of a probe means that running it again is harmless."""
    after_compaction: bool = False
    """Whether it is offered only while older results are left out of the transcript."""
