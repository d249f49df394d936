"""Placeholders for values that vary between runs, and their restoration.

An id that a reply may have to cite is named after its first occurrence, such as `{brief.evidence.story}` or
`{result-3.action}`. Other values become fixed words: `<seconds>`, `<time>`, `<port>`. Text that already contains
such a name is escaped with a backslash, `{\\result-3.action}`, so that restoring it is exact."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

Reading = Literal["fixed", "said", "reply", "seen"]
"""Origin of a text. "fixed": the story and the prompt, which do not vary. "seen": output of tools and of Shipcrew,
where fixed words are used too. "said": earlier replies of the model. "reply": its current reply, restored exactly."""

_HEAD = r"(?:brief|home|(?:result|note)-\d+)(?=[.:#}])"
_ESCAPED = re.compile(r"\{\\(\\*" + _HEAD + r")")
_NAMED = re.compile(r"\{(" + _HEAD + r"[^{}]*)\}")
_HEX_END = r"(?![0-9A-Za-z])"
_ID = (
    r"(?P<digest>\bsha256:[0-9a-f]{7,64}" + _HEX_END + r")"
    r"|(?P<uuid>(?<![0-9A-Za-z-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}" + _HEX_END + r")"
    r"|(?P<action>(?<![0-9A-Za-z])(?:a-[0-9a-f]{16}|p-[0-9a-f]{10})" + _HEX_END + r")"
    r"|(?P<git>(?<![0-9A-Za-z])[0-9a-f]{7,40}" + _HEX_END + r")"
    r"|(?P<port>(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1\]):\d{2,5}(?!\d))"
)
_ONCE = r"\d+(?:\.\d+)? (?:ns|us|µs|ms|s|seconds?|min|minutes?)\b|\d+\.\d+s\b|\d+ms\b"
_FIXED = (
    r"|(?P<time>(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?P<seconds>(?<![\w.])(?:" + _ONCE + r")(?: (?:" + _ONCE + r"))*)"
    r"|(?P<address>\b0x[0-9a-f]{6,16}\b)"
)
_WORDS = ("uuid", "time", "seconds", "address", "temp", "user")
_DELIVERY = re.compile(r"[a-z0-9][a-z0-9_.-]*-[0-9a-f]{6}")
_SHORT = 12
"""Length of an abbreviated git id in prose, in characters."""
_FULL = {"digest": len("sha256:") + 64, "git": 40}


class Placeholders:
    """The placeholders of one conversation, which only grow in number as it continues."""

    def __init__(self, home: Path | None = None) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._ports: dict[str, str] = {}
        self._deliveries: list[str] = []
        self._home = ""
        self._patterns: dict[bool, re.Pattern[str]] = {}
        if home is not None:
            self._add_home(str(home))

    def learn(self, value: JsonValue, path: str) -> None:
        """Name all new ids in a value after `path` and their position within the value."""
        texts = list(_texts(value, path))
        for place, key, text in texts:
            if key in ("delivery", "deliveries", "parent") and _DELIVERY.fullmatch(text):
                self._add_delivery(text, place)
        for _, _, text in texts:
            self._learn_home(text)
        found = [(place, match) for place, _, text in texts for match in re.finditer(_ID, text)]
        # A string that consists of an id is a better source for its name than prose that mentions the id.
        for place, match in sorted(found, key=lambda each: each[1][0] != each[1].string):
            self._learn_id(match, place)
        for place, match in found:
            self._learn_short(match, place)

    def put(self, value: JsonValue, reading: Reading) -> JsonValue:
        """Return the value with placeholders and, if `reading` is "seen", fixed words."""
        if reading == "seen" and isinstance(value, dict):
            value = {
                key: "<seconds>" if key == "seconds" and isinstance(each, int | float) else each
                for key, each in value.items()
            }
        if isinstance(value, dict):
            put: dict[str, JsonValue] = {}
            for key, each in value.items():
                put[_unused(self._text(key, reading), put)] = self.put(each, reading)
            return put
        if isinstance(value, list):
            return [self.put(each, reading) for each in value]
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return str(value)  # not valid JSON
        return self._text(value, reading) if isinstance(value, str) else value

    def restore(self, value: JsonValue) -> JsonValue:
        """Return the value with placeholders replaced by the ids of this run; unknown placeholders are kept."""
        if isinstance(value, dict):
            return {str(self.restore(key)): self.restore(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.restore(each) for each in value]
        if not isinstance(value, str):
            return value
        pattern = f"{_ESCAPED.pattern}|{_NAMED.pattern}"
        return re.sub(pattern, lambda match: "{" + match[1] if match[1] else self._value(match), value)

    def _value(self, match: re.Match[str]) -> str:
        name = match[2]
        if name in self._values:
            return self._values[name]
        longer, _, length = name.rpartition(":")
        known = self._values.get(longer, "")
        return known[: int(length)] if known and length.isdecimal() else match[0]

    def _text(self, text: str, reading: Reading) -> str:
        if len(text) < len("12 s"):
            return text
        fixed = reading == "seen"
        if fixed not in self._patterns:
            self._patterns[fixed] = self._pattern(fixed)
        return self._patterns[fixed].sub(lambda match: self._name(match, reading), text)

    def _name(self, match: re.Match[str], reading: Reading) -> str:
        kind, text = str(match.lastgroup), match[0]
        if kind == "literal":
            return "{\\" + text[1:]
        if kind == "home":
            return "{home}"
        if kind == "port":
            return self._port(text, reading)
        if kind in _WORDS:
            return f"<{kind}>" if reading == "seen" else text
        if text in self._names:
            return "{" + self._names[text] + "}"
        longer = self._longer(kind, text)
        return f"{{{self._names[longer]}:{len(text)}}}" if longer else text

    def _port(self, text: str, reading: Reading) -> str:
        host, _, _ = text.rpartition(":")
        if reading == "seen" or (reading == "said" and text in self._ports):
            return f"{host}:<port>"
        if reading == "reply" and text in self._ports:
            return f"{host}:{{{self._ports[text]}}}"
        return text

    def _longer(self, kind: str, text: str) -> str:
        """Return the known full id that starts with the text, or ""."""
        if kind not in _FULL or len(text) >= _FULL[kind]:
            return ""
        full = (each for each in self._names if len(each) == _FULL[kind])
        return next((each for each in full if each.startswith(text)), "")

    def _pattern(self, fixed: bool) -> re.Pattern[str]:
        parts = []
        if self._home:
            parts.append(rf"(?P<home>(?<![\w.-]){re.escape(self._home)}(?![\w-]))")
        if self._deliveries:
            longest = sorted(map(re.escape, self._deliveries), key=len, reverse=True)
            parts.append(rf"(?P<delivery>(?<![0-9A-Za-z])(?:{'|'.join(longest)})(?![0-9A-Za-z]))")
        parts.append(r"(?P<literal>\{\\*" + _HEAD + ")")
        if fixed:
            user, temp = str(Path.home()), tempfile.gettempdir()
            places = {temp: rf"(?P<temp>(?<![\w.-]){re.escape(temp)}/[\w.-]+)"}
            if len(user) > 1:
                places[user] = rf"(?P<user>(?<![\w.-]){re.escape(user)}(?![\w-]))"
            # If one folder is inside the other, the inner one has to match first.
            parts += [places[path] for path in sorted(places, key=len, reverse=True)]
        return re.compile("|".join(parts) + "|" + _ID + (_FIXED if fixed else ""))

    def _learn_id(self, match: re.Match[str], path: str) -> None:
        kind, found = str(match.lastgroup), match[0]
        if kind == "port":
            self._add_port(found, path)
        elif kind != "uuid" and len(found) == _FULL.get(kind, len(found)):
            self._add(found, path)

    def _learn_short(self, match: re.Match[str], path: str) -> None:
        # This includes ids that consist of digits only (one in 280); naming an ordinary number by mistake is harmless.
        if match.lastgroup == "git" and len(match[0]) == _SHORT and not self._longer("git", match[0]):
            self._add(match[0], path)

    def _learn_home(self, text: str) -> None:
        for delivery in self._deliveries:
            for folder in ("work", "scratch"):
                before, found, _ = text.partition(f"/{folder}/{delivery}")
                path = re.split(r"[\s\"'<>|:;,()\[\]{}]", before)[-1]
                if found and "/" in path[:-1] and not self._home:
                    self._add_home(path[path.index("/") :])

    def _add(self, value: str, path: str) -> None:
        if value not in self._names:
            self._names[value] = name = _unused(path, self._values)
            self._values[name] = value

    def _add_port(self, text: str, path: str) -> None:
        if text not in self._ports:
            name = _unused(path + ":port", self._values)
            self._ports[text] = name
            self._values[name] = text.rpartition(":")[2]

    def _add_delivery(self, text: str, path: str) -> None:
        if text not in self._names:
            self._add(text, path)
            self._deliveries.append(text)
            self._patterns.clear()

    def _add_home(self, text: str) -> None:
        self._home = self._values["home"] = text
        self._patterns.clear()


def _texts(value: JsonValue, path: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the path, key and text of every string in a value, including the keys themselves."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, f"{path}.{index}", key)
    elif isinstance(value, dict):
        for index, (name, each) in enumerate(value.items()):
            part = name if re.fullmatch(r"[A-Za-z][\w-]{0,40}", name) and not _holds_id(name) else f"~{index}"
            yield f"{path}.{part}", "", name
            yield from _texts(each, f"{path}.{part}", name)


def _holds_id(name: str) -> bool:
    return re.search(_ID, name) is not None


def _unused(name: str, taken: dict[str, str] | dict[str, JsonValue]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}#{number}"
    return found
