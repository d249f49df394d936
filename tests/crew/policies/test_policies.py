"""Every rule of the policies fires, on both engines alike, and none is dead."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.conftest import Build
from tests.crew.policies.calls import ALLOWED, Call
from tests.crew.policies.cases import CASES, Case
from tools.policy import Decision, PolicyEngine
from tools.policy.answer import NO_ANSWER
from tools.policy.opa_engine import OpaEngine
from tools.policy.regopy_engine import RegopyEngine
from tools.policy.source import Source, load

POLICIES = Path(__file__).parents[3] / "crew" / "policies"
SENTENCES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text())
PACKAGES: dict[str, dict[str, JsonValue]] = {
    "MIT": {"fastapi==0.1.0": True},
    "BSD-3-Clause": {"uvicorn==0.30.0": True},
    "GPL-3.0-only": {"readline==1.0": True},
}
_RULE = re.compile(r"^(?:deny|ask) contains \w+ if (?:\{\n.*?^\}|some [^\n]*)\n", re.MULTILINE | re.DOTALL)


@cache
def policies(extra: str = "") -> Source:
    """Return the policies, with packages and choices that stay the same whatever the data become."""
    source = load(POLICIES)
    settings = source.data["settings"]
    assert isinstance(settings, dict)
    more = {"extra/a.rego": f"package extra\n\nimport rego.v1\n\n{extra}\n"} if extra else {}
    chosen: JsonValue = settings | {"breaking_answerable": False}
    listed: JsonValue = {release: True for releases in PACKAGES.values() for release in releases}
    data = source.data | {"settings": chosen, "packages": PACKAGES, "releases": RELEASES, "listed": listed}
    return dataclasses.replace(source, data=data, modules=source.modules | more)


RELEASES: JsonValue = {
    "fastapi": ["fastapi==0.1.0"],
    "uvicorn": ["uvicorn==0.30.0"],
    "readline": ["readline==1.0"],
}
Place = tuple[str | int, ...]


class Panel:
    """One engine for each set of a user's own rules."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._engines: dict[str, PolicyEngine] = {}

    def decide(self, call: Call, extra: str = "") -> Decision:
        if extra not in self._engines:
            self._engines[extra] = self._build(policies(extra))
        return self._engines[extra].decide(call)


def expected(case: Case) -> Decision:
    return Decision(
        outcome=case.outcome,
        rules=case.rules,
        reasons=tuple(SENTENCES.get(case.name, ())),
        answerable=case.answerable,
        engine="",
        policy_digest="",
        seconds=0,
    )


def plain(decision: Decision) -> Decision:
    """Without what may differ from engine to engine and run to run."""
    return decision.model_copy(update={"engine": "", "policy_digest": "", "seconds": 0})


def test_cases(build: Build) -> None:
    panel = Panel(build)

    said = {case.name: plain(panel.decide(case.call, case.extra)) for case in CASES}

    for case in CASES:
        assert said[case.name] == expected(case), case.name
    assert len(said) == len(CASES)
    assert set(SENTENCES) == {case.name for case in CASES if case.outcome != "allow"}


@pytest.mark.parametrize("answerable", [False, True])
def test_whether_yes_may_answer_for_a_break_is_a_setting(build: Build, answerable: bool) -> None:
    source = policies()
    settings = source.data["settings"]
    assert isinstance(settings, dict)
    chosen: JsonValue = settings | {"breaking_answerable": answerable}
    engine = build(dataclasses.replace(source, data=source.data | {"settings": chosen}))

    (call,) = [case.call for case in CASES if case.name == "nobody compared contracts"]

    assert engine.decide(call).answerable is answerable


def test_a_call_of_every_tool_is_allowed(build: Build) -> None:
    panel = Panel(build)

    assert {tool: panel.decide(call).reasons for tool, call in ALLOWED.items()} == dict.fromkeys(ALLOWED, ())
    assert {panel.decide(call).outcome for call in ALLOWED.values()} == {"allow"}


def test_every_tool_has_an_allowed_call() -> None:
    settings = policies().data["settings"]
    assert isinstance(settings, dict)
    assert isinstance(settings["tools"], dict)
    assert set(ALLOWED) == set(settings["tools"])


def rules() -> Iterator[tuple[str, str]]:
    """Give each rule of deny and ask, with the module that holds it."""
    for name, text in policies().modules.items():
        found = [match.group() for match in _RULE.finditer(text)]
        assert len(found) == len(re.findall(r"^(?:deny|ask)\b", text, re.MULTILINE)), (
            f"{name}: a rule is unread"
        )
        yield from ((name, each) for each in found)


def test_every_rule_has_a_case() -> None:
    named = {rule for _, text in rules() for rule in re.findall(r'"rule": "([^"]*)"', text)}
    helpers = set(re.findall(r'"rule": "([^"]*)"', "".join(policies().modules.values()))) - named

    # `extra.form` can only fire under regopy, see test_own_rules_of_a_wrong_form.
    fired = {rule for case in CASES for rule in case.rules} | {"extra.form"}
    assert named | helpers == {each for each in fired if each not in ("extra.freeze", "extra.look")}


