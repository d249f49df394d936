"""What was recorded is given back in another home, and what was not is refused with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

import prompts
from crew import model_calls as calls
from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.errors import BadInput, ReplayMismatch, Stopped
from crew.models.faults import Faulty
from crew.models.offline import OfflineModel
from crew.models.recordings import replay
from crew.models.recordings.format import read
from crew.models.recordings.record import Recorder
from crew.models.recordings.replay import ReplayModel, carried_over, replay_model
from crew.models.role_model import RoleModel
from crew.models.spending import BudgetTracker
from crew.playbooks.script import Act, Conclude, Script
from crew.records.bus import Bus
from crew.records.rows import Concluded, Denied, Intent, ModelReply
from crew.settings.budget import Budget
from crew.settings.config import Price
from graphs.agent import agent_graph, first_state
from tests.crew import doors
from tests.crew.models.conversations import ONE, TOOLS, TWO, brief, called, conversation, opening, outcome
from tools.catalogue import files
from tools.redaction import Redactor

NOTHING = Redactor(())
WITHOUT_SECRET = Redactor(("hunter2",))
WRITER = Role(
    name="code",
    purpose="Writes one file.",
    tools=("list_files", "write_file"),
    answer=Answer,
    facts=lambda state: {},
    most_steps=6,
)


def writer(told: Brief) -> Script:
    """List, write, conclude, citing what was seen."""
    listed = yield Act("list_files", {}, "To see what is there.", (told.evidence["story"],))
    name = f"file{len(listed.data['files'])}.txt"
    written = yield Act(
        "write_file", {"path": name, "content": "a\nb\n"}, f"{name} is free.", (listed.action,)
    )
    yield Conclude(Answer(summary=written.summary), "It is written.", (written.action, listed.action))


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    engine = doors.policies()
    yield engine
    engine.close()


def work(
    model: BaseChatModel, home: Path, policy: Any, delivery: str, recorder: Recorder | None = None
) -> dict[str, Any]:
    """Let the role work in a new home; return its answer and the calls of its ledger."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doors, "DELIVERY", delivery)
        place = doors.setting(home, policy)
    place.tools |= {tool.name: tool for tool in files.TOOLS}
    workspace = str(place.bench.workspace.resolve())
    paths = [{"text": text, "resolved": f"{workspace}/{text}"} for text in (".", "file0.txt")]
    place.facts = {"workspace": workspace, "paths": paths, "secrets": [], "protected": False}
    role_model = RoleModel(name="m", model=model, recorder=recorder)
    context = DeliveryContext(
        door=place.door(),
        ledger=place.ledger,
        artifacts=place.artifacts,
        tools=place.tools,
        role_models=lambda _: (role_model,),
        budget_tracker=BudgetTracker(place.ledger, delivery, (), Budget(), Budget()),
        bus=Bus(),
        redact=NOTHING,
    )
    told = Brief(
        role="code",
        delivery=delivery,
        visit=1,
        service="checkout",
        story={"id": "CHK-1", "criteria": []},
        evidence={"story": place.story},
        by_hand=True,
        facts={"workspace": workspace},
    )
    try:
        out = agent_graph(WRITER, context, role_model).invoke(first_state(told))
        done = [
            (row.body.tool, row.body.arguments, row.body.rationale)
            for row in place.ledger.rows(delivery, Intent, Denied, Concluded)
        ]
        made = [row.body.reply for row in place.ledger.rows(delivery, ModelReply)]
        return {"answer": out["answer"], "done": done, "replies": made, "home": place.bench.home}
    finally:
        place.ledger.close()


def open_recorder(folder: Path, **changes: Any) -> Recorder:
    given = {"title": "A test", "model": "offline", "made": "By playbooks.", "today": date(2026, 1, 2)}
    return Recorder(folder, **{"redact": NOTHING} | given | changes)


def recorded(tmp_path: Path, policy: Any) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path / "recording"
    model = OfflineModel(playbooks={"code": writer})
    return folder, work(model, tmp_path / "one", policy, "chk-1-abc123", open_recorder(folder))


def test_a_delivery_is_replayed_in_another_home(tmp_path: Path, policy: Any) -> None:
    folder, first = recorded(tmp_path, policy)
    again = work(
        replay_model(f"replay:{folder}", redact=NOTHING),
        tmp_path / "elsewhere" / "two",
        policy,
        "chk-1-77aa01",
    )
    assert again["answer"] == first["answer"] == {"summary": "file0.txt was written, 4 characters."}
    assert again["done"] == first["done"]
    assert [each[0] for each in again["done"]] == ["list_files", "write_file", "answer"]
    assert (again["home"] / "work" / "chk-1-77aa01" / "file0.txt").read_text() == "a\nb\n"
    assert again["replies"] != first["replies"], "the ids are this run's"


