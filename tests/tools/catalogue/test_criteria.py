"""Designing by wordings: prose reworded in the sentence forms, and operations that no form can say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crew.doors import setting
from tools.blueprint.blueprint_yaml import from_yaml, to_yaml
from tools.blueprint.model import Blueprint, Criterion
from tools.blueprint.names import plural
from tools.blueprint.openapi import document
from tools.blueprint.reader import read
from tools.blueprint.reader.model_wordings import Custom, Wording
from tools.catalogue.criteria import ReadCriteria, SettleBlueprint, read_criteria, settle_blueprint
from tools.catalogue.repository import OpenRepository, open_repository
from tools.result import ToolResult, Workbench
from tools.stacks.fastapi import FastAPIStack

PROSE = (
    "We keep loans: how much was lent, at which yearly rate, over how many months.",
    "A loan has a note (text, up to 80 characters, optional).",
    "Nobody may lend more than a million, and nothing below a hundred.",
    "For any loan one can see what is to be paid each month.",
    "Please be nice to borrowers.",
)
LOAN = "A loan has a principal (money, at least 1), a rate (number, 0 to 100) and months (integer, 1 to 480)."
GUARDS = (
    "Creating a loan with a principal over 1000000 is rejected with 422.",
    "Creating a loan with a principal under 100 is rejected with 409.",
)
SCHEDULE = Custom(
    name="Amortisation schedule",
    of="loans",
    kind="query",
    does="Splits the loan into equal monthly payments.",
    inputs="start (date, optional)",
    returns="total interest (money)",
    items="number (integer), payment (money), interest (money), principal (money), balance (money)",
    roles=["loan officer"],
)
WORDINGS = (
    Wording(id="LN-1.1", sentences=[LOAN]),
    Wording(id="LN-1.3", sentences=list(GUARDS)),
    Wording(id="LN-1.4", custom=["amortisation schedule"]),
    Wording(id="LN-1.5", why="Nothing that a service does can be told from it."),
)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A delivery for a service that does not exist yet."""
    found = setting(tmp_path, None).bench
    open_repository(found, OpenRepository(story="LN-1"))
    return found


def story(bench: Workbench, *texts: str, story: str = "LN-1") -> str:
    criteria = [{"id": f"{story}.{at}", "text": text} for at, text in enumerate(texts, start=1)]
    return bench.artifacts.put(json.dumps({"id": story, "criteria": criteria}).encode())


def proposed(bench: Workbench, *texts: str, id_: str = "LN-1") -> str:
    found = read_criteria(bench, ReadCriteria(story=story(bench, *texts, story=id_)))
    assert found.ok
    return found.artifacts["proposal"]


def settle(
    bench: Workbench, wordings: tuple[Wording, ...] = WORDINGS, custom: tuple[Custom, ...] = (SCHEDULE,)
) -> ToolResult:
    proposal = proposed(bench, *PROSE)
    return settle_blueprint(
        bench, SettleBlueprint(proposal=proposal, wordings=list(wordings), custom=list(custom))
    )


def blueprint_of(bench: Workbench, result: ToolResult) -> Blueprint:
    return Blueprint.model_validate_json(bench.artifacts.get(result.artifacts["blueprint"]))


def test_a_story_in_prose_is_settled_by_its_wordings(bench: Workbench) -> None:
    result = settle(bench)
    blueprint = blueprint_of(bench, result)
    loan = blueprint.entity("loan")

    assert result.ok
    assert loan is not None
    assert [each.name for each in loan.fields] == ["principal", "rate", "months", "note"]
    assert [each.criterion for each in loan.fields] == ["LN-1.1"] * 3 + ["LN-1.2"]
    assert [(each.status, each.criterion) for each in loan.guards] == [(422, "LN-1.3"), (409, "LN-1.3")]
    assert blueprint.criteria == (
        Criterion(id="LN-1.1", text=PROSE[0], wording=(LOAN,)),
        Criterion(id="LN-1.2", text=PROSE[1]),
        Criterion(id="LN-1.3", text=PROSE[2], wording=GUARDS),
        Criterion(id="LN-1.4", text=PROSE[3]),
    )
    assert from_yaml(to_yaml(blueprint)) == blueprint


