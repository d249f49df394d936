"""What is generated for custom operations."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.delivery import environment
from tests.acceptance.test_own_tests import run
from tools.blueprint import openapi
from tools.blueprint.blueprint_yaml import from_yaml, to_yaml
from tools.blueprint.contract_diff import contract_changes
from tools.blueprint.model import Action, Blueprint, Criterion, CustomOperation, Entity, FieldSpec
from tools.blueprint.reader.rewording import read_fields
from tools.errors import ToolError
from tools.stacks import Generation, Previous
from tools.stacks.fastapi import FastAPIStack

FIELDS = read_fields("a rate (number, 0 to 100), a note (text, optional)")
REPRICE = CustomOperation(
    name="reprice",
    entity="loan",
    kind="command",
    inputs=read_fields(
        "rate (number, 0 to 100), reason (text, 1 to 20 characters), a since (timestamp, optional)"
    ),
    returns=read_fields("old rate (number), key (uuid), kind (one of up or down), an at (timestamp)"),
    does='Gives it """another""" rate, and \\ tells what was before.',
    criterion="LN-1.1",
)
QUOTE = CustomOperation(
    name="quote",
    entity="loan",
    kind="query",
    inputs=read_fields(
        "a day (date), whole (boolean, default true), cap (money, at least 0, optional), mail (email, optional), "
        "code (text, matching /[A-Z]{2}/), kind (one of a or b, optional), key (uuid, optional), site (url, optional)"
    ),
    items=read_fields(
        "number (integer), price (money, optional), day (date), name (text, 1 to 20 characters)"
    ),
    does="Quotes.",
    criterion="LN-1.1",
)


def service(*custom: CustomOperation, **changes: Any) -> Blueprint:
    entity = Entity(name="loan", fields=FIELDS, custom=custom).model_copy(update=changes)
    criterion = Criterion(id="LN-1.1", text="Odd things, such as \N{SNOWMAN}, can be done.")
    return Blueprint(service="bank", entities=(entity,), criteria=(criterion,))


def generate(blueprint: Blueprint, previous: Previous | None = None) -> Generation:
    contract = openapi.to_yaml(openapi.document(blueprint))
    return FastAPIStack().generate(blueprint, contract, previous)


def test_the_blueprint_is_kept_as_a_file() -> None:
    blueprint = service(REPRICE, QUOTE)
    assert from_yaml(to_yaml(blueprint)) == blueprint


def test_a_command_takes_a_body_and_a_query_parameters() -> None:
    contract: Any = openapi.document(service(REPRICE, QUOTE))
    command, query = contract["paths"]["/loans/{id}/reprice"], contract["paths"]["/loans/{id}/quote"]
    body = contract["components"]["schemas"]["LoanReprice"]

    assert list(command) == ["post"]
    assert set(command["post"]["responses"]) == {"200", "404", "409", "413", "415", "422"}
    assert command["post"]["requestBody"]["required"]
    assert body["required"] == ["rate", "reason"]
    assert not body["additionalProperties"]
    assert list(query) == ["get"]
    assert "requestBody" not in query["get"]
    asked = {each["name"]: each for each in query["get"]["parameters"]}
    assert [name for name in asked if asked[name]["required"]] == ["id", "day", "code"]
    assert asked["kind"]["schema"]["enum"] == ["a", "b"]
    assert asked["cap"]["schema"]["type"] == "number"
    assert asked["cap"]["schema"]["minimum"] == 0
    assert asked["whole"]["schema"]["default"] is True


def test_the_contract_is_widened_by_a_new_one_and_broken_by_one_that_changes() -> None:
    plain, with_quote = openapi.document(service()), openapi.document(service(QUOTE))
    more = QUOTE.model_copy(update={"inputs": (*QUOTE.inputs, FieldSpec(name="extra", type="text"))})
    less = QUOTE.model_copy(update={"items": QUOTE.items[:-1]})
    gated = QUOTE.model_copy(update={"roles": ("clerk",)})

    assert [(each.kind, each.where) for each in contract_changes(plain, with_quote)] == [
        ("additive", "GET /loans/{id}/quote")
    ]
    for other in (more, less, gated):
        found = contract_changes(with_quote, openapi.document(service(other)))
        assert "breaking" in {each.kind for each in found if each.where == "GET /loans/{id}/quote"}


def test_a_later_generation_never_changes_the_file() -> None:
    first = generate(service(REPRICE))
    path = "app/custom/loan_reprice.py"
    kept = Previous(blueprint=service(REPRICE), files=first.files | {path: "# as it was\n"})
    wider = service(REPRICE, QUOTE, fields=(*FIELDS, FieldSpec(name="colour", type="text", optional=True)))

    assert generate(wider).files[path] == first.files[path]
    assert generate(wider, kept).files[path] == "# as it was\n"
    assert "app/custom/loan_quote.py" in generate(wider, kept).files


def test_what_it_may_import_is_there_whole() -> None:
    files = generate(service(QUOTE)).files
    offered = {
        "app/arithmetic.py": {"money", "product", "add_percent"},
        "app/clock.py": {"now", "today"},
        "app/store.py": {"find", "get", "count", "select"},
    }
    for path, names in offered.items():
        defined = {each.name for each in ast.parse(files[path]).body if isinstance(each, ast.FunctionDef)}
        assert names <= defined, path
    assert (
        "app/arithmetic.py" not in generate(service()).files
        or "product" not in generate(service()).files["app/arithmetic.py"]
    )


def test_a_service_without_any_has_nothing_of_them() -> None:
    files = generate(service()).files
    assert not [path for path in files if "custom" in path]
    assert not [
        path
        for path, text in files.items()
        if path.endswith(".py") and ("fields.Answer" in text or "unwritten" in text or "def answered" in text)
    ]


@pytest.mark.parametrize(
    ("blueprint", "problem"),
    [
        (service(REPRICE, actions=(Action(verb="reprice"),)), "the same path, 'reprice'"),
        (service(QUOTE.model_copy(update={"entity": "car"})), "declared for 'car'"),
        (service(QUOTE.model_copy(update={"name": "update"})), "is a CRUD operation"),
        (
            service(QUOTE.model_copy(update={"returns": read_fields("items (text)")})),
            "member of quote, 'items'",
        ),
        (service(QUOTE.model_copy(update={"inputs": FIELDS + FIELDS})), "the same input of quote"),
    ],
)
def test_what_cannot_be_made_is_refused(blueprint: Blueprint, problem: str) -> None:
    with pytest.raises(ToolError, match=problem):
        generate(blueprint)


WRITTEN = {
    "app/custom/loan_reprice.py": """
    old, loan.rate = loan.rate, inputs.rate
    loan.touch()
    session.flush()
    if inputs.reason == "refuse":
        raise Problem(409, "Not now.")
    if inputs.reason == "lie":
        return schemas.RepriceAnswer.model_construct(old_rate="none")
    kind: Literal["up", "down"] = "up" if loan.rate > old else "down"
    return schemas.RepriceAnswer(old_rate=old, key=loan.id, kind=kind, at=inputs.since or clock.now())