def test_a_recording_of_a_replay_is_the_same_recording(tmp_path: Path, policy: Any) -> None:
    folder, _ = recorded(tmp_path, policy)
    model = replay_model(f"replay:{folder}", redact=NOTHING)
    work(model, tmp_path / "two", policy, "chk-1-77aa01", open_recorder(tmp_path / "copy"))
    for path in sorted((folder / "calls").iterdir()):
        copy = json.loads((tmp_path / "copy" / "calls" / path.name).read_text())
        assert copy | {"seconds": 0} == json.loads(path.read_text()) | {"seconds": 0}


def test_what_is_on_disk(tmp_path: Path, policy: Any) -> None:
    folder, _ = recorded(tmp_path, policy)
    names = sorted(path.name for path in (folder / "calls").iterdir())
    assert names == ["0001-code-1-1.json", "0002-code-1-2.json", "0003-code-1-3.json"]
    second = json.loads((folder / "calls" / names[1]).read_text())
    assert second["messages"][0] == {"as_before": [0, 3]}
    assert [each["type"] for each in second["messages"][1:]] == ["tool"]
    (call,) = second["reply"]["tool_calls"]
    assert call["args"]["evidence"] == ["{result-1.action}"]
    assert call["args"]["content"] == {"lines": ["a", "b", ""]}
    text = "".join(path.read_text() for path in (folder / "calls").iterdir())
    assert str(tmp_path) not in text
    assert "chk-1-abc123" not in text
    about = json.loads((folder / "recording.json").read_text())
    assert about["deliveries"] == [{"delivery": "chk-1-abc123", "service": "checkout", "story": "CHK-1"}]
    assert about["roles"]["code"]["tools"].keys() == {"list_files", "write_file", "answer"}
    assert [each.step for each in read(folder).calls] == [1, 2, 3]


