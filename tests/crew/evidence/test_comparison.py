"""What a criterion names is compared with the operations and tests that are said to cover it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from crew.evidence.comparison import Claim, differences
from crew.evidence.named import named_in
from crew.stories import parse
from tools.blueprint.model import Blueprint
from tools.blueprint.openapi import document, to_yaml
from tools.blueprint.reader import read
from tools.stacks.registry import stack_named
from tools.testing.test_content import content_of

ROOT = Path(__file__).resolve().parents[3]
STORIES = [*sorted((ROOT / "tests/acceptance/stories").iterdir()), ROOT / "examples/checkout/stories.yaml"]
CONTRACT: dict[str, Any] = {
    "paths": {
        "/calculations/{id}/calculator": {
            "get": {
                "description": 'Divides by the "secret" of POST /calculator, up to 77 characters.',
                "parameters": [{"name": "divisor", "schema": {"type": "integer", "maximum": 50}}],
                "responses": {"200": {"$ref": "#/components/schemas/Result"}, "422": {}},
            }
        },
        "/posts/{id}": {"get": {"responses": {"200": {}, "404": {}}}, "patch": {"responses": {"200": {}}}},
    },
    "components": {"schemas": {"Result": {"properties": {"totalInterest": {"enum": ["checked-in"]}}}}},
}
OPERATION = "GET /calculations/{id}/calculator"
TEST = """
LIMIT = "No more than this."

def refused(response, status=422):
    assert response.status_code == status

def test_a(api):
    \"\"\"POST /calculator is 400.\"\"\"
    made = api.post("/calculations", {"total": 400, "reason": "withdrawn"})
    refused(api.get(f"/calculations/{made['id']}/calculator", {"divisor": 0}))
    assert LIMIT in api.get("/posts/unknown").text
    assert made["total"] == 404
"""


def unmet(
    text: str, *operations: str, test: str = TEST, generated: bool = True, readings: tuple[str, ...] = ()
) -> str:
    """Return what a criterion names and nothing meets."""
    claim = Claim(
        generated=generated,
        operations=operations,
        readings=readings,
        contract=CONTRACT if generated else {},
        tests=content_of({"tests/test_a.py": test}, ["tests/test_a.py::test_a"]),
    )
    return "; ".join(differences(named_in(text), claim))


@pytest.mark.parametrize(
    ("text", "differs"),
    [
        ("`POST /calculator` by zero is answered with status 400.",
         f"it names POST /calculator; covered by {OPERATION}; it names status 400; the test asserts 422"),
        ("GET /calculations/{id}/calculators is there.",
         f"it names GET /calculations/{{id}}/calculators; covered by {OPERATION}"),
        ("It has the path /calculator.", f"it names /calculator; covered by {OPERATION}"),
        ("A POST request does it.", f"it names POST; covered by {OPERATION}"),
        ("It returns 404 for unknown ids.", "it names status 404; the test asserts 422"),
        ("Dividing by zero says \"secret\".", 'it names "secret", which neither its operations nor its tests contain'),
        ("A divisor is at most 77.", "it names 77, which neither its operations nor its tests contain"),
        # Met.
        ("GET /calculations/7/calculator returns 422.", ""),
        ("GET /calculations/{calculation_id}/calculator?divisor=0 is rejected with 422 Unprocessable Entity.", ""),
        ("It is refused with 4xx.", ""),
        ("`divisor` is at most 50; `total interest` is \"checked in\", the reason \"withdrawn\".", ""),
        ("It says \"No more than this.\" and /readyz goes on.", ""),
        ("GET /posts/unknown is there too.", ""),
    ],
)  # fmt: skip
def test_a_generated_service_is_compared_by_its_contract(text: str, differs: str) -> None:
    assert unmet(text, OPERATION) == differs


def test_a_test_may_not_assert_what_the_contract_does_not_allow() -> None:
    test = TEST.replace("status=422", "status=400")
    assert (
        unmet("It is rejected with 400.", OPERATION, test=test)
        == f"it names status 400; {OPERATION} can return 200, 422"
    )


def test_the_words_of_a_model_meet_nothing() -> None:
    custom = ('Custom query "calculator" of a calculation: Says "secret" with 409 over 99.',)
    text = 'It says "secret" and is rejected with 409 if over 99.'
    said = unmet(text, OPERATION, readings=custom)
    assert said.count("it names") == 3
    form = ('Reading a calculation over 99 is rejected with 422. It sets its note to "secret".',)
    assert unmet(text.replace("409", "422"), OPERATION, readings=form) == ""


EXISTING = """
BASE = "/api/v1"

def test_a(client):
    assert client.post(f"{BASE}/posts/%s" % 1, json={"age": 404}).status_code == 201
    assert client.request("PUT", "/api/posts/" + str(3)).status_code == HTTPStatus.CONFLICT
"""


@pytest.mark.parametrize(
    ("text", "differs"),
    [
        ("POST /posts/{post_id} returns 201.", ""),
        ("PUT /posts/3 is a 409.", ""),
        ("DELETE /posts/3 is a 409.", "it names DELETE /posts/3; its tests request PUT /api/posts/{}"),
        ("POST /posts returns 404.",
         "it names POST /posts; its tests request PUT /api/posts/{}; it names status 404; the test asserts 409"),
    ],
)  # fmt: skip
def test_an_existing_project_is_compared_by_its_tests(text: str, differs: str) -> None:
    assert unmet(text, generated=False, test=EXISTING) == differs


@pytest.mark.slow
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.name)
def test_what_is_read_and_generated_from_one_sentence_never_differs(path: Path) -> None:
    file = parse(path.read_bytes(), path)
    blueprint = Blueprint(service=file.service)
    readings = []
    for story in file.stories:
        reading = read([(each.id, each.text) for each in story.criteria], blueprint)
        blueprint = reading.blueprint
        readings += [each for each in reading.criteria if each.outcome == "covered"]
    contract = to_yaml(document(blueprint))
    generated = stack_named("fastapi").generate(blueprint, contract, None)
    sources = {name: text for name, text in generated.files.items() if name.startswith("tests/")}
    loaded = yaml.safe_load(contract)
    for each in readings:
        tests = generated.tests.get(each.id, ())
        claim = Claim(generated=True, operations=each.operations, readings=each.readings, contract=loaded)
        if tests:
            claim = claim.model_copy(update={"tests": content_of(sources, tests)})
        assert differences(named_in(each.text), claim) == (), each.text
