"""Run deliveries from opening to closing: the graph and its checkpoints, one process and one story at a time."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, Interrupt

from crew.app import AppContext, delivery_context, workbench
from crew.commands.crash_report import crash_error
from crew.delivery_context import DeliveryContext
from crew.errors import BadInput, CrewError, LedgerDamaged, Stopped, WrittenLater
from crew.knowledge.project import catch_up
from crew.printable import say
from crew.records.checkpoints import open_saver
from crew.records.deliveries import (
    Opened,
    blocked_by,
    change_terms,
    ending_of,
    load_delivery,
    open_delivery,
    refusal,
    story_of,
    unfinished,
)
from crew.records.home_ledger import OPENING
from crew.records.lease import lease, owner_of
from crew.records.rows import Asked, Closed, Paused
from crew.records.verify import damage_text, verify_delivery
from crew.state import DeliveryState, StoryState
from crew.stories import StoryFile
from graphs.approval import Reply
from graphs.delivery import Graph, delivery_graph
from tools.errors import ToolError, TryLater
from tools.projects.ledger_anchors import State, anchor

NODES_AT_MOST = 100
"""Maximum number of nodes that run in one delivery; its other limits end it long before this one."""


def begin(app: AppContext, file: StoryFile) -> list[str]:
    """Open a delivery for every story of a file, and return their ids in order.

    Raises BadInput, before anything is written, if a story already has an unfinished delivery, or if the repository
    has one that this version cannot continue. Raises LeaseTaken if another process is opening deliveries.
    """
    with lease(app.settings.home / "leases", OPENING):
        open_ones = [each for each in unfinished(app.ledger) if each.repository == file.repository]
        for each in open_ones:
            if why := refusal(app.ledger, each):
                raise BadInput(why)
            if any(story.id == each.story for story in file.stories):
                raise BadInput(
                    f"{each.story} has a delivery that has not ended, {each.delivery}. "
                    f"Continue it (crew resume {each.delivery}), or abandon it (crew abandon {each.delivery})."
                )
        if app.recorder:
            for story in file.stories:
                app.recorder.check(file.service, story.id)
        run = f"run-{secrets.token_hex(3)}"
        # All or nothing: otherwise, a run killed halfway would be resumed without its later stories.
        with app.ledger.together():
            begun = [
                open_delivery(
                    app.ledger,
                    app.artifacts,
                    file,
                    story,
                    run=run,
                    strict=app.settings.strict,
                    ask=app.settings.ask,
                    test_command=app.settings.test_command,
                    terms=app.settings.terms,
                )
                for story in file.stories
            ]
    for delivery in begun:
        app.bus.publish(app.ledger.rows(delivery)[0])
    return begun


def deliver(app: AppContext, delivery: str, reply: tuple[str, Reply] | None = None) -> Closed:
    """Run a delivery until it ends or has to wait, and return its status.

    `reply` is the id of an approval or question, with a person's reply to it. Every status but "waiting" is final.
    Raises BadInput if nothing waits for the reply, LeaseTaken if another process is running the delivery, and
    Stopped if it cannot be continued.
    """
    about = load_delivery(app.ledger, delivery)
    with lease(app.settings.home / "leases", delivery):
        ended = ending_of(app.ledger, delivery)
        if ended is None and (why := refusal(app.ledger, about)):
            raise Stopped(why)
        blocker = blocked_by(app.ledger, about) if ended is None else ""
        if reply and (ended or blocker):
            why = f"it is {ended.status}" if ended else f"it waits for {blocker}"
            raise BadInput(f"{delivery} does not wait for {reply[0]}: {why}.")
        if blocker:
            _anchor(app, about, "waiting")
            return Closed(status="waiting", reason=f"It waits for {blocker}.")
        if ended is None:
            _start_work(app, about)
            try:
                with app.telemetry.delivery(delivery, about.service) as span:
                    ended = _advance(app, about, reply)
                    span.set(outcome=ended.status)
            except BaseException:
                _anchor(app, about, "waiting")
                raise
            if ended.status == "waiting":
                _anchor(app, about, "waiting")
                return ended
            # Leave the anchor as "running", which allows for the closing row, until `_put_away` replaces it.
            _close(app, about, ended)
        _put_away(app, about)
    _remember(app)
    return ended


def take_up(app: AppContext, deliveries: list[str]) -> None:
    """Record the current settings for these deliveries, so that later resumes use them as well.

    Deliveries that have ended or that another process is running are left unchanged.
    """
    leases = app.settings.home / "leases"
    for each in deliveries:
        if ending_of(app.ledger, each) is None and owner_of(leases, each) is None:
            _start_work(app, load_delivery(app.ledger, each))
            change_terms(app.ledger, each, app.settings.terms)


def open_ends(app: AppContext) -> list[str]:
    """Return the deliveries, oldest first, that can be continued or that have ended but still have checkpoints."""
    with closing(open_saver(app.settings.home / "checkpoints.db").conn) as connection:
        left = {str(name) for (name,) in connection.execute("SELECT DISTINCT thread_id FROM checkpoints")}
    going = unfinished(app.ledger)
    refused = {each.delivery for each in going if refusal(app.ledger, each)}
    wanted = {each.delivery for each in going} | left
    return [each for each in app.ledger.deliveries() if each in wanted - refused]


def abandon(app: AppContext, delivery: str, who: str) -> Closed:
    """Close an unfinished delivery; whatever it has merged stays merged. Raises BadInput if it has already ended."""
    about = load_delivery(app.ledger, delivery)
    with lease(app.settings.home / "leases", delivery):
        if before := ending_of(app.ledger, delivery):
            raise BadInput(f"{delivery} has ended already: {before.status}.")
        _anchor(app, about, "running")
        ended = Closed(status="stopped", reason=f"{who} abandoned it.")
        _close(app, about, ended)
        _put_away(app, about)
    _remember(app)
    return ended


def _start_work(app: AppContext, about: Opened) -> None:
    """Mark the delivery as running in its repository; raises LedgerDamaged if its records are not intact."""
    damages = verify_delivery(app.settings.home, app.ledger, about.delivery)
    if damages:
        raise LedgerDamaged(damage_text(app.settings.home, damages))
    _anchor(app, about, "running")


def _anchor(app: AppContext, about: Opened, state: State) -> None:
    """Record the end of the chain in the repository's refs, so that it is also stored outside the ledger file."""
    anchor(workbench(app, about), app.ledger.hashes(about.delivery), state)