@pytest.mark.parametrize(
    ("module", "rule"),
    # Whether `extra.form` is dead is seen in test_own_rules_of_a_wrong_form.
    [each for each in rules() if "extra.form" not in each[1]],
    ids=lambda text: re.sub(r"\W+", " ", text)[-60:],
)
def test_no_rule_is_dead(module: str, rule: str) -> None:
    """Without the rule, a case goes wrong."""
    names = set(re.findall(r'"rule": "([^"]*)"', rule))
    cases = [case for case in CASES if not names or names & set(case.rules)]

    def build(source: Source) -> PolicyEngine:
        left = source.modules | {module: source.modules[module].replace(rule, "")}
        return RegopyEngine(dataclasses.replace(source, modules=left))

    panel = Panel(build)
    assert any(plain(panel.decide(case.call, case.extra)) != expected(case) for case in cases)


@pytest.mark.parametrize("own", ['deny := "no"', "deny := true", "ask := 1"])
def test_own_rules_of_a_wrong_form(own: str) -> None:
    source = policies(own)
    call = ALLOWED["run_tests"]
    assert RegopyEngine(source).decide(call).rules == ("extra.form",)

    text = source.modules["crew/decision.rego"]
    (form,) = [rule for _, rule in rules() if "extra.form" in rule]
    without = dataclasses.replace(
        source, modules=source.modules | {"crew/decision.rego": text.replace(form, "")}
    )

    assert RegopyEngine(without).decide(call).rules == ()


HARMLESS: list[tuple[Place, list[JsonValue]]] = [
    (("delivery",), ["odd"]),
    (("rationale",), ["odd"]),
    (("evidence",), [[]]),
    (("facts", "branch"), ["odd"]),
    (("facts", "dependencies", "added"), [{}]),
    (("facts", "dependencies", "licences"), [{}]),
    (("facts", "dependencies", "licences", "MIT"), [[], [None]]),
]
"""Places, and other values there that are as good."""
UNJUDGED = ("arguments", "fastapi==0.1.0", "MIT")


@pytest.mark.parametrize("tool", ALLOWED)
def test_no_odd_value_is_let_through(regopy_only: Build, tool: str) -> None:
    """A call or a fact of another type, and a fact that is not there, never end in `allow`."""
    engine = regopy_only(policies())
    call = ALLOWED[tool]

    let_through = [
        (place, odd)
        for place, value in places(call)
        for odd in (None, True, -1, [], {}, "odd", [None], {"odd": None})
        if odd != value and engine.decide(put(call, place, odd)).outcome == "allow"
    ]

    surprising = [
        (place, odd)
        for place, odd in let_through
        if not set(place[:-1]) & set(UNJUDGED) and place[0] != "arguments" and place[-1] not in UNJUDGED
    ]
    assert [each for each in surprising if each[1] not in dict(HARMLESS).get(each[0], [])] == []


@pytest.mark.parametrize("tool", ALLOWED)
def test_no_missing_fact_is_let_through(regopy_only: Build, tool: str) -> None:
    engine = regopy_only(policies())
    facts = [place for place, _ in places(ALLOWED[tool]) if place[0] not in ("arguments", "evidence")]

    let_through = [
        place for place in facts if engine.decide(without(ALLOWED[tool], place)).outcome == "allow"
    ]

    assert [place for place in let_through if not set(place) & set(UNJUDGED)] == []


def test_engines_agree_on_odd_calls(regopy_only: Build, opa_only: Build) -> None:
    one, other = regopy_only(policies()), opa_only(policies())
    calls = [
        put(ALLOWED[tool], place, odd)
        for tool in ("merge", "write_file", "install_dependencies")
        for place, _ in places(ALLOWED[tool])
        for odd in (None, True, -1, 1.5, [], {}, "odd", [None], {"odd": None})
    ]

    differing = [call for call in calls if agreed(one.decide(call)) != agreed(other.decide(call))]

    assert differing == []


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=30) | st.text('./~\\ -aA:"\n', max_size=12))
def test_engines_agree_on_texts(pair: tuple[PolicyEngine, PolicyEngine], text: str) -> None:
    path = {"text": text, "resolved": f"/home/{text}"}
    for call in (
        put(put(ALLOWED["read_file"], ("arguments", "path"), text), ("facts", "paths", 0), path),
        put(ALLOWED["commit"], ("facts", "branch"), text),
        put(put(ALLOWED["commit"], ("rationale",), text), ("evidence", 0), text),
        put(ALLOWED["run_tests"], ("role",), text),
        put(ALLOWED["install_dependencies"], ("facts", "dependencies", "added"), {text: True}),
    ):
        one, other = pair
        assert agreed(one.decide(call)) == agreed(other.decide(call))


@pytest.fixture(scope="module")
def pair(opa_program: str) -> Iterator[tuple[PolicyEngine, PolicyEngine]]:
    """Both engines with the policies."""
    opa = OpaEngine(policies(), opa_program)
    yield RegopyEngine(policies()), opa
    opa.close()


def agreed(decision: Decision) -> Decision:
    """What engines must agree on; when there is no answer, each says why in its own words."""
    if decision.reasons[:1] == (NO_ANSWER,):
        decision = decision.model_copy(update={"reasons": (NO_ANSWER,)})
    return plain(decision)


def places(value: JsonValue, place: Place = ()) -> Iterator[tuple[Place, JsonValue]]:
    """Give every value in a document, with its place."""
    if place:
        yield place, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*place, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*place, number))


def put(call: Call, place: Place, value: JsonValue) -> Call:
    copied, holder = _holder(call, place)
    holder[place[-1]] = value
    return copied


def without(call: Call, place: Place) -> Call:
    copied, holder = _holder(call, place)
    del holder[place[-1]]
    return copied


def _holder(call: Call, place: Place) -> tuple[Call, Any]:
    copied = copy.deepcopy(call)
    holder: Any = copied
    for each in place[:-1]:
        holder = holder[each]
    return copied, holder
