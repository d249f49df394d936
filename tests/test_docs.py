"""The documents match the code: paths, commands, settings, diagram."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

from crew.cli import main
from crew.settings.docs_table import with_settings
from crew.settings.load import load_config
from graphs.diagram import with_diagram
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read
from tools.blueprint.reader.form_guide import FORMS, guide
from tools.blueprint.reader.grammar import parsing

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
FOLDERS_WITH_CODE = ("crew", "evals", "graphs", "prompts", "tests", "tools")
MOST_FILES_WITHOUT_README = 10


def test_the_diagram_is_that_of_the_graph() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert with_diagram(text) == text, "run `make docs`"


def test_the_table_of_settings_is_that_of_the_classes() -> None:
    text = (ROOT / "README.md").read_text()
    assert with_settings(text) == text, "run `make docs`"


def test_the_guide_to_the_sentence_forms_is_that_of_the_grammar() -> None:
    assert (ROOT / "SENTENCES.md").read_text() == guide(), "run `make docs`"
    assert set(FORMS) == set(parsing.FORMS), "each form of the grammar needs an example"
    sentences = [sentence for _, examples in FORMS.values() for sentence in examples]
    reading = read([(str(number), each) for number, each in enumerate(sentences)], Blueprint(service="shop"))
    assert [each.why for each in reading.criteria if each.outcome != "covered"] == []


def test_the_settings_of_the_readme_are_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "crew.toml").write_text(shown)
    read = load_config(None, tmp_path)
    assert read.model.of("code") == "openai:gpt-5-codex"
    assert read.price(read.model.url) is not None


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    named = re.findall(r"`((?:crew|tools|graphs|prompts|evals|tests|examples)/[\w./<>*-]+)`", text)
    named += re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert named or page == "CONTRIBUTING.md"
    for name in named:
        pattern = name.replace("<role>", "design")
        assert list(ROOT.glob(pattern.rstrip("/"))), f"{page} names {name}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / page).read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page} names make {target}"


def test_every_large_folder_has_a_short_readme() -> None:
    sizes = Counter(path.parent for each in FOLDERS_WITH_CODE for path in (ROOT / each).rglob("*.py"))
    large = sorted(
        folder
        for folder, size in sizes.items()
        if size > MOST_FILES_WITHOUT_README
        and "templates" not in folder.parts  # the layout of generated services
    )
    assert ROOT / "crew" in large
    for folder in large:
        readme = folder / "README.md"
        assert readme.is_file(), f"{folder.relative_to(ROOT)} has more than ten modules: write its README.md"
        lines = readme.read_text().splitlines()
        assert len(lines) == 5, f"{readme.relative_to(ROOT)} must have five lines"
        for line, start in zip(lines[2:], ("- Purpose: ", "- May import: ", "- Start with: "), strict=True):
            assert line.startswith(start), f"{readme.relative_to(ROOT)}: {line}"
        for name in re.findall(r"`([\w/]+\.py)`", lines[4]):
            assert (folder / name).is_file(), f"{readme.relative_to(ROOT)} names {name}"


def test_every_command_is_in_the_readme_and_the_other_way_round() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "crew", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    commands = set(re.findall(r"^  ([a-z]+)  ", shown.split("Commands:")[1], re.MULTILINE))
    named = set(re.findall(r"`crew ([a-z]+)", (ROOT / "README.md").read_text()))
    assert commands == named


def test_every_command_line_of_the_readme_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stories.yaml").write_text("")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("crew ")]
    assert len(lines) >= 4
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)[1:]
        with click.Context(main) as context:
            command = main.get_command(context, name)
            assert command is not None, line
            command.make_context(name, arguments, parent=context)


def test_the_story_of_the_readme_is_understood(tmp_path: Path) -> None:
    (story,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "stories.yaml").write_text(story)
    command = [sys.executable, "-m", "crew", "plan", str(tmp_path / "stories.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ", 0 not covered." in done.stdout, done.stdout + done.stderr