def _advance(app: AppContext, about: Opened, reply: tuple[str, Reply] | None) -> Closed:
    saver = open_saver(app.settings.home / "checkpoints.db")
    if app.recorder:
        app.recorder.begin(about.service, about.story, about.delivery)
    try:
        context = delivery_context(app, about)
        state = _invoke(delivery_graph(context, saver), context, app, about, reply)
    except Stopped as error:
        if not isinstance(error, LedgerDamaged | WrittenLater):
            _pause(context, about.delivery, str(error))
        raise
    except TryLater as error:
        command = "" if "crew resume" in str(error) else f" Then `crew resume {about.delivery}` continues."
        why = f"{' '.join(str(error).split())}{command}"
        _pause(context, about.delivery, why)
        raise Stopped(why) from error
    except (ToolError, CrewError) as error:
        if isinstance(error, BadInput):
            raise
        return Closed(status="failed", reason=str(error))
    except Exception as error:
        # A bug in the crew does not end a delivery, which stays open and can be continued once the bug is fixed.
        raise crash_error(error, app.settings.home, f"crew resume {about.delivery}") from error
    finally:
        saver.conn.close()
    return state


def _pause(context: DeliveryContext, delivery: str, why: str) -> None:
    """Record the first line of `why` as the reason why a delivery that stays open cannot continue."""
    number = len(context.ledger.rows(delivery, Paused)) + 1
    context.bus.publish(context.ledger.append(delivery, f"paused-{number}", Paused(text=why.splitlines()[0])))


