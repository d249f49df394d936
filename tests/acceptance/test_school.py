"""Names that mean something to a programming language, a database or a framework."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "school.yaml"


def a_class(api: Api, **fields: Any) -> dict[str, Any]:
    return api.make("/classes", {"name": f"Class {fresh()}", "type": "maths", "from": "2031-09-01"} | fields)


def a_child(api: Api, parent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return api.make("/children", {"name": "Kay", "classId": parent["id"]} | fields)


def test_every_field_comes_back(api: Api) -> None:
    values = {
        "metadata": "m",
        "import": True,
        "to": "2032-07-01",
        "def": 7,
        "self": "s",
        "schema": "s",
        "select": -1,
        "order": 2,
        "group": "g",
        "json": "{}",
        "copy": 3,
        "registry": "https://example.com",
    }
    made = a_class(api, **values)
    path = f"/classes/{made['id']}"
    assert {key: made[key] for key in values} == values
    assert api.get(path).must(200).json == made
    bare = a_class(api)
    assert (bare["import"], bare["def"], bare["order"], bare["copy"], bare["metadata"]) == (
        False,
        0,
        1,
        0,
        None,
    )
    for name, value in values.items():
        assert api.patch(f"/classes/{bare['id']}", {name: value}).must(200).json[name] == value
        api.patch(path, {name: [value]}).refused(422, field=name)


def test_keywords_are_actions_and_inputs(api: Api) -> None:
    made = a_class(api)
    path = f"/classes/{made['id']}"
    assert api.post(f"{path}/import").must(200).json["copy"] == 1
    imported = api.post(f"{path}/import", {}).must(200).json
    assert (imported["copy"], imported["import"]) == (2, True)
    api.post(f"{path}/import").refused(409)
    api.post(f"{path}/return", {"return": "fine"}).refused(409)
    api.post(f"{path}/start").refused(422)
    a_child(api, made)
    assert api.post(f"{path}/start").must(200).json["status"] == "running"
    api.post(f"{path}/return").refused(422, field="return")
    api.post(f"{path}/return", {"return": "fine", "session": "1"}).refused(422, field="session")
    over = api.post(f"{path}/return", {"return": "fine", "body": "b", "session": 1}).must(200).json
    assert over["status"] == "over"
    assert not {"return", "body", "session"} & set(over)


def test_children_of_a_class(api: Api) -> None:
    made = a_class(api)
    first = a_child(api, made, **{"global": 0.1, "dict": "d", "none": False})
    a_child(api, made, **{"global": 0.2, "none": None})
    third = a_child(api, made)
    assert (third["dict"], third["global"], third["none"], third["className"], third["lambda"]) == (
        "none",
        None,
        None,
        None,
        3,
    )
    shown = api.get(f"/classes/{made['id']}").must(200).json
    assert (shown["headCount"], str(shown["sum"])) == (3, "0.3")
    assert api.get("/children", query={"classId": made["id"], "dict": "d"}).must(200).json["items"] == [first]
    assert api.get("/children", query={"classId": made["id"], "none": "false"}).must(200).json["total"] == 1
    api.get("/children", query={"class": made["id"]}).refused(422)
    api.post("/children", {"name": "Kay", "class": made["id"]}).refused(422)
    api.delete(f"/classes/{made['id']}").refused(409)
    moved = (
        api.patch(f"/children/{third['id']}", {"classId": a_class(api)["id"], "className": "x"})
        .must(200)
        .json
    )
    assert moved["className"] == "x"


def test_filters_and_sorts_by_keywords(api: Api) -> None:
    kind = f"type {fresh()}"
    for order, group, day in ((3, "x", "2031-01-03"), (1, "y", "2031-01-01"), (2, "x", "2031-01-02")):
        a_class(api, type=kind, order=order, group=group, **{"from": day, "import": order == 1})

    def orders(**query: str) -> list[int]:
        items = api.get("/classes", query={"type": kind, **query}).must(200).json["items"]
        return [each["order"] for each in items]

    assert orders() == [3, 1, 2]
    assert orders(sort="order") == [1, 2, 3]
    assert orders(sort="-from") == [3, 2, 1]
    assert orders(group="x", sort="type") in ([3, 2], [2, 3])
    assert orders(**{"from": "2031-01-02"}) == [2]
    assert orders(**{"import": "true"}) == [1]
    assert orders(order="3") == [3]
    api.get("/classes", query={"def": "0"}).refused(422)
    api.get("/classes", query={"sort": "import"}).refused(422)


def test_a_resource_called_test(api: Api) -> None:
    made = api.make("/tests", {"assert": f"a{fresh()}", "fixture": 1, "classId": a_class(api)["id"]})
    api.post("/tests", {"assert": made["assert"], "fixture": 1, "classId": made["classId"]}).refused(
        409, field="assert"
    )
    api.delete(f"/tests/{made['id']}").refused(401)
    api.delete(f"/tests/{made['id']}", roles=("pupil",)).refused(403)
    api.delete(f"/tests/{made['id']}", roles=("teacher",)).must(204)


def test_resources_whose_names_contain_each_other(api: Api) -> None:
    listed = api.make("/lists", {"name": "to do"})
    entry = api.make("/list-items", {"text": "milk", "listId": listed["id"]})
    assert (entry["text"], entry["number"], entry["listId"]) == ("milk", 1, listed["id"])
    item = api.make("/items", {"name": "pen"})
    update = api.make("/item-updates", {"note": "blue", "itemId": item["id"]})
    assert api.get(f"/item-updates/{update['id']}").must(200).json == update
    created = api.make("/item-creates", {"note": "x"})
    page = api.make("/item-pages", {"number": 5})
    for path, made in (
        ("/item-creates", created),
        ("/item-pages", page),
        ("/items", item),
        ("/lists", listed | {"tally": 1}),
    ):
        assert api.get(f"{path}/{made['id']}").must(200).json == made
        assert made in api.get(path, limit=200).must(200).json["items"]
        api.get(f"{path}/{NOWHERE}").refused(404)
    api.post("/items", {"name": "pen", "note": "x"}).refused(422, field="note")
    api.post("/item-pages", {"number": "5"}).refused(422, field="number")
    api.delete(f"/items/{item['id']}").refused(409)


@pytest.mark.parametrize("name", ["class", "class_", "from_", "import_", "Def", "metadata_", "model_config"])
def test_inner_spellings_are_unknown_fields(api: Api, name: str) -> None:
    body = {"name": f"Class {fresh()}", "type": "maths", "from": "2031-09-01", name: "x"}
    api.post("/classes", body).refused(422)


def test_a_sum_may_exceed_64_bits(api: Api) -> None:
    small, large = api.make("/lists", {"name": "small"}), api.make("/lists", {"name": "large"})
    for number in (2**63 - 1, 2**63 - 1, 1):
        api.make("/list-items", {"text": "x", "number": number, "listId": large["id"]})
    api.make("/list-items", {"text": "x", "number": -(2**63), "listId": small["id"]})
    assert api.get(f"/lists/{large['id']}").must(200).json["tally"] == 2**64 - 1
    tallies = [each["tally"] for each in api.get("/lists", limit=200, sort="-tally").must(200).json["items"]]
    assert (tallies[0], tallies[-1]) == (2**64 - 1, -(2**63))
