"""Deliveries as the ledger records them: how to open and load them, what they wait for and how they ended."""

from __future__ import annotations

import json
import secrets
import shlex
from datetime import datetime

from pydantic import BaseModel

from crew.errors import BadInput
from crew.records.artifacts import ArtifactStore
from crew.records.canonical_json import canonical
from crew.records.graph_shapes import SHAPE, SHAPES
from crew.records.ledger import Ledger
from crew.records.rows import Answered, Asked, Closed, Opening, Resumed
from crew.settings.terms import Terms
from crew.stories import Story, StoryFile


class Opened(Opening):
    """The first row of a delivery, updated with the settings it was last resumed with."""

    delivery: str
    story_digest: str
    when: datetime

    @property
    def terms(self) -> Terms:
        """The current settings of the delivery."""
        return Terms.model_validate({name: getattr(self, name) for name in Terms.model_fields})


class Waiting(BaseModel, frozen=True):
    """An approval or question that a delivery is waiting for."""

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
) -> str:
    """Write the first row of a new delivery and return its id."""
    delivery = f"{story.id.lower()}-{secrets.token_hex(3)}"
    content = story.model_dump(mode="json") | {"slo": file.slo.model_dump(mode="json"), "stack": file.stack}
    stored = artifacts.put(canonical(content).encode())
    opening = Opening(
        story=story.id,
        title=story.title,
        service=file.service,
        repository=file.repository,
        stack=file.stack,
        origin="person",
        run=run,
        strict=strict,
        ask=ask,
        test_command=test_command,
        shape=SHAPE,
        artifacts=(stored,),
        **terms.model_dump(),
    )
    ledger.append(delivery, "opened", opening)
    return delivery


def change_terms(ledger: Ledger, delivery: str, terms: Terms) -> None:
    """Record the settings with which a delivery is resumed, if any differ from its current ones."""
    before = load_delivery(ledger, delivery).terms.model_dump()
    changed = {name: value for name, value in terms.model_dump().items() if value != before[name]}
    if changed:
        text = ", ".join(
            "settings of the model" if name == "settings" else f"{name} {value or 'not set'}"
            for name, value in changed.items()
        )
        number = len(ledger.rows(delivery, Resumed)) + 1
        resumed = Resumed(text=f"Continues with other settings: {text}.", **changed)
        ledger.append(delivery, f"resumed-{number}", resumed)


def load_delivery(ledger: Ledger, delivery: str) -> Opened:
    """Return a delivery's first row with its current settings; raises BadInput for an id that is not in the ledger."""
    row = ledger.find(delivery, Opening, "opened")
    if row is None:
        known = ", ".join(ledger.deliveries()[-5:]) or "none yet"
        raise BadInput(f"Unknown delivery {delivery!r}. The latest are: {known}.")
    (digest,) = row.body.artifacts
    when = datetime.fromisoformat(row.at).replace(microsecond=0)
    about = Opened(**vars(row.body), delivery=delivery, story_digest=digest, when=when)
    for resumed in ledger.rows(delivery, Resumed):
        about = about.model_copy(update=resumed.body.changed)
    return about


def ending_of(ledger: Ledger, delivery: str) -> Closed | None:
    """Return how a delivery ended, or None if it has not ended yet."""
    row = ledger.find(delivery, Closed, "closed")
    return row.body if row else None


def story_of(artifacts: ArtifactStore, about: Opened) -> Story:
    """Return the story of a delivery from the artifact store."""
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
    """Return the approvals and questions of a delivery that have not been answered."""
    answered = {row.key for row in ledger.rows(delivery, Answered)}
    return [
        Waiting(id=row.key, kind=row.body.kind, what=row.body.what)
        for row in ledger.rows(delivery, Asked)
        if row.key not in answered
    ]


def asking(ledger: Ledger, name: str) -> str:
    """Return the unfinished delivery with the given approval or question id; raises BadInput if there is none."""
    found = [each.delivery for each in unfinished(ledger) if ledger.find(each.delivery, Asked, name)]
    if not found:
        raise BadInput(f"No delivery is waiting for {name!r}. `crew status` shows what is waiting.")
    return found[0]


def unfinished(ledger: Ledger) -> list[Opened]:
    """Return all deliveries that have not ended, in the order in which they were opened."""
    return [load_delivery(ledger, each) for each in ledger.deliveries() if ending_of(ledger, each) is None]


def of_run(ledger: Ledger, run: str) -> list[str]:
    """Return the ids of a run's deliveries, in the order in which they were opened."""
    return [each for each in ledger.deliveries() if load_delivery(ledger, each).run == run]


def blocked_by(ledger: Ledger, about: Opened) -> str:
    """Return the id of an earlier, unfinished delivery to the same repository, or "" if there is none."""
    for each in unfinished(ledger):
        if each.delivery == about.delivery:
            return ""
        if each.repository == about.repository:
            return each.delivery
    return ""
