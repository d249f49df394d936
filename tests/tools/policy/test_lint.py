"""What the linter refuses, and what it lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.policy.lint import Finding, lint_modules

POLICIES = Path(__file__).parents[3] / "crew" / "policies"
HEAD = "package crew\n\nimport rego.v1\n\n"


def messages(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in lint_modules({"crew/a.rego": text})]


def lint(path: Path, package: str = "crew") -> list[Finding]:
    """Return what is wrong with a policy file, or with a folder of them."""
    files = sorted(path.glob("*.rego")) if path.is_dir() else [path]
    return lint_modules({f"{package}/{each.name}": each.read_text() for each in files})


def test_the_policies_are_clean() -> None:
    assert lint(POLICIES) == []
    assert len([*POLICIES.glob("*.rego")]) > 5


REFUSED = {
    "an index under a bare some": (
        'x contains i if {\n\tsome i\n\tstartswith(data.a[i], "X")\n}\n',
        [(6, "'some' leaves unbound"), (7, "unbound index 'i'")],
    ),
    "an index out of nowhere": ('x if startswith(data.a[i], "X")\n', [(5, "unbound index 'i'")]),
    "an index bound in another rule": (
        'y if {\n\tsome i in data.b\n\ti == 1\n}\n\nx if startswith(data.a[i], "X")\n',
        [(10, "unbound index 'i'")],
    ),
    "any element": ('x if startswith(data.a[_], "X")\n', [(5, "unbound index '_'")]),
    "any element of an own function": ("f(y) := y\n\nx if f(data.a[_])\n", [(7, "unbound index '_'")]),
    "semver": ('x if semver.compare("1.2.3", input.v) == 0\n', [(5, "'semver.compare' is not a built-in")]),
    "times": ("x := time.parse_rfc3339_ns(input.t)\n", [(5, "'time.parse_rfc3339_ns' is not a built-in")]),
    "sprintf": ('x := sprintf("%v", [input.a])\n', [(5, "'sprintf' is not a built-in")]),
    "the network": ('x := http.send({"url": input.u})\n', [(5, "'http.send' is not a built-in")]),
    "flags in patterns": ("x if regex.match(`(?i)abc`, input.a)\n", [(5, "flags like (?i)")]),
    "escapes": ('x if input.a == "\\u002e"\n', [(5, "keeps escapes")]),
    "an old body": ("allow {\n\tinput.a\n}\n", [(5, "old syntax")]),
    "an old set": ("deny[x] {\n\tx := input.a\n}\n", [(5, "old syntax")]),
    "an old function": ("f(x) {\n\tx == 1\n}\n", [(5, "old syntax")]),
    "unification": ("x if {\n\ty = input.a\n\ty == 1\n}\n", [(6, "'=' unifies")]),
    "another call": ("x if data.crew.deny with input as {}\n", [(5, "'with' evaluates")]),
    "not around what may be undefined": (
        'x if not startswith(input.path, "/")\n',
        [(5, "OPA drops a 'not' around an undefined 'input.path'")],
    ),
    "not in what may be undefined": (
        "x if not input.tool in [1]\n",
        [(5, "OPA drops a 'not' around an undefined 'input.tool'")],
    ),
}


@pytest.mark.parametrize(("rule", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(rule: str, expected: list[tuple[int, str]]) -> None:
    found = messages(HEAD + rule)

    assert [line for line, _ in found] == [line for line, _ in expected]
    for (_, message), (_, part) in zip(found, expected, strict=True):
        assert part in message


ALLOWED = {
    "bound by some": 'x if {\n\tsome i, v in data.a\n\tstartswith(v, "X")\n\tdata.b[i] == 1\n}\n',
    "bound by every": "x if {\n\tevery k, _ in data.a {\n\t\tdata.b[k] == 1\n\t}\n}\n",
    "bound by assignment": "x if {\n\tk := input.k\n\tdata.a[k] == 1\n}\n",
    "a parameter": "f(k) := data.a[k]\n\nx if f(1)\n",
    "another rule": "k := input.k\n\nx if data.a[k] == 1\n",
    "a number and a text": 'x if data.a[0] == data.b["c"]\n',
    "a list": "x := [input.a, [input.b]]\n",
    "texts and comments": 'x := "(?: no"\n',
    "raw text": "x if regex.match(`^\\.[_]$`, input.a)\n",
    "not around a bound value": 'x if {\n\tp := input.path\n\tnot startswith(p, "/")\n}\n',
    "not around plain undefinedness": "x if not input.a.b == 1\n",
    "settings are always there": "x if {\n\tsome p in input.list\n\tnot p in data.settings.a\n}\n",
    "old syntax in a comment": "# allow { input.a[_] = 1 }\nx := 1\n",
    "set and object": 'x := {"a": {1, 2}}\n\ny contains 1 if x\n\nz[k] := v if some k, v in x\n',
}


@pytest.mark.parametrize("rule", ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed(rule: str) -> None:
    assert messages(HEAD + rule) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package crew\n\nx := 1\n", "'import rego.v1' is missing"),
        ("# import rego.v1\npackage crew\n", "'import rego.v1' is missing"),
        ("package other\n\nimport rego.v1\n", "the package must be 'crew'"),
        ("package crew.sub\n\nimport rego.v1\n", "the package must be 'crew'"),
        ("import rego.v1\n\nx := 1\n", "the package must be 'crew'"),
        (f"{HEAD}import data.other\n", "'import data.other'"),
    ],
)
def test_the_frame(text: str, message: str) -> None:
    assert [message in each for _, each in messages(text)] == [True]


def test_a_finding_names_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.rego"
    path.write_text("package extra\n\nimport rego.v1\n\nx := rand.intn(input.a, 2)\n")

    (finding,) = lint(path, "extra")

    assert finding == Finding("extra/mine.rego", 5, finding.message)
    assert str(finding).startswith("extra/mine.rego:5: 'rand.intn' is not a built-in")
