"""Deliveries as the ledger knows them: how one is opened, where it stands, how it ended."""

from __future__ import annotations

import json
import secrets
import shlex
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from crew.errors import BadInput
from crew.reading import texts
from crew.records.artifacts import ArtifactStore
from crew.records.canonical_json import canonical
from crew.records.graph_shapes import SHAPE, SHAPES
from crew.records.ledger import Ledger, Row
from crew.state import Status
from crew.stories import Story, StoryFile


class Terms(BaseModel):
    """What a delivery works with: it goes on with that too, unless a person says otherwise."""

    model_config = ConfigDict(frozen=True)

    model: str
    """URL of the model that plays it."""
    policies: str = ""
    """Absolute folder of the person's own policies; "" for none."""
    budget: str = ""
    """Its bounds, as `parse_budget` reads them; "" for none."""
    run_budget: str = ""
    """Bounds of its run, in the same way."""
    sandbox: str = ""
    """Name of the sandbox; "" for the best that works here."""
    policy_engine: str = "auto"
    record: str = ""
    """Absolute folder that its model calls are kept in; "" for none."""


class Opened(Terms):
    """What was wanted, by whom, and what it works with: the first row of a delivery, and what a resume changed."""

    delivery: str
    story: str
    """Id of the story."""
    title: str
    service: str
    repository: Path
    stack: str
    origin: str
    """"person", or the agent that wants it."""
    parent: str = ""
    """The delivery that this one is a part of; "" for none."""
    run: str
    """The run that it belongs to."""
    strict: bool
    ask: bool = False
    """Whether agents may ask a person."""
    test_command: str = ""
    """The repository's own test command; "" lets the crew find it."""
    shape: str
    """Shape of the version that opened it."""
    story_digest: str
    when: datetime

    @property
    def terms(self) -> Terms:
        """What it works with."""
        return Terms.model_validate({name: getattr(self, name) for name in Terms.model_fields})


class Closed(BaseModel):
    """How a delivery ended: its last row."""

    model_config = ConfigDict(frozen=True)

    status: Status
    reason: str
    pull_request: str = ""
    version: str = ""
    url: str = ""


class Waiting(BaseModel):
    """What a delivery waits for."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    """"approval" or "question"."""
    what: str


def open_delivery(
    ledger: Ledger,
    artifacts: ArtifactStore,
    file: StoryFile,
    story: Story,
    *,
    run: str,
    strict: bool,
    terms: Terms,
    ask: bool = False,
    test_command: str = "",
    origin: str = "person",
    parent: str = "",
) -> str:
    """Write the first row of a new delivery and return its id."""
    delivery = f"{story.id.lower()}-{secrets.token_hex(3)}"
    content = story.model_dump(mode="json") | {"slo": file.slo.model_dump(mode="json"), "stack": file.stack}
    stored = artifacts.put(canonical(content).encode())
    body: dict[str, JsonValue] = {
        "story": story.id,
        "title": story.title,
        "service": file.service,
        "repository": str(file.repository),
        "stack": file.stack,
        "origin": origin,
        "parent": parent,
        "run": run,
        "strict": strict,
        "ask": ask,
        "test_command": test_command,
        "shape": SHAPE,
        "artifacts": [stored],
    }
    ledger.append(delivery, "opened", "opened", body | terms.model_dump(mode="json"))
    return delivery


def go_on(ledger: Ledger, delivery: str, terms: Terms) -> None:
    """Write down what a delivery works with from here on, where that is something else than before."""
    before = opened(ledger, delivery).terms
    said: dict[str, str] = terms.model_dump(mode="json")
    changed = {name: value for name, value in said.items() if value != getattr(before, name)}
    if changed:
        text = ", ".join(f"{name} {value or 'not set'}" for name, value in changed.items())
        number = len(ledger.rows(delivery, "resumed")) + 1
        body: dict[str, JsonValue] = {**changed, "text": f"Goes on with another setting: {text}."}
        ledger.append(delivery, "resumed", f"resumed-{number}", body)


def opened(ledger: Ledger, delivery: str) -> Opened:
    """Return how a delivery began, and what it works with by now; raises BadInput for an id that is not in the
    ledger."""
    row = ledger.find(delivery, "opened", "opened")
    if row is None:
        known = ", ".join(ledger.deliveries()[-5:]) or "none yet"
        raise BadInput(f"There is no delivery {delivery!r}. The latest are: {known}.")
    (digest,) = texts(row.body["artifacts"])
    when = datetime.fromisoformat(row.at).replace(microsecond=0)
    said: dict[str, object] = {**row.body, "delivery": delivery, "story_digest": digest, "when": when}
    for each in ledger.rows(delivery, "resumed"):
        said |= {name: each.body[name] for name in Terms.model_fields if name in each.body}
    return Opened.model_validate(said)


def closed(ledger: Ledger, delivery: str) -> Closed | None:
    """Return how a delivery ended, or None if it did not yet."""
    row = ledger.find(delivery, "closed", "closed")
    return Closed.model_validate(row.body) if row else None


def story_of(artifacts: ArtifactStore, about: Opened) -> Story:
    """Return the story that a delivery is for."""
    content = json.loads(artifacts.get(about.story_digest))
    return Story.model_validate({name: content[name] for name in Story.model_fields})


def refusal(ledger: Ledger, about: Opened) -> str:
    """Return why this version cannot continue an unfinished delivery, and the command that fixes it; "" if it can."""
    if about.shape == SHAPE:
        return ""
    writer = "an earlier" if about.shape in SHAPES else "another"
    command = f"crew abandon {about.delivery} --home {shlex.quote(str(ledger.home))}"
    return (
        f"{about.delivery} ({about.story}) was started by {writer} version of Shipcrew, whose steps differ from this "
        f"version's, so it cannot be continued. Abandon it with `{command}`, which leaves alone what it has merged, "
        f"then start {about.story} again with `crew run`."
    )


def waiting(ledger: Ledger, delivery: str) -> list[Waiting]:
    """Return what a delivery has asked for and not been told."""
    answered = {row.key for row in ledger.rows(delivery, "answered")}
    return [_waiting(row) for row in ledger.rows(delivery, "asked") if row.key not in answered]


def asking(ledger: Ledger, name: str) -> str:
    """Return the delivery that waits for an approval or question of this id. Raises BadInput."""
    found = [each.delivery for each in unfinished(ledger) if ledger.find(each.delivery, "asked", name)]
    if not found:
        raise BadInput(f"Nothing waits for {name!r}. `crew status` says what waits for whom.")
    return found[0]


def unfinished(ledger: Ledger) -> list[Opened]:
    """Return the deliveries that have not ended, in the order they were opened."""
    return [opened(ledger, each) for each in ledger.deliveries() if closed(ledger, each) is None]


def of_run(ledger: Ledger, run: str) -> list[str]:
    """Return the ids of a run's deliveries, in the order they were opened."""
    return [each for each in ledger.deliveries() if opened(ledger, each).run == run]


def blocked_by(ledger: Ledger, about: Opened) -> str:
    """Return the earlier delivery to the same repository that has not ended; "" if there is none."""
    for each in unfinished(ledger):
        if each.delivery == about.delivery:
            return ""
        if each.repository == about.repository:
            return each.delivery
    return ""


def _waiting(row: Row) -> Waiting:
    if row.body.get("kind") == "question":
        return Waiting(id=row.key, kind="question", what=str(row.body["text"]))
    return Waiting(id=row.key, kind="approval", what=" ".join(texts(row.body["reasons"])))
