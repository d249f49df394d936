"""README followed word by word in a fresh clone, with no git identity and an empty HOME."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRIES = "crew status --home examples/checkout/.crew"
"""A command that README names for after `make run`."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Newcomer:
    """A shell in a clone of this repository, on a machine where nothing is configured."""

    folder: Path
    home: Path

    def types(self, line: str, expect: int = 0) -> str:
        """Run a line as a shell does, and return what it prints."""
        environment = {
            "HOME": str(self.home),
            "TMPDIR": str(self.home.parent / "tmp"),
            "USER": "newcomer",
            "LOGNAME": "newcomer",
            "PATH": os.pathsep.join(
                each for each in os.environ["PATH"].split(os.pathsep) if ".venv" not in each
            ),
        }
        environment |= {
            name: value for name, value in os.environ.items() if re.match("(?i)(uv|pip|ssl|https?|no)_", name)
        }
        done = subprocess.run(
            line, shell=True, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == expect, (
            f"{line}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("newcomer").resolve()
    made = Newcomer(folder / "shipcrew", folder / "home")
    made.home.mkdir()
    (folder / "tmp").mkdir()
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(made.folder)], check=True)
    # What `make setup` makes; that it can be made is seen wherever the suite runs.
    (made.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    for name in ("requirements.txt", "pyproject.toml"):
        os.utime(made.folder / name, (0, 0))  # so that make takes the environment for up to date
    yield made
    made.types(
        "if test -e examples/checkout/.crew; then .venv/bin/crew down --home examples/checkout/.crew; fi"
    )
    shutil.rmtree(folder)


def test_what_make_run_prints_works_as_printed(newcomer: Newcomer) -> None:
    if not os.access(Path(sys.executable).parents[1] / ".ready", os.F_OK):
        pytest.skip("the environment was not made by `make setup`")
    (block,) = re.findall(r"## Try it.*?```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert [line.partition("#")[0].strip() for line in block.splitlines()] == ["make run", "make test"]
    assert TRIES in (ROOT / "README.md").read_text()

    said = newcomer.types("make run")

    printed = re.findall(r"^ +(?:Reasons: (?=\S*crew )|(?=curl ))(.*)$", said, re.MULTILINE)
    assert len(printed) == 4, said[-3000:]
    for line in printed:
        assert newcomer.types(line)
    program = printed[0].split()[0]
    assert program == ".venv/bin/crew"
    assert "CHK-3" in newcomer.types(TRIES.replace("crew", program, 1))
    planned = newcomer.types(f"{program} plan examples/checkout/stories.yaml")
    assert f"{program} run would stop: git does not know your name" in planned
    places = re.findall(r"`(\.crew/[\w./]+|checkout/)`", (ROOT / "README.md").read_text())
    assert len(places) >= 5
    for place in places:
        assert (newcomer.folder / "examples/checkout" / place).exists(), place
    assert "Stopped checkout" in newcomer.types(f"{program} down --home examples/checkout/.crew")
