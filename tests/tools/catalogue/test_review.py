"""Which files are judged as migrations at the merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, put
from tools.catalogue.review import destructive_migrations
from tools.projects.trees import workspace_tree

DROPS = 'from alembic import op\n\n\ndef upgrade():\n    op.drop_table("orders")\n'
DROPPED = "It drops a table: orders."


@pytest.mark.attack
def test_migrations_are_judged_wherever_they_are(tmp_path: Path) -> None:
    bench = delivery(
        tmp_path, {"app/__init__.py": "", "db/versions/gone.py": DROPS, "app/versions/gone.py": ""}
    )
    (bench.workspace / "db/versions/gone.py").unlink()
    (bench.workspace / "app/versions/gone.py").unlink()
    put(
        bench.workspace,
        {
            "migrations/versions/0001.py": DROPS,
            "Migrations/Versions/0002.py": DROPS,
            "src/shop/alembic/versions/deep/0003.py": DROPS,
            "elsewhere/0003.py": "revision = '3'\n" + DROPS,
            "shop/migrations/0004_drop.py": "from django.db import migrations\n",
            "db/migrations/V1__drop.sql": "DROP TABLE orders;\n",
            "migrations/versions/0005.sql": "DROP TABLE orders;\n",
            "migrations/versions/0006.pyc": b"\xa7\r\r\n\x00\x00",
            "migrations/versions/0007.py": b"# coding: utf-7\n# +AAo-import os\n",
            "migrations/versions/.gitkeep": "",
            "migrations/versions/0008.py": "from alembic import op\n",
            "migrations/env.py": "from alembic import context\ncontext.run_migrations()\n",
            "app/versions/__init__.py": "import os\n",
            "app/drop.sql": "DROP TABLE orders;\n",
        },
    )
    found = destructive_migrations(bench, workspace_tree(bench))
    assert {each.partition(": ")[0]: each.partition(": ")[2] for each in found} == {
        "migrations/versions/0001.py": DROPPED,
        "Migrations/Versions/0002.py": DROPPED,
        "src/shop/alembic/versions/deep/0003.py": DROPPED,
        "elsewhere/0003.py": DROPPED,
        "shop/migrations/0004_drop.py": "It contains `from django.db import migrations` (line 1), "
        "which is not a known additive operation.",
        "db/migrations/V1__drop.sql": "It cannot be read as Python: invalid syntax (<unknown>, line 1).",
        "migrations/versions/0005.sql": "It cannot be read as Python: invalid syntax (<unknown>, line 1).",
        "migrations/versions/0006.pyc": "It cannot be read as Python: source code string cannot contain null bytes.",
        "migrations/versions/0007.py": "It contains `import os` (line 3), which is not a known additive operation.",
        "db/versions/gone.py": "the migration was deleted; databases that ran it cannot be migrated further.",
    }


@pytest.mark.attack
def test_a_link_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"migrations/versions/0001.py": "revision = '1'\n", "other/0002.py": DROPS})
    (bench.workspace / "migrations/versions/0001.py").unlink()
    (bench.workspace / "migrations/versions").rmdir()
    (bench.workspace / "migrations/versions").symlink_to("../other")
    found = destructive_migrations(bench, workspace_tree(bench))
    assert [each.partition(": ")[0] for each in found] == [
        "migrations/versions",
        "migrations/versions/0001.py",
    ]
