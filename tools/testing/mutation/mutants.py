"""Small changes to Python source that tests should notice.

The mutation operators are implemented here, on `ast`, because the maintained tools (cosmic-ray, mutmut) decide for
themselves what to mutate and how to run the tests, and change files in place. Shipcrew runs a few mutants of given
lines against given tests in its sandbox. Only the text of a node is replaced, and the rest of the file is unchanged,
so that a mutant can be shown as a diff.
"""

from __future__ import annotations

import ast
import bisect
import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

from tools.python_source import parse_python
from tools.testing.outcomes import Mutant

NOT_CODE = (
    "tests/*", "*/tests/*", "test_*.py", "*/test_*.py", "*_test.py", "conftest.py", "*/conftest.py",
    "migrations/*", "*/migrations/*", "alembic/*", "*/alembic/*", "docs/*", "setup.py", "noxfile.py",
)  # fmt: skip
"""Patterns of the files that are not mutated."""

_LARGEST = 500_000
_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: (r"\*\*", "*"),
}
_SILENT_CALLS = re.compile(r"^print$|(^|\.)_?(log|logger|logging|warnings)\.\w+$", re.IGNORECASE)
"""Calls that only produce output for people, such as logging; tests need not notice changes to them."""
_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
Edit = tuple[str, int, int, str]
"""Operator, start and end byte offsets of the old text, and the new text."""


def find_mutants(
    sources: Mapping[str, str], changed: Mapping[str, Sequence[tuple[int, int]]], seed: str, limit: int = 20
) -> tuple[tuple[Mutant, ...], int]:
    """Return up to `limit` mutants to try, and the number of candidates they were chosen from.

    `changed` gives the changed lines of each file as inclusive ranges. The choice is deterministic,
    alternates between the changed functions, and prefers lines without a mutant.
    """
    found: dict[tuple[str, str], list[Mutant]] = {}
    for file in sorted(changed):
        if (
            file.endswith(".py")
            and file in sources
            and not any(fnmatch(file, pattern) for pattern in NOT_CODE)
        ):
            for mutant in _mutants_of(file, sources[file], changed[file]):
                found.setdefault((file, mutant.function), []).append(mutant)
    functions = sorted(found, key=lambda key: _rank(seed, *key))
    rounds = itertools.zip_longest(*(_spread(found[key], seed) for key in functions))
    ordered = [mutant for each in rounds for mutant in each if mutant is not None]
    good = (mutant for mutant in ordered if _changes(sources[mutant.file], mutant))
    return tuple(itertools.islice(good, limit)), len(ordered)


def _mutants_of(file: str, source: str, ranges: Sequence[tuple[int, int]]) -> Iterator[Mutant]:
    content = source.encode("utf-8", "replace")
    # Carriage returns and a byte order mark shift the parser's offsets.
    if len(content) > _LARGEST or "\r" in source or source.startswith("\ufeff"):
        return
    tree = parse_python(source)
    if tree is None:
        return
    starts = [0, *itertools.accumulate(len(line) for line in content.splitlines(keepends=True))]
    for function, (operator, start, end, new) in _edits(tree, content, starts, ""):
        line = bisect.bisect_right(starts, start)
        if any(first <= line <= last for first, last in ranges):
            yield Mutant(
                file=file,
                line=line,
                function=function,
                operator=operator,
                start=start,
                end=end,
                new=new,
                diff=_diff(content, starts[line - 1], start, end, new),
            )


def _edits(node: ast.AST, content: bytes, starts: list[int], function: str) -> Iterator[tuple[str, Edit]]:
    """Yield each edit with its function, skipping annotations, docstrings, log calls and import guards."""
    for edit in _edits_at(node, content, starts):
        yield function, edit
    if isinstance(node, ast.JoinedStr):
        return  # before Python 3.12, nodes inside an f-string have wrong offsets
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params", "type_comment"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _describes(child):
                inner = function
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    inner = f"{function}.{child.name}".lstrip(".")
                yield from _edits(child, content, starts, inner)


def _describes(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
            return True
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=func)):
            return bool(_SILENT_CALLS.search(ast.unparse(func)))
    return False


