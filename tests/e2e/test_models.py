"""Whole deliveries with models over the wire that give up, are killed, run out of budget or are changed for others."""

from __future__ import annotations

import json
import shlex
import threading
from collections import Counter
from typing import Any

import pytest

from crew.brief import Brief, read_brief
from crew.models.offline import OfflineModel
from crew.playbooks import PLAYBOOKS
from tests.crew.models.forms import Body, Say
from tests.crew.models.server import Silence, Status, Step, checked, heard, said, say, serving
from tests.crew.models.wired import KEY
from tests.e2e.conftest import STORIES, Kiosk

UNAUTHORISED = Status(401, f"Bearer {KEY} may not, \x1b]0;owned\x07 really")


def right(body: Body) -> Say:
    """Return what the playbook of the role says."""
    message = OfflineModel(playbooks=PLAYBOOKS)._generate(heard(checked(body))).generations[0].message
    return said(message)  # type: ignore[arg-type]


def brief(body: Body) -> Brief:
    """Return what the role was told."""
    return read_brief(heard(body)[1])


def call(body: Body, tool: str, **arguments: Any) -> Say:
    """Return a call whose reasons are in order."""
    evidence = list(brief(body).evidence.values())
    return say(tool, arguments | {"rationale": "The story asks for it.", "evidence": evidence})


def rows(kiosk: Kiosk, *kinds: str) -> list[dict[str, Any]]:
    """Return rows of the ledger."""
    found = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
    return [row for row in found if row["kind"] in kinds]


def configure(kiosk: Kiosk, url: str, model: str) -> None:
    """Write settings for models of a server that are asked once each."""
    path = kiosk.folder / "crew.toml"
    path.write_text(f'[model]\nbase_url = "{url}"\nattempts = 1\ncorrections = 1\n{model}')


def clean(kiosk: Kiosk, printed: list[str]) -> None:
    """Look for the key, and for what would take a terminal over, wherever it could have been left."""
    kept = [(each, each.read_bytes()) for each in kiosk.home.rglob("*") if each.is_file()]
    assert [each for each, content in kept if KEY[:12].encode() in content] == []
    assert [each for each in printed if KEY[:12] in each or "\x1b" in each] == []


@pytest.mark.slow
def test_the_next_model_begins_where_the_role_began(kiosk: Kiosk) -> None:
    seen: list[list[str]] = []

    def answer(body: Body) -> Step:
        step = len(heard(checked(body))) // 2
        if body["model"] == "first":
            steps = (
                call(body, "write_file", path="app/leak.py", content="LEAK = 1\n"),
                call(body, "commit", message="Leak\n\nOf the first model."),
                UNAUTHORISED,
            )
            return steps[step - 1]
        if step == 1:
            return call(body, "list_files")
        seen.append(json.loads(str(heard(body)[-1].content))["data"]["files"])
        return UNAUTHORISED

    path = kiosk.write(STORIES)
    with serving(answer) as server:
        fallback = 'fallback = ["openai:second", "offline"]\n[model.roles]\ncode = "openai:first"\n'
        configure(kiosk, server.url, fallback)
        out = kiosk.crew("run", str(path), OPENAI_API_KEY=KEY)
        assert [body["model"] for body in server.bodies] == ["first"] * 3 + ["second"] * 2
    assert "openai:second plays the code agent next." in out
    assert "offline plays the code agent next." in out
    passed_on = [
        (row["body"]["from"], row["body"]["to"], row["body"]["visit"]) for row in rows(kiosk, "fallback")
    ]
    assert passed_on == [("openai:first", "openai:second", 1), ("openai:second", "offline", 2)]
    intents = [row["body"] for row in rows(kiosk, "intent")]
    resets = [each["arguments"] for each in intents if each["tool"] == "reset_workspace"]
    assert [each["before"] for each in resets] == ["code-2", "code-3"]
    assert "app/leak.py" not in seen[0]
    assert [each["ok"] for each in (row["body"] for row in rows(kiosk, "outcome")) if each["tool"] == "commit"] == [
        True, True,
    ]  # fmt: skip
    # Neither its files nor its commit came to main.
    assert "leak" not in kiosk.git("ls-tree", "-r", "--name-only", "main")
    assert "Leak" not in kiosk.git("log", "--format=%s", "main")
    assert "no row was changed or removed" in kiosk.crew("ledger", "verify")
    clean(kiosk, [out])


