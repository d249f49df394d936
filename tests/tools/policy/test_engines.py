# ruff: noqa: RUF001  full-width characters are what policies see of backslashes and quotes
"""Both engines give the same answers, and whatever is odd is a no."""

from __future__ import annotations

import functools
import threading

import pytest
from pydantic import JsonValue

from tests.conftest import Build
from tools.errors import PolicyError
from tools.policy import Decision
from tools.policy.answer import NO_ANSWER
from tools.policy.lint import BUILT_INS
from tools.policy.source import Source

HEAD = "package crew\n\nimport rego.v1\n\n"
DECISION = 'decision := {"form": "crew/1", "call": input.call, "deny": [], "ask": ask}\n\n'


def source(text: str, data: dict[str, JsonValue] | None = None) -> Source:
    return Source(modules={"crew/test.rego": text}, data={"settings": data or {}}, digest="sha256:test")


def telling(expressions: dict[str, str], data: dict[str, JsonValue] | None = None) -> Source:
    """Policies that ask once for each expression that is defined, with its value as the reason."""
    rules = "".join(
        f"ask contains finding if {{\n\tvalue := {expression}\n"
        f'\tfinding := {{"rule": "{name}", "reason": ["", value]}}\n}}\n\n'
        for name, expression in expressions.items()
    )
    return source(HEAD + DECISION + rules, data)


def told(decision: Decision) -> dict[str, str]:
    assert decision.outcome == "ask", decision.reasons
    return dict(zip(decision.rules, decision.reasons, strict=True))


# Every built-in that the linter lets through, on values from a call, from data and from other built-ins.
BUILT_IN_CASES = [
    ("array.concat", "array.concat(input.list, data.settings.list)", "b, a, a"),
    ("concat", 'concat("/", ["x", lower(input.text), object.get(input, "none", "y")])', "x/a/b/y"),
    ("contains", 'contains(input.text, "/")', "true"),
    ("count", "count(input.list)", "2"),
    ("endswith", 'endswith(lower(input.text), "/b")', "true"),
    ("format_int", "format_int(input.number, 10)", "7"),
    ("is_array", "is_array(input.list)", "true"),
    ("is_boolean", "is_boolean(input.yes)", "true"),
    ("is_null", "is_null(input.nothing)", "true"),
    ("is_number", "is_number(input.number)", "true"),
    ("is_object", "is_object(input.map)", "true"),
    ("is_set", "is_set({input.text})", "true"),
    ("is_string", "is_string(input.text)", "true"),
    ("lower", 'lower(input.text) in {"a/b"}', "true"),
    ("max", "max([input.number, 3])", "7"),
    ("min", "min([input.number, 3])", "3"),
    ("object.get", 'object.get(input.map, ["k", "l"], "none")', "none"),
    ("object.keys", "sort(object.keys(input.map))", "k, m"),
    ("object.remove", "object.keys(object.remove(input.map, data.settings.map))", "m"),
    ("object.union_n", "sort(object.keys(object.union_n([input.map, data.settings.map])))", "k, m"),
    ("regex.match", "regex.match(`^[A-Z]/[A-Z]$`, input.text)", "true"),
    ("replace", 'replace(input.text, "/", "-")', "A-B"),
    ("sort", "sort(input.list)", "a, b"),
    ("split", 'split(lower(input.text), "/")', "a, b"),
    ("startswith", 'startswith(input.text, "A/")', "true"),
    ("sum", "sum([input.number, 3])", "10"),
    ("trim", 'trim(input.text, "AB")', "/"),
    ("trim_prefix", 'trim_prefix(input.text, "A")', "/B"),
    ("trim_space", 'trim_space(concat("", [" ", input.text, " "]))', "A/B"),
    ("trim_suffix", 'trim_suffix(input.text, "/B")', "A"),
    ("type_name", 'type_name(object.get(input, "none", null))', "null"),
    ("upper", "upper(lower(input.text))", "A/B"),
]
CALL: dict[str, JsonValue] = {
    "text": "A/B",
    "list": ["b", "a"],
    "number": 7,
    "yes": True,
    "nothing": None,
    "map": {"k": "v", "m": "w"},
}


DEEP: JsonValue = functools.reduce(lambda inner, _: [inner], range(25), 1)


def test_every_built_in_that_the_linter_allows_is_tried() -> None:
    assert [name for name, _, _ in BUILT_IN_CASES] == sorted(BUILT_INS)


def test_built_ins_mean_the_same(build: Build) -> None:
    policies = telling({name: text for name, text, _ in BUILT_IN_CASES}, {"list": ["a"], "map": {"k": True}})

    assert told(build(policies).decide(CALL)) == {name: expected for name, _, expected in BUILT_IN_CASES}


