"""A linter for constructs that regopy silently gets wrong, on which the engines disagree, or with external effects.

The linter is stricter than the bugs require: what remains is a small language that both engines have been tested to
interpret identically. Each finding says what is wrong with a construct.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# All other built-ins are rejected. regopy differs from OPA in a tenth of the conformance cases: semver.compare and
# RFC 3339 times are silently wrong, and sprintf puts quotes around what other built-ins return. Some built-ins also
# access the network, the clock or the environment.
BUILT_INS = """array.concat concat contains count endswith format_int is_array is_boolean is_null is_number
is_object is_set is_string lower max min object.get object.keys object.remove object.union_n regex.match
replace sort split startswith sum trim trim_prefix trim_space trim_suffix type_name upper""".split()  # noqa: SIM905
_KEYWORDS = """as contains data default else every false if import in input not null package set some true
with""".split()  # noqa: SIM905
_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)|(?P<line>\n)|(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<number>\d[\w.]*)|(?P<sign>:=|==|!=|<=|>=|.)""",
    re.VERBOSE,
)
_REFUSED = {
    "=": "'=' unifies; write ':=' or '=='",
    "with": "'with' evaluates something other than the call",
}
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[:)]")


@dataclass(frozen=True)
class Finding:
    """A construct that a policy must not contain."""

    module: str
    line: int
    """Line number, counted from 1."""
    message: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Token:
    """A lexical token of a policy."""

    kind: str
    """Kind of token: "name", which includes dotted references, "text", "number" or "sign"."""
    text: str
    line: int
    column: int
    """Column number, counted from 0; a rule begins in column 0."""


def lint_modules(modules: dict[str, str]) -> list[Finding]:
    """Return the findings about the modules; their names consist of the package, a slash and the file name."""
    tokens = {name: tokens_of(text) for name, text in modules.items()}
    defined = {
        each.text for found in tokens.values() for each in found if each.column == 0 and each.kind == "name"
    }
    return [
        finding
        for name in modules
        for finding in _Module(name, tokens[name], defined.difference(_KEYWORDS)).findings()
    ]


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a module, without comments and whitespace."""
    found: list[Token] = []
    line, begin = 1, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind not in ("skip", "line"):
            found.append(Token(kind, match.group(), line, match.start() - begin))
        if newlines := match.group().count("\n"):
            line += newlines
            begin = match.start() + match.group().rindex("\n") + 1
    return found


class _Module:
    """A checker of one module, rule by rule."""

    def __init__(self, name: str, tokens: list[Token], defined: set[str]) -> None:
        self._name = name
        self._tokens = tokens
        self._defined = defined
        self._found: list[Finding] = []

    def findings(self) -> list[Finding]:
        """Return all findings, sorted by line."""
        starts = [
            place for place, each in enumerate(self._tokens) if each.column == 0 and each.kind == "name"
        ]
        self._check_frame()
        # `strict` is off because an empty file has an end but no start.
        for start, end in zip(starts, [*starts[1:], len(self._tokens)], strict=False):
            rule = self._tokens[start:end]
            if rule[0].text not in ("package", "import"):
                self._check_rule(rule)
        return sorted(self._found, key=lambda each: each.line)

    def _say(self, token: Token | None, message: str) -> None:
        self._found.append(Finding(self._name, token.line if token else 1, message))

    def _check_frame(self) -> None:
        pairs = [(a, b) for a, b in zip(self._tokens, self._tokens[1:], strict=False) if a.column == 0]
        package = self._name.partition("/")[0]
        if [b.text for a, b in pairs if a.text == "package"] != [package]:
            self._say(None, f"the package must be '{package}'")
        imports = [b for a, b in pairs if a.text == "import"]
        if "rego.v1" not in [each.text for each in imports]:
            self._say(None, "'import rego.v1' is missing: without it the engines read different languages")
        for each in imports:
            if each.text != "rego.v1":
                self._say(each, f"'import {each.text}': only rego.v1 may be imported")

    def _check_rule(self, rule: list[Token]) -> None:
        callable_ = self._defined.union(BUILT_INS, _KEYWORDS)
        bound = self._defined | _bound(rule)
        in_head = True
        for place, token in enumerate(rule):
            before = rule[place - 1] if place else None
            after = rule[place + 1] if place + 1 < len(rule) else None
            if token.text in ("if", ":=", "contains"):
                in_head = False
            if token.text == "{" and in_head:
                self._say(token, "old syntax: a rule's body needs 'if' before it, a set's element 'contains'")
            if token.text in _REFUSED:
                self._say(token, _REFUSED[token.text])
            if token.kind == "text" and _FLAGS.search(token.text):
                self._say(token, "regopy ignores flags like (?i) in patterns; use lower()")
            if token.kind == "text" and token.text[0] == '"' and "\\" in token.text:
                self._say(token, "regopy keeps escapes in strings as they are; write the character itself")
            if (
                token.kind == "name"
                and after is not None
                and after.text == "("
                and token.text not in callable_
            ):
                self._say(token, f"'{token.text}' is not a built-in on which both engines agree")
            if token.text == "not":
                self._check_negation(rule[place + 1 :])
            if token.text == "some" and not _names_until_in(rule[place + 1 :]):
                self._say(token, "regopy loses an index that 'some' leaves unbound; write 'some x in y'")
            if token.text == "[" and before is not None and _indexes(before, token):
                self._check_index(rule[place + 1 :], bound)

    def _check_negation(self, rest: list[Token]) -> None:
        line = [each for each in rest if each.line == rest[0].line]
        if not any(each.text in ("(", "in") for each in line):
            return
        for token in line:
            known = token.text in BUILT_INS or token.text.startswith("data.settings.")
            if token.kind == "name" and "." in token.text and not known:
                self._say(
                    token,
                    f"OPA drops a 'not' around an undefined '{token.text}', regopy does not; bind it first",
                )

    def _check_index(self, rest: list[Token], bound: set[str]) -> None:
        depth = 1
        for token in rest:
            depth += {"[": 1, "]": -1}.get(token.text, 0)
            if depth == 0:
                return
            name = token.text.partition(".")[0]
            if token.kind == "name" and name not in bound.union(_KEYWORDS, BUILT_INS):
                self._say(
                    token, f"regopy loses the unbound index '{name}'; write 'some ... in ...' before it"
                )


def _indexes(before: Token, bracket: Token) -> bool:
    """Return whether the bracket indexes the token directly before it, rather than starting a list."""
    adjacent = before.line == bracket.line and before.column + len(before.text) == bracket.column
    return adjacent and (before.kind == "name" or before.text in ("]", ")"))


def _bound(rule: list[Token]) -> set[str]:
    """Return the names that a rule binds: by `some` or `every` with `in`, by `:=`, or as function parameters."""
    names: set[str] = set()
    for place, token in enumerate(rule):
        if token.text in ("some", "every"):
            names |= _names_until_in(rule[place + 1 :])
        if token.text == ":=" and place:
            names.add(rule[place - 1].text)
    if len(rule) > 1 and rule[1].text == "(":
        for token in rule[2:]:
            if token.text == ")":
                break
            names.add(token.text)
    return names - {"_"}


def _names_until_in(rest: list[Token]) -> set[str]:
    """Return the names before the next `in`; the set is empty if they are not followed by one."""
    names: set[str] = set()
    for token in rest:
        if token.text == "in":
            return names
        if token.text != "," and (token.kind != "name" or token.text in _KEYWORDS):
            return set()
        names.add(token.text)
    return set()
