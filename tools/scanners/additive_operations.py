"""The Alembic operations that are purely additive, with the arguments that they may take.

Values are literals, so the source shows everything that is run. Strings contain nothing that could end a quoted name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

Check = Callable[[ast.expr], bool]
Form = Mapping[str, Check]
"""Arguments of a call by name, in the order in which they may be passed; "*" stands for any number of further ones."""

DIALECTS = frozenset({"postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"})
_TYPES = frozenset({
    "ARRAY", "BIGINT", "BINARY", "BIT", "BLOB", "BOOLEAN", "BYTEA", "CHAR", "CIDR", "CITEXT", "CLOB", "DATE",
    "DATETIME", "DECIMAL", "DOUBLE", "DOUBLE_PRECISION", "ENUM", "FLOAT", "HSTORE", "INET", "INTEGER", "INTERVAL",
    "JSON", "JSONB", "LONGTEXT", "MACADDR", "MEDIUMTEXT", "MONEY", "NCHAR", "NUMERIC", "NVARCHAR", "REAL", "SMALLINT",
    "TEXT", "TIME", "TIMESTAMP", "TINYINT", "TSVECTOR", "UUID", "VARBINARY", "VARCHAR",
    "BigInteger", "Boolean", "Date", "DateTime", "Double", "Enum", "Float", "Integer", "Interval", "LargeBinary",
    "Numeric", "SmallInteger", "String", "Text", "Time", "Unicode", "UnicodeText", "Uuid",
})  # fmt: skip
_PLAIN = re.compile(r"(?:(?!--)[^\"'`;\\\x00-\x1f\x7f])*")
_CONDITION = re.compile(r"[A-Za-z0-9_ .<>=!]+")
_SQL_VALUE = re.compile(
    r"-?\d+(\.\d+)?(e[+-]?\d+)?|'(?:(?!--)[^';\\\x00-\x1f])*'(::[a-z ]+)?|true|false|null|\(?now\(\)\)?"
    r"|\(?current_(timestamp|date|time)\)?|gen_random_uuid\(\)",
    re.IGNORECASE | re.ASCII,
)
_ACTIONS = ("CASCADE", "NO ACTION", "RESTRICT", "SET DEFAULT", "SET NULL")


def is_call_of(node: ast.expr, owner: str, forms: Mapping[str, Form]) -> bool:
    """Return whether an expression calls a function of the owner with arguments that fit its form."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == owner
        and node.func.attr in forms
        and _fits(node, forms[node.func.attr])
    )


def _fits(call: ast.Call, form: Form) -> bool:
    """Return whether every argument of a call is known and passes its check."""
    names = [*form]
    places = names[: names.index("*")] if "*" in form else names
    checks = [form[name] for name in places]
    if "*" in form:
        checks += [form["*"]] * (len(call.args) - len(checks))
    return (
        len(call.args) <= len(checks)
        and all(check(node) for check, node in zip(checks, call.args, strict=False))
        and all(
            each.arg is not None and each.arg in form and form[each.arg](each.value) for each in call.keywords
        )
    )


def _constant(accepts: Callable[[object], bool]) -> Check:
    return lambda node: isinstance(node, ast.Constant) and accepts(node.value)


def _matching(pattern: re.Pattern[str]) -> Check:
    return _constant(lambda value: isinstance(value, str) and bool(pattern.fullmatch(value)))


is_none = _constant(lambda value: value is None)
is_true = _constant(lambda value: value is True)
is_sql_value = _matching(_SQL_VALUE)
_is_flag = _constant(lambda value: isinstance(value, bool))
_is_number = _constant(lambda value: type(value) in (int, float))
_is_plain = _matching(_PLAIN)
_is_action = _constant(lambda value: value in _ACTIONS)
_is_condition = _matching(_CONDITION)


def is_literal(node: ast.expr) -> bool:
    """Return whether an expression is a number, a flag, None, a plain string, or a list of these."""
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(is_literal, node.elts))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and _is_number(node.operand)
    return _is_plain(node) or _is_number(node) or _is_flag(node) or is_none(node)


