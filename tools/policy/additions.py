"""A check that a policy drafted by a model only adds rules, in a form stricter than the linter requires.

A drafted policy is in package extra, so it cannot redefine anything in package crew; this module ensures that it does
not try to, contains no duplicates and is easy to read. A drafted policy may contain:

    deny contains finding if { ... }        with one literal "rule" in it
    ask contains finding if { ... }
    name if { ... }      name(parameters) if { ... }      name := value      name contains value if { ... }
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from tools.policy.lint import BUILT_INS, Finding, Token, lint_modules, tokens_of

READABLE_DATA = ("settings", "packages", "releases", "listed")
"""Parts of the data document that a drafted policy may read; everything else under `data` is rules."""
MOST_LOOPS = 3
"""Maximum number of loops in one rule; each multiplies the time that every decision takes."""
RULE_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_RULES = re.compile(r"(?:deny|ask) contains \w+ if {}")
_HELPERS = re.compile(
    r"(?P<name>\w+)(?:(?: \(\))? if {}|(?: \(\))? := (?:[\w.]+(?: \(\))?|text|{}|\[\])(?: if {})?| contains \w+ if {})"
)
_NOT_FOR_HELPERS = {"deny", "ask", "allow", "decision", "data", "input"} | {
    each for each in BUILT_INS if "." not in each
}
_ODD = re.compile(r"[^\n\t\x20-\x7e\xa0-\u024f\u2010-\u2027\u20ac]")
"""Characters that could disguise the meaning of a policy, such as control, bidirectional and invisible ones."""
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Addition:
    """One rule that a policy adds."""

    kind: Literal["deny", "ask"]
    rule: str
    """Id of the rule."""
    text: str
    """Source text of the rule."""
    line: int
    """Line on which the rule starts, counted from 1."""


@dataclass(frozen=True)
class Additions:
    """The rules and helpers that a policy adds, and the findings about anything that is not allowed in it."""

    rules: tuple[Addition, ...]
    helpers: tuple[str, ...]
    findings: tuple[Finding, ...]


def additions(module: str, text: str, taken: frozenset[str] = frozenset()) -> Additions:
    """Return what a policy adds; `taken` holds the names and rule ids of the policies that it is added to.

    The findings include the linter's. If there are any, the rules and helpers may be incomplete.
    """
    if odd := _ODD.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        what = f"the character U+{ord(odd.group()):04X} is not allowed in a policy"
        return Additions((), (), (Finding(module, line, what),))
    return _Reading(module, text, taken).read()


def names_of(modules: dict[str, str]) -> frozenset[str]:
    """Return the names that these modules define, and the ids of their rules."""
    names: set[str] = set()
    for text in modules.values():
        names |= {each.text for each in tokens_of(text) if each.column == 0 and each.kind == "name"}
        names |= set(re.findall(r'"rule": *"([^"]*)"', text))
    return frozenset(names)


class _Reading:
    def __init__(self, module: str, text: str, taken: frozenset[str]) -> None:
        self._module = module
        self._lines = text.split("\n")
        self._tokens = tokens_of(text)
        self._taken = taken
        self._found = lint_modules({module: text})
        self._rules: list[Addition] = []
        self._helpers: list[str] = []

    def read(self) -> Additions:
        for statement in self._statements():
            shape = _shape(statement)
            if statement[0].text in ("package", "import"):
                continue
            if _RULES.fullmatch(shape):
                self._rule(statement)
            elif (helper := _HELPERS.fullmatch(shape)) and (name := helper["name"]) not in _NOT_FOR_HELPERS:
                if name in self._taken:
                    what = f"'{name}' is already a name in the existing policies; choose another"
                    self._say(statement[0], what)
                self._helpers.append(name)
            else:
                what = f"'{shape[:60]}' is neither 'deny contains finding if {{...}}', its 'ask' form, nor a helper"
                self._say(statement[0], what)
            self._references(statement)
            if sum(each.text in ("some", "every") for each in statement) > MOST_LOOPS:
                self._say(statement[0], f"more than {MOST_LOOPS} loops in one rule take too long; split it")
            lists = [token for token in statement if re.match(r"data\.(?!settings)", token.text)]
            if len(lists) > 1:
                self._say(lists[1], "a rule may use the lists of packages only once; more takes too long")
        if not self._rules:
            self._say(None, "it adds no rule: write 'deny contains finding if {...}' or 'ask contains ...'")
        for name in [rule for rule, count in Counter(rule.rule for rule in self._rules).items() if count > 1]:
            self._say(None, f"two rules have the id '{name}'; give each its own")
        return Additions(tuple(self._rules), tuple(self._helpers), tuple(self._found))

    def _say(self, token: Token | None, message: str) -> None:
        self._found.append(Finding(self._module, token.line if token else 1, message))

    def _statements(self) -> list[list[Token]]:
        """Split the tokens at names in the first column; report rules in other columns, which Rego would accept."""
        statements: list[list[Token]] = []
        depth, line = 0, 0
        for token in self._tokens:
            first, line = token.line != line, token.line
            if depth == 0 and first and token.column > 0:
                self._say(token, "a rule begins in the first column")
            if depth == 0 and token.text == ";":
                self._say(token, "';' between rules: put each on its own lines")
            if token.column == 0 and token.kind == "name":
                if depth:
                    self._say(token, "a bracket before this line is not closed")
                statements.append([])
                depth = 0
            depth += (token.text in _PAIRS) - (token.text in _PAIRS.values())
            if depth < 0:
                self._say(token, f"'{token.text}' closes no bracket")
            if statements:
                statements[-1].append(token)
            else:
                self._say(token, "the policy begins with 'package extra'")
        if depth:
            self._say(self._tokens[-1], "a bracket is not closed")
        return statements

    def _rule(self, statement: list[Token]) -> None:
        ids = [
            after.text.strip('"')
            for key, colon, after in zip(statement, statement[1:], statement[2:], strict=False)
            if (key.text, colon.text) == ('"rule"', ":") and after.kind == "text"
        ]
        if len(ids) != 1 or not RULE_ID.fullmatch(ids[0]):
            self._say(
                statement[0], 'a rule needs exactly one id, a literal: "rule": "subject.what_it_forbids"'
            )
            return
        if ids[0] in self._taken:
            self._say(statement[0], f"a rule '{ids[0]}' already exists")
        for key, _, value in zip(statement, statement[1:], statement[2:], strict=False):
            if key.text == '"answerable"' and value.text != "false":
                self._say(key, 'a regulation\'s question is for a person: "answerable": false')
        text = "\n".join(self._lines[statement[0].line - 1 : statement[-1].line])
        kind: Literal["deny", "ask"] = "deny" if statement[0].text == "deny" else "ask"
        self._rules.append(Addition(kind, ids[0], text, statement[0].line))

    def _references(self, statement: list[Token]) -> None:
        for place, token in enumerate(statement):
            head, _, rest = token.text.partition(".")
            if token.kind != "name":
                continue
            if head == "data" and rest.partition(".")[0] not in READABLE_DATA:
                self._say(
                    token, f"'{token.text}' may not be read; of data, only {', '.join(READABLE_DATA)} may"
                )
            if head in ("deny", "ask") and place:
                self._say(token, f"'{head}' may be added to, but not read")


def _shape(statement: list[Token]) -> str:
    """Return the outline of a statement, without its strings and the contents of its brackets."""
    shape: list[str] = []
    depth = 0
    for token in statement:
        if token.text in _PAIRS.values():
            depth -= 1
        elif depth == 0:
            opened = token.text + _PAIRS[token.text] if token.text in _PAIRS else token.text
            shape.append("text" if token.kind == "text" else opened)
        if token.text in _PAIRS:
            depth += 1
    return " ".join(shape)
