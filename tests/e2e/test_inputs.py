"""Whatever is put in: a clear refusal or harmless text; nothing of it is run."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import GROWTH, STORIES, Kiosk, clone

STORY = "service: kiosk\nstories:\n  - id: KIO-1\n    acceptance:\n      - A paper has a title (text).\n"

FILES = {
    "empty.yaml": ("", "empty.yaml:1: the file is empty."),
    "blank.yaml": ("\n\n# nothing\n", "blank.yaml:1: the file is empty."),
    "broken.yaml": ("service: [kiosk\nstories:\n", "invalid YAML"),
    "tabs.yaml": ("service: kiosk\n\tstories: []\n", "tabs.yaml:2: invalid YAML"),
    "nameless.yaml": (STORY.replace("service: kiosk\n", ""), "the name of the service is missing."),
    "storyless.yaml": ("service: kiosk\n", "there are no stories."),
    "criterionless.yaml": (
        "service: kiosk\nstories:\n  - id: KIO-1\n    title: Papers\n",
        "criterionless.yaml:3: the story KIO-1 has no acceptance criteria.",
    ),
    "hollow.yaml": (
        "service: kiosk\nstories:\n  - id: KIO-1\n    acceptance: []\n",
        "hollow.yaml:4: the acceptance criteria of KIO-1 must be a list with at least one item.",
    ),
    "huge.yaml": (STORY.replace("acceptance", f"story: {'x' * 5_000_000}\n    acceptance"), "5,000,1"),
    "long.yaml": (STORY.replace("acceptance", f"story: {'x' * 900_000}\n    acceptance"), "characters; the limit is"),
    "laughs.yaml": ("a: &a [x, x]\nb: [*a, *a]\n", "YAML aliases"),
    "object.yaml": ("service: !!python/object/apply:os.system ['touch canary']\nstories: []\n", "object.yaml:1"),
    "binary.yaml": (b"\xff\xfe\x00service", "binary.yaml:1: not valid UTF-8."),
    "nul.yaml": ('service: "kio\\0sk"\n', "the name of the service contains a control character."),
    "story.txt": (STORY, "the name of a story file ends in .yaml, .yml or .md."),
    "go.yaml": (f"stack: go_grpc\n{STORY}", "go.yaml:1: the go_grpc stack is not available yet"),
    "twice.yaml": (f"{STORY}  - id: KIO-1\n    acceptance: [A paper has a price (money).]\n", "duplicate"),
}  # fmt: skip

NAMES = [
    "../../etc/passwd", "/etc/passwd", "$(touch canary)", "`touch canary`", "{{7*7}}", "{% raw %}", "${HOME}",
    "kiosk; touch canary", "-rf", "kiosk\\n", ".git", "..", "KIO/../1", "a b", "КИО-1",
]  # fmt: skip


def refused(kiosk: Kiosk, *arguments: str) -> str:
    """Return what is said to a command that is refused, having done nothing."""
    before = sorted(each.name for each in kiosk.folder.iterdir())
    said = kiosk.crew(*arguments, expect=2)
    assert "Traceback" not in said
    assert sorted(each.name for each in kiosk.folder.iterdir()) == before
    return said


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused(kiosk: Kiosk, name: str) -> None:
    content, said = FILES[name]
    path = kiosk.folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert said in refused(kiosk, "run", str(path))


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(kiosk: Kiosk) -> None:
    assert "cannot be read" in refused(kiosk, "run", "nowhere.yaml")
    assert "cannot be read" in refused(kiosk, "run", str(kiosk.folder))


@pytest.mark.parametrize("place", ["service", "id"])
def test_hostile_names_are_refused(kiosk: Kiosk, place: str) -> None:
    # One process for each would take a minute: the first ones by the command, all by what it calls.
    from crew.errors import BadInput
    from crew.stories import load

    for number, name in enumerate(NAMES):
        content: dict[str, Any] = yaml.safe_load(STORY)
        (content if place == "service" else content["stories"][0])[place] = name
        path = kiosk.write(yaml.safe_dump(content))
        with pytest.raises(BadInput, match=r"invalid (service name|story id)|control character"):
            load(path)
        if number < 2:
            assert "For example" in refused(kiosk, "run", str(path))
    assert sorted(each.name for each in kiosk.folder.iterdir()) == ["stories.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--home", "/proc/crew"), "/proc/crew cannot be used as the home"),
        (("--home", "stories.yaml"), "is a file"),
        (("--home", "stories.yaml/home"), "cannot be used as the home: Not a directory."),
        (("--model", "parrot"), "Unknown model 'parrot'"),
        (("--sandbox", "glass"), "Unknown sandbox 'glass'; valid: bubblewrap, namespaces, landlock, none."),
        (("--policy-engine", "coin"), "Unknown policy engine 'coin'; valid: auto, regopy, opa."),
        (("--policies", "nowhere"), "does not exist"),
        (("--yess",), "No such option"),
    ],
)  # fmt: skip
def test_a_bad_option_is_refused(kiosk: Kiosk, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(kiosk, "run", str(kiosk.write(STORY)), *arguments)


@pytest.mark.parametrize(
    "command",
    ["resume", "resume x", "abandon x", "why x", "status", "status --json", "down", "impact x", "knowledge rebuild",
     "ledger verify", "ledger show x", "ledger export"],
)  # fmt: skip
def test_a_command_without_a_home_is_refused(kiosk: Kiosk, command: str) -> None:
    assert "has no ledger" in refused(kiosk, *command.split())


def stopped(kiosk: Kiosk, **environment: str) -> str:
    """Return why the story is not delivered, having left the repository as it was."""
    before = snapshot(kiosk.repository)
    printed = kiosk.crew("run", str(kiosk.write(STORY)), "--json", expect=1, **environment)
    assert "Traceback" not in printed
    (ended,) = json.loads([line for line in printed.splitlines() if "run.finished" in line][-1])["deliveries"]
    assert ended["status"] in ("stopped", "failed")
    assert snapshot(kiosk.repository) == before
    return str(ended["reason"])


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, `.git` left out."""
    found = folder.rglob("*") if folder.is_dir() else iter([folder] if folder.exists() else [])
    return {str(each): each.read_bytes() for each in found if each.is_file() and ".git" not in each.parts}