def is_default(node: ast.expr) -> bool:
    """Return whether an expression is a constant server default. Any string is accepted, as SQLAlchemy quotes it."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and ast.unparse(function.value) == "sa.func":
        return function.attr in ("now", "current_timestamp", "current_date") and ast.unparse(node).endswith(
            "()"
        )
    return _constant(lambda value: isinstance(value, str))(node) or is_call_of(
        node, "sa", {"text": {"text": is_sql_value}, "true": {}, "false": {}, "null": {}}
    )


def _is_name(node: ast.expr) -> bool:
    """Return whether an expression is the name of a table, column or constraint, or None."""
    marked = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.value
    if isinstance(marked, ast.Name):
        return is_call_of(node, marked.id, {"f": {"name": _is_plain}})
    return _is_plain(node) or is_none(node)


def _is_names(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and all(map(_is_name, node.elts))


def _is_type(node: ast.expr) -> bool:
    """Return whether an expression is a known type whose arguments, if any, are literals or known types."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "with_variant":
            return _is_type(node.func.value) and _fits(node, {"type_": _is_type, "*": _is_plain})
        values = [*node.args, *(each.value for each in node.keywords)]
        named = all(each.arg for each in node.keywords)
        return named and _is_type(node.func) and all(is_literal(each) or _is_type(each) for each in values)
    owner = node.value if isinstance(node, ast.Attribute) and node.attr in _TYPES else None
    return isinstance(owner, ast.Name) and owner.id in {"sa", *DIALECTS}


def _is_column(node: ast.expr) -> bool:
    return is_call_of(node, "sa", {"Column": _COLUMN})


_REFERENCE: Form = {
    "name": _is_name,
    "ondelete": _is_action,
    "onupdate": _is_action,
    "deferrable": _is_flag,
    "initially": _is_plain,
    "use_alter": _is_flag,
}
_COLUMN_PARTS: Mapping[str, Form] = {
    "ForeignKey": {"column": _is_plain, **_REFERENCE},
    "Identity": {"always": _is_flag, "start": _is_number, "increment": _is_number},
}
_COLUMN: Form = {
    "name": _is_plain,
    "*": lambda node: _is_type(node) or is_call_of(node, "sa", _COLUMN_PARTS),
    "type_": _is_type,
    "nullable": _is_flag,
    "primary_key": _is_flag,
    "unique": _is_flag,
    "index": _is_flag,
    "autoincrement": _constant(lambda value: isinstance(value, bool) or value == "auto"),
    "server_default": is_default,
    "comment": _is_plain,
}
_CONSTRAINTS: Mapping[str, Form] = {
    "CheckConstraint": {"sqltext": _is_condition, "name": _is_name},
    "ForeignKeyConstraint": {"columns": _is_names, "refcolumns": _is_names, **_REFERENCE},
    "Index": {"name": _is_name, "*": _is_plain, "unique": _is_flag},
    "PrimaryKeyConstraint": {"*": _is_plain, "name": _is_name},
    "UniqueConstraint": {"*": _is_plain, "name": _is_name},
}
_PLACE: Form = {"schema": _is_name, "if_not_exists": _is_flag}
OPERATIONS: Mapping[str, Form] = {
    "create_table": {
        "table_name": _is_name,
        "*": lambda node: _is_column(node) or is_call_of(node, "sa", _CONSTRAINTS),
        "comment": _is_plain,
        **_PLACE,
    },
    "add_column": {"table_name": _is_name, "column": _is_column, "inline_references": _is_flag, **_PLACE},
    "alter_column": {
        "table_name": _is_name,
        "column_name": _is_name,
        "nullable": is_true,
        "server_default": is_default,
        "existing_type": _is_type,
        "existing_nullable": _is_flag,
        "existing_server_default": lambda node: is_default(node) or is_literal(node),
        "existing_comment": is_literal,
        "schema": _is_name,
    },
    "create_index": {
        "index_name": _is_name,
        "table_name": _is_name,
        "columns": _is_names,
        "unique": _is_flag,
        **_PLACE,
    },
    "create_foreign_key": {
        "constraint_name": _is_name,
        "source_table": _is_name,
        "referent_table": _is_name,
        "local_cols": _is_names,
        "remote_cols": _is_names,
        "source_schema": _is_name,
        "referent_schema": _is_name,
        **_REFERENCE,
    },
    "create_unique_constraint": {
        "constraint_name": _is_name,
        "table_name": _is_name,
        "columns": _is_names,
        "schema": _is_name,
    },
}
"""Additive functions of `op`, with the form of each call."""
BATCH: Mapping[str, Form] = {"batch_alter_table": {"table_name": _is_name, "schema": _is_name}}
BATCH_OPERATIONS: Mapping[str, Form] = {
    function: {
        name: form[name] for name in form if name not in ("table_name", "source_table", "source_schema")
    }
    for function, form in OPERATIONS.items()
    if function != "create_table"
}
"""Additive methods of a batch, whose arguments do not include the table."""
