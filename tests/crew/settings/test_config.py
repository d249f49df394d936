"""What `crew.toml` says, where it is found, and what is said of one that is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.settings.budget import Budget
from crew.settings.config import Config, Price
from crew.settings.load import find_config, load_config, with_options

WHOLE = """
[model]
url = "openai:gpt-x"
base_url = "http://localhost:11434/v1"
api = "responses"
structured_output = "json_schema"
tool_calls = "text"
stream = false
timeout_seconds = 30
attempts = 2
longest_wait_seconds = 5
corrections = 0
max_output_tokens = 4096
temperature = 0
context_bytes = 20000
fallback = ["openai:gpt-y", "offline"]
[model.roles]
code = "openai:gpt-z"
[prices."gpt-x"]
input = 1.25
output = 10
currency = "EUR"
[budget.delivery]
tokens = 20000
money = 0.5
[budget.run]
steps = 100
minutes = 30
[tests]
command = "tox -q"
[telemetry]
otlp = "http://localhost:4318"
content = true
"""


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "crew.toml").write_text(text)
    return folder


def test_every_setting_is_read(tmp_path: Path) -> None:
    read = load_config(None, written(tmp_path, WHOLE))

    said = tomllib.loads(WHOLE)
    said["model"]["fallback"] = tuple(said["model"]["fallback"])
    assert read.model_dump(exclude_unset=True) == said
    assert set(said["model"]) == set(Config().model_dump()["model"]), "a setting that this test leaves out"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(tmp_path / "stories.yaml", tmp_path) == Config()
    assert Config().model.url == "offline"
    assert not Config().telemetry.otlp


def test_beside_the_story_wins_over_the_current_folder(tmp_path: Path) -> None:
    here = written(tmp_path / "here", "[model]\nattempts = 1")
    there = written(tmp_path / "there", "[model]\nattempts = 2")

    assert load_config(there / "stories.yaml", here).model.attempts == 2
    assert load_config(tmp_path / "stories.yaml", here).model.attempts == 1
    assert load_config(None, here).model.attempts == 1
    assert find_config(tmp_path / "stories.yaml", tmp_path) is None
    assert find_config(there / ".crew", here) == there / "crew.toml", "a home stands for its story"


def test_a_recording_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    text = '[model]\nurl = "replay:rec/a"\nfallback = ["replay:/abs"]\n[model.roles]\ncode = "replay:b"'
    model = load_config(None, written(tmp_path, text)).model

    assert model.url == f"replay:{tmp_path}/rec/a"
    assert model.fallback == ("replay:/abs",)
    assert model.of("code") == f"replay:{tmp_path}/b"
    assert model.of("testing") == model.url


WRONG = {
    "a model that is no URL": ('[model]\nurl = "gpt-x"', "`model.url` is invalid"),
    "a model without a name": ('[model]\nurl = "openai:"', "`model.url` is invalid"),
    "a section that is not there": ("[modle]\nx = 1", "unknown setting `modle`"),
    "a number for a section": ("model = 3", "`model` is invalid: it must be a section"),
    "a text for a switch": ('[model]\nstream = "yes"', "`model.stream` is invalid"),
    "a switch for a number": ("[model]\nattempts = true", "`model.attempts` is invalid"),
    "no attempt": ("[model]\nattempts = 0", "`model.attempts` is invalid"),
    "a key that is spelt wrong": ('[model]\nbaseurl = "x"', "unknown setting `model.baseurl`"),
    "an address without a scheme": ('[model]\nbase_url = "localhost"', "`model.base_url` is invalid"),
    "a role that is not there": ('[model.roles]\nfoo = "offline"', "unknown role `foo`"),
    "a role's model": ('[model.roles]\ncode = "x"', "`model.roles.code` is invalid"),
    "one text for a list": (
        '[model]\nfallback = "offline"',
        "`model.fallback` is invalid: it must be a list",
    ),
    "a fallback that is no URL": ('[model]\nfallback = ["of"]', "`model.fallback.0` is invalid"),
    "a temperature that is no number": ("[model]\ntemperature = nan", "`model.temperature` is invalid"),
    "half a price": ('[prices."gpt-x"]\ninput = 1', '`prices."gpt-x".output` is missing'),
    "a price below nothing": ("[prices.a]\ninput = 1\noutput = -2", "`prices.a.output` is invalid"),
    "an endless price": ("[prices.a]\ninput = inf\noutput = 1", "`prices.a.input` is invalid"),
    "a budget below nothing": ("[budget.delivery]\ntokens = -1", "`budget.delivery.tokens` is invalid"),
    "half a token": ("[budget.run]\ntokens = 0.5", "`budget.run.tokens` is invalid"),
    "a budget of something else": ("[budget.story]\ntokens = 1", "unknown setting `budget.story`"),
    "a number for a budget": ("[budget]\nrun = 3", "`budget.run` is invalid: it must be a section"),
    "an unknown bound": ("[budget.run]\ntoken = 3", "unknown setting `budget.run.token`"),
    "telemetry to nowhere": ('[telemetry]\notlp = "on"', "`telemetry.otlp` is invalid"),
    "not TOML": ("[model\n", "is not TOML"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_file_key_and_a_right_example(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(BadInput) as raised:
        load_config(None, written(tmp_path, text))

    message, example = str(raised.value).split("For example:\n")
    assert message.startswith(str(tmp_path / "crew.toml"))
    assert said in message
    load_config(None, written(tmp_path, example))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[modle]\nx = 1", "Did you mean `model`?"),
        ('[model]\nbaseurl = "x"', "Did you mean `model.base_url`?"),
        ("[budget.run]\ntoken = 3", "Did you mean `budget.run.tokens`?"),
        ('[model.roles]\ncoding = "offline"', "Did you mean `code`?"),
    ],
)
def test_what_was_meant_is_asked(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        load_config(None, written(tmp_path, text))
    assert said in str(raised.value)


def test_what_is_like_nothing_is_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        load_config(None, written(tmp_path, "[model]\nzzz = 1"))
    assert "Did you mean" not in str(raised.value)


def test_every_fault_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"(?s)model\.attempts.*tests\.command"):
        load_config(None, written(tmp_path, "[model]\nattempts = 0\n[tests]\ncommand = 3"))


def test_a_key_is_no_setting_and_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="export OPENAI_API_KEY") as raised:
        load_config(None, written(tmp_path, '[model]\napi_key = "sk-12345"'))
    assert "sk-12345" not in str(raised.value)


def test_two_currencies_cannot_be_added(tmp_path: Path) -> None:
    prices = '[prices.a]\ninput = 1\noutput = 1\n[prices.b]\ninput = 1\noutput = 1\ncurrency = "EUR"'
    with pytest.raises(BadInput, match="EUR and USD"):
        load_config(None, written(tmp_path, prices))


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "crew.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not TOML"):
        load_config(None, tmp_path)
    (tmp_path / "crew.toml").write_text("#" * 1_000_001)
    with pytest.raises(BadInput, match="larger than"):
        load_config(None, tmp_path)


def test_options_win(tmp_path: Path) -> None:
    read = load_config(None, written(tmp_path, WHOLE))
    said = with_options(
        read,
        budget=Budget(steps=3),
        run_budget=Budget(minutes=1.5),
        test_command="make test",
    )

    assert said.model.roles == {"code": "openai:gpt-z"}
    assert (said.budget.delivery, said.budget.run) == (Budget(steps=3), Budget(minutes=1.5))
    assert said.tests.command == "make test"
    assert with_options(read) == read
    with pytest.raises(BadInput, match="Unknown model 'gpt'"):
        with_options(read, model="gpt")


@pytest.mark.parametrize(
    ("model", "fallback"),
    [("offline", ()), ("replay:x", ()), ("openai:gpt-w", ("openai:gpt-y", "offline"))],
)
def test_a_model_of_the_command_line_plays_every_role(
    tmp_path: Path, model: str, fallback: tuple[str, ...]
) -> None:
    said = with_options(load_config(None, written(tmp_path, WHOLE)), model=model).model

    assert {said.of(role) for role in ("code", "testing")} == {model}
    assert said.fallback == fallback


@pytest.mark.parametrize(("tokens", "cost"), [((0, 0), 0), ((1_000_000, 0), 1.25), ((1, 1), 0.000011)])
def test_what_tokens_cost(tokens: tuple[int, int], cost: float) -> None:
    assert Price(input=1.25, output=10.0).of(*tokens) == cost


def test_a_price_is_found_by_name_and_by_url(tmp_path: Path) -> None:
    read = load_config(None, written(tmp_path, WHOLE))
    assert read.price("gpt-x") == read.price("openai:gpt-x") == Price(input=1.25, output=10.0, currency="EUR")
    assert read.price("openai:gpt-y") is None
