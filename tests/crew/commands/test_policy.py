"""`crew policy`: from a regulation to a policy that judges, with a person in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crew.app import Settings, open_app
from crew.cli import main
from crew.errors import BadInput
from crew.policy_drafts.folder import About, Approval, drafted, is_draft, read, verify_approvals, write
from crew.policy_drafts.sample_calls import example_call, overlaid
from tests.crew.drafts import GOOD, REGO, REGULATION, with_rego
from tests.crew.models.server import serving
from tests.crew.policy_drafts.test_draft import Conversation, called
from tools.policy import choose

POLICIES = Path(__file__).parents[3] / "crew" / "policies"
ABOUT = About(name="payments", model="openai:m", prompt="sha256:0", rules=GOOD.rules)


def crew(*arguments: object, text: str = "") -> Result:
    return CliRunner().invoke(main, ["policy", *map(str, arguments)], input=text)


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """That drafts are tried on both engines is tested in test_policy_check.py; here it would take twice as long."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Conversation]:
    """A served model that hands in a good draft; `openai:` URLs lead to it."""
    conversation = Conversation(called(with_rego(f"{REGO}\nallow := true\n")), called(GOOD))
    with serving(conversation.answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield conversation


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The folder of a sound draft."""
    write(drafted(GOOD, ABOUT, REGULATION), tmp_path / "draft", "# Read me\n")
    return tmp_path / "draft"


@pytest.fixture
def approved(draft: Path, tmp_path: Path) -> Path:
    """A folder of policies with the draft, approved."""
    assert crew("approve", draft, "--into", tmp_path / "policies", "--yes", "Ada").exit_code == 0
    return tmp_path / "policies"


def test_from_a_regulation_to_a_draft(model: Conversation, tmp_path: Path) -> None:
    (tmp_path / "Payments.md").write_text(REGULATION)
    (tmp_path / "crew.toml").write_text('[model]\nurl = "openai:m"\n')

    done = crew("draft", tmp_path / "Payments.md", "--out", tmp_path / "out")

    assert done.exit_code == 0, done.output
    assert "Draft 1 was rejected: extra/payments.rego" in done.stderr
    assert "Wrote a draft of 2 rules with 4 cases" in done.stdout
    assert "Usage of openai:m: 2 model calls, 200 + 20 tokens, 1 unusable." in done.stderr
    assert len(model.asked) == 2
    made = read(tmp_path / "out")
    assert (made.draft, made.about.name, made.about.model) == (GOOD, "payments", "openai:m")
    assert json.loads((tmp_path / "out" / "draft.json").read_text())["status"] == "draft"
    assert {each.name for each in (tmp_path / "out").iterdir()} == {*made.files, "README.md"}
    page = (tmp_path / "out" / "README.md").read_text()
    for rule in GOOD.rules:
        assert f"## {rule.name}\n\n> {rule.why}" in page
    assert made.digest in page


def test_a_budget_bounds_what_a_draft_takes(model: Conversation, tmp_path: Path) -> None:
    (tmp_path / "r.md").write_text(REGULATION)
    arguments = ("draft", tmp_path / "r.md", "--out", tmp_path / "out", "--model", "openai:m", "--budget")

    done = crew(*arguments, "steps=1")

    assert (done.exit_code, len(model.asked)) == (1, 1)
    assert "The budget is used up: 1 of 1 model call. Give a larger one: --budget steps=15" in done.output
    assert ": 1 model call, 100 + 10 tokens, 1 unusable." in done.output
    assert not (tmp_path / "out").exists()
    assert "the price of openai:m is not known" in crew(*arguments, "money=1").output
    assert "must be a whole number" in crew(*arguments, "steps=x").output


def test_what_is_there_is_not_written_over(model: Conversation, tmp_path: Path) -> None:
    (tmp_path / "r.md").write_text(REGULATION)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    done = crew("draft", tmp_path / "r.md", "--out", tmp_path / "out", "--model", "openai:m")

    assert (done.exit_code, model.asked) == (2, [])
    assert "already exists" in done.output


def test_a_draft_without_a_model_and_without_a_text(tmp_path: Path) -> None:
    (tmp_path / "r.md").write_text(REGULATION)
    offline = crew("draft", tmp_path / "r.md", "--out", tmp_path / "out")
    assert offline.exit_code == 2
    assert "needs a language model" in offline.output
    assert not (tmp_path / "out").exists()

    assert "cannot be read" in crew("draft", tmp_path / "none.md").output
    (tmp_path / "b.md").write_bytes(b"\xff")
    assert "is not valid UTF-8" in crew("draft", tmp_path / "b.md").output


def test_a_draft_is_checked(draft: Path) -> None:
    done = crew("check", draft)
    assert done.exit_code == 0, done.output
    assert "payments: a draft. sha256:" in done.output

    (draft / "policy.rego").write_text(REGO + "\nallow := true\n")
    done = crew("check", draft)
    assert done.exit_code == 2
    assert "is invalid; fix it" in done.output
    (draft / "cases.json").write_text("[{}]")
    assert "cases.json has an invalid format" in crew("check", draft).output


def test_a_draft_judges_nothing(draft: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", policies=draft)
    with pytest.raises(BadInput, match="until a person approves it"), open_app(settings, lambda _: None):  # type: ignore[arg-type,return-value]
        pass


@pytest.mark.parametrize("said", ["n\n", ""])
def test_no_answer_is_a_no(draft: Path, tmp_path: Path, said: str) -> None:
    done = crew("approve", draft, "--into", tmp_path / "policies", text=said)

    assert done.exit_code == 3
    assert "Not approved, so the policy has no effect" in done.output
    assert not (tmp_path / "policies").exists()


def test_a_person_sees_what_they_approve(draft: Path, tmp_path: Path) -> None:
    done = crew("approve", draft, "--into", tmp_path / "policies", text="y\n")

    assert done.exit_code == 0, done.output
    assert read(draft).digest in done.output
    assert REGO.strip() in done.output
    for rule in GOOD.rules:
        assert rule.name in done.output
        assert rule.why in done.output


def test_an_approved_policy_judges(approved: Path) -> None:
    assert sorted(each.name for each in approved.iterdir()) == ["payments.approved", "payments.rego"]
    approval = Approval.model_validate_json((approved / "payments.approved" / "approval.json").read_bytes())
    assert (approval.by, approval.rules) == ("Ada", ("payments.lgpl", "payments.scan"))
    assert approval.digest == read(approved / "payments.approved").digest
    assert "regopy" in approval.engines

    engine = choose(POLICIES, approved)
    try:
        from crew.policy_drafts.check import own_policies

        call = example_call(own_policies().data, "merge")
        assert engine.decide(call).outcome == "allow"
        assert engine.decide(overlaid(call, GOOD.cases[0].input)).rules == ("payments.lgpl",)
    finally:
        engine.close()
    done = crew("check", approved)
    assert done.exit_code == 0, done.output
    assert "payments: approved by Ada on " in done.output
    assert not is_draft(approved)


CHANGES = {
    "the policy that is read": ("payments.rego", "is not what Ada approved"),
    "the policy that was approved": ("payments.approved/policy.rego", "was changed after Ada approved it"),
    "a case": ("payments.approved/cases.json", "was changed after Ada approved it"),
    "the regulation": ("payments.approved/regulation.md", "was changed after Ada approved it"),
    "the rules": ("payments.approved/draft.json", "was changed after Ada approved it"),
}


@pytest.mark.parametrize(("name", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_after_its_approval_is_refused(
    approved: Path, tmp_path: Path, name: str, said: str
) -> None:
    (approved / name).write_text((approved / name).read_text() + "\n")

    done = crew("check", approved)

    assert done.exit_code == 2
    assert said in done.output
    settings = Settings(home=tmp_path / "home", policies=approved)
    with pytest.raises(BadInput, match=said), open_app(settings, lambda _: None):  # type: ignore[arg-type,return-value]
        pass


def test_what_was_taken_away_after_its_approval_is_refused(approved: Path) -> None:
    (approved / "payments.approved" / "approval.json").unlink()
    assert "nobody approved it" in crew("check", approved).output
    (approved / "payments.rego").unlink()
    (approved / "payments.approved" / "draft.json").unlink()
    assert "cannot be read" in crew("check", approved).output


def test_a_change_is_approved_anew(approved: Path) -> None:
    kept = approved / "payments.approved"
    (kept / "policy.rego").write_text(
        REGO.replace("Take another package.", "Take one under the MIT licence.")
    )

    assert "was changed after Ada" in crew("check", kept).output
    assert crew("approve", kept, "--into", approved, "--yes", "Bob").exit_code == 0
    ((policy, approval),) = verify_approvals(approved)
    assert approval.by == "Bob"
    assert "MIT licence" in (approved / "payments.rego").read_text()
    assert "Status: approved by Bob." in (kept / "README.md").read_text()
    assert policy.digest == approval.digest


def test_an_unsound_draft_cannot_be_approved(draft: Path, tmp_path: Path) -> None:
    (draft / "policy.rego").write_text(REGO + "\ndeny := set()\n")

    done = crew("approve", draft, "--into", tmp_path / "policies", "--yes", "Ada")

    assert done.exit_code == 2
    assert not (tmp_path / "policies").exists()


def test_a_name_leads_nowhere_else(draft: Path, tmp_path: Path) -> None:
    about = ABOUT.model_copy(update={"name": "../../elsewhere"})
    (draft / "draft.json").write_text(about.model_dump_json())

    done = crew("approve", draft, "--into", tmp_path / "policies", "--yes", "Ada")

    assert done.exit_code == 2
    assert "invalid policy name" in done.output


def test_a_policy_is_judged_beside_the_others(approved: Path, tmp_path: Path) -> None:
    about = ABOUT.model_copy(update={"name": "second"})
    write(drafted(GOOD, about, REGULATION), tmp_path / "second", "")

    done = crew("approve", tmp_path / "second", "--into", approved, "--yes", "Ada")

    assert done.exit_code == 2
    assert "a rule 'payments.lgpl' already exists" in done.output
    assert "'some_medium' is already a name in the existing policies" in done.output


def test_own_policies_need_no_approval(tmp_path: Path) -> None:
    (tmp_path / "own.rego").write_text("package extra\n\nimport rego.v1\n")

    assert verify_approvals(tmp_path) == []
    assert "has no draft and no approved policy" in crew("check", tmp_path).output