def _invoke(
    graph: Graph, context: DeliveryContext, app: AppContext, about: Opened, reply: tuple[str, Reply] | None
) -> Closed:
    config: RunnableConfig = {"configurable": {"thread_id": about.delivery}, "recursion_limit": NODES_AT_MOST}
    before = graph.get_state(config)
    given: Any = None if before.values else _first_state(app, about)
    if before.interrupts:
        moved = context.main_commit() not in ("", before.values.get("base"))
        superseded = _superseded(before.interrupts) if moved else None
        given = _resumption(
            before.interrupts, reply or superseded or _answered_by_flag(app, before.interrupts)
        )
        if given is None:
            return Closed(status="waiting", reason=_asked(before.interrupts))
    elif reply:
        raise BadInput(f"{about.delivery} does not wait for {reply[0]}.")
    out = graph.invoke(given, config, durability="sync", version="v2")
    if out.interrupts:
        _ask(app, about, out.interrupts)
        return Closed(status="waiting", reason=_asked(out.interrupts))
    state: DeliveryState = out.value
    ending = state.get("ending") or {"status": "delivered", "reason": ""}
    return Closed(
        status=ending["status"],
        reason=ending["reason"],
        pull_request=state.get("pull_request", ""),
        version=state.get("version", ""),
        url=state.get("url", ""),
    )


def _first_state(app: AppContext, about: Opened) -> DeliveryState:
    story = story_of(app.artifacts, about)
    return {
        "delivery": about.delivery,
        "service": about.service,
        "story": cast(StoryState, story.model_dump(mode="json")),
        "story_digest": about.story_digest,
        "strict": about.strict,
        "ask": about.ask,
        "origin": about.origin,
    }


def _resumption(pending: tuple[Interrupt, ...], reply: tuple[str, Reply] | None) -> Command[Any] | None:
    if reply is None:
        return None
    name, said = reply
    for each in pending:
        if each.value["id"] == name:
            is_question = each.value["kind"] == "question"
            if (said.kind == "answer") != is_question:
                wanted = "a question: use --answer" if is_question else "an approval: use --approve"
                raise BadInput(f"{name} is {wanted}.")
            return Command(resume={each.id: said.model_dump(mode="json") | {"to": name}})
    known = ", ".join(each.value["id"] for each in pending)
    raise BadInput(f"Nothing is waiting for {name!r}; pending: {known}.")


def _superseded(pending: tuple[Interrupt, ...]) -> tuple[str, Reply] | None:
    """Return the reply to a pending approval of a merge, for use when main has changed; None if none is pending."""
    text = "main has changed; the approval is requested again for the new tree."
    for each in pending:
        if each.value["kind"] == "approval" and each.value["tool"] == "merge":
            return each.value["id"], Reply(kind="superseded", by="the crew", text=text)
    return None


def _answered_by_flag(app: AppContext, pending: tuple[Interrupt, ...]) -> tuple[str, Reply] | None:
    """Return the approval that `--yes` gives to a pending request; None if no pending request allows that."""
    for each in pending:
        if app.settings.yes and each.value["kind"] == "approval" and each.value["answerable"]:
            return each.value["id"], Reply(kind="approve", by="--yes")
    return None


def _ask(app: AppContext, about: Opened, pending: tuple[Interrupt, ...]) -> None:
    # The door records approvals; questions are recorded only here.
    for each in pending:
        if each.value["kind"] == "question":
            body = Asked(kind="question", text=each.value["text"])
            app.bus.publish(app.ledger.append(about.delivery, each.value["id"], body))


def _asked(pending: tuple[Interrupt, ...]) -> str:
    parts = []
    for asked in (each.value for each in pending):
        what = asked["text"] if asked["kind"] == "question" else " ".join(asked["reasons"])
        parts.append(f"{asked['id']}: {what}")
    return " ".join(parts)


def _close(app: AppContext, about: Opened, ended: Closed) -> None:
    ledger = app.ledger.with_redactor(workbench(app, about).redact)
    app.bus.publish(ledger.append(about.delivery, "closed", ended))


def _put_away(app: AppContext, about: Opened) -> None:
    """Anchor the end of the chain, then delete the checkpoints.

    The order matters: as long as checkpoints exist, `open_ends` returns the delivery, and this is done again.
    """
    _anchor(app, about, "ended")
    saver = open_saver(app.settings.home / "checkpoints.db")
    saver.delete_thread(about.delivery)
    saver.conn.close()


def _remember(app: AppContext) -> None:
    """Update the knowledge graph; an error only causes a warning, since the graph can be rebuilt at any time."""
    home = app.settings.home
    try:
        catch_up(home, app.ledger, app.artifacts)
    except Exception as error:  # noqa: BLE001  the store raises bare RuntimeErrors
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        say(
            f"crew: the knowledge graph in {home} was not brought up to date ({why}). "
            "The next delivery will update it, or run: crew knowledge rebuild",
            err=True,
        )
