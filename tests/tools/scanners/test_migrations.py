"""What a migration would destroy is read off its text; what cannot be read counts as that."""

from __future__ import annotations

import pytest

from tools.scanners import destructive

HEAD = '"""A migration."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "2"\n\n\n'


def up(*lines: str) -> str:
    return HEAD + "def upgrade() -> None:\n" + "".join(f"    {line}\n" for line in lines)


ADDITIVE = {
    "tables and indexes": up(
        'op.create_table("orders", sa.Column("n", sa.Integer(), nullable=False))',
        'op.create_index("ix", "orders", ["n"])',
    ),
    "optional column": up('op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))'),
    "column that says nothing": up('op.add_column("orders", sa.Column("note", sa.Text()))'),
    "required column with a default": up(
        'op.add_column("orders", sa.Column("n", sa.Integer(), nullable=False, server_default=sa.text("0")))'
    ),
    "batch": up(
        'with op.batch_alter_table("orders") as batch_op:',
        '    batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))',
        '    batch_op.create_foreign_key("fk", "customers", ["c"], ["id"], ondelete="RESTRICT")',
    ),
    "loosened": up('op.alter_column("orders", "note", nullable=True)'),
    "constraint dropped": up('op.drop_constraint("uq", "orders")', 'op.drop_index("ix")'),
    "sql that looks": up('op.execute("SELECT 1")', 'op.execute("CREATE INDEX x ON orders (n)")'),
    "way down": up("pass")
    + '\n\ndef downgrade() -> None:\n    op.drop_table("orders")\n    op.execute("DELETE")\n',
    "words in texts": up('"""Drop and delete nothing."""', 'x = "DROP TABLE orders"  # delete'),
}


@pytest.mark.parametrize("source", ADDITIVE.values(), ids=ADDITIVE.keys())
def test_additive(source: str) -> None:
    assert destructive(source) == ()


DESTRUCTIVE = {
    'op.drop_table("orders")': "drops a table: orders",
    'op.drop_column("orders", "total")': "drops a column: orders.total",
    'op.drop_column(table_name="orders", column_name="total")': "drops a column: orders.total",
    "op.drop_column(table, column)": "drops a column: ?.?",
    'op.rename_table("orders", "purchases")': "renames a table: orders",
    'op.alter_column("orders", "total", new_column_name="sum")': "renames a column: orders.total",
    'op.alter_column("orders", "total", type_=sa.Integer())': "changes the type of a column: orders.total",
    'op.alter_column("orders", "total", nullable=False)': "makes a column required: orders.total",
    'op.alter_column("orders", "total", nullable=strict)': "makes a column required: orders.total",
    'op.alter_column("orders", "total", **options)': "ways that its source does not show: orders.total",
    'op.add_column("orders", sa.Column("n", sa.Integer(), nullable=False))': "adds a required column",
    'op.add_column("orders", column)': "to orders that its source does not show",
    'op.execute("DROP TABLE orders")': "SQL that says DROP: DROP TABLE orders",
    'op.execute("  delete\\n from orders")': "SQL that says DELETE: delete from orders",
    'op.execute("TRUNCATE orders")': "says TRUNCATE",
    'op.execute("UPDATE orders SET n = 1")': "says UPDATE",
    'op.execute("ALTER TABLE orders DROP n")': "says ALTER",
    'op.execute(sa.text("DROP TABLE orders"))': "says DROP",
    'op.get_bind().execute(sa.text("DROP TABLE orders"))': "says DROP",
    'op.get_bind().exec_driver_sql("DROP TABLE orders")': "says DROP",
    'op.execute(f"{word} TABLE orders")': "SQL that its source does not show",
    'op.execute("DR" + "OP TABLE orders")': "SQL that its source does not show",
    "op.execute(statement)": "SQL that its source does not show",
    "op.execute()": "SQL that its source does not show",
    "op.execute(orders.delete())": "deletes rows",
    "op.execute(sa.update(orders).values(n=1))": "changes rows",
    "sa.MetaData().drop_all(op.get_bind())": "drops all tables",
    "op.invoke(operation)": "invokes an operation",
    'getattr(op, "drop_" + "table")("orders")': "calls getattr",
    'd = op.drop_table; d("orders")': "passes on drop_table",
    'eval("op.drop" + "_table(1)")': "calls eval",
    'from alembic.op import drop_table as d; d("orders")': "imports drop_table",
}


@pytest.mark.parametrize(("line", "said"), DESTRUCTIVE.items(), ids=DESTRUCTIVE.keys())
def test_destructive(line: str, said: str) -> None:
    found = destructive(up(line))

    assert any(said in each for each in found), found
    assert all(each.startswith("It ") and each.endswith(".") for each in found)


def test_batches_know_their_table() -> None:
    source = up(
        'with op.batch_alter_table("orders") as batch_op:',
        '    batch_op.drop_column("total")',
        '    batch_op.alter_column("note", nullable=False)',
        '    batch_op.add_column(sa.Column("n", sa.Integer(), nullable=False))',
    )

    assert destructive(source) == (
        "It drops a column: orders.total.",
        "It makes a column required: orders.note.",
        "It adds a required column without a server default: orders.n.",
    )


@pytest.mark.parametrize(
    "source",
    [
        HEAD + 'op.drop_table("orders")\n',
        HEAD + 'def helper():\n    op.drop_table("orders")\n\n\ndef upgrade():\n    helper()\n',
        HEAD + 'def downgrade():\n    op.drop_table("orders")\n\n\ndef upgrade():\n    downgrade()\n',
        HEAD + 'def downgrade():\n    op.drop_table("orders")\n\n\nupgrade = downgrade\n',
    ],
    ids=["module", "helper", "calls the way down", "is the way down"],
)
def test_all_ways_up_are_read(source: str) -> None:
    assert destructive(source) == ("It drops a table: orders.",)


@pytest.mark.parametrize("source", ["def (", "\x00", "x = " + "(" * 10_000])
def test_what_is_no_python_is_not_trusted(source: str) -> None:
    assert len(destructive(source)) == 1
    assert destructive(source)[0].startswith("It cannot be read as Python")