def test_an_edited_prompt_is_named(tmp_path: Path, policy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, first = recorded(tmp_path, policy)
    render = prompts.render
    monkeypatch.setattr(
        "crew.brief.render", lambda *a, **k: render(*a, **k).replace("Never weaken", "Do not weaken", 1)
    )
    with pytest.raises(ReplayMismatch) as caught:
        work(replay_model(f"replay:{folder}", redact=NOTHING), tmp_path / "two", policy, "chk-1-77aa01")
    said = str(caught.value)
    assert "of the code agent (visit 1, step 1)" in said
    assert "The prompt of the code agent changed since it was recorded." in said
    assert "--record" in said
    assert any(line.startswith("-") and "Never weaken" in line for line in said.splitlines())
    assert any(line.startswith("+") and "Do not weaken" in line for line in said.splitlines())
    assert len(said.splitlines()) < 70

    model = replay_model(f"replay:{folder}?match=place", redact=NOTHING)
    new = open_recorder(tmp_path / "new", made=carried_over(model))
    again = work(model, tmp_path / "three", policy, "chk-1-77aa02", new)
    assert again["done"] == first["done"]
    assert "By playbooks." in read(tmp_path / "new").about.made
    replayed = work(
        replay_model(f"replay:{tmp_path / 'new'}", redact=NOTHING), tmp_path / "four", policy, "chk-1-77aa03"
    )
    assert replayed["done"] == first["done"]


def kept(folder: Path, *replies: AIMessage, **changes: Any) -> Recorder:
    """Record one request as often as there are replies."""
    recorder = open_recorder(folder, **changes)
    for reply in replies:
        recorder.keep(conversation(ONE), TOOLS, {}, reply, 1.5)
    return recorder


def asked(model: ReplayModel, messages: list[BaseMessage] | None = None, **bound: Any) -> AIMessage:
    return model.bind_tools(TOOLS, **bound).invoke(messages or conversation(TWO))


def test_samples_are_given_in_their_order_and_no_more(tmp_path: Path) -> None:
    kept(tmp_path, AIMessage("one"), AIMessage("two"))
    model = ReplayModel(redact=NOTHING, folder=tmp_path)
    assert [asked(model).content, asked(model).content] == ["one", "two"]
    with pytest.raises(ReplayMismatch, match="recorded 2 times but is requested once more"):
        asked(model)
    assert asked(ReplayModel(redact=NOTHING, folder=tmp_path)).content == "one", "a new process begins anew"


def test_a_reply_comes_back_with_what_belongs_to_it(tmp_path: Path) -> None:
    reply = AIMessage(
        content="I would rather not.",
        invalid_tool_calls=[{"name": "answer", "args": '{"a": ', "id": "q", "error": "cut off"}],
        additional_kwargs={"refusal": "No."},
        response_metadata={"finish_reason": "length", "model_name": "gpt-9", "estimated": True},
        usage_metadata={"input_tokens": 900, "output_tokens": 20, "total_tokens": 920},
    )
    kept(tmp_path, reply)
    back = asked(ReplayModel(redact=NOTHING, folder=tmp_path))
    assert back.content == reply.content
    (call,) = back.invalid_tool_calls
    assert (call["name"], call["args"], call["error"]) == ("answer", '{"a": ', "cut off")
    assert back.additional_kwargs == {"refusal": "No."}
    assert back.response_metadata == reply.response_metadata | {"recorded": True}
    assert back.usage_metadata == reply.usage_metadata
    assert read(tmp_path).about.reported == ["gpt-9"]


def test_a_call_that_held_a_secret_is_known_as_one(tmp_path: Path) -> None:
    kept(tmp_path, called("answer", "hunter2", "1"), redact=WITHOUT_SECRET)
    assert "hunter2" not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    back = asked(ReplayModel(folder=tmp_path, redact=WITHOUT_SECRET))
    assert back.additional_kwargs == {replay.SECRET_CALLS: [back.tool_calls[0]["id"]]}
    assert replay.SECRET_CALLS == calls.SECRET_CALLS


def test_a_failure_is_given_back(tmp_path: Path) -> None:
    open_recorder(tmp_path).keep_error(conversation(ONE), TOOLS, {}, "context_overflow", 0.1)
    with pytest.raises(Faulty, match="context_overflow") as raised:
        asked(ReplayModel(redact=NOTHING, folder=tmp_path))
    assert raised.value.fault.remedy == "shrink"


def test_a_failure_that_this_version_does_not_know_stops_the_delivery(tmp_path: Path) -> None:
    open_recorder(tmp_path).keep_error(conversation(ONE), TOOLS, {}, "ContextOverflow", 0.1)
    with pytest.raises(Stopped, match="ContextOverflow"):
        asked(ReplayModel(redact=NOTHING, folder=tmp_path))


def test_what_changed_is_named(tmp_path: Path) -> None:
    kept(tmp_path, AIMessage("one"))
    model = ReplayModel(redact=NOTHING, folder=tmp_path)
    with pytest.raises(
        ReplayMismatch, match=r'parameters are \{"tool_choice":"any"\}; previously, they were \{\}'
    ):
        asked(model, tool_choice="any")
    with pytest.raises(ReplayMismatch, match="The tools of the testing agent changed: answer, scan"):
        model.bind_tools([TOOLS[0], {"type": "function", "function": {"name": "scan"}}]).invoke(
            conversation(TWO)
        )
    with pytest.raises(ReplayMismatch, match="offered in a different order"):
        model.bind_tools(TOOLS[::-1]).invoke(conversation(TWO))
    with pytest.raises(ReplayMismatch, match=r"(?s)visit 1, step 3.*\n\+.*Another result"):
        asked(model, [*conversation(TWO)[:-1], HumanMessage("Another result.")])
    with pytest.raises(ReplayMismatch, match="recorded up to step 3"):
        asked(model, [*conversation(TWO), AIMessage("More.")])
    with pytest.raises(ReplayMismatch, match="That visit was not recorded"):
        asked(model, opening(TWO, visit=2))
    with pytest.raises(ReplayMismatch, match=r"for KIO-2\. It was recorded for KIO-1"):
        asked(model, opening(TWO, story={"id": "KIO-2", "criteria": []}))
    with pytest.raises(ReplayMismatch, match="contains no call of the code agent"):
        asked(model, opening(TWO, role="code"))


def test_a_difference_is_bounded(tmp_path: Path) -> None:
    kept(tmp_path, AIMessage("one"))
    long = HumanMessage("\n".join(f"{number}: {'x' * 5_000}" for number in range(1_000)))
    with pytest.raises(ReplayMismatch) as caught:
        asked(ReplayModel(redact=NOTHING, folder=tmp_path), [*conversation(TWO)[:-1], long])
    assert len(str(caught.value)) < 20_000
    assert "more lines)" in str(caught.value)


def test_a_process_that_goes_on_loses_and_repeats_nothing(tmp_path: Path) -> None:
    first = opening(ONE)
    then = [*first, called("run_tests", ONE.action("commit"), "1"), outcome(ONE, "1")]
    recorder = open_recorder(tmp_path)
    recorder.keep(first, TOOLS, {}, called("run_tests", ONE.action("commit"), "1"), 1)
    recorder.keep(then, TOOLS, {}, AIMessage("lost in a crash"), 1)
    recorder.keep(then, TOOLS, {}, AIMessage("lost too"), 1)
    resumed = open_recorder(tmp_path)
    resumed.keep(then, TOOLS, {}, called("answer", ONE.action("tested"), "2"), 1)
    resumed.keep(opening(ONE, role="code"), TOOLS, {}, AIMessage("another role"), 1)
    found = read(tmp_path)
    assert [(each.sequence, each.role, each.step, each.sample) for each in found.calls] == [
        (1, "testing", 1, 1),
        (2, "testing", 2, 1),
        (3, "code", 1, 1),
    ]
    assert len(list((tmp_path / "calls").iterdir())) == 3
    model = ReplayModel(redact=NOTHING, folder=tmp_path)
    reply = asked(model, [*opening(TWO), called("run_tests", TWO.action("commit"), "9"), outcome(TWO, "9")])
    assert reply.tool_calls[0]["args"]["evidence"] == [TWO.action("tested")]


def test_roles_record_and_replay_at_the_same_time(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)

    def one(number: int) -> None:
        told = opening(ONE, role=f"role{number % 2}", visit=number)
        recorder.keep(told, TOOLS, {}, AIMessage(f"reply {number}"), 0)

    def other(number: int) -> object:
        return asked(model, opening(TWO, role=f"role{number % 2}", visit=number)).content

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(24)))
        model = ReplayModel(redact=NOTHING, folder=tmp_path)
        assert list(pool.map(other, range(24))) == [f"reply {number}" for number in range(24)]
    assert [each.sequence for each in read(tmp_path).calls] == list(range(1, 25))


