"""One agent at work: the same loop, whoever proposes the next call, and an honest end to every loop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from crew.agents import ROLES
from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.model_calls import GaveUp
from crew.models.offline import OfflineModel
from crew.models.role_model import RoleModel
from crew.models.schemas import tool_schemas
from crew.models.spending import BudgetTracker
from crew.playbooks.script import Act, Conclude, Script
from crew.records.bus import Bus
from crew.records.rows import Concluded, Denied, Outcome
from crew.settings.budget import Budget
from graphs.agent import agent_graph, first_state
from tests.crew.doors import DELIVERY, Setting, policies, setting
from tests.graphs.models import ScriptedModel, openai_server
from tools.catalogue import files
from tools.redaction import Redactor

TWO_TOOLS = Role(
    name="code",
    purpose="Writes one file.",
    tools=("list_files", "write_file"),
    answer=Answer,
    facts=lambda state: {},
    most_steps=6,
)


def playbook(brief: Brief) -> Script:
    """List, write, conclude."""
    listed = yield Act("list_files", {}, "To see what is there.", (brief.evidence["story"],))
    name = f"file{len(listed.data['files'])}.txt"
    written = yield Act("write_file", {"path": name, "content": "x"}, f"{name} is free.", (listed.action,))
    yield Conclude(Answer(summary=written.summary), "It is written.", (written.action,))


@pytest.fixture(scope="module")
def policy():
    engine = policies()
    yield engine
    engine.close()


@pytest.fixture
def place(tmp_path: Path, policy: Any):
    made = _place(tmp_path, policy)
    yield made
    made.ledger.close()


def _place(folder: Path, policy: Any) -> Setting:
    made = setting(folder, policy)
    made.tools |= {tool.name: tool for tool in files.TOOLS}
    workspace = str(made.bench.workspace.resolve())
    paths = [{"text": text, "resolved": f"{workspace}/{text}"} for text in (".", "file0.txt")]
    made.facts = {"workspace": workspace, "paths": paths, "secrets": [], "protected": False}
    return made


def desk_for(place: Setting, *role_models: RoleModel) -> DeliveryContext:
    return DeliveryContext(
        door=place.door(),
        ledger=place.ledger,
        artifacts=place.artifacts,
        tools=place.tools,
        role_models=lambda _: role_models,
        budget_tracker=BudgetTracker(place.ledger, DELIVERY, (), Budget(), Budget()),
        bus=Bus(),
        redact=Redactor(()),
    )


def work(place: Setting, model: BaseChatModel, role: Role = TWO_TOOLS) -> dict[str, Any]:
    """Let the role work from its brief to its end."""
    role_model = RoleModel(name=model._llm_type, model=model)
    context = desk_for(place, role_model)
    brief = Brief(
        role=role.name,
        delivery=DELIVERY,
        visit=1,
        service="checkout",
        story={"id": "CHK-1", "criteria": []},
        evidence={"story": place.story},
        facts={},
    )
    return agent_graph(role, context, role_model).invoke(first_state(brief))


def offline() -> OfflineModel:
    return OfflineModel(playbooks={"code": playbook})


def seen(place: Setting) -> list[Any]:
    """Return what the ledger says, but for times, tokens and who was asked."""
    left_out = {"seconds", "model", "request", "reply", "bytes", "input_tokens", "output_tokens", "served_by"}
    return [
        (
            row.kind,
            row.key,
            {name: value for name, value in row.body.stored().items() if name not in left_out},
        )
        for row in place.ledger.rows(DELIVERY)
    ]


def test_a_result_is_stored_once(place: Setting) -> None:
    work(place, offline())
    kept = [path.read_text() for path in (place.bench.home / "artifacts").rglob("*") if path.is_file()]
    results = [json.loads(each) for each in kept if each.startswith("{") and '"summary"' in each]
    actions = place.ledger.rows(DELIVERY, Outcome, Concluded)
    assert len([each for each in results if "ok" in each]) == len(actions)


def test_a_playbook_is_a_model_like_any_other(place: Setting, tmp_path: Path, policy: Any) -> None:
    from langchain_openai import ChatOpenAI

    assert work(place, offline())["answer"] == {"summary": "file0.txt was written, 1 character."}
    other = _place(tmp_path / "wire", policy)
    other.facts["workspace"] = str(other.bench.workspace.resolve())

    def reply(messages: list[BaseMessage]) -> AIMessage:
        return offline()._generate(messages).generations[0].message

    with openai_server(reply) as url:
        model = ChatOpenAI(model="m", base_url=url, api_key="none", max_retries=0, use_responses_api=False)
        assert work(other, model)["answer"] == {"summary": "file0.txt was written, 1 character."}
        model.root_client.close()
    assert (other.bench.workspace / "file0.txt").read_text() == "x"
    assert seen(other) == seen(place)
    other.ledger.close()


def test_a_role_that_works_again_does_nothing_twice(place: Setting) -> None:
    first = work(place, offline())
    rows = seen(place)
    asked: list[int] = []

    def reply(messages: list[BaseMessage]) -> AIMessage:
        asked.append(len(messages))
        raise AssertionError

    assert work(place, ScriptedModel(reply=reply))["answer"] == first["answer"]
    assert seen(place) == rows
    assert asked == []


def call(name: str, arguments: dict[str, Any]) -> AIMessage:
    return AIMessage(content="", tool_calls=[{"name": name, "args": arguments, "id": "c"}])


def test_steps_are_bounded(place: Setting) -> None:
    def reply(messages: list[BaseMessage]) -> AIMessage:
        said = {
            "path": "file0.txt",
            "content": str(len(messages)),
            "rationale": "More.",
            "evidence": [place.story],
        }
        return call("write_file", said)

    out = work(place, ScriptedModel(reply=reply))
    assert "did not finish within 6 steps" in out["problem"]
    assert out.get("answer") is None


def test_the_same_refused_answer_again_is_stopped(place: Setting) -> None:
    def reply(messages: list[BaseMessage]) -> AIMessage:
        return call("answer", {"passed": 100, "rationale": "It is so.", "evidence": [place.story]})

    out = work(place, ScriptedModel(reply=reply))
    assert "called answer again and again" in out["problem"]
    assert len(place.ledger.rows(DELIVERY, Denied)) == 3


def test_a_circle_of_calls_is_stopped(place: Setting) -> None:
    def reply(messages: list[BaseMessage]) -> AIMessage:
        reasons = {"rationale": f"Once more, {len(messages)}.", "evidence": [place.story]}
        calls = [
            {"name": name, "args": arguments | reasons, "id": name}
            for name, arguments in (("list_files", {}), ("write_file", {"path": "file0.txt", "content": "x"}))
        ]
        return AIMessage(content="", tool_calls=calls)

    patient = replace(TWO_TOOLS, most_steps=40)
    out = work(place, ScriptedModel(reply=reply), patient)
    assert "5 times with the same arguments and the same result" in out["problem"]
    assert out["step"] <= 6


def test_the_same_call_again_is_stopped(place: Setting) -> None:
    def reply(messages: list[BaseMessage]) -> AIMessage:
        return call("list_files", {"rationale": "Again.", "evidence": [place.story]})

    out = work(place, ScriptedModel(reply=reply))
    assert "again and again" in out["problem"]
    assert [row.kind for row in place.ledger.rows(DELIVERY, Outcome, Denied)] == [
        "outcome",
        "denied",
        "denied",
    ]


def test_a_denied_call_may_be_asked_again_with_better_reasons(place: Setting) -> None:
    evidence = [["a-made-up"], [place.story]]

    def reply(messages: list[BaseMessage]) -> AIMessage:
        told = [each for each in messages if isinstance(each, ToolMessage)]
        if len(told) == 2:
            done = {"summary": "Listed.", "rationale": "It was.", "evidence": [place.story]}
            return call("answer", done)
        return call("list_files", {"rationale": "To look.", "evidence": evidence[len(told)]})

    assert work(place, ScriptedModel(reply=reply))["answer"] == {"summary": "Listed."}
    kinds = [row.kind for row in place.ledger.rows(DELIVERY, Denied, Outcome)]
    assert kinds == ["denied", "outcome"]


def test_a_model_that_only_talks_is_told_and_bounded(place: Setting) -> None:
    heard: list[list[str]] = []

    def reply(messages: list[BaseMessage]) -> AIMessage:
        heard.append([str(each.content) for each in messages[2:]])
        return AIMessage(content="I would write the file.")

    with pytest.raises(GaveUp, match="no_call"):
        work(place, ScriptedModel(reply=reply))
    told = "You wrote text, which has no effect. Reply again, with a call to one of your tools."
    # What it wrote is not in the history, and what it was told stands there once.
    assert heard == [[], [told], [told], [told]]
    assert [row.kind for row in place.ledger.rows(DELIVERY)][1:] == ["calling", "fault"] * 4


def test_an_answer_that_does_not_fit_goes_back(place: Setting) -> None:
    told: list[str] = []

    def reply(messages: list[BaseMessage]) -> AIMessage:
        if isinstance(messages[-1], ToolMessage):
            told.append(str(messages[-1].content))
            return call("answer", {"summary": "Done.", "rationale": "Why.", "evidence": [place.story]})
        return call("answer", {"sumary": "Done.", "rationale": "Why.", "evidence": [place.story]})

    assert work(place, ScriptedModel(reply=reply))["answer"] == {"summary": "Done."}
    assert "does not match its schema" in told[0]


def test_an_answer_without_evidence_is_no_answer(place: Setting) -> None:
    def reply(messages: list[BaseMessage]) -> AIMessage:
        return call("answer", {"summary": "Done.", "rationale": "Why.", "evidence": ["a-made-up"]})

    out = work(place, ScriptedModel(reply=reply))
    assert out.get("answer") is None
    assert place.ledger.rows(DELIVERY, Concluded) == []


def test_every_role_is_offered_its_tools_and_its_answer(place: Setting) -> None:
    role = replace(ROLES["code"], tools=("list_files", "write_file"))
    schemas = tool_schemas(role, place.tools)
    assert [each["function"]["name"] for each in schemas] == ["list_files", "write_file", "answer"]
    for each in schemas:
        assert {"rationale", "evidence"} <= set(each["function"]["parameters"]["required"])