def test_texts_reach_the_policies_in_visible_characters(build: Build) -> None:
    engine = build(
        telling(
            {"text": "input.text", "characters": "count(input.text)", "known": "data.settings.odd"},
            {"odd": "＼"},
        )
    )

    assert told(engine.decide({"text": 'a\\u0041"\n\t\x00\x1b\u202e\u200b\u2060\U000e0041é'})) == {
        "text": 'a＼u0041"␊␉\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdé',
        "characters": "17",
        "known": "＼",
    }


@pytest.mark.parametrize(
    "call",
    [
        {"number": 2**63},
        {"number": float("nan")},
        {"number": float("inf")},
        {"text": b"bytes"},
        {"a\x00": 1, "a\x01": 2},
        {"list": DEEP},
        {"list": list(range(30_000))},
    ],
    ids=["integer", "nan", "infinity", "bytes", "twins", "deep", "large"],
)
def test_what_engines_could_misread_is_denied(build: Build, call: dict[str, JsonValue]) -> None:
    decision = build(telling({"one": "1"})).decide(call)

    assert (decision.outcome, decision.reasons[0], decision.rules) == ("deny", NO_ANSWER, ())


GOOD = '"form": "crew/1", "call": input.call'
ODD_ANSWERS = {
    "a built-in that fails": f'decision := {{{GOOD}, "deny": [], "ask": [lower(input.number)]}}',
    "one that fails under not": f"""decision := {{{GOOD}, "deny": deny, "ask": []}}

deny contains {{"rule": "a", "reason": "b"}} if not upper_case

upper_case if lower(input.number) == "a"
""",
    "no decision": "other := 1",
    "undefined": f'decision := {{{GOOD}, "deny": input.missing, "ask": []}}',
    "no form": 'decision := {"call": input.call, "deny": [], "ask": []}',
    "another form": 'decision := {"form": "crew/2", "call": input.call, "deny": [], "ask": []}',
    "another call": 'decision := {"form": "crew/1", "call": 1, "deny": [], "ask": []}',
    "no deny": f'decision := {{{GOOD}, "ask": []}}',
    "deny is no list": f'decision := {{{GOOD}, "deny": true, "ask": []}}',
    "a denial is a text": f'decision := {{{GOOD}, "deny": ["no"], "ask": []}}',
    "a denial has no reason": f'decision := {{{GOOD}, "deny": [{{"rule": "a"}}], "ask": []}}',
    "more than asked": f'decision := {{{GOOD}, "deny": [], "ask": [], "allow": true}}',
    "a text": 'decision := "allow"',
    "true": "decision := true",
}


@pytest.mark.parametrize("text", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_an_odd_answer_is_a_no(regopy_only: Build, text: str) -> None:
    decision = regopy_only(source(f"{HEAD}{text}\n")).decide({"number": 7})

    assert (decision.outcome, decision.reasons[0], decision.rules) == ("deny", NO_ANSWER, ())
    assert not decision.answerable


@pytest.mark.parametrize("text", [*ODD_ANSWERS.values()][:3], ids=[*ODD_ANSWERS][:3])
def test_an_odd_answer_of_opa_is_a_no(opa_only: Build, text: str) -> None:
    decision = opa_only(source(f"{HEAD}{text}\n")).decide({"number": 7})

    assert (decision.outcome, decision.reasons[0], decision.rules) == ("deny", NO_ANSWER, ())


def test_questions_are_answerable_only_together(build: Build) -> None:
    engine = build(
        source(
            f"""{HEAD}{DECISION}ask contains {{"rule": "b", "reason": "B?", "answerable": true}} if input.b

ask contains {{"rule": "a", "reason": ["A", 1, ["x", "y"], "?"], "fix": "Say."}} if input.a
"""
        )
    )

    both = engine.decide({"a": True, "b": True})
    assert (both.outcome, both.answerable) == ("ask", False)
    assert (both.rules, both.reasons) == (("a", "b"), ("A1x, y? Say.", "B?"))
    assert engine.decide({"a": False, "b": True}).answerable
    assert engine.decide({"a": False, "b": False}).outcome == "allow"


def test_many_threads_get_their_own_answers(build: Build) -> None:
    engine = build(telling({"name": "input.name"}))
    wrong: list[str] = []

    def ask(name: str) -> None:
        wrong.extend(name for _ in range(50) if told(engine.decide({"name": name})) != {"name": name})

    threads = [threading.Thread(target=ask, args=(f"thread {number}",)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_a_closed_engine_denies(build: Build) -> None:
    engine = build(telling({"one": "1"}))
    assert engine.decide({}).outcome == "ask"

    engine.close()

    assert engine.decide({}).reasons[0] == NO_ANSWER


def test_policies_that_do_not_compile_are_refused(build: Build, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PolicyError, match=r"crew/test\.rego"):
        build(source(f"{HEAD}decision := {{\n"))

    assert capfd.readouterr() == ("", "")
