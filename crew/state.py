"""The state that a delivery passes from agent to agent: small JSON values, ids and digests.

Documents, diffs, reports and logs are kept in the artifact store. A field may be missing until the node that
sets it has run. The names of nodes and fields are an on-disk format, since checkpoints of unfinished
deliveries contain them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict, TypeVar

from pydantic import JsonValue

RoleName = Literal[
    "design", "code", "testing", "governance", "performance", "deployment", "reliability", "cost"
]
Status = Literal["delivered", "waiting", "stopped", "failed"]


V = TypeVar("V")


def merged(left: dict[str, V] | None, right: dict[str, V] | None) -> dict[str, V]:
    """Return the union of both dicts, with `right` taking precedence; lets parallel roles write the same field."""
    return (left or {}) | (right or {})


class CriterionState(TypedDict):
    """One acceptance criterion."""

    id: str
    text: str


class StoryState(TypedDict):
    """The story that is being delivered."""

    id: str
    title: str
    story: str
    criteria: list[CriterionState]


class Ending(TypedDict):
    """How a delivery ended."""

    status: Status
    reason: str
    """The reason in one sentence; "" if none is needed."""


class DeliveryState(TypedDict, total=False):
    """The fields that the nodes of the delivery graph read and write."""

    delivery: str
    service: str
    story: StoryState
    story_digest: str
    """Digest of the artifact that contains the story."""
    strict: bool
    """Whether to stop at the first criterion that is not covered."""
    ask: bool
    """Whether a person can be asked; otherwise agents make assumptions and report them."""
    generated: bool
    """Whether the repository is a generated project or still empty; False for an existing project."""
    by_hand: bool
    """Whether the code agent has to write files itself, as for custom operations and existing projects."""
    origin: str
    """Who requested the delivery: "person", or the name of an agent."""
    base: str
    """Commit on the main branch that the delivery starts from; "" for a new repository."""
    base_tree: str
    start: str
    """Commit on the story's branch that the delivery starts from."""
    branch: str
    """The story's branch, without `refs/heads/`."""
    examples: str
    """Path of the example tests that were written before the code; "" if there are none."""
    test_context: dict[str, JsonValue]
    """What example tests can use; passed to the agent that writes them, then discarded."""
    tree: str
    """Git tree of the last commit of the workspace, to which the test and scan results belong."""
    commit: str
    pull_request: str
    version: str
    """Merge commit on the main branch; "" until the change is merged."""
    url: str
    """Base URL of the running service; "" until it is started."""
    repairs: int
    """Number of times the code agent was told to repair its code."""
    returns: int
    """Number of times the code agent's blocking findings were returned to the design agent."""
    objections: list[str]
    """The code agent's blocking findings that the design agent has to resolve; empty if there are none."""
    rejected_design: str
    """Digest of the design that the code agent objected to."""
    updates: int
    """Number of times new commits on the main branch were merged into the story's branch."""
    moved: str
    """New commit on the main branch that has to be merged into the story's branch; "" if there is none."""
    visits: Annotated[dict[str, int], merged]
    """Maps each role to its number of attempts."""
    answers: Annotated[dict[str, JsonValue], merged]
    """Maps each role to its last answer, and "linters" to the problems that they report in the tree."""
    evidence: Annotated[dict[str, str], merged]
    """Maps names to ids of actions or artifacts that later rationales may cite."""
    problems: Annotated[dict[str, str], merged]
    """Maps each role that was stopped before it answered to the reason."""
    replies: Annotated[dict[str, dict[str, str]], merged]
    """Maps each question's id to its text, `question`, and the person's reply, `answer`."""
    ending: Ending | None
