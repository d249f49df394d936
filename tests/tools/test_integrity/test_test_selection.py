"""Settings of pytest are read as pytest reads them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from iniconfig import IniConfig, ParseError

from tools.test_integrity.test_selection import selection_settings
from tools.testing.test_command import pytest_options

HIDDEN = [
    "[pytest] # ]\naddopts = --ignore=tests\n",
    "[pytest] ; [x]\naddopts = --ignore=tests\n",
    "[pytest]\naddopts = --ignore=tests\nADDOPTS = -q\n",
    "[pytest]\naddopts = --ignore=tests\n= x\n",
    "[pytest]\n[other]x = 1\naddopts = --ignore=tests\n",
    "[pytest]\nx = 1\x0caddopts = --ignore=tests\n",
]
PIECES = [
    "[pytest]",
    "[other]",
    "[",
    "]",
    "#",
    ";",
    "=",
    ":",
    " ",
    "\t",
    "\n",
    "\r",
    "\x0c",
    "\u2028",
    "\n  ",
    "\n\n",
]
PIECES += [
    "addopts",
    "ADDOPTS",
    "--ignore=tests",
    "x",
    "[pytest]\naddopts = -k x\n",
    "DEFAULT",
    "[DEFAULT]\n",
]


@pytest.mark.attack
@pytest.mark.parametrize("text", HIDDEN)
def test_no_setting_is_hidden(text: str) -> None:
    assert "--ignore=tests" in " ".join(selection_settings({"pytest.ini": text}.get).values())


@pytest.mark.attack
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_hides_no_script(mark: str) -> None:
    text = mark + '{"scripts": {"test": "true"}}'
    assert selection_settings({"package.json": text}.get) == {"the test script of package.json": "true"}


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example(HIDDEN[0])
def test_what_pytest_reads_is_read_here(text: str) -> None:
    try:
        section = dict(IniConfig("pytest.ini", data=text).sections.get("pytest", {}))
    except (ParseError, IndexError):
        return  # pytest fails
    options = pytest_options(text, "pytest") or {}
    if "settings" not in options:
        assert options.get("addopts", "").split() == (section.get("addopts") or "").split()
