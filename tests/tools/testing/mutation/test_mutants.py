from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

import tools.testing
from tools.testing import find_mutants

WHOLE = {"a.py": [(1, 10_000)]}


def changes(source: str) -> list[tuple[str, str]]:
    """Every mutant of a source, as (operator, the changed line)."""
    found, _ = find_mutants({"a.py": textwrap.dedent(source)}, WHOLE, "seed", 1_000)
    return sorted((each.operator, each.diff.partition("\n+ ")[2]) for each in found)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a == b", [("comparison", "a != b")]),
        ("a != b", [("comparison", "a == b")]),
        ("a < b", [("comparison", "a <= b")]),
        ("a >= b", [("comparison", "a > b")]),
        ("a is b", [("comparison", "a is not b")]),
        ("a is not b", [("comparison", "a is b")]),
        ("a in b", [("comparison", "a not in b")]),
        ("a not in b", [("comparison", "a in b")]),
        ("(a) < (b)", [("comparison", "(a) <= (b)")]),
        ("a < b <= c", [("comparison", "a < b < c"), ("comparison", "a <= b <= c")]),
        ("a and b or c", [("boolean", "a and b and c"), ("boolean", "a or b or c")]),
        ("not a", [("boolean", "(a)")]),
        ("a + b", [("arithmetic", "a - b")]),
        ("a ** b", [("arithmetic", "a * b")]),
        ("a // b", [("arithmetic", "a * b")]),
        ("a += b", [("arithmetic", "a -= b")]),
        ("x = True", [("constant", "x = False")]),
        ("x = 41", [("constant", "x = 42")]),
        ("x = f(length=1.5)", [("constant", "x = f(length=2.5)")]),
        (
            "x = 'ä' if y else 2",
            [("condition", "x = 'ä' if not (y) else 2"), ("constant", "x = 'ä' if y else 3")],
        ),
        ("def f():\n    return a", [("return", "return None")]),
        ("def f():\n    return None", []),
        ("def f():\n    return", []),
        ("if a:\n    b", [("condition", "if not (a):")]),
        ("while a:\n    b", [("condition", "while not (a):")]),
        ("[x for x in y if x]", [("condition", "[x for x in y if not (x)]")]),
        ("raise Problem", [("removal", "pass")]),
        ("session.add(order)", [("removal", "pass")]),
        ("async def f():\n    await save()", [("removal", "pass")]),
        ("match a:\n    case 1:\n        b", [("constant", "case 2:")]),
    ],
)
def test_operators(source: str, expected: list[tuple[str, str]]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "a: Literal[1] = b",
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "if TYPE_CHECKING:\n    x = 1",
        'if __name__ == "__main__":\n    main()',
        'logger.info("%s", 1)',
        "_log.debug(1)",
        "log.warning(a == b)",
        "print(1)",
        "warnings.warn(x)",
        '"a" + b',
        'f"{a == 1:>10}"',
        '"%d" % a',
        "x = 'text'",
        "x: int | None",
        "x = 1\r\ny = 2\r\n",
        "\ufeffx = 1",
        "def f(:",
        "x = 1\0",
        "x = " + "(" * 500 + "1" + ")" * 500,
        "",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    assert changes(source) == []


@pytest.mark.parametrize(
    "file",
    [
        "tests/test_a.py",
        "a/tests/helper.py",
        "test_a.py",
        "conftest.py",
        "migrations/0001.py",
        "a.txt",
        "a.pyi",
    ],
)
def test_files_that_are_not_the_services_code(file: str) -> None:
    assert find_mutants({file: "x = 1\n"}, {file: [(1, 1)]}, "seed") == ((), 0)


def test_only_changed_lines() -> None:
    source = "a = 1\nb = 2\nc = 3\nd = 4\n"
    found, count = find_mutants({"a.py": source}, {"a.py": [(2, 2), (4, 9)]}, "seed")
    assert sorted(each.line for each in found) == [2, 4]
    assert count == 2


def test_a_deleted_file_is_no_place() -> None:
    assert find_mutants({}, {"a.py": [(1, 1)]}, "seed") == ((), 0)


def test_the_choice_follows_from_the_seed() -> None:
    source = "".join(f"def f{number}(a):\n    return a + {number}\n" for number in range(30))
    first, _ = find_mutants({"a.py": source}, WHOLE, "tree 1")
    assert find_mutants({"a.py": source}, WHOLE, "tree 1")[0] == first
    assert find_mutants({"a.py": source}, WHOLE, "tree 2")[0] != first
    assert len(first) == 20


def test_they_are_spread_over_functions_and_lines() -> None:
    long = "def long(a):\n" + "".join(f"    a = a + {number}\n" for number in range(50))
    short = "".join(
        f"class C{number}:\n    def short(self):\n        return {number}\n" for number in range(5)
    )
    found, count = find_mutants({"a.py": long, "b.py": short}, {**WHOLE, "b.py": [(1, 99)]}, "seed", 12)
    functions = [each.function for each in found]
    assert {f"C{number}.short" for number in range(5)} < set(functions)
    assert functions.count("long") == 2
    assert len({(each.file, each.line) for each in found}) == 7
    assert count == 110


def test_an_edit_touches_nothing_else() -> None:
    source = '# ä comment\nx = "ä" if (a  <  b) else c  # kept\n'
    found, _ = find_mutants({"a.py": source}, WHOLE, "seed")
    (mutant,) = [each for each in found if each.operator == "comparison"]
    assert mutant.apply(source) == source.replace("<", "<=")
    assert (mutant.line, mutant.diff) == (
        2,
        '- x = "ä" if (a < b) else c # kept\n+ x = "ä" if (a <= b) else c # kept',
    )


def test_a_statement_of_several_lines() -> None:
    source = "def f(a):\n    if a:\n        raise Problem(\n            409,\n        )\n"
    found, _ = find_mutants({"a.py": source}, WHOLE, "seed")
    (mutant,) = [each for each in found if each.operator == "removal"]
    assert mutant.apply(source) == "def f(a):\n    if a:\n        pass\n"
    assert mutant.diff == "- raise Problem( 409, )\n+ pass"


def test_every_mutant_of_real_code_is_another_program() -> None:
    for path in (Path(tools.testing.__file__).parent / name for name in ("outcomes.py", "mutation/run.py")):
        source = path.read_text()
        found, count = find_mutants({"a.py": source}, WHOLE, "seed", 10_000)
        assert count - len(found) <= count // 50
        for mutant in found:
            assert ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source))
