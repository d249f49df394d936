"""A check that an Alembic migration is purely additive, without running it.

Only known additive operations pass. Anything else is reported, with what it would remove or run if that is known.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping

from tools.python_source import last_name
from tools.scanners.additive_operations import (
    BATCH,
    BATCH_OPERATIONS,
    DIALECTS,
    OPERATIONS,
    is_call_of,
    is_default,
    is_literal,
    is_none,
    is_sql_value,
    is_true,
)

_IMPORTS: Mapping[str | None, Iterable[str]] = {
    "__future__": {"annotations"},
    "alembic": {"op"},
    "collections.abc": {"Sequence"},
    "sqlalchemy.dialects": DIALECTS,
    "typing": {"Any", "List", "Optional", "Sequence", "Tuple", "Union"},
}
_CONSTANTS = {"revision", "down_revision", "branch_labels", "depends_on", "replaces"}
"""Names that Alembic reads from a migration."""
_REVISION = re.compile(rb"^[ \t]*(down_)?revision\b", re.MULTILINE)
_REMOVALS = {
    "drop_column": "drops a column",
    "drop_constraint": "drops a constraint",
    "drop_index": "drops an index",
    "drop_table": "drops a table",
    "rename_table": "renames a table",
    "drop": "drops something",
    "drop_all": "drops all tables",
    "delete": "deletes rows",
    "update": "changes rows",
    "truncate": "empties a table",
}
_SQL = {"execute", "executemany", "executescript", "exec_driver_sql", "text", "DDL"}
_LONGEST = 100
"""Maximum number of characters of a statement that is quoted in a sentence."""


def is_migration(path: str, content: bytes) -> bool:
    """Return whether a file belongs to the migrations of a project.

    Migrations are all files in the folder that generated projects use, a link in place of that folder, Alembic
    revisions in any folder and, in other migration folders, the files that contain SQL or use Alembic or Django.
    """
    folded = path.casefold()
    if folded == "migrations" or f"{folded}/".startswith("migrations/versions/"):
        return True
    folders = {*folded.split("/")[:-1]}
    if folded.endswith(".sql"):
        return bool(folders & {"migrations", "versions"})
    alembic = b"alembic" in content and ("versions" in folders or _REVISION.search(content))
    django = b"django" in content and "migrations" in folders
    return folded.endswith(".py") and bool(alembic or django)


def destructive(source: str | bytes) -> tuple[str, ...]:
    """Return sentences about the statements of the module or its upgrade that are not known to be purely additive.

    An empty result means that no data is lost and that the previous release can continue. The downgrade is not
    checked, as it is never run. Bytes are decoded as Python would decode them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(dict.fromkeys(_problems(ast.parse(source))))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return (f"It cannot be read as Python: {error}.",)


def _problems(tree: ast.Module) -> Iterator[str]:
    known: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and _is_plain(statement) and statement.name not in known:
            known.add(statement.name)
            if statement.name == "upgrade":
                yield from _upgrade_problems(statement.body)
        elif not (_is_inert(statement) or _is_import(statement) or _is_constant(statement)):
            yield from _reasons(statement, {})


def _is_plain(function: ast.FunctionDef) -> bool:
    """Return whether a function is `upgrade` or `downgrade`, and defining it runs no other code."""
    return (
        function.name in ("upgrade", "downgrade")
        and not function.decorator_list
        and not getattr(function, "type_params", None)
        and not ast.unparse(function.args)
        and (function.returns is None or is_none(function.returns))
    )


def _is_inert(statement: ast.stmt) -> bool:
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Pass)


def _is_import(statement: ast.stmt) -> bool:
    """Return whether a statement imports only known names, and under the expected names."""
    if isinstance(statement, ast.Import):
        return all((each.name, each.asname) == ("sqlalchemy", "sa") for each in statement.names)
    if not isinstance(statement, ast.ImportFrom) or statement.level:
        return False
    names = _IMPORTS.get(statement.module, ())
    return all(each.name in names and each.asname is None for each in statement.names)


def _is_constant(statement: ast.stmt) -> bool:
    """Return whether a statement assigns a literal to a name that Alembic reads."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    named = all(isinstance(each, ast.Name) and each.id in _CONSTANTS for each in targets)
    annotated = isinstance(statement, ast.Assign) or _is_annotation(statement.annotation)
    return named and annotated and is_literal(statement.value)


def _is_annotation(node: ast.expr) -> bool:
    known = (ast.Name, ast.Constant, ast.Subscript, ast.Tuple, ast.BinOp, ast.BitOr, ast.Load)
    return all(isinstance(each, known) for each in ast.walk(node))


def _upgrade_problems(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        batch = _batch(statement)
        for each in statement.body if batch and isinstance(statement, ast.With) else [statement]:
            yield from _statement_problems(each, batch)


def _batch(statement: ast.stmt) -> Mapping[str, str]:
    """Return the alias and table of a `with op.batch_alter_table(...) as alias:`; {} for other statements."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return {}
    batch, alias = statement.items[0].context_expr, statement.items[0].optional_vars
    if not isinstance(alias, ast.Name) or alias.id in {"op", "sa", *DIALECTS}:
        return {}
    if not is_call_of(batch, "op", BATCH):
        return {}
    return {alias.id: _text(_argument(batch, 0, "table_name"))}


