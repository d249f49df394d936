"""The knowledge state that one delivery hands from agent to agent: small JSON values, ids and digests.

Documents, diffs, reports and logs live in the artifact store. Every field may be missing until the node
that knows it has run. Node names and field names are an on-disk format: checkpoints of unfinished
deliveries hold them."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict, TypeVar

from pydantic import JsonValue

RoleName = Literal[
    "design", "code", "testing", "governance", "performance", "deployment", "reliability", "cost"
]
Status = Literal["delivered", "waiting", "stopped", "failed"]


V = TypeVar("V")


def merged(left: dict[str, V] | None, right: dict[str, V] | None) -> dict[str, V]:
    """Return both, the right one winning: how parallel roles write one field."""
    return (left or {}) | (right or {})


class CriterionState(TypedDict):
    """One acceptance criterion."""

    id: str
    text: str


class StoryState(TypedDict):
    """The story that is delivered."""

    id: str
    title: str
    story: str
    criteria: list[CriterionState]


class Ending(TypedDict):
    """How the delivery ends."""

    status: Status
    reason: str
    """One sentence; "" for a delivery that needs none."""


class DeliveryState(TypedDict, total=False):
    """What is known of one delivery."""

    delivery: str
    service: str
    story: StoryState
    story_digest: str
    """Artifact that holds the story."""
    strict: bool
    """Stop at the first criterion that is not covered."""
    ask: bool
    """Whether a person is there to be asked; else agents assume, and say what."""
    generated: bool
    """Whether the repository is the crew's own making, or still empty; else people made it."""
    by_hand: bool
    """Whether the code agent has to write files itself: custom operations, and repositories that people made."""
    origin: str
    """Who wants it: "person", or the agent that does."""
    base: str
    """Commit of the main branch that the delivery starts from; "" for a new repository."""
    base_tree: str
    start: str
    """Commit of the story's branch that the delivery starts from."""
    branch: str
    """The story's branch, without `refs/heads/`."""
    examples: str
    """Path of the example tests that were written before the code; "" if there are none."""
    test_context: dict[str, JsonValue]
    """What example tests can use; told to the agent that writes them, and not kept."""
    tree: str
    """Git tree of the workspace as last committed; test and scan evidence belong to it."""
    commit: str
    pull_request: str
    version: str
    """Merge commit on the main branch; "" until merged."""
    url: str
    """Where the service answers; "" until started."""
    repairs: int
    """How often the code agent was sent back."""
    visits: Annotated[dict[str, int], merged]
    """Role to how often it has been at work."""
    answers: Annotated[dict[str, JsonValue], merged]
    """Role to its last answer."""
    evidence: Annotated[dict[str, str], merged]
    """Name to the id of an action or artifact: what later rationales may rest on."""
    problems: Annotated[dict[str, str], merged]
    """Role to why it was stopped before it answered."""
    replies: Annotated[dict[str, dict[str, str]], merged]
    """Question id to `question`, its text, and `answer`, what a person said."""
    ending: Ending | None
