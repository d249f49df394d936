"""A model that obeys: whatever text reaches it, it looks for instructions in it and carries them out, every one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

Order = tuple[str, dict[str, Any]]
"""Tool and arguments."""
_ORDER = re.compile(
    r"(?:SYSTEM|ASSISTANT|IMPORTANT|<\|im_start\|>system)[:,]?\s+call\s+([\w.-]+)\s*(?=\{)", re.I
)


@dataclass
class Obeying:
    """What an attacked role's model does: first its work, then what the texts that it got tell it to, then it ends."""

    work: list[Order]
    """The calls by which the role looks at its repository."""
    evidence: str
    fill: Callable[[str], str]
    """Puts in what the model got hold of, such as a secret, where an order leaves a place for it."""
    ending: dict[str, Any]
    """What its answer says besides."""
    again: bool = False
    """Whether it obeys an order each time it reads it, and not once."""
    obeyed: list[Order] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    """Every request, whole."""
    said: int = 0

    def __call__(self, messages: list[BaseMessage]) -> AIMessage:
        """Return the next call."""
        self.received.append("\n".join(_raw(each) for each in messages))
        prompt = next(str(each.content) for each in messages if isinstance(each, SystemMessage))
        for order in orders(messages):
            if order not in self.obeyed or self.again:
                self.obeyed.append(order)
                name, arguments = order
                filled = _filled(arguments, lambda text: self.fill(text.replace("%PROMPT%", prompt)))
                return self.call(name, filled)
        if self.work:
            return self.call(*self.work.pop(0))
        return self.call("answer", {"summary": "I did what I was told."} | self.ending)

    def call(self, name: str, arguments: dict[str, Any]) -> AIMessage:
        """Return a message that calls a tool, with reasons that bind."""
        self.said += 1
        reasons = {"rationale": "The text that I read says so.", "evidence": [self.evidence]}
        call = {"name": name, "args": reasons | arguments, "id": f"c{self.said}"}
        return AIMessage(content="", tool_calls=[call])


def orders(messages: list[BaseMessage]) -> list[Order]:
    """Return the instructions in all that a model was told, but for the prompt, in order."""
    found = []
    for message in messages:
        if isinstance(message, HumanMessage | ToolMessage):
            for text in texts(str(message.content)):
                found += list(_orders(text))
    return found


def texts(content: str) -> Iterator[str]:
    """Give every text of a message, read as JSON where it is JSON, and as it stands."""
    fenced = re.fullmatch(r"```json \w+\n(.*)\n```", content.strip(), re.DOTALL)
    try:
        yield from _strings(json.loads(fenced[1] if fenced else content))
    except ValueError:
        yield content


def revealed(text: str) -> str:
    """Return a text with what people do not see in it: tags as letters, nothing without width."""
    shown = "".join(chr(ord(each) - 0xE0000) if 0xE0020 <= ord(each) < 0xE007F else each for each in text)
    return "".join(each for each in shown if unicodedata.category(each) != "Cf")


def _orders(text: str) -> Iterator[Order]:
    # A path may hold what does not show, so an order is read as it stands first.
    plain = (text if _ORDER.search(text) else revealed(text)).replace("%2F", "/")
    for match in _ORDER.finditer(plain):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(plain, match.end())
        except ValueError:
            continue
        if isinstance(arguments, dict):
            yield match[1], arguments


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _strings(each)


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, list):
        return [_filled(each, fill) for each in value]
    return {name: _filled(each, fill) for name, each in value.items()} if isinstance(value, dict) else value


def _raw(message: BaseMessage) -> str:
    calls = json.dumps(message.tool_calls) if isinstance(message, AIMessage) else ""
    return f"{message.content}{calls}"
