"""Reading and changing files: what comes back says what to do next, and nothing but the change changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.catalogue.files import (
    DeleteFile,
    EditFile,
    ListFiles,
    ReadFile,
    WriteFile,
    delete_file,
    edit_file,
    list_files,
    probe_delete,
    probe_edit,
    read_file,
    write_file,
)
from tools.result import Workbench

CODE = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    from tests.crew.doors import setting

    nothing: Any = None
    made = setting(tmp_path, nothing)
    made.ledger.close()
    return replace(made.bench)


def edit(bench: Workbench, old: str, new: str, path: str = "a.py") -> Any:
    return edit_file(bench, EditFile(path=path, old=old, new=new))


def test_noise_is_not_listed(bench: Workbench) -> None:
    for name in ("a.py", "pkg/b.py", "pkg/__pycache__/b.pyc", "node_modules/x/index.js", ".venv/bin/python"):
        path = bench.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert list_files(bench, ListFiles()).data == {"files": ["a.py", "pkg/b.py"]}
    assert list_files(bench, ListFiles(folder="node_modules")).data == {"files": ["node_modules/x/index.js"]}


def test_very_many_files_are_summed_up_by_folder(bench: Workbench) -> None:
    for number in range(501):
        path = bench.workspace / ("data" if number % 2 else "src/deep") / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (bench.workspace / "README").touch()
    found = list_files(bench, ListFiles())
    assert found.data == {"files": ["README"], "folders": {"data/": 250, "src/": 251}}
    assert "list one of these folders" in found.summary
    assert len(found.model_dump_json()) < 1_000


def test_a_read_that_is_cut_says_where_it_goes_on(bench: Workbench) -> None:
    (bench.workspace / "a.txt").write_text("".join(f"{number}\n" for number in range(1, 301)))
    first = read_file(bench, ReadFile(path="a.txt"))
    assert first.summary == "a.txt has 300 lines; shown from line 1. Continue with first_line=201."
    rest = read_file(bench, ReadFile(path="a.txt", first_line=201))
    assert rest.summary == "a.txt has 300 lines; shown from line 201."
    assert read_file(bench, ReadFile(path="a.txt", first_line=301)).summary == "a.txt has only 300 lines."
    assert f"{first.data['text']}{rest.data['text']}" == (bench.workspace / "a.txt").read_text()


def test_long_lines_are_cut_between_lines(bench: Workbench) -> None:
    (bench.workspace / "a.txt").write_text(("x" * 9_999 + "\n") * 3)
    first = read_file(bench, ReadFile(path="a.txt"))
    assert len(str(first.data["text"])) == 10_000
    assert first.summary.endswith("Continue with first_line=2.")


@pytest.mark.parametrize("content", [b"\x7fELF\0\0", b"x" * 5_000_001])
def test_what_is_no_text_is_said_to_be_none(bench: Workbench, content: bytes) -> None:
    (bench.workspace / "a.bin").write_bytes(content)
    assert read_file(bench, ReadFile(path="a.bin")).code == "not_text"
    assert edit(bench, "x", "y", "a.bin").code == "not_text"


@pytest.mark.parametrize(
    ("content", "after"),
    [
        (b"a = 1\r\nb = 2\r\n", b"a = 1\r\nb = 3\r\nc = 4\r\n"),
        (b"a = 1\nb = 2\n", b"a = 1\nb = 3\nc = 4\n"),
        (b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", b"\xef\xbb\xbfa = 1\r\nb = 3\r\nc = 4\r\n"),
        (b"# \xe9t\xe9\na = 1\nb = 2\n", b"# \xe9t\xe9\na = 1\nb = 3\nc = 4\n"),
        ("a = 1\nb = 2\n".encode("utf-16"), b"\xff\xfe" + "a = 1\nb = 3\nc = 4\n".encode("utf-16-le")),
        (b"x = 0\na = 1\r\nb = 2\r\n", b"x = 0\na = 1\r\nb = 3\r\nc = 4\r\n"),
    ],
)
def test_line_ends_and_encodings_are_kept(bench: Workbench, content: bytes, after: bytes) -> None:
    path = bench.workspace / "a.py"
    path.write_bytes(content)
    arguments = EditFile(path="a.py", old="a = 1\nb = 2\n", new="a = 1\nb = 3\nc = 4\n")
    assert probe_edit(bench, arguments) is None
    assert edit_file(bench, arguments).ok
    assert path.read_bytes() == after
    assert probe_edit(bench, arguments) is not None


def test_a_file_that_is_written_anew_keeps_its_line_ends(bench: Workbench) -> None:
    path = bench.workspace / "a.txt"
    path.write_bytes(b"one\r\ntwo\r\n")
    assert write_file(bench, WriteFile(path="a.txt", content="three\nfour\n")).ok
    assert path.read_bytes() == b"three\r\nfour\r\n"


def test_what_an_encoding_lacks_is_refused(bench: Workbench) -> None:
    path = bench.workspace / "a.py"
    path.write_bytes(b"# coding: latin-1\n# \xe9\n")
    result = edit(bench, "# é", "# €")
    assert (result.code, "cannot represent '€'" in result.summary) == ("not_text", True)
    assert path.read_bytes() == b"# coding: latin-1\n# \xe9\n"


@pytest.mark.parametrize(
    ("old", "said", "lines"),
    [
        ("    return resul", "", []),
        ("result", "occurs 3 times, at lines 2, 4, 5", []),
        ("\tresult  = 0\n\tfor price in prices:", "differs only in white space from lines 2 to 3", [2, 3]),
        ("        result += prices", "the closest lines are 2, 4", [4]),
        ("SELECT * FROM orders", "nor does anything like it", []),
    ],
)
def test_a_text_that_does_not_stand_once_is_found_for_the_model(
    bench: Workbench, old: str, said: str, lines: list[int]
) -> None:
    (bench.workspace / "a.py").write_text(CODE)
    result = edit(bench, old, "x")
    assert result.ok is (said == "")
    assert said in result.summary
    closest: Any = result.data.get("closest", [])
    assert set(lines) <= {each["line"] for each in closest}
    assert all(each["text"] in CODE for each in closest)


def test_the_closest_lines_of_a_large_file_are_found_soon(bench: Workbench) -> None:
    import time

    (bench.workspace / "a.py").write_text(
        "".join(f"value_{n} = compute({n} * 7, 'abc')\n" for n in range(60_000))
    )
    start = time.process_time()
    assert not edit(bench, "value_x = compute(x * 7, 'abd')", "").ok
    assert time.process_time() - start < 5


def test_a_file_that_no_longer_parses_is_said_so(bench: Workbench) -> None:
    (bench.workspace / "a.py").write_text(CODE)
    result = edit(bench, "    for price in prices:", "    for price in prices")
    assert result.ok
    assert result.summary.endswith("But it no longer parses: line 3: expected ':'.")
    again = edit(bench, "result = 0", "result = 1")
    assert "does not parse: line 3" in again.summary
    assert "parse" not in edit(bench, "for price in prices", "for price in prices:").summary
    assert "line 1" in write_file(bench, WriteFile(path="b.py", content="def f(:\n")).summary
    assert "parse" not in write_file(bench, WriteFile(path="b.txt", content="def f(:\n")).summary


def test_an_odd_escape_is_no_syntax_error(bench: Workbench) -> None:
    assert "parse" not in write_file(bench, WriteFile(path="b.py", content='x = "\\d"\n')).summary


def test_a_file_cannot_be_a_folder(bench: Workbench) -> None:
    (bench.workspace / "a.py").write_text("")
    assert write_file(bench, WriteFile(path="a.py/b.py", content="x")).code == "not_a_folder"


def test_deleting(bench: Workbench) -> None:
    (bench.workspace / "a.py").write_text("")
    (bench.workspace / "folder").mkdir()
    (bench.workspace / "link").symlink_to("a.py")
    assert probe_delete(bench, DeleteFile(path="a.py")) is None
    assert delete_file(bench, DeleteFile(path="link")).ok
    assert (bench.workspace / "a.py").exists()
    assert delete_file(bench, DeleteFile(path="a.py")).ok
    assert probe_delete(bench, DeleteFile(path="a.py")) is not None
    for path in ("a.py", "folder", "../home", ".git/config"):
        assert delete_file(bench, DeleteFile(path=path)).code == "not_found"
