"""A drafted policy only adds: every way of doing anything else is refused by its form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.policy.additions import additions, names_of
from tools.policy.source import load

TAKEN = names_of(load(Path(__file__).parents[3] / "crew" / "policies").modules)
HEAD = "package extra\n\nimport rego.v1\n\n"
RULE = """deny contains finding if {
	input.tool == "merge"
	finding := {"rule": "house.freeze", "reason": "No.", "fix": "Wait."}
}
"""
HELPERS = """# Names.
frozen := {"merge", "comment"}

longest := 3

high(report) if {
	is_number(report.high)
	report.high > 0
}

release_name(release) := split(release, "==")

tools contains name if {
	some name in frozen
}

first := lower(input.tool) if {
	is_string(input.tool)
}
"""


def said(text: str) -> list[str]:
    return [str(each) for each in additions("extra/a.rego", text, TAKEN).findings]


def test_rules_and_helpers_are_read() -> None:
    read = additions("extra/a.rego", f"{HEAD}{HELPERS}\n{RULE}", TAKEN)

    assert read.findings == ()
    assert [(each.kind, each.rule) for each in read.rules] == [("deny", "house.freeze")]
    assert read.rules[0].text == RULE.rstrip()
    assert read.helpers == ("frozen", "longest", "high", "release_name", "tools", "first")


def finding(rule: str, more: str = "", head: str = "deny") -> str:
    return f'{head} contains finding if {{\n\t{more}\n\tfinding := {{"rule": {rule}, "reason": "No."}}\n}}\n'


TRICKS = {
    "deny as a value": ("deny := set()\n", "neither 'deny contains"),
    "deny emptied by a default": ("default deny := set()\n", "neither 'deny contains"),
    "a default": ("default x := 1\n", "neither 'deny contains"),
    "deny out of the first column": (" deny := set()\n", "begins in the first column"),
    "deny behind a semicolon": ("x := 1; deny := set()\n", "';' between rules"),
    "deny behind a value": ("x := 1 deny := 2\n", "neither 'deny contains"),
    "deny behind a body": (RULE.rstrip() + " deny := set()\n", "neither 'deny contains"),
    "a second body": ("x if {\n\ttrue\n} {\n\tfalse\n}\n", "neither 'deny contains"),
    "else": ("x if {\n\tfalse\n} else := 1\n", "neither 'deny contains"),
    "a rule of one line": ('deny contains f if f := {"rule": "a.b"}\n', "neither 'deny contains"),
    "allow": ("allow if {\n\ttrue\n}\n", "neither 'deny contains"),
    "allow as a value": ("allow := true\n", "neither 'deny contains"),
    "the decision": ("decision := {}\n", "neither 'deny contains"),
    "facts emptied": ("facts := {}\n", "'facts' is already a name"),
    "a helper shadowed": ("plain(text) if {\n\ttrue\n}\n", "'plain' is already a name"),
    "a built-in shadowed": ("startswith(a, b) if {\n\ttrue\n}\n", "neither 'deny contains"),
    "data overridden": ("data.settings.roles := {}\n", "neither 'deny contains"),
    "data of a name": ("data := {}\n", "neither 'deny contains"),
    "the input of a name": ("input := {}\n", "neither 'deny contains"),
    "another package": ("package crew\n", "the package must be 'extra'"),
    "crew's package": (None, "the package must be 'extra'"),
    "a rule of crew": ("crew.deny contains x if {\n\ttrue\n}\n", "neither 'deny contains"),
    "an import": ("import data.crew.door.policy_facts\n", "only rego.v1 may be imported"),
    "an import under a name": ("import data.crew.deny as x\n", "only rego.v1 may be imported"),
    "crew's facts read": (
        "x := data.crew.door.policy_facts\n",
        "'data.crew.door.policy_facts' may not be read",
    ),
    "all data read": ("x := data\n", "'data' may not be read"),
    "data read by a text": ('x if {\n\tdata["crew"].deny\n}\n', "'data' may not be read"),
    "deny read": (finding('"a.b"', "some each in deny"), "'deny' may be added to, but not read"),
    "another call judged": ("x if {\n\ty with input as {}\n}\n", "'with' evaluates something other"),
    "the network": ('x := http.send({"url": "http://x"})\n', "'http.send' is not a built-in"),
    "old syntax": ("f[x] {\n\tx := 1\n}\n", "old syntax"),
    "no id": ("deny contains finding if {\n\tfinding := {}\n}\n", "a rule needs exactly one id"),
    "an id that is computed": (finding('concat("", ["a", ".b"])'), "a rule needs exactly one id"),
    "two ids": (finding('"a.b"', 'x := {"rule": "a.c"}'), "a rule needs exactly one id"),
    "an id of another form": (finding('"Freeze!"'), "a rule needs exactly one id"),
    "an id of crew": (finding('"merge.tests_failed"'), "a rule 'merge.tests_failed' already exists"),
    "an id twice": (finding('"house.freeze"'), "two rules have the id 'house.freeze'"),
    "a question for --yes": (
        finding('"a.b", "answerable": true', head="ask"),
        "a regulation's question is for a person",
    ),
    "an open bracket": ("x := {\n\ny := 1\n", "is not closed"),
    "an open bracket at the end": ("x := {\n", "is not closed"),
    "a bracket that closes nothing": ("x := 1\n}\n", "closes no bracket"),
    "many loops": (
        finding('"a.b"', "\n\t".join(f"some x{n} in data.listed" for n in range(5))),
        "take too long",
    ),
    "loops over long lists": (
        finding('"a.b"', "some x in data.listed\n\tsome y in data.packages"),
        "more takes too long",
    ),
    "a text direction": ('x := "\u202e"\n', "U+202E is not allowed"),
    "a carriage return": ("x := 1\r\n", "U+000D is not allowed"),
    "a letter that looks like another": ("d\u0435ny := 1\n", "U+0435 is not allowed"),
}


@pytest.mark.parametrize(("trick", "message"), TRICKS.values(), ids=TRICKS.keys())
def test_a_trick_is_refused(trick: str | None, message: str) -> None:
    text = HEAD + RULE + trick if trick is not None else HEAD.replace("extra", "crew") + RULE

    assert any(message in each for each in said(text)), said(text)


@pytest.mark.parametrize("text", ["", "\n", "x", "}", "{", "package extra\n", HEAD, HEAD + "x := 1\n"])
def test_a_policy_without_rules_is_refused(text: str) -> None:
    assert said(text)


PIECES = [
    HEAD,
    RULE,
    HELPERS,
    "deny",
    "ask := 1",
    "{",
    "}",
    "(",
    "]",
    "`",
    '"',
    "#",
    "\n",
    "\t",
    " ",
    ";",
    "data.crew",
    "if",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join))
def test_any_text_is_read(text: str) -> None:
    additions("extra/a.rego", text, TAKEN)
