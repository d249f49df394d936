"""What differs from run to run has the same name in every run, and the way back is exact."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from crew.models.recordings import normalise
from crew.models.recordings.normalise import said_as_message
from crew.records.canonical_json import canonical
from tests.crew.models.conversations import ONE, TWO, Run, called, conversation, opening, outcome
from tools.redaction import Redactor

normalised = partial(normalise.normalised, redact=Redactor(()))
RUNS = st.builds(
    Run,
    seed=st.integers(0, 0xFFFFFF),
    home=st.sampled_from(["/home/ada/.crew", "/srv/x", "/tmp/pytest-1/home"]),
    port=st.integers(1_024, 65_535),
    seconds=st.floats(0, 5_000).map(lambda number: round(number, 1)),
)


def test_two_runs_look_alike() -> None:
    one, two = normalised(conversation(ONE)), normalised(conversation(TWO, call_id="call_xyz"))
    assert one.messages == two.messages
    assert one.digest == two.digest


def test_names_say_where_an_id_first_appears() -> None:
    messages = normalised(conversation(ONE)).messages
    (part,) = messages[1]["content"]
    assert part["json"]["delivery"] == "{brief.delivery}"
    assert part["json"]["evidence"] == {
        "story": "{brief.evidence.story}",
        "commit": "{brief.evidence.commit}",
    }
    assert part["json"]["facts"] == {"tree": "{brief.facts.tree}", "story_digest": "{brief.evidence.story}"}
    assert messages[3]["content"]["artifacts"] == {"report": "{result-1.artifacts.report}"}
    assert messages[3]["content"]["summary"] == (
        "Ran {brief.facts.tree:12} at <time> in <seconds>. It is merged as {result-1.summary}, serves at "
        "http://127.0.0.1:<port>/ from {home}/work/{brief.delivery}/app, <Paper at <address>>, request <uuid>."
    )
    assert messages[3]["content"]["data"] == {"tree": "{brief.facts.tree}", "seconds": "<seconds>"}
    assert messages[4]["content"] == "Tree {brief.facts.tree:12} passed, see {result-1.artifacts.report}."
    assert messages[5]["content"][1]["json"] == {"fetch": "{note-1.fetch}", "approval": "{note-1.approval}"}
    assert [each.get("call") or each["tool_calls"][0]["id"] for each in messages[2:4]] == ["call-1", "call-1"]


@given(RUNS)
def test_every_run_looks_alike(run: Run) -> None:
    assert canonical(normalised(conversation(run)).messages) == canonical(
        normalised(conversation(ONE)).messages
    )


@given(RUNS, st.integers(2, 6))
def test_a_conversation_that_goes_on_keeps_its_form(run: Run, length: int) -> None:
    whole = normalised(conversation(run))
    assert normalised(conversation(run)[:length]).messages == whole.messages[:length]


@pytest.mark.parametrize("old, new", [("30 s", "60 s"), ("testing agent", "tester")])
def test_the_prompt_and_the_story_are_taken_by_the_letter(old: str, new: str) -> None:
    first, second = opening(ONE, prompt="You are the testing agent. Wait 30 s.")
    for edited in (
        [SystemMessage(str(first.content).replace(old, new)), second],
        [first, HumanMessage(str(second.content).replace("30 s", "60 s"))],
    ):
        assert normalised(edited).digest != normalised([first, second]).digest


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                ONE.delivery,
                ONE.action("commit"),
                ONE.action("tested"),
                ONE.digest("report tested"),
                ONE.hex("tree", 40),
                ONE.hex("tree", 12),
                ONE.hex("tree", 9),
                ONE.hex("merge", 12),
                f"{ONE.home}/work/{ONE.delivery}/x.py",
                f"http://127.0.0.1:{ONE.port}/",
                "{result-1.action}",
                "{\\result-1.action}",
                "{\\\\brief.delivery}",
                "{result-1.action",
                "{brief.",
                "{home}",
                "{result-9.action:12}",
                "<seconds>",
                "3.4 s",
                "2026-01-02T10:00:00Z",
                "sha256:" + "0" * 64,
                "0123456789ab",
            ]
        ),
        st.text(alphabet=' \n"{}\\:#.-/a1', max_size=4),
        st.text(max_size=6),
    ),
    max_size=8,
).map("".join)


@given(PIECES, PIECES)
def test_a_reply_comes_back_as_it_was_said(text: str, argument: str) -> None:
    asked = normalised(conversation(ONE))
    args: dict[str, Any] = {argument: [text, {"deep": argument}], "n": 1.5, "none": None}
    said = AIMessage(text, tool_calls=[{"name": "write_file", "args": args, "id": "new"}])
    back = asked.restored(json.loads(canonical(asked.reply(said))), "call-0007-")
    assert back["content"] == text
    assert back["tool_calls"] == [{"name": "write_file", "args": args, "id": "call-0007-2"}]


@given(PIECES, PIECES)
def test_different_replies_have_different_forms(left: str, right: str) -> None:
    asked = normalised(conversation(ONE))
    forms = [asked.reply(AIMessage(each)) for each in (left, right)]
    assert (forms[0] == forms[1]) == (left == right)


@given(PIECES)
def test_a_reply_is_in_the_next_request_as_it_was_recorded(text: str) -> None:
    text = text.replace("127.0.0.1", "")  # ports of a service may be equal by chance
    asked, said = normalised(conversation(ONE)), called("write_file", ONE.action("tested"), "id", text=text)
    following = normalised([*conversation(ONE), said])
    assert following.messages[-1] == said_as_message(asked.reply(said))


def test_a_reply_of_one_run_is_made_one_of_another() -> None:
    said = called(
        "answer", ONE.action("tested"), "z", url=f"http://127.0.0.1:{ONE.port}/", tree=ONE.hex("tree", 40)
    )
    reply = normalised(conversation(ONE)).reply(said)
    assert ONE.hex("tree", 12) not in canonical(reply)
    restored = normalised(conversation(TWO)).restored(reply, "c-")
    assert restored["tool_calls"][0]["args"] == {
        "url": f"http://127.0.0.1:{TWO.port}/",
        "tree": TWO.hex("tree", 40),
        "rationale": "It is time.",
        "evidence": [TWO.action("tested")],
    }


def test_what_this_run_does_not_know_stays() -> None:
    said = called("answer", ONE.action("tested"), "z")
    reply = normalised(conversation(ONE)).reply(said)
    assert normalised(opening(TWO)).restored(reply, "c-")["tool_calls"][0]["args"]["evidence"] == [
        "{result-1.action}"
    ]


def test_a_text_that_imitates_a_name_is_told_from_it() -> None:
    asked = [
        normalised([*conversation(ONE), AIMessage(f"See {each}.")])
        for each in (ONE.action("tested"), "{result-1.action}")
    ]
    assert asked[0].digest != asked[1].digest
    assert asked[1].messages[-1]["content"] == "See {\\result-1.action}."


def test_ids_in_names_and_in_prose_of_one_result() -> None:
    ids = [ONE.digest(str(each)) for each in range(3)]
    content = {
        "action": ONE.action("x"),
        "summary": f"{ids[1]} and {ids[2]}",
        "data": {ids[0]: {"kept": ids[1]}},
    }
    asked = normalised([*opening(ONE), ToolMessage(json.dumps(content), tool_call_id="1")])
    assert asked.messages[-1]["content"] == {
        "action": "{result-1.action}",
        "data": {"{result-1.data.~0}": {"kept": "{result-1.data.~0.kept}"}},
        "summary": "{result-1.data.~0.kept} and {result-1.summary}",
    }


@pytest.mark.parametrize("text", ["{not json", '{"n": NaN}', "[" * 100_000, "plain, 12 s", "", "sha256:"])
def test_a_result_that_is_no_json_is_text(text: str) -> None:
    asked = normalised([*opening(ONE), ToolMessage(text, tool_call_id="1")])
    assert asked.messages[-1]["content"] == text.replace("12 s", "<seconds>")


def test_numbers_that_json_has_not_are_texts() -> None:
    said = AIMessage("", tool_calls=[{"name": "f", "args": {"n": float("nan")}, "id": "1"}])
    assert canonical(normalised(opening(ONE)).reply(said)["tool_calls"]).count('"nan"') == 1


def test_secrets_are_in_neither_form() -> None:
    asked = normalised(
        [*opening(ONE, facts={"password": "hunter2"}), called("f", "hunter2", "1"), outcome(ONE, "1")],
        redact=Redactor(("hunter2",)),
    )
    said = asked.reply(AIMessage("hunter2", tool_calls=[{"name": "f", "args": {"x": "hunter2"}, "id": "2"}]))
    assert "hunter2" not in canonical([asked.messages, said])
    assert said["calls_with_secrets"] == ["call-2"]
    assert asked.restored(said, "n-")["calls_with_secrets"] == ["n-2"]


def test_place() -> None:
    place = normalised(conversation(ONE)).place
    assert (place.delivery, place.story, place.role, place.visit, place.step) == (
        ONE.delivery,
        "KIO-1",
        "testing",
        1,
        3,
    )
    assert normalised([HumanMessage("Write a policy.")]).place.role == "other"


@pytest.mark.parametrize(
    ("user", "temporary"),
    [("/home/ada", "/tmp"), ("/tmp/ada", "/tmp"), ("/home/ada", "/home/ada/tmp")],
    ids=["apart", "home in the temporary folder", "the temporary folder in home"],
)
def test_places_of_this_machine_have_names(
    user: str, temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", user)
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    home = Path("/srv/crew")
    text = f"{home}/cache {home}crew {temporary}/tmpx1/a.py {user}/.cache /x{home}"
    said = AIMessage(text)
    asked = normalised([*opening(ONE), HumanMessage(text), said], home=home)
    assert asked.messages[2]["content"] == f"{{home}}/cache {home}crew <temp>/a.py <user>/.cache /x{home}"
    reply = asked.reply(said)
    assert reply["content"] == text.replace(f"{home}/", "{home}/", 1), "what a model writes into a file stays"
    elsewhere = normalised(opening(TWO), home=Path("/opt/crew")).restored(reply, "c-")
    assert elsewhere["content"] == text.replace(f"{home}/", "/opt/crew/", 1)
