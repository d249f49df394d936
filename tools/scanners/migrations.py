"""Find what an Alembic migration would destroy, or break for the previous release, without running it."""

from __future__ import annotations

import ast
import re

from tools.python_source import last_name

_GONE = {
    "drop_column": "drops a column",
    "drop_table": "drops a table",
    "rename_table": "renames a table",
    "drop": "drops something",
    "drop_all": "drops all tables",
    "invoke": "invokes an operation that its source does not show",
    "delete": "deletes rows",
    "update": "changes rows",
    "truncate": "empties a table",
}
"""Functions and methods that destroy or change data, whatever object they are called on."""
_HIDDEN = {"getattr", "exec", "eval", "compile", "__import__", "import_module", "globals", "vars"}
_SQL = {"execute", "exec_driver_sql", "text", "DDL"}
_DESTRUCTIVE_SQL = re.compile(r"\b(drop|delete|truncate|update|alter|rename|replace|merge)\b", re.IGNORECASE)


def destructive(source: str) -> tuple[str, ...]:
    """Return one sentence per operation of the upgrade that destroys data or breaks the previous release.

    These are dropping and renaming, changing a column's type, making a column required, adding a required column
    without a default, SQL that drops, deletes or changes, and code whose effect cannot be determined from its source.
    An empty result means that the migration only adds.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        return (f"It cannot be read as Python: {error}.",)
    body = [
        each for each in tree.body if not (isinstance(each, ast.FunctionDef) and each.name == "downgrade")
    ]
    used = {each.id for part in body for each in ast.walk(part) if isinstance(each, ast.Name)}
    reader = _Reader()
    for each in tree.body if "downgrade" in used else body:
        reader.visit(each)
    return tuple(dict.fromkeys(reader.found))


class _Reader(ast.NodeVisitor):
    """Collects the sentences, and tracks the table that each batch operation alters."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._tables: dict[str, str] = {}
        self._called: set[int] = set()

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            call, alias = item.context_expr, item.optional_vars
            if (
                isinstance(call, ast.Call)
                and last_name(call) == "batch_alter_table"
                and isinstance(alias, ast.Name)
            ):
                self._tables[alias.id] = _text(_argument(call, 0, "table_name"))
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for each in node.names:
            if each.name in _GONE or each.name in _HIDDEN or each.name.startswith("Drop"):
                self.found.append(f"It imports {each.name}.")

    def visit_Call(self, node: ast.Call) -> None:
        name = "" if isinstance(node.func, ast.Call) else last_name(node)
        self._called.add(id(node.func))
        if name == "alter_column":
            self._alter(node)
        elif name == "add_column":
            self._add(node)
        elif name in _GONE:
            self.found.append(f"It {_GONE[name]}{self._named(node, name)}.")
        elif name in _HIDDEN:
            self.found.append(f"It calls {name}, so its effect cannot be determined from its source.")
        elif name in _SQL:
            self._sql(node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._mentioned(node, node.attr)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._mentioned(node, node.id)

    def _mentioned(self, node: ast.Attribute | ast.Name, name: str) -> None:
        """Report a destructive function that is passed on, since it may be called under another name."""
        known = name in _GONE or name in _HIDDEN
        if known and id(node) not in self._called and not isinstance(node.ctx, ast.Store):
            self.found.append(f"It passes on {name}, so its effect cannot be determined from its source.")

    def _named(self, node: ast.Call, name: str) -> str:
        if name == "drop_column":
            return f": {self._column(node)}"
        if name in ("drop_table", "rename_table"):
            return f": {_text(_argument(node, 0, 'table_name', 'old_table_name'))}"
        return ""

    def _column(self, node: ast.Call) -> str:
        """Return the "table.column" that an operation applies to."""
        table, column = self._table_and(node, "column_name")
        return f"{table}.{_text(column)}"

    def _table_and(self, node: ast.Call, argument: str) -> tuple[str, ast.expr | None]:
        """Return the table of an operation, and the argument that follows the table's name, or None."""
        on = node.func.value if isinstance(node.func, ast.Attribute) else None
        batch = self._tables.get(on.id, "") if isinstance(on, ast.Name) else ""
        table = batch or _text(_argument(node, 0, "table_name"))
        return table, _argument(node, 0 if batch else 1, argument)

    def _alter(self, node: ast.Call) -> None:
        column = self._column(node)
        options = {each.arg: each.value for each in node.keywords}
        if "type_" in options:
            self.found.append(f"It changes the type of a column: {column}.")
        if "new_column_name" in options or "name" in options:
            self.found.append(f"It renames a column: {column}.")
        if "nullable" in options and not _is(options["nullable"], True):
            self.found.append(f"It makes a column required: {column}.")
        if None in options:
            self.found.append(f"It alters a column in ways that its source does not show: {column}.")

    def _add(self, node: ast.Call) -> None:
        table, column = self._table_and(node, "column")
        if not isinstance(column, ast.Call) or any(each.arg is None for each in column.keywords):
            self.found.append(f"It adds a column to {table} that its source does not show.")
            return
        options = {each.arg: each.value for each in column.keywords}
        required = "nullable" in options and not _is(options["nullable"], True)
        if required and "server_default" not in options:
            added = f"{table}.{_text(_argument(column, 0, 'name'))}"
            self.found.append(f"It adds a required column without a server default: {added}.")

    def _sql(self, node: ast.Call) -> None:
        said = _argument(node, 0, "statement", "sqltext", "text")
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            if word := _DESTRUCTIVE_SQL.search(said.value):
                statement = " ".join(said.value.split())[:100]
                self.found.append(f"It runs SQL that says {word.group().upper()}: {statement}.")
        elif not isinstance(said, ast.Call):
            self.found.append("It runs SQL that its source does not show.")


def _argument(call: ast.Call, place: int, *names: str) -> ast.expr | None:
    if len(call.args) > place:
        return call.args[place]
    return next((each.value for each in call.keywords if each.arg in names), None)


def _text(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "?"


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