def git(kiosk: Kiosk, *arguments: str) -> None:
    """Run git in the repository as a person."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", str(kiosk.repository), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def started(kiosk: Kiosk) -> Kiosk:
    """A repository of somebody's own with one commit."""
    kiosk.repository.mkdir()
    git(kiosk, "init", "--quiet", "--initial-branch=main")
    (kiosk.repository / "notes.txt").write_text("one\n")
    git(kiosk, "add", "-A")
    git(kiosk, "commit", "--quiet", "-m", "Start")
    return kiosk


def test_a_dirty_working_tree_is_refused(started: Kiosk) -> None:
    (started.repository / "notes.txt").write_text("two\n")
    assert "has uncommitted changes: notes.txt" in stopped(started)


def test_a_folder_that_is_no_repository_is_refused(kiosk: Kiosk) -> None:
    kiosk.repository.mkdir()
    (kiosk.repository / "notes.txt").write_text("one\n")
    assert "contains files but is not a git repository" in stopped(kiosk)


def test_a_repository_that_is_a_file_is_refused(kiosk: Kiosk) -> None:
    kiosk.repository.write_text("one\n")
    assert "is a file" in stopped(kiosk)


def test_a_missing_identity_is_refused(started: Kiosk) -> None:
    nobody = {"GIT_COMMITTER_NAME": "", "GIT_COMMITTER_EMAIL": "", "GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": "",
              "HOME": str(started.folder), "EMAIL": "", "XDG_CONFIG_HOME": str(started.folder),
              "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}  # fmt: skip
    assert "git config" in stopped(started, **nobody)


@pytest.mark.slow
def test_nothing_that_a_repository_names_is_run(grown: Kiosk) -> None:
    # A whole delivery went through it: opened, committed, merged, laid out and checked.
    assert (grown.folder / "sprung.txt").read_text() == ""
    # And the trap is one: git itself runs it.
    subprocess.run(
        ["git", "-C", str(grown.repository), "-c", "core.fsmonitor=../trap.sh", "status"], capture_output=True
    )
    sprung = list(grown.folder.glob("canary*"))
    assert "canary-trap.sh" in [each.name for each in sprung]
    for each in sprung:
        each.unlink()


@pytest.mark.slow
def test_the_same_story_again_changes_nothing_and_serves(grown: Kiosk) -> None:
    version = grown.git("rev-parse", "main")
    (ended,) = grown.run(str(grown.write(GROWTH)))
    assert (ended["status"], ended["version"], ended["pull_request"]) == ("delivered", version, "")
    assert grown.git("rev-parse", "main") == version
    (service,) = json.loads(grown.crew("status", "--json"))["services"]
    assert service["version"] == version
    assert answer(f"{service['url']}/papers")["total"] >= 0


HOSTILE = [
    'A paper has a title (text, up to 80 characters, default "{{7*7}} ${HOME} $(touch canary-default)"), a price '
    "(money, at least 0) and a code (text, matching /[a-z$(){}`]+/, optional).",
    "A paper has a kind (one of {{7*7}}, `touch canary-value` or ../../x).",
    "A {{7*7}} has a name.",
    "A $(touch canary-entity) has a name.",
    "A ../../etc/passwd has a name (text).",
    "A __class__ has an __init__ (text).",
    "A paper also has a {{7*7}} (text, optional).",
    "A paper also has a subject (text, default \"'); import os; os.system('touch canary-python') #\", optional).",
    "A paper also has a class (text, optional), an import (text, optional) and a self (text, optional).",
    'A paper also has a motto (text, default "{% for x in y %}""").',
    'Selling a paper sets its import to "$(touch canary-effect) {{7*7}} `x`".',
    "A paper starts as new.",
    "A paper goes from new to sold when it is sold.",
    'Given a paper with a title of "{{7*7}} $(touch canary-example)", when it is sold, then its title is '
    '"{{7*7}} $(touch canary-example)".',
    'The {{ service }} must be {% include "/etc/passwd" %}.',
]
TITLE = "Papers $(rm -rf /) `touch canary-title` {{7*7}} {% raw %} ${HOME} ../../x <script>alert(1)</script> \"'; \\n"


@dataclass(frozen=True)
class Raced:
    """Hostile stories, delivered by one of two runs that were started at the same time."""

    kiosk: Kiosk
    ended: dict[str, Any]
    report: str
    loser: tuple[int, str]


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raced]:
    """The hostile story, run twice at the same time."""
    kiosk = Kiosk(tmp_path_factory.mktemp("raced").resolve())
    story = {"id": "KIO-1", "title": TITLE, "story": f"As {TITLE}, I want {TITLE}.", "acceptance": HOSTILE}
    path = kiosk.write(yaml.safe_dump({"service": "kiosk", "stories": [story]}, width=10_000))
    both = [kiosk.start("run", str(path), "--json") for _ in range(2)]
    outcomes = []
    for process in both:
        with process:
            out, err = process.communicate(timeout=500)
        outcomes.append((process.returncode, out, err))
    (winner,) = [out for code, out, _ in outcomes if code == 0 or '"intent"' in out]
    (loser,) = [(code, out + err) for code, out, err in outcomes if out != winner]
    finished = json.loads(winner.splitlines()[-1])
    (ended,) = finished["deliveries"]
    assert ended["status"] == "delivered", ended
    yield Raced(kiosk, ended, finished["report"], loser)
    kiosk.crew("down", expect=None)