@pytest.mark.slow
def test_killed_bounded_and_given_up_a_delivery_goes_on(kiosk: Kiosk) -> None:
    arrived, dead = threading.Event(), threading.Event()

    def answer(body: Body) -> Step:
        role, step = brief(body).role, len(heard(checked(body))) // 2
        if (role, step) == ("design", 2) and not dead.is_set():
            arrived.set()
            return Silence()
        if (role, step, body["model"]) == ("code", 3, "first"):
            return UNAUTHORISED
        return right(body)

    path, printed = kiosk.write(STORIES), list[str]()
    with serving(answer) as server:
        configure(kiosk, server.url, 'url = "openai:first"\n')
        with kiosk.start("run", str(path), OPENAI_API_KEY=KEY) as process:
            assert arrived.wait(300)
            process.kill()
            process.communicate()
        dead.set()

        def crew(*words: str) -> str:
            printed.append(kiosk.crew(*words, expect=1, OPENAI_API_KEY=KEY))
            return printed[-1]

        bounded = crew("resume", "--budget", "steps=5")
        assert "5 of 5 model calls" in bounded
        assert "The interrupted model call is being repeated." in bounded
        given_up = crew(*shlex.split(bounded.strip().rpartition(": crew ")[2]))
        assert "No model is left to play the code agent." in given_up
        assert "tries again, with another model if you give --model" in given_up
        assert "9 of 9 model calls" in crew("resume", "--model", "openai:other", "--budget", "steps=9")
        assert len(server.bodies) == 9
        printed.append(kiosk.crew("resume", "--model", "offline"))
        assert len(server.bodies) == 9

    calling = rows(kiosk, "calling")
    assert [row["key"] for row in calling if row["body"].get("again")] == ["m-design-1-2-2"]
    assert [row["key"] for row in calling[:9]] == [
        "m-design-1-1-1", "m-design-1-2-1", "m-design-1-2-2", "m-design-1-3-1",
        "m-code-1-1-1", "m-code-1-2-1", "m-code-1-3-1", "m-code-2-1-1", "m-code-2-2-1",
    ]  # fmt: skip
    assert [(row["body"]["from"], row["body"]["to"]) for row in rows(kiosk, "fallback")] == [
        ("openai:first", ""), ("openai:other", "offline"),
    ]  # fmt: skip
    counted = Counter(
        (row["kind"], row["key"]) for row in rows(kiosk, "calling", "model", "intent", "outcome")
    )
    assert max(counted.values()) == 1
    intents = [row["body"] for row in rows(kiosk, "intent")]
    resets = [each["arguments"]["before"] for each in intents if each["tool"] == "reset_workspace"]
    assert resets == ["code-2", "code-3"]
    assert rows(kiosk, "closed")[0]["body"]["status"] == "delivered"
    assert "no row was changed or removed" in kiosk.crew("ledger", "verify")
    clean(kiosk, printed)


NAMING = """\
service: kiosk
stories:
  - id: KIO-1
    title: Papers
    acceptance:
      - A paper has a title (text, up to 80 characters) and a price (money, at least 0).
      - "`POST /papers` of a valid paper returns 201 Created, and `GET /papers/{paper_id}` gives it back."
      - "`PUT /paper` with a price over 100 is answered with status 400."
      - The price of a paper is never over 5000, else it is refused with a 422.
      - A paper is refused with 422 and the message "Too dear".
"""
WORDINGS = {
    "KIO-1.2": ["Papers can be created, listed and read."],
    "KIO-1.3": ["Creating a paper with a price over 100 is rejected with 422."],
    "KIO-1.4": ["Creating a paper with a price over 500 is rejected with 422."],
    "KIO-1.5": ["Creating a paper with a price over 200 is rejected with 422."],
}


@pytest.mark.slow
def test_what_the_service_does_not_have_is_not_covered(kiosk: Kiosk) -> None:
    def answer(body: Body) -> Step:
        step = right(body)
        (_, tool, arguments), *_ = step.calls
        if tool != "settle_blueprint":
            return step
        wordings = [{"id": id_, "sentences": sentences} for id_, sentences in WORDINGS.items()]
        return say(tool, json.loads(arguments) | {"wordings": wordings})

    path = kiosk.write(NAMING)
    with serving(answer) as server:
        configure(kiosk, server.url, 'url = "openai:first"\n')
        out = kiosk.crew("run", str(path), OPENAI_API_KEY=KEY)
    (closed,) = rows(kiosk, "closed")
    assert closed["body"]["status"] == "delivered"
    assert "[x] KIO-1.1 " in out
    assert "[x] KIO-1.2 " in out
    assert (
        "not covered: it names PUT /paper; covered by POST /papers; it names status 400; the test asserts 422"
        in out
    )
    assert "not covered: it names 5000, which neither its operations nor its tests contain" in out
    assert 'not covered: it names "Too dear", which neither its operations nor its tests contain' in out
    (request,) = [row["body"] for row in rows(kiosk, "intent") if row["body"]["tool"] == "open_pull_request"]
    assert request["arguments"]["description"].count("\n  not covered: it names ") == 3