def test_every_criterion_of_the_story_has_its_outcome(bench: Workbench) -> None:
    result = settle(bench)
    criteria: Any = result.data["criteria"]

    assert [(each["id"], each["text"], each["outcome"]) for each in criteria] == [
        ("LN-1.1", PROSE[0], "covered"),
        ("LN-1.2", PROSE[1], "covered"),
        ("LN-1.3", PROSE[2], "covered"),
        ("LN-1.4", PROSE[3], "covered"),
        ("LN-1.5", PROSE[4], "not_covered"),
    ]
    assert criteria[2]["readings"] == list(GUARDS)
    assert criteria[3]["operations"] == ["GET /loans/{id}/amortisation-schedule"]
    assert criteria[4]["why"] == "Nothing that a service does can be told from it."


def test_a_custom_operation_is_typed_by_its_field_lists(bench: Workbench) -> None:
    loan = blueprint_of(bench, settle(bench)).entity("loan")
    assert loan is not None
    schedule = loan.custom[0]

    assert (schedule.name, schedule.entity, schedule.criterion) == ("amortisation schedule", "loan", "LN-1.4")
    assert [(each.name, each.type, each.optional) for each in schedule.inputs] == [("start", "date", True)]
    assert [each.name for each in schedule.items] == ["number", "payment", "interest", "principal", "balance"]
    assert schedule.roles == ("loan-officer",)


def test_no_id_but_those_of_the_story_is_anywhere(bench: Workbench) -> None:
    result = settle(bench)
    blueprint = blueprint_of(bench, result)
    generation = FastAPIStack().generate(
        blueprint, bench.artifacts.get(result.artifacts["contract"]).decode(), None
    )
    everything = [result.model_dump_json(), blueprint.model_dump_json(), *generation.files.values()]

    assert not [text for text in everything if "\x1f" in text or "\\u001f" in text or "\\x1f" in text]
    assert set(generation.tests) == {"LN-1.1", "LN-1.2", "LN-1.3", "LN-1.4"}
    named = [name for names in generation.tests.values() for name in names]
    assert len(named) == len(set(named))


def test_what_is_settled_does_not_depend_on_the_order_of_the_wordings(bench: Workbench) -> None:
    assert settle(bench, WORDINGS[::-1]).artifacts == settle(bench).artifacts


def test_without_wordings_the_proposal_is_settled_as_it_is(bench: Workbench) -> None:
    texts = (LOAN, *GUARDS, "Be nice.")
    result = settle_blueprint(bench, SettleBlueprint(proposal=proposed(bench, *texts)))
    criteria = [(f"LN-1.{at}", text) for at, text in enumerate(texts, start=1)]
    expected = read(criteria, Blueprint(service="checkout"))

    assert blueprint_of(bench, result) == expected.blueprint
    assert result.data["criteria"] == [each.model_dump(mode="json") for each in expected.criteria]


def custom(**changes: Any) -> Custom:
    return SCHEDULE.model_copy(update=changes)


