"""A pattern that `plan` accepts matches the same texts in the service as for a client that reads the contract."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess

import pytest
import regex

from tests.tools.blueprint.reader.stories import last
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.forms.values import check_pattern
from tools.blueprint.regex_dialect import matches, not_portable, python_form

PORTABLE = (
    r"[A-Z]{2}-\d+(,x)?",
    r"\w+",
    r"\W",
    r"\D",
    r"\s+",
    r"\S+",
    r"[\s-]+",
    r"[^\s]",
    r"[\w.]+",
    r"[^\w]",
    r".",
    r"..",
    r".+?",
    r"[.$]",
    r"a$",
    r"a$\n",
    r"^a",
    r"\ba\b",
    r"(?:a|b)*",
    r"a{2}|a{3,}|b{0,1}",
    r"\$\.\\\\s",
    r"\x41\u0042",
    r"(a(b)?)+",
    r"\/api",
    r"[\]\[^-]",
    r"[a-z$(){}`]+",
)
TEXTS = [
    "".join(each)
    for size in (1, 2)
    for each in itertools.product(
        "aAbB1\u0663\u00e9 \t\n\r\x0b\u00a0\u2028\u3000\ufeff.$-\\s\u0130", repeat=size
    )
] + ["AB-12,x", "AB-\u0661", "aaaa", "/api", "$.\\s", "\u017f", "a\n\n"]
OTHERWISE = {
    r"\Aa": "\\Aa",
    r"a\Z": "\\Z",
    r"(?i)a": "(?i",
    r"(?P<n>a)": "(?P",
    r"(?#c)a": "(?#",
    r"(a)\1": "\\1",
    r"a++": "+",
    r"a{,3}": "{,3",
    r"a{": "{",
    r"a]": "]",
    r"[]a]": "[]a",
    r"[\S]": "[\\S",
    r"\-": "\\-",
    r"\a": "\\a",
    r"\N{BULLET}": "\\N{",
    r"\0": "\\0",
    r"\U00000041": "\\U0",
}


@pytest.mark.skipif(
    not shutil.which("node"), reason="Node.js, which runs ECMAScript's expressions, is not installed"
)
def test_python_matches_what_ecmascript_matches() -> None:
    program = """
        const [patterns, texts] = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const found = patterns.map((each) => new RegExp("^(?:" + each + ")$", "u"));
        console.log(JSON.stringify(found.map((each) => texts.filter((text) => each.test(text)))));
    """
    given = json.dumps([PORTABLE, TEXTS])
    done = subprocess.run(["node", "-e", program], input=given, capture_output=True, text=True, check=True)
    for pattern, theirs in zip(PORTABLE, json.loads(done.stdout), strict=True):
        for module in (re, regex):
            compiled = module.compile(python_form(pattern), module.ASCII)
            assert [text for text in TEXTS if compiled.fullmatch(text)] == theirs, (pattern, module.__name__)


@pytest.mark.parametrize("pattern", PORTABLE)
def test_a_portable_pattern_is_accepted(pattern: str) -> None:
    assert not_portable(pattern) == ""
    check_pattern(pattern)


@pytest.mark.parametrize(("pattern", "part"), OTHERWISE.items(), ids=OTHERWISE)
def test_any_other_is_refused_by_what_is_read_differently(pattern: str, part: str) -> None:
    assert not_portable(pattern) == part
    with pytest.raises(Unclear):
        check_pattern(pattern)


def test_a_default_must_match_as_the_service_does() -> None:
    assert [matches(r"\w+", text) for text in ("abc", "\u00e9", "\u0661")] == [True, False, False]
    assert "does not match" in last(r'A box has a name (text, matching /\w+/, default "é").').why