""",
    "app/custom/loan_quote.py": """
    price = None if inputs.cap is None else min(inputs.cap, Decimal("10.50"))
    item = schemas.QuoteItem(number=1, price=price, day=inputs.day, name=inputs.code)
    return schemas.QuoteAnswer(items=[item] if inputs.whole else [])
""",
}
OWN = '''"""What the operations do."""

from __future__ import annotations

import pytest

from tests.bodies import make_loan
from tests.support import Api, accepted, refused


def test_a_command_changes_the_database(api: Api) -> None:
    loan = make_loan(api, {"rate": 1})
    body = {"rate": 2.5, "reason": "x", "since": "2030-01-31T14:00:00+02:00"}
    answer = accepted(api.post(f"/loans/{loan['id']}/reprice", body))
    now = accepted(api.get(f"/loans/{loan['id']}"))

    assert answer == {"oldRate": 1, "key": loan["id"], "kind": "up", "at": "2030-01-31T12:00:00Z"}
    assert now["rate"] == 2.5
    assert now["updatedAt"] > loan["updatedAt"]


def test_a_refusal_changes_nothing(api: Api) -> None:
    loan = make_loan(api, {"rate": 1})

    refused(api.post(f"/loans/{loan['id']}/reprice", {"rate": 2, "reason": "refuse"}), 409)

    assert accepted(api.get(f"/loans/{loan['id']}")) == loan


def test_a_wrong_answer_changes_nothing(api: Api) -> None:
    loan = make_loan(api, {"rate": 1})

    with pytest.raises(ValueError, match="RepriceAnswer"):
        api.post(f"/loans/{loan['id']}/reprice", {"rate": 2, "reason": "lie"})

    assert accepted(api.get(f"/loans/{loan['id']}")) == loan


def test_a_wrong_answer_is_a_500(served: Api) -> None:
    loan = make_loan(served, {"rate": 1})

    refused(served.post(f"/loans/{loan['id']}/reprice", {"rate": 2, "reason": "lie"}), 500)


def test_a_query_answers_its_items(api: Api) -> None:
    path = f"/loans/{make_loan(api)['id']}/quote"
    asked = {"day": "2030-01-31", "code": "AB", "cap": "99.95"}

    assert accepted(api.get(path, asked))["items"] == [
        {"number": 1, "price": 10.5, "day": "2030-01-31", "name": "AB"}
    ]
    assert accepted(api.get(path, asked | {"whole": "false"})) == {"items": []}
'''


@pytest.mark.slow
def test_all_kinds_of_values_pass_through(tmp_path: Path) -> None:
    gated = REPRICE.model_copy(update={"roles": ("clerk", "chief")})
    files = generate(service(gated, QUOTE)).files | {"tests/test_own.py": OWN}
    for path, body in WRITTEN.items():
        text = files[path]
        text = text[: text.index("    raise NotImplementedError")] + body.lstrip("\n")
        extra = "from typing import Literal\n" if "Literal" in body else "from decimal import Decimal\n"
        text = text.replace("from sqlalchemy import orm", f"{extra}\nfrom sqlalchemy import orm")
        if "clock" in body:
            text = text.replace(
                "from app import models\n",
                "from app import clock, models\nfrom app.problems import Problem\n",
            )
        files[path] = text
    for path, text in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    python = environment(tmp_path / "requirements-dev.txt")

    tested = run(tmp_path, python, "-m", "pytest", "-q", "--tb=short")

    assert tested.returncode == 0, tested.stdout[-4000:]
