"""Which policies are loaded, which engine asks them, and what a user's own policies can and cannot do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.conftest import Build
from tools.errors import PolicyError
from tools.policy import choose
from tools.policy.source import load

POLICIES = Path(__file__).parents[3] / "crew" / "policies"
READ: dict[str, JsonValue] = {
    "delivery": "d",
    "role": "design",
    "tool": "read_criteria",
    "effect": "read",
    "arguments": {},
    "rationale": "To know what is wanted.",
    "evidence": [],
    "facts": {"rationale_letters": 17},
}
OWN = """package extra

import rego.v1

deny contains finding if {
	input.tool in data.extra_data.frozen
	finding := {"rule": "extra.freeze", "reason": [input.tool, " is frozen."], "fix": "Wait."}
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        return tmp_path

    return make


def test_opa_is_preferred_where_it_is(opa_program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(opa_program).parent))
    engine = choose(POLICIES)
    try:
        assert engine.name == "opa"
        assert engine.decide(READ).outcome == "allow"
    finally:
        engine.close()


def test_regopy_asks_where_opa_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    engine = choose(POLICIES)

    decision = engine.decide(READ)

    assert (engine.name, decision.outcome, decision.engine) == ("regopy", "allow", "regopy")
    assert decision.policy_digest == engine.digest
    assert 0 < decision.seconds < 5


def test_an_engine_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(PolicyError, match="not on PATH"):
        choose(POLICIES, engine="opa")
    with pytest.raises(PolicyError, match="Unknown policy engine 'cedar'"):
        choose(POLICIES, engine="cedar")


def test_the_digest_is_of_every_byte(tmp_path: Path) -> None:
    shutil.copytree(POLICIES, tmp_path / "copy")
    digest = load(POLICIES).digest

    assert load(tmp_path / "copy").digest == digest
    for name in ("paths.rego", "data.json"):
        path = tmp_path / "copy" / name
        path.write_text(path.read_text() + "\n")
        changed = load(tmp_path / "copy").digest
        assert changed != digest
        digest = changed


@pytest.mark.parametrize("key", ["fix", "mend"])
def test_own_policies_deny_and_change_the_digest(folder: Callable[..., Path], build: Build, key: str) -> None:
    own = folder(freeze_rego=OWN.replace('"fix"', f'"{key}"'), more_yaml="frozen: [read_criteria]\n")
    source = load(POLICIES, own)

    decision = build(source).decide(READ)

    assert (decision.outcome, decision.rules) == ("deny", ("extra.freeze",))
    assert decision.reasons == ("read_criteria is frozen. Wait.",)
    assert source.digest != load(POLICIES).digest


def test_own_policies_ask(folder: Callable[..., Path], build: Build) -> None:
    text = OWN.replace("deny contains", "ask contains").replace('"Wait."', '"Agree.", "answerable": true')
    decision = build(load(POLICIES, folder(a_rego=text, b_json='{"frozen": ["read_criteria"]}'))).decide(READ)

    assert (decision.outcome, decision.answerable) == ("ask", True)
    assert decision.reasons == ("read_criteria is frozen. Agree.",)


HOSTILE = {
    "another package": ("package crew\n\nimport rego.v1\n\nseat := {}\n", "package must be 'extra'"),
    "a package below": ("package crew.deny\n\nimport rego.v1\n\nx := 1\n", "package must be 'extra'"),
    "another question": (
        OWN + "\nx if data.crew.deny == set() with input as {}\n",
        "'with' evaluates something other",
    ),
    "the network": (OWN + '\nx := http.send({"url": "http://x"})\n', "'http.send' is not a built-in"),
    "the environment": (OWN + "\nx := opa.runtime()\n", "'opa.runtime' is not a built-in"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_own_policies_cannot_reach_elsewhere(folder: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load(POLICIES, folder(a_rego=text))


def test_own_policies_cannot_allow(folder: Callable[..., Path], build: Build) -> None:
    text = "package extra\n\nimport rego.v1\n\nallow := true\n\ndecision := {}\n\nplain(_) if true\n"
    own = folder(a_rego=text, b_json='{"settings": {"roles": {"design": {"tools": ["merge"]}}}}')

    decision = build(load(POLICIES, own)).decide(READ | {"tool": "merge"})

    assert decision == build(load(POLICIES)).decide(READ | {"tool": "merge"}).model_copy(
        update={"seconds": decision.seconds, "policy_digest": decision.policy_digest}
    )
    assert decision.outcome == "deny"


@pytest.mark.parametrize(
    "rule",
    ['deny := "no"', "deny := true", 'deny contains "no"', 'deny contains {"reason": "x"}', "ask := 1"],
)
def test_own_policies_that_are_no_sets_of_findings_deny(
    folder: Callable[..., Path], build: Build, rule: str
) -> None:
    own = folder(a_rego=f"package extra\n\nimport rego.v1\n\n{rule}\n")

    try:
        engine = build(load(POLICIES, own))
    except PolicyError as error:  # OPA sees some of them when it compiles
        assert "rego_type_error" in str(error)
    else:
        assert engine.decide(READ).outcome == "deny"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no policies"),
        ({"a_json": "{}"}, "no policies"),
        ({"a_rego": OWN, "b_json": "["}, r"b\.json cannot be used"),
        ({"a_rego": OWN, "b_json": "[1]"}, "its top level must be an object"),
        ({"a_rego": OWN, "b_json": '{"x": 1}', "c_yaml": "x: 2"}, "another file defines x already"),
        (
            {"a_rego": OWN, "b_json": '{"x": {"y": 1, "y": 2}}'},
            r"b\.json cannot be used: the key 'y' occurs twice",
        ),
        (
            {"a_rego": OWN, "b_yaml": "x:\n  y: 1\n  'y': 2"},
            r"b\.yaml cannot be used: the key 'y' occurs twice",
        ),
    ],
    ids=["empty", "no rules", "broken", "list", "twice", "key twice in JSON", "key twice in YAML"],
)
def test_unusable_folders_are_named(folder: Callable[..., Path], files: dict[str, str], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load(POLICIES, folder(**files))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"policy folder .* does not exist"):
        load(tmp_path / "nowhere")


def test_policies_define_only_their_own_data(folder: Callable[..., Path]) -> None:
    own = folder(a_rego="package crew\n\nimport rego.v1\n\nx := 1\n", b_json='{"settings": {}, "more": 1}')

    with pytest.raises(PolicyError, match="may define settings, packages, releases and listed, not more"):
        load(own)
