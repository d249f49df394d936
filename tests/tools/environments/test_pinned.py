"""Lines of requirement files, parsed once for the policies and the installer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.environments.pinned import logical_lines, pin_of, require_pins, require_releases
from tools.errors import RequirementRefused
from tools.scanners import dependencies

HASH = f"--hash=sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a==1\n\n  # note\nb==2 # note\n", [(1, "a==1"), (4, "b==2")]),
        ("# pins \\\ntoolz==1.0.0\n", [(2, "toolz==1.0.0")]),
        ("  # pins \\\ntoolz==1.0.0\n", [(2, "toolz==1.0.0")]),
        (f"a==1 \\\n  {HASH}\nb==2", [(1, f"a==1    {HASH}"), (3, "b==2")]),
        (f"a==1 \\\r\n  {HASH}\r\n", [(1, f"a==1    {HASH}")]),
        ("a==1 \\\n# note \\\nb==2\n", [(1, "a==1"), (3, "b==2")]),
        ("a==1 \\\n\nb==2\n", [(1, "a==1"), (3, "b==2")]),
        ("a==1 \\", [(1, "a==1")]),
        ("a==1 # note \\\nb==2\n", [(1, "a==1 # note \\"), (2, "b==2")]),
        ("a==1 \\ # note\nb==2\n", [(1, "a==1 \\"), (2, "b==2")]),
    ],
)
def test_comments_end_before_lines_are_joined(text: str, lines: list[tuple[int, str]]) -> None:
    assert logical_lines(text) == lines


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("Py_JWT == 2.0", "py-jwt==2.0"),
        (
            "uvicorn[standard, x]==0.3;python_version>'3.8' ",
            "uvicorn[standard, x]==0.3 ; python_version>'3.8'",
        ),
        (f"a==1!2.0+local   {HASH}  {HASH}", f"a==1!2.0+local {HASH} {HASH}"),
    ],
)
def test_a_pin_has_one_form(line: str, canonical: str) -> None:
    pin = pin_of(line.strip())
    assert pin is not None
    assert pin.line == canonical


@pytest.mark.attack
@pytest.mark.parametrize(
    "line",
    [
        "evil @ http://host.example/${UV_INDEX_PRIVATE_PASSWORD}/x.whl",
        "a==${VERSION}",
        "a==1 ; python_version > '${TOKEN}'",
        "a[${TOKEN}]==1",
        "a==1 ; python_version > '3' # \\",
        "a==1 ; os_name != 'http://host.example'",
        "a==1 ; os_name != 'x' --index-url evil",
        f"a==1 {HASH} --index-url=evil",
        "a==1 \\ -r other.txt",
        "a==1\u00a0",
        "a==1\u00a0; python_version > '3'",
        "a\u00a0==1",
        "\ufeffa==1",
        "\uff41==1",
        "a==1;",
        "a-==1",
        "a==1 b==2",
        "a==1x",
        "a == 1 @ file.whl",
        "-e .",
        "-rother.txt",
        "--index-url=evil",
        "./a.whl",
        "a.whl",
    ],
)
def test_everything_but_a_pin_is_refused_and_judged_unpinned(line: str) -> None:
    text = f"b==2\n{line}x\n" if line.endswith("\u00a0") else f"b==2\n{line}\n"
    with pytest.raises(RequirementRefused, match="Line 2 of the requirements") as refused:
        require_pins(text)
    assert "http" not in str(refused.value)
    assert dependencies(text, "")["unpinned"] != []


@pytest.mark.attack
@pytest.mark.parametrize(
    "line",
    [
        "a @ http://host.example/a.whl",
        "a; os_name != '${TOKEN}'",
        "a; os_name != 'x\nevil @ http://host.example'",
        "a; os_name != 'x\revil'",
        "a\nb",
        "./a",
        "-r other.txt",
        "a; os_name != 'x # y'",
        "a; os_name != 'x \\'",
    ],
)
def test_only_requirements_of_releases_are_resolved(line: str) -> None:
    with pytest.raises(RequirementRefused, match="write a name and versions"):
        require_releases(["b>=1", line])


@pytest.mark.attack
def test_long_lines_are_read_in_linear_time() -> None:
    """A quadratic search would take minutes."""
    for line in (f"a==1 ;{' ' * 100_000}#", f"a==1 ;{' x' * 50_000}#", f"a==1{' ' * 100_000}#"):
        assert pin_of(line) is None


def test_requirements_of_releases_are_resolved() -> None:
    lines = ["b >=1,!=1.5", "c[x,y]~=2.0 ; python_version<'3' and os_name!='nt'", "d==1.*"]
    assert require_releases(lines).splitlines() == [
        "b!=1.5,>=1",
        'c[x,y]~=2.0; python_version < "3" and os_name != "nt"',
        "d==1.*",
    ]


PIECES = st.sampled_from([
    *"\t \\\n\r\x0c\u2028\ufeff#;'<@$", "\r\n", " # ", "# c \\\n", " \\\n", "a==1", "b==2", HASH, "--hash", "-r",
    "a", "B_c", "==", "1", "2.0", "[x]", "python_version",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_file_that_is_written_says_what_was_judged(text: str) -> None:
    facts = dependencies(text, "")
    try:
        written = require_pins(text)
    except RequirementRefused:
        assert facts["unpinned"] != []
        return
    assert facts["unpinned"] == []
    assert dependencies(written, "") == facts
    assert require_pins(written) == written
    # A file without comments, continuations and unusual characters has one meaning.
    assert not set(written) & set("\\#$@/:\r\t") - ({":"} if HASH in written else set())
    names = [Requirement(line.partition(" --hash")[0].partition(";")[0]) for line in written.splitlines()]
    assert isinstance(facts["added"], dict)
    assert {f"{canonicalize_name(each.name)}{each.specifier}" for each in names} == set(facts["added"])