def test_the_same_request_at_the_same_time_has_each_sample_once(tmp_path: Path) -> None:
    kept(tmp_path, *(AIMessage(f"reply {number}") for number in range(16)))
    model = ReplayModel(redact=NOTHING, folder=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: str(asked(model).content), range(16)))
    assert sorted(given) == sorted(f"reply {number}" for number in range(16))


def test_messages_that_were_cut_are_read_back(tmp_path: Path) -> None:
    """What a role is told again may be shorter than it was: old results are left out."""
    whole = conversation(ONE)
    cut = [*whole[:3], outcome(ONE, "x-1", "other"), *whole[4:], HumanMessage("a\nb")]
    recorder = open_recorder(tmp_path)
    recorder.keep(whole, TOOLS, {}, AIMessage("one"), 0)
    recorder.keep(cut, TOOLS, {}, AIMessage("two"), 0)
    assert [len(each.messages) for each in read(tmp_path).calls] == [6, 7]
    assert asked(ReplayModel(redact=NOTHING, folder=tmp_path), cut).content == "two"


def test_a_folder_holds_one_delivery_of_a_story_by_one_model(tmp_path: Path) -> None:
    kept(tmp_path, AIMessage("one")).begin("kiosk", "KIO-2", "kio-2-aaaaaa")
    with pytest.raises(BadInput, match=f"records the delivery {ONE.delivery} of KIO-1"):
        open_recorder(tmp_path).begin("kiosk", "KIO-1", TWO.delivery)
    with pytest.raises(BadInput, match="a recording of offline, not of openai:x"):
        open_recorder(tmp_path, model="openai:x")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="is neither empty nor a recording"):
        open_recorder(tmp_path / "mine")


def test_a_folder_that_cannot_be_replayed_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        replay_model(f"replay:{tmp_path / 'nowhere'}", redact=NOTHING)
    with pytest.raises(BadInput, match=r"has no recording\.json"):
        replay_model(f"replay:{tmp_path}", redact=NOTHING)
    for url in ("replay:", "replay:x?match=all"):
        with pytest.raises(BadInput, match="names no recording"):
            replay_model(url, redact=NOTHING)
    kept(tmp_path, AIMessage("one"))
    about, (call,) = tmp_path / "recording.json", list((tmp_path / "calls").iterdir())
    good = call.read_text()
    for text in (
        "{",
        "[]",
        "{}",
        good.replace("It is time.", "It was time."),
        good.replace('"base": 0', '"base": 7'),
    ):
        call.write_text(text)
        with pytest.raises(BadInput, match=f"{call.name} is not a call of a recording"):
            replay_model(f"replay:{tmp_path}", redact=NOTHING)
    call.rename(call.with_name("0009-testing-1-3.json")).write_text(good)
    with pytest.raises(BadInput, match="its number, 1"):
        replay_model(f"replay:{tmp_path}", redact=NOTHING)
    for text, why in (
        ('{"format": 2}', "has format 2; this version of the crew reads 1"),
        ("[", "cannot be read"),
    ):
        about.write_text(text)
        with pytest.raises(BadInput, match=why):
            replay_model(f"replay:{tmp_path}", redact=NOTHING)


def test_prices_and_labels_are_kept_without_secrets(tmp_path: Path) -> None:
    prices = {"gpt-9": Price(input=2, output=8)}
    kept(tmp_path, AIMessage("one"), title="of hunter2", prices=prices, redact=WITHOUT_SECRET)
    about = read(tmp_path).about
    assert (about.title, about.prices, about.date) == (
        "of [redacted: secret of the service]",
        prices,
        "2026-01-02",
    )


def test_a_brief_of_the_crew_is_one_here() -> None:
    assert Brief.model_validate(brief(ONE)).delivery == ONE.delivery