CUSTOM = "custom Amortisation schedule"
BAD: dict[str, tuple[tuple[Wording, ...], tuple[Custom, ...], str, str]] = {
    "no form": (
        (Wording(id="LN-1.1", sentences=["Loans are kept in a good way."]),), (),
        "Loans are kept in a good way.", "it does not match any sentence form",
    ),
    "nearest form": (
        (Wording(id="LN-1.1", sentences=[LOAN, "Large loans get rejected somehow."]),), (),
        "Large loans get rejected somehow.", "the closest is 'Cancelling an order that is shipped",
    ),
    "two sentences": (
        (Wording(id="LN-1.1", sentences=[f"{LOAN} Loans can be created."]),), (),
        f"{LOAN} Loans can be created.", "make each a sentence of its own",
    ),
    "several meanings": (
        (
            Wording(id="LN-1.1", sentences=["A loan has a due date (date) and a sent date (date)."]),
            Wording(id="LN-1.3", sentences=["Losing an expired loan is rejected with 409."]),
        ),
        (),
        "Losing an expired loan is rejected with 409.",
        "rewrite it as one of them: Losing a loan with a due date before today is rejected with 409. Or:",
    ),
    "contradiction": (
        (Wording(id="LN-1.1", sentences=[LOAN, "A loan also has a rate (text)."]),), (),
        "A loan also has a rate (text).", "it contradicts what is already specified (LN-1.1)",
    ),
    "unknown criterion": ((Wording(id="LN-1.9", sentences=[LOAN]),), (), "", "no such criterion"),
    "worded twice": ((WORDINGS[0], WORDINGS[0]), (), "", "more than one wording"),
    "nothing said": ((Wording(id="LN-1.5"),), (), "", "explain in `why`"),
    "undeclared": (WORDINGS, (), "amortisation schedule", "is not declared"),
    "not named": (WORDINGS[:1], (SCHEDULE,), CUSTOM, "no wording refers to it"),
    "no entity": (WORDINGS, (custom(of="mortgage"),), CUSTOM, "unknown entity 'mortgage'"),
    "no fields": (WORDINGS, (custom(items="number, payment"),), CUSTOM, "items 'number, payment'"),
    "no type": (WORDINGS, (custom(inputs="start (day)"),), CUSTOM, "'day' is not a type"),
    "unique": (WORDINGS, (custom(inputs="key (text, unique)"),), CUSTOM, "cannot be unique"),
    "items twice": (WORDINGS, (custom(returns="items (text)"),), CUSTOM, "is the name of the list"),
    "bad name": (
        (*WORDINGS[:3], Wording(id="LN-1.4", custom=["../x"])), (custom(name="../x"),), "custom ../x",
        "not a valid name",
    ),
    "plain name": (
        (*WORDINGS[:2], Wording(id="LN-1.4", custom=["update"])), (custom(name="update"),), "custom update",
        "already has an operation 'update'",
    ),
    "a list": (WORDINGS, (custom(inputs="sizes (list of integer)"),), CUSTOM, "a field holds one value"),
    "answers nothing": (WORDINGS, (custom(returns="", items=""),), CUSTOM, "must return something"),
    "does nothing": (WORDINGS, (custom(does=" "),), CUSTOM, "describe in `does`"),
    "too long": (WORDINGS, (custom(does="x" * 2_001),), CUSTOM, "shorten it"),
    "too many": ((Wording(id="LN-1.1", sentences=[LOAN] * 201),), (), "", "201 sentences"),
    "bad role": (WORDINGS, (custom(roles=["a/b"]),), CUSTOM, "is not a valid role"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_told_and_nothing_is_stored(bench: Workbench, case: str) -> None:
    wordings, declared, sentence, why = BAD[case]
    result = settle(bench, wordings, declared)
    problems: Any = result.data["problems"]

    assert (result.ok, result.code, result.artifacts) == (False, "not_read", {})
    found = [each for each in problems if each["sentence"] == sentence and why in each["why"]]
    assert found, problems
    assert problems[0]["why"].rstrip(".") in result.summary
    assert "needs a model" not in result.model_dump_json()
    assert "\\u001f" not in result.model_dump_json()


def test_a_reason_that_many_sentences_share_is_told_once(bench: Workbench) -> None:
    unknown = ["Books can be sorted by title.", "A book can be returned at most 2 times."]
    result = settle(bench, (Wording(id="LN-1.1", sentences=[LOAN, *unknown]),), ())
    problems: Any = result.data["problems"]

    (book,) = [each for each in problems if "unknown entity 'book'" in each["why"]]
    assert [book["sentence"], *book["also"]] == unknown


def test_a_later_story_can_name_a_custom_operation_that_is_there(bench: Workbench, tmp_path: Path) -> None:
    keep(bench, blueprint_of(bench, settle(bench)))
    arguments = SettleBlueprint(
        proposal=proposed(bench, "The plan of payments stays.", "Loans have colours.", id_="LN-2"),
        wordings=[
            Wording(id="LN-2.1", custom=["amortisation schedule"]),
            Wording(id="LN-2.2", sentences=["A loan also has a colour (one of red or blue, default red)."]),
        ],
    )
    result = settle_blueprint(bench, arguments)
    blueprint = blueprint_of(bench, result)

    assert result.ok
    assert [each.id for each in blueprint.criteria][-2:] == ["LN-2.1", "LN-2.2"]
    assert blueprint.criteria[-2].same_as == ("LN-1.4",)

    other = arguments.model_copy(update={"custom": [custom(does="Something else.")]})
    assert "it already exists with a different definition" in settle_blueprint(bench, other).summary


def keep(bench: Workbench, blueprint: Blueprint) -> None:
    """Put a blueprint on the main branch."""
    git = ["git", "-C", str(bench.repository), "-c", "user.name=A", "-c", "user.email=a@example.com"]
    (bench.repository / "blueprint.yaml").write_text(to_yaml(blueprint), encoding="utf-8")
    subprocess.run([*git, "add", "blueprint.yaml"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Keep a blueprint"], check=True)


def test_the_service_is_told_in_sentences(bench: Workbench) -> None:
    new = read_criteria(bench, ReadCriteria(story=story(bench, *PROSE)))
    keep(bench, blueprint_of(bench, settle(bench)))
    later = read_criteria(
        bench, ReadCriteria(story=story(bench, "A loan also has a colour (text).", story="LN-2"))
    )
    said: Any = later.data["service"]

    assert new.data["service"] == []
    assert said[0].startswith("A loan has a principal (money, at least 1), a rate (number, 0 to 100),")
    assert said[-1].startswith('Custom query "amortisation schedule" of a loan: Splits the loan')


def test_a_large_service_is_told_in_part(bench: Workbench) -> None:
    words = ("apple", "bridge", "candle", "desk", "engine", "flower", "garden", "hammer", "island", "jacket")
    texts = [
        f"{plural(f'{one} {other}')} can be filtered by note." if field is None
        else f"A {one} {other} has a note (text, up to {field} characters)."
        for one in words for other in words[:8] for field in (20, None)
    ]  # fmt: skip
    blueprint = read(
        [(f"X.{at}", each) for at, each in enumerate(texts)], Blueprint(service="checkout")
    ).blueprint
    keep(bench, blueprint)
    result = read_criteria(bench, ReadCriteria(story=story(bench, LOAN)))
    said: Any = result.data["service"]

    assert len(json.dumps(said)) < 4_300
    assert said[-1].startswith(f"({160 - len(said) + 1} more are omitted; blueprint.yaml")


def test_reading_says_no_text_of_a_criterion_again(bench: Workbench) -> None:
    result = read_criteria(bench, ReadCriteria(story=story(bench, *PROSE)))
    for text in PROSE:
        assert result.model_dump_json().count(text) <= 1


def test_the_arguments_are_small() -> None:
    assert len(json.dumps(SettleBlueprint.model_json_schema())) < 2_200


def test_the_contract_has_what_is_declared(bench: Workbench) -> None:
    contract: Any = document(blueprint_of(bench, settle(bench)))
    operation = contract["paths"]["/loans/{id}/amortisation-schedule"]["get"]

    assert [each["name"] for each in operation["parameters"]] == ["id", "start"]
    assert set(operation["responses"]) == {"200", "401", "403", "404", "409", "422"}
    assert operation["security"] == [{"bearer": ["loan-officer"]}]
    schema = contract["components"]["schemas"]["LoanAmortisationScheduleAnswer"]
    assert schema["required"] == ["totalInterest", "items"]
    assert schema["properties"]["items"]["items"]["required"] == [
        "number", "payment", "interest", "principal", "balance",
    ]  # fmt: skip