def answer(url: str, body: dict[str, Any] | None = None) -> Any:
    """Send a request and return the JSON of the response."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())


@pytest.mark.slow
def test_of_two_runs_at_the_same_time_one_delivers(raced: Raced) -> None:
    code, said = raced.loser
    assert code in (1, 2)
    assert "Traceback" not in said
    assert "has a delivery that has not ended" in said or "is working" in said
    assert len(json.loads(raced.kiosk.crew("status", "--json"))["deliveries"]) == 1
    assert len(raced.kiosk.git("log", "--merges", "--first-parent", "--format=%h", "main").splitlines()) == 1


@pytest.mark.slow
def test_hostile_text_is_shown_as_it_is_and_never_run(raced: Raced) -> None:
    assert [each.name for each in raced.kiosk.folder.rglob("canary*")] == []
    assert raced.ended["criteria"] == {"covered": 7, "not_covered": 8}
    (service,) = json.loads(raced.kiosk.crew("status", "--json"))["services"]
    papers = f"{service['url']}/papers"
    made = answer(papers, {"price": 1, "code": "$(x)`{}"})
    assert made["title"] == "{{7*7}} ${HOME} $(touch canary-default)"
    assert made["subject"] == "'); import os; os.system('touch canary-python') #"
    assert made["code"] == "$(x)`{}"
    sold = answer(f"{papers}/{made['id']}/sell", {})
    assert sold["import"] == "$(touch canary-effect) {{7*7}} `x`"
    assert [each.name for each in raced.kiosk.folder.rglob("canary*")] == []


@pytest.mark.slow
def test_hostile_titles_stay_text_everywhere(raced: Raced) -> None:
    report = Path(raced.report).read_text()
    assert "<script>alert" not in report
    assert "&lt;script&gt;alert(1)" in report
    assert TITLE in raced.kiosk.git("log", "-1", "--format=%s", "main")
    assert TITLE in raced.kiosk.crew("status")
    assert TITLE in raced.kiosk.crew("ledger", "show", raced.ended["id"])


@pytest.mark.slow
def test_a_bug_is_one_line_and_the_delivery_goes_on(kiosk: Kiosk, delivered: Kiosk) -> None:
    clone(delivered, kiosk)
    path = kiosk.write(STORIES)
    broken = (
        "from crew.playbooks import PLAYBOOKS\n"
        "def broken(brief): raise ZeroDivisionError('a bug')\n"
        "PLAYBOOKS['design'] = broken\n"
        "from crew.cli import main\n"
        "main()\n"
    )
    process = kiosk.start("run", str(path), "--json", program=("-c", broken))
    with process:
        out, err = process.communicate(timeout=200)
    assert process.returncode == 1
    (ended,) = json.loads(out.splitlines()[-1])["deliveries"]
    assert ended["status"] == "waiting"
    (line,) = err.strip().splitlines()
    assert "ZeroDivisionError: a bug" in line
    assert f"are intact: `crew resume --home {kiosk.home} {ended['id']}` tries again" in line
    (kept,) = (kiosk.home / "logs").iterdir()
    assert str(kept) in line
    assert "Traceback" in kept.read_text()
    kiosk.crew("resume", ended["id"])
    assert json.loads(kiosk.crew("status", "--json"))["deliveries"][0]["status"] == "delivered"