def _edits_at(node: ast.AST, content: bytes, starts: list[int]) -> Iterator[Edit]:
    """Yield the edits of a node itself, without those of its children."""
    text = _Text(content, starts)
    yield from _operator_edits(node, text)
    match node:
        case ast.Constant(value=bool() as flag):
            yield "constant", *text.span(node), str(not flag)
        case ast.Constant(value=int() | float() as number):
            yield "constant", *text.span(node), str(number + 1)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return", *text.span(value), "None"
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield "condition", *text.span(test), f"not ({text.of(test)})"
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield "condition", *text.span(test), f"not ({text.of(test)})"
        case ast.Raise() | ast.Expr(value=ast.Call()) | ast.Expr(value=ast.Await(value=ast.Call())):
            yield "removal", *text.span(node), "pass"


def _operator_edits(node: ast.AST, text: _Text) -> Iterator[Edit]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for one, op, other in zip([left, *comparators], ops, comparators, strict=False):
                yield from text.between("comparison", one, other, *_COMPARISONS[type(op)])
        case ast.BoolOp(op=op, values=values):
            words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
            for one, other in itertools.pairwise(values):
                yield from text.between("boolean", one, other, *words)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "boolean", *text.span(node), f"({text.of(operand)})"
        case ast.BinOp(left=left, op=op, right=right) if not _is_text(left, right):
            if type(op) in _ARITHMETIC:
                yield from text.between("arithmetic", left, right, *_ARITHMETIC[type(op)])
        case ast.AugAssign(target=target, op=op, value=value) if not _is_text(value):
            if type(op) in _ARITHMETIC:
                yield from text.between("arithmetic", target, value, *_ARITHMETIC[type(op)])


class _Text:
    """Maps the nodes of a syntax tree to their source text."""

    def __init__(self, content: bytes, starts: list[int]) -> None:
        self.content = content
        self.starts = starts

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the start and end byte offsets of a node."""
        line, column, end_line, end_column = (getattr(node, name) for name in _PLACE)
        return self.starts[line - 1] + column, self.starts[end_line - 1] + end_column

    def of(self, node: ast.AST) -> str:
        """Return the source text of a node."""
        start, end = self.span(node)
        return self.content[start:end].decode()

    def between(self, operator: str, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Edit]:
        """Yield the edit that replaces the operator between two operands, which may be in parentheses."""
        start, end = self.span(left)[1], self.span(right)[0]
        found = re.search(old.encode(), self.content[start:end])
        if found:
            yield operator, start + found.start(), start + found.end(), new


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(*nodes: ast.expr) -> bool:
    """Return whether an operand is a string, for which another operator would merely raise an error."""
    return any(
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for node in nodes
    )


def _changes(source: str, mutant: Mutant) -> bool:
    """Return whether the mutated source parses, and its syntax tree differs from the original one."""
    changed = parse_python(mutant.apply(source))
    try:
        return changed is not None and ast.dump(changed) != ast.dump(ast.parse(source))
    except RecursionError:
        return False


def _diff(content: bytes, first: int, start: int, end: int, new: str) -> str:
    last = content.find(b"\n", end)
    last = len(content) if last < 0 else last
    old = content[first:last].decode()
    changed = (content[first:start] + new.encode() + content[end:last]).decode()
    return "\n".join(f"{sign} {' '.join(text.split())[:200]}" for sign, text in (("-", old), ("+", changed)))


def _spread(mutants: Sequence[Mutant], seed: str) -> list[Mutant]:
    """Order a function's mutants pseudo-randomly: first one per line, then a second one per line, and so on."""
    shuffled = sorted(
        mutants, key=lambda each: _rank(seed, each.file, each.operator, str(each.start), each.new)
    )
    seen: dict[int, int] = {}
    turns = []
    for place, mutant in enumerate(shuffled):
        seen[mutant.line] = seen.get(mutant.line, 0) + 1
        turns.append((seen[mutant.line], place, mutant))
    return [mutant for _, _, mutant in sorted(turns, key=lambda turn: turn[:2])]


def _rank(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
