"""A resumed delivery asks the server that it began with, with the same settings, from whatever folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crew.cli import main
from tests.crew.models.server import Server, Status, serving
from tests.crew.models.wired import KEY
from tests.e2e.conftest import STORIES

REFUSED = Status(401, "No.")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story file in one folder, with the command in another."""
    for name in ("begun", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "begun" / "stories.yaml").write_text(STORIES)
    monkeypatch.chdir(tmp_path / "begun")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def crew(*arguments: str) -> str:
    """Run a command that stops, as its model refuses, and return what it printed."""
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 1, done.output
    assert KEY not in done.output
    return done.output


def begin(server: Server, toml: str = "") -> list[str]:
    """Run a delivery until its model refuses, then go to another folder; return the options of its home."""
    Path("crew.toml").write_text(f"[model]\nattempts = 1\ntimeout_seconds = 7.0\n{toml}")
    assert server.url in crew("run", "stories.yaml", "--model", "openai:first")
    Path("crew.toml").unlink()
    return ["--home", str(Path(".crew").resolve())]


def opened(home: list[str]) -> dict[str, Any]:
    """Return the first row of the delivery."""
    done = CliRunner().invoke(main, ["ledger", "export", *home])
    return dict(json.loads(done.output.splitlines()[0])["body"])


@pytest.mark.parametrize("named", ["environment", "crew.toml"])
def test_the_server_and_the_settings_are_kept(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda body: REFUSED) as server, serving(lambda body: REFUSED) as other:
        if named == "environment":
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        home = begin(server, f'base_url = "{server.url}"\n' if named == "crew.toml" else "")
        asked = len(server.bodies)
        kept = json.loads(opened(home)["settings"])["model"]
        assert (kept["base_url"], kept["timeout_seconds"]) == (server.url, 7.0)
        monkeypatch.chdir(tmp_path / "elsewhere")
        for address in ("", other.url):
            monkeypatch.setenv("OPENAI_BASE_URL", address)
            for more in ([], ["--model", "openai:second"]):
                assert server.url in crew("resume", *more, *home)
                asked += 1
                assert len(server.bodies) == asked
                assert server.bodies[-1]["model"] == (
                    more[-1].partition(":")[2] if more else "second" if address else "first"
                )
        assert other.bodies == []
    rows = map(json.loads, CliRunner().invoke(main, ["ledger", "export", *home]).output.splitlines())
    assert [row["body"]["text"] for row in rows if row["kind"] == "resumed"] == [
        "Continues with other settings: model openai:second."
    ]


def test_models_of_roles_prices_and_budgets_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = (
        '[model.roles]\ndesign = "openai:third"\n[prices."third"]\ninput = 1.0\noutput = 1.0\n'
        '[prices."first"]\ninput = 1.0\noutput = 1.0\n[budget.delivery]\nmoney = 2.5\n'
    )
    with serving(lambda body: REFUSED) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        Path("crew.toml").write_text(f"[model]\nattempts = 1\nurl = 'openai:first'\n{more}")
        crew("run", "stories.yaml")
        home = ["--home", str(Path(".crew").resolve())]
        monkeypatch.chdir(tmp_path / "elsewhere")
        Path("crew.toml").write_text("[budget.delivery]\nsteps = 1\n")
        crew("resume", *home)
        assert [body["model"] for body in server.bodies] == ["third", "third"]


def test_credentials_are_not_kept_and_are_used_for_their_server_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda body: REFUSED) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("://", "://ada:sesame-open@"))
        home = begin(server)
        monkeypatch.chdir(tmp_path / "elsewhere")
        crew("resume", *home)
        monkeypatch.delenv("OPENAI_BASE_URL")
        crew("resume", *home)
        assert len(server.bodies) == 3
    everything = b"".join(path.read_bytes() for path in Path(home[1]).rglob("*") if path.is_file())
    assert b"sesame-open" not in everything
