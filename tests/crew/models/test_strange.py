"""Replies whose every part is something else in turn: whatever comes is read or is a fault, and can be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, messages_from_dict, messages_to_dict

from crew.models.by_url import role_models
from crew.models.faults import Faulty
from crew.models.replies import plain
from crew.models.request import ask, faults_in
from crew.records.canonical_json import canonical
from crew.settings.config import Config
from tests.crew.models.forms import Body, Say, chat, completion, response, responses
from tests.crew.models.server import Raw, Step, serving
from tests.crew.models.wired import KEY, MODES, QUICK
from tools.redaction import Redactor

ODD = ("null", "7", '"\\ud800x"', "[]", "{}", "[null]", "1e400", '{"a": [1]}', "true", '""')
WHOLE = Say(calls=(("c1", "list_files", '{"rationale": "Why.", "evidence": []}'),), text="So.")
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "list_files", "parameters": {"type": "object"}}}
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where something stands in a JSON value."""
    if path:
        yield path
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[name], (*path, name))


def changed(value: Any, path: tuple[Any, ...]) -> str:
    """Return the value's text with a mark at one place."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = "@@"
    return json.dumps(copy)


def strange(mode: str) -> Iterator[tuple[str, bytes]]:
    """Yield replies with one odd part each, and what is odd."""
    other = "responses" in mode
    if "streamed" not in mode:
        whole = response(WHOLE) if other else completion(WHOLE)
        for path in places(whole):
            for odd in ODD:
                yield f"{path} {odd}", changed(whole, path).replace('"@@"', odd).encode()
        return
    events = list(responses(WHOLE) if other else chat(WHOLE))
    for number, (_, event) in enumerate(events):
        for path in places(event) if isinstance(event, dict) else ():
            for odd in ODD[:: 3 if other else 2]:
                parts = [f"event: {n}\n" * bool(n) + f"data: {json.dumps(e) if n or e != '[DONE]' else e}\n\n"
                         for n, e in events]  # fmt: skip
                name = events[number][0]
                odd_one = changed(event, path).replace('"@@"', odd)
                parts[number] = f"event: {name}\n" * bool(name) + f"data: {odd_one}\n\n"
                yield f"{number} {path} {odd}", "".join(parts).encode()


@pytest.mark.filterwarnings(
    "ignore:Pydantic serializer warnings"
)  # of the library, which reads odd parts all the same
@pytest.mark.parametrize("mode", MODES)
def test_whatever_comes_can_be_read_or_named(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sent: list[bytes] = []

    def answer(body: Body) -> Step:
        return Raw(sent[-1], "text/event-stream" if body.get("stream") else "application/json")

    with serving(answer) as server:
        model = {"url": "openai:m", "base_url": server.url} | QUICK | MODES[mode] | {"attempts": 1}
        (role_model,) = role_models(Config.model_validate({"model": model}), Path.cwd())("code")
        wrong, read = [], 0
        for what, content in strange(mode):
            sent.append(content)
            try:
                reply = ask(
                    role_model,
                    [HumanMessage("Work.")],
                    TOOLS,
                    lambda: None,
                    lambda fault, waits: None,
                    Redactor(()),
                )
                faults_in(reply, TOOLS, ())
                (again,) = messages_from_dict(json.loads(canonical(messages_to_dict([reply]))))
                assert again == reply
                again.text.encode()
                assert reply.usage_metadata is None or reply.usage_metadata["input_tokens"] < 10**6
                read += 1
            except Faulty:
                pass
            except Exception as error:  # noqa: BLE001  all of them are shown
                wrong.append(f"{what}: {type(error).__name__}: {str(error)[:200]}")
        assert wrong == []
        assert read > len(sent) // 4


def test_half_a_character_is_not_sent_again() -> None:
    assert plain(AIMessage(content="a\ud800b")).text.encode() == "a\ufffdb".encode()
