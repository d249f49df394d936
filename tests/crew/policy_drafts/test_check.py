"""What a drafted policy must prove, on every engine; and that it never makes a decision less careful."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crew.policy_drafts.check import judge, no_less, own_policies, slug, stands_in, tool_facts
from crew.policy_drafts.draft import DraftRule, PolicyDraft
from crew.policy_drafts.sample_calls import example_call, example_calls, odd_calls, overlaid
from tests.conftest import Build
from tests.crew.drafts import (
    GOOD,
    HEAD,
    LGPL_RULE,
    QUOTE_LGPL,
    REGO,
    REGULATION,
    SCAN_CASES,
    SCAN_RULE,
    with_rego,
)
from tests.crew.policies.cases import CASES
from tests.tools.policy.test_additions import HELPERS, TRICKS
from tools.errors import PolicyError
from tools.policy import Decision
from tools.policy.additions import additions, names_of
from tools.policy.regopy_engine import RegopyEngine

OWN = own_policies()


def complaints(draft: PolicyDraft, regulation: str = REGULATION) -> str:
    return "\n".join(judge(draft, regulation, "payments").complaints)


def changed(**parts: object) -> PolicyDraft:
    return GOOD.model_copy(update=parts)


def test_a_sound_draft_is_sound(opa_program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", opa_program.rpartition("/")[0])

    verdict = judge(GOOD, REGULATION, "payments")

    assert verdict.complaints == ()
    assert verdict.engines == ("regopy", "opa")
    assert verdict.objects_to == ()


def test_a_sound_draft_takes_nothing_from_any_case_of_the_policies(build: Build) -> None:
    with_draft = dataclasses.replace(OWN, modules=OWN.modules | {"extra/payments.rego": REGO})
    plain, stricter = build(OWN), build(with_draft)

    for case in CASES:
        assert no_less(plain.decide(case.call), stricter.decide(case.call)), case.name


STATEMENTS = [text for text, _ in TRICKS.values() if text] + HELPERS.split("\n\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS) | st.sampled_from(["{", "}", ";", " ", "\n", "#"]), max_size=5))
def test_whatever_has_the_form_of_an_addition_takes_nothing_away(statements: list[str]) -> None:
    rego = f"{REGO}\n{''.join(statements)}\n"
    if additions("extra/a.rego", rego, names_of(OWN.modules)).findings:
        return
    try:
        stricter = RegopyEngine(dataclasses.replace(OWN, modules=OWN.modules | {"extra/a.rego": rego}))
    except PolicyError:
        return
    plain = RegopyEngine(OWN)
    for case in CASES[::5]:
        assert no_less(plain.decide(case.call), stricter.decide(case.call)), case.name


def test_a_policy_that_objects_to_every_call_is_refused() -> None:
    rule = f"{HEAD}{LGPL_RULE}".replace('input.tool == "merge"', 'licence := "LGPL"\n\trelease := input.tool')
    everything = "".join(each for each in rule.splitlines(True) if "\tsome " not in each)

    assert "says deny by payments.lgpl, not allow" in complaints(with_rego(f"{everything}\n{SCAN_RULE}"))


def test_a_plain_call_that_is_objected_to_is_shown_to_the_person() -> None:
    cautious = SCAN_RULE.replace("input.arguments.environment ==", "not input.arguments.environment ==")
    cases = tuple(
        case.model_copy(update={"input": {"tool": "start_service", "arguments": {"environment": where}}})
        for case, where in zip(SCAN_CASES, ("staging", "production"), strict=True)
    )
    draft = PolicyDraft(rules=GOOD.rules[1:], rego=HEAD + cautious, cases=cases)

    verdict = judge(draft, REGULATION, "payments")

    assert verdict.complaints == ()
    assert verdict.objects_to == ("start_service: ask",)


WRONG: dict[str, tuple[PolicyDraft, str]] = {
    "a quote that is not there": (
        changed(
            rules=(
                DraftRule(name="payments.lgpl", why="Software must not contain any libraries at all."),
                GOOD.rules[1],
            )
        ),
        "is not in the regulation",
    ),
    "half a quote": (
        changed(rules=(DraftRule(name="payments.lgpl", why="libraries"), GOOD.rules[1])),
        "is too short",
    ),
    "a quote with another word": (
        changed(
            rules=(DraftRule(name="payments.lgpl", why=QUOTE_LGPL.replace("must", "should")), GOOD.rules[1])
        ),
        "is not in the regulation",
    ),
    "a rule without a sentence": (changed(rules=GOOD.rules[:1]), "payments.scan is only in `rego`"),
    "a sentence without a rule": (with_rego(HEAD + LGPL_RULE), "payments.scan is only in `rules`"),
    "a rule listed twice": (changed(rules=(*GOOD.rules, GOOD.rules[0])), "is listed twice in `rules`"),
    "no case that fires": (changed(cases=GOOD.cases[1:]), "payments.lgpl: no case expects deny"),
    "no case that does not fire": (
        changed(cases=(GOOD.cases[0], *SCAN_CASES)),
        "payments.lgpl: no case expects allow",
    ),
    "no case at all": (changed(cases=()), "payments.scan: no case expects ask"),
    "a case of another kind": (
        changed(cases=(*GOOD.cases, GOOD.cases[0].model_copy(update={"name": "other", "expect": "ask"}))),
        "it can deny, and a case expects ask",
    ),
    "a case of no rule": (
        changed(cases=(*GOOD.cases, GOOD.cases[0].model_copy(update={"name": "other", "rule": "a.b"}))),
        "'a.b', which is not a rule of this policy",
    ),
    "two cases of one name": (changed(cases=(*GOOD.cases, GOOD.cases[0])), "two cases are called"),
    "a case of no tool": (
        changed(cases=(GOOD.cases[0].model_copy(update={"input": {"tool": "shell"}}), *GOOD.cases[1:])),
        "unknown tool 'shell'",
    ),
    "a case without a tool": (
        changed(cases=(GOOD.cases[0].model_copy(update={"input": {}}), *GOOD.cases[1:])),
        "unknown tool None",
    ),
    "a case that is denied anyway": (
        changed(
            cases=(
                GOOD.cases[0].model_copy(
                    update={"input": {"tool": "merge", "facts": {"tests": {"failed": 1}}}}
                ),
                *GOOD.cases[1:],
            )
        ),
        "without this policy it is not allowed, since merge.tests_failed already objects (Tests failed",
    ),
    "a rule that never fires": (
        with_rego(REGO.replace('"LGPL")', '"lgpl")')),
        "says allow, not deny by payments.lgpl",
    ),
    "a rule that always fires": (
        with_rego(REGO.replace('\tstartswith(licence, "LGPL")\n', "")),
        "says deny by payments.lgpl, not allow",
    ),
    "a question that denies": (
        with_rego(REGO.replace("ask contains", "deny contains")),
        "it can deny, and a case expects ask",
    ),
    "a built-in on anything": (
        with_rego(
            REGO.replace(
                "some release in releases", "some release in releases\n\tcount(input.facts.head_tree) > 0"
            )
        ),
        "check is_string(x)",
    ),
    "two values at once": (
        with_rego(
            f"{REGO}\nhow := 1\n\n".replace("some release in", "how > 0\n\tsome release in")
            + 'how := 2 if {\n\tinput.facts.branch == "odd"\n}\n'
        ),
        "has no answer for a call of 'merge'",
    ),
    "Rego that no engine reads": (
        with_rego(REGO.replace("is_number(input", "is_number(input input")),
        "an engine cannot read it",
    ),
    "crew's package": (
        with_rego(REGO.replace("package extra", "package crew")),
        "the package must be 'extra'",
    ),
    "without the import": (with_rego(REGO.replace("import rego.v1", "")), "'import rego.v1' is missing"),
    "deny as a value": (with_rego(f"{REGO}\ndeny := set()\n"), "neither 'deny contains"),
    "facts emptied": (
        with_rego(f"{REGO}\nfacts := {{}}\n"),
        "'facts' is already a name in the existing policies",
    ),
    "an allow": (with_rego(f"{REGO}\nallow if {{\n\ttrue\n}}\n"), "neither 'deny contains"),
}


@pytest.mark.parametrize(("draft", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(draft: PolicyDraft, said: str) -> None:
    assert said in complaints(draft)


@pytest.mark.slow
def test_a_policy_that_takes_long_is_refused() -> None:
    loops = "some a in object.keys(data.listed)\n\tsome b in letters"
    many = f"many contains name if {{\n\t{loops}\n\tname := concat(b, [a, a])\n}}\n"
    letters = f"letters := {list('abcdefghijklmnopqrstuvwxyz')!r}\n".replace("'", '"')
    slow = LGPL_RULE.replace("some release in", "not licence in many\n\tsome release in")

    assert "loop over less" in complaints(with_rego(f"{HEAD}{letters}\n{many}\n{slow}\n{SCAN_RULE}"))


def test_a_name_of_another_policy_is_taken() -> None:
    other = REGO.replace("payments.", "other.")
    beside = dataclasses.replace(OWN, modules=OWN.modules | {"extra/other.rego": other})

    said = "\n".join(judge(GOOD, REGULATION, "payments", beside).complaints)

    assert "'some_medium' is already a name in the existing policies" in said


def decision(outcome: str, *rules: str, answerable: bool = False) -> Decision:
    return Decision.model_validate(
        {
            "outcome": outcome,
            "reasons": [f"{rule}." for rule in rules],
            "rules": rules,
            "answerable": answerable,
            "engine": "regopy",
            "policy_digest": "",
            "seconds": 0,
        }
    )


@pytest.mark.parametrize(
    ("before", "after", "careful"),
    [
        (decision("allow"), decision("allow"), True),
        (decision("allow"), decision("ask", "a"), True),
        (decision("allow"), decision("ask", "a", answerable=True), True),
        (decision("ask", "a"), decision("deny", "b"), True),
        (decision("ask", "a"), decision("ask", "a", "b"), True),
        (decision("deny", "a"), decision("deny", "a", "b"), True),
        (decision("ask", "a", answerable=True), decision("ask", "a", answerable=False), True),
        (decision("deny", "a"), decision("ask", "a"), False),
        (decision("deny", "a"), decision("allow"), False),
        (decision("ask", "a"), decision("allow"), False),
        (decision("deny", "a", "b"), decision("deny", "a"), False),
        (decision("ask", "a"), decision("ask", "b"), False),
        (decision("ask", "a"), decision("ask", "a", answerable=True), False),
    ],
)
def test_no_less_careful(before: Decision, after: Decision, careful: bool) -> None:
    assert no_less(before, after) is careful


def test_every_tool_has_an_example_that_is_allowed(build: Build) -> None:
    engine = build(OWN)
    calls = list(example_calls(OWN.data))

    assert {str(call["tool"]): engine.decide(call).reasons for call in calls} == dict.fromkeys(
        tool_facts(OWN), ()
    )


def test_odd_calls_change_one_value() -> None:
    call = example_call(OWN.data, "start_service")
    odd = list(odd_calls(call))

    assert call not in odd
    assert {**call, "role": 1} in odd
    assert {
        **call,
        "facts": {"merged": None, "known_evidence": ["a-1", "a-2", "a-3", "a-4"], "rationale_letters": 30},
    } in odd
    assert {**call, "facts": {"known_evidence": ["a-1", "a-2", "a-3", "a-4"], "rationale_letters": 30}} in odd


def test_an_overlay_goes_as_deep_as_objects_do() -> None:
    call = {"a": {"b": 1, "c": [1, 2]}, "d": 1}

    assert overlaid(call, {"a": {"c": [3]}, "e": {}}) == {"a": {"b": 1, "c": [3]}, "d": 1, "e": {}}
    assert call == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


def test_quotes_and_names() -> None:
    assert stands_in("contain libraries\n   under the LGPL", REGULATION)
    assert not stands_in("contain libraries under the MIT", REGULATION)
    assert slug("DSGVO Art. 17 (EU)") == "dsgvo_art_17_eu"
    assert slug("§§") == "policy"