def _statement_problems(statement: ast.stmt, tables: Mapping[str, str]) -> Iterator[str]:
    """Yield the reasons why a statement is refused; `tables` maps the alias of a batch to its table."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    owner, forms = (next(iter(tables)), BATCH_OPERATIONS) if tables else ("op", OPERATIONS)
    if isinstance(call, ast.Call) and is_call_of(call, owner, forms):
        yield from _added_reasons(call, tables) if last_name(call) == "add_column" else ()
    elif not _is_inert(statement):
        yield from _reasons(statement, tables)


def _reasons(statement: ast.stmt, tables: Mapping[str, str]) -> Iterator[str]:
    """Yield what a refused statement removes, tightens or runs; if that is unknown, name the statement itself."""
    calls = [each for each in ast.walk(statement) if isinstance(each, ast.Call)]
    known = [reason for call in calls for reason in _call_reasons(call, tables)]
    what = f"It contains `{_shortened(ast.unparse(statement))}` (line {statement.lineno})"
    yield from known or [f"{what}, which is not a known additive operation."]


def _call_reasons(call: ast.Call, tables: Mapping[str, str]) -> Iterator[str]:
    name = "" if isinstance(call.func, ast.Call) else last_name(call)
    if name == "drop_column":
        yield f"It drops a column: {_column(call, tables)}."
    elif name in ("drop_table", "rename_table"):
        yield f"It {_REMOVALS[name]}: {_text(_argument(call, 0, 'table_name', 'old_table_name'))}."
    elif name in _REMOVALS:
        yield f"It {_REMOVALS[name]}."
    elif name == "alter_column":
        yield from _altered_reasons(call, tables)
    elif name == "add_column":
        yield from _added_reasons(call, tables)
    elif name in _SQL:
        yield from _sql_reasons(call)


def _column(call: ast.Call, tables: Mapping[str, str]) -> str:
    """Return the "table.column" that an operation applies to."""
    table, column = _table_and(call, tables, "column_name")
    return f"{table}.{_text(column)}"


def _table_and(call: ast.Call, tables: Mapping[str, str], argument: str) -> tuple[str, ast.expr | None]:
    """Return the table of an operation, and the argument that follows the table's name, or None."""
    on = call.func.value if isinstance(call.func, ast.Attribute) else None
    batch = tables.get(on.id, "") if isinstance(on, ast.Name) else ""
    table = batch or _text(_argument(call, 0, "table_name"))
    return table, _argument(call, 0 if batch else 1, argument)


def _altered_reasons(call: ast.Call, tables: Mapping[str, str]) -> Iterator[str]:
    column = _column(call, tables)
    options = {each.arg: each.value for each in call.keywords}
    default = options.get("server_default")
    if "type_" in options:
        yield f"It changes the type of a column: {column}."
    if "new_column_name" in options or "name" in options:
        yield f"It renames a column: {column}."
    if "nullable" in options and not is_true(options["nullable"]):
        yield f"It makes a column required: {column}."
    if isinstance(default, ast.Constant) and not is_default(default):
        yield f"It removes the default of a column: {column}."


def _added_reasons(call: ast.Call, tables: Mapping[str, str]) -> Iterator[str]:
    table, column = _table_and(call, tables, "column")
    options = {each.arg: each.value for each in column.keywords} if isinstance(column, ast.Call) else {}
    required = not is_true(options["nullable"]) if "nullable" in options else "primary_key" in options
    if isinstance(column, ast.Call) and required and "server_default" not in options:
        added = f"{table}.{_text(_argument(column, 0, 'name'))}"
        yield f"It adds a required column without a server default: {added}."


def _sql_reasons(call: ast.Call) -> Iterator[str]:
    statement = _argument(call, 0, "statement", "sqltext", "text")
    inner = isinstance(statement, ast.Call) and last_name(statement) in _SQL
    if not inner and not (statement is not None and is_sql_value(statement)):
        literal = isinstance(statement, ast.Constant) and isinstance(statement.value, str)
        yield f"It runs SQL: {_text(statement) if literal else f'`{_shortened(ast.unparse(call))}`'}."


def _argument(call: ast.expr, place: int, *names: str) -> ast.expr | None:
    if not isinstance(call, ast.Call):
        return None
    if len(call.args) > place:
        return call.args[place]
    return next((each.value for each in call.keywords if each.arg in names), None)


def _text(node: ast.expr | None) -> str:
    """Return the value of a constant, as text for a sentence, or "?" for any other expression."""
    text = " ".join(str(node.value).split()) if isinstance(node, ast.Constant) else "?"
    return _shortened(text if text.isprintable() else ascii(text))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
