"""Dogs and kennels: phrasal verbs, booleans, stored inputs, counts of children."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "kennel.md"
KEEPER = ("keeper",)
CHECK_IN = {"handler": "Kim", "weight": 12.5}


def a_kennel(api: Api, **fields: Any) -> dict[str, Any]:
    return api.make("/kennels", {"name": f"Kennel {fresh()}", "size": "small", "dailyRate": 20, **fields})


def a_dog(api: Api, kennel: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    home = kennel or a_kennel(api)
    return api.make(
        "/dogs", {"name": "Rex", "vet": "Dr Who", "kennelId": home["id"], "vaccinated": True, **fields}
    )


def test_a_dog_is_checked_in_and_picked_up(api: Api) -> None:
    dog = a_dog(api)
    path = f"/dogs/{dog['id']}"
    assert (dog["status"], dog["handler"], dog["weight"], dog["diet"]) == ("booked", None, None, "dry")
    checked_in = api.post(f"{path}/check-in", CHECK_IN).must(200).json
    assert checked_in["status"] == "checked-in"
    assert (checked_in["handler"], checked_in["weight"]) == ("Kim", 12.5)
    assert api.get(path).must(200).json == checked_in
    api.post(f"{path}/check-in", CHECK_IN).refused(409)
    picked_up = api.post(f"{path}/pick-up", roles=KEEPER).must(200).json
    assert (picked_up["status"], picked_up["remark"]) == ("picked-up", "Bye, good dog!")


def test_picking_up_needs_a_keeper(api: Api) -> None:
    dog = a_dog(api)
    api.post(f"/dogs/{dog['id']}/pick-up").refused(401)
    api.post(f"/dogs/{dog['id']}/pick-up", roles=("admin",)).refused(403)
    api.post(f"/dogs/{dog['id']}/pick-up", roles=KEEPER).refused(409)
    assert api.get(f"/dogs/{dog['id']}").must(200).json == dog


def test_only_vaccinated_dogs_are_checked_in(api: Api) -> None:
    dog = a_dog(api, vaccinated=False)
    api.post(f"/dogs/{dog['id']}/check-in", CHECK_IN).refused(422)
    assert api.get(f"/dogs/{dog['id']}").must(200).json == dog
    api.patch(f"/dogs/{dog['id']}", {"vaccinated": True}).must(200)
    api.post(f"/dogs/{dog['id']}/check-in", CHECK_IN).must(200)


@pytest.mark.parametrize(
    "body",
    [
        {"handler": "Kim"},
        {"weight": 12.5},
        {"handler": "", "weight": 12.5},
        {"handler": "x" * 31, "weight": 12.5},
        {"handler": "Kim", "weight": 0.4},
        {"handler": "Kim", "weight": 120.01},
        {"handler": "Kim", "weight": "12"},
        {"handler": "Kim", "weight": True},
        {"handler": "Kim", "weight": None},
        {"handler": "Kim", "weight": 12, "remark": "x"},
        {"handler": "Kim", "weight": 12, "status": "booked"},
    ],
)
def test_bad_inputs_store_nothing(api: Api, body: dict[str, Any]) -> None:
    dog = a_dog(api)
    api.post(f"/dogs/{dog['id']}/check-in", body).refused(422)
    assert api.get(f"/dogs/{dog['id']}").must(200).json == dog


def test_body_before_state_before_guard(api: Api) -> None:
    dog = a_dog(api)
    path = f"/dogs/{dog['id']}"
    api.post(f"{path}/check-in", CHECK_IN).must(200)
    api.patch(path, {"vaccinated": False}).must(200)
    api.post(f"{path}/check-in", {}).refused(422)
    api.post(f"{path}/check-in", CHECK_IN).refused(409)


def test_a_dog_can_be_checked_in_twice(api: Api) -> None:
    dog = a_dog(api)
    path = f"/dogs/{dog['id']}"
    for _ in range(2):
        api.post(f"{path}/check-in", CHECK_IN).must(200)
        api.post(f"{path}/check-in", CHECK_IN).refused(409)
        api.post(f"{path}/pick-up", roles=KEEPER).must(200)
        api.post(f"{path}/rebook").must(200)
    api.post(f"{path}/check-in", CHECK_IN).refused(409)
    api.patch(path, {"vaccinated": False}).must(200)
    api.post(f"{path}/check-in", CHECK_IN).refused(422)  # the guard comes before the limit


def test_deleting_and_updating_depend_on_the_state(api: Api) -> None:
    dog = a_dog(api)
    path = f"/dogs/{dog['id']}"
    api.post(f"{path}/check-in", CHECK_IN).must(200)
    api.delete(path).refused(409)
    api.patch(path, {"name": "Rexy"}).must(200)
    api.post(f"{path}/pick-up", roles=KEEPER).must(200)
    api.patch(path, {"name": "Rexo"}).refused(409)
    api.patch(path, {"name": None}).refused(422)  # the body comes before the guard
    assert api.get(path).must(200).json["name"] == "Rexy"
    api.delete(path).must(204)


def test_closing_down_counts_dogs(api: Api) -> None:
    kennel = a_kennel(api)
    path = f"/kennels/{kennel['id']}"
    assert (kennel["dogCount"], kennel["status"], kennel["heated"]) == (0, "open", True)
    dogs = [a_dog(api, kennel) for _ in range(2)]
    assert api.get(path).must(200).json["dogCount"] == 2
    api.post(f"{path}/close-down").refused(409)
    api.delete(f"/dogs/{dogs[0]['id']}").must(204)
    assert api.post(f"{path}/close-down").must(200).json["status"] == "closed-down"
    api.post(f"{path}/close-down").refused(409)
    assert api.post(f"{path}/reopen").must(200).json["status"] == "open"
    api.post(f"{path}/close-down").must(200)
    api.delete(path).refused(409)
    api.delete(f"/dogs/{dogs[1]['id']}").must(204)
    api.post(f"{path}/reopen").refused(422)
    api.delete(path).must(204)


def test_chips_are_unique_where_present(api: Api) -> None:
    chip = f"{fresh():015d}"
    first, second = a_dog(api, chip=chip), a_dog(api, chip=None)
    a_dog(api)
    kennel = a_kennel(api)
    body = {"name": "Rex", "vet": "Dr Who", "kennelId": kennel["id"], "chip": chip}
    api.post("/dogs", body).refused(409, field="chip")
    api.patch(f"/dogs/{second['id']}", {"chip": chip}).refused(409, field="chip")
    api.patch(f"/dogs/{first['id']}", {"chip": chip, "name": "Max"}).must(200)
    api.patch(f"/dogs/{first['id']}", {"chip": None}).must(200)
    api.patch(f"/dogs/{second['id']}", {"chip": chip}).must(200)


@pytest.mark.parametrize(
    "chip", ["12345678901234", "1234567890123456", "12345678901234x", "123456789012345\n", "", 1]
)
def test_a_pattern_matches_the_whole_value(api: Api, chip: Any) -> None:
    body = {"name": "Rex", "vet": "Dr Who", "kennelId": a_kennel(api)["id"], "chip": chip}
    api.post("/dogs", body).refused(422, field="chip")


def test_a_reference_must_exist(api: Api) -> None:
    for reference in (NOWHERE, "nonsense", "", None, 5, [NOWHERE]):
        body = {"name": "Rex", "vet": "Dr Who", "kennelId": reference}
        api.post("/dogs", body).refused(422, field="kennelId")
    api.post("/dogs", {"name": "Rex", "vet": "Dr Who"}).refused(422, field="kennelId")
    dog = a_dog(api)
    for reference in (NOWHERE, "nonsense", None):
        api.patch(f"/dogs/{dog['id']}", {"kennelId": reference}).refused(422, field="kennelId")
    other = a_kennel(api)
    moved = api.patch(f"/dogs/{dog['id']}", {"kennelId": other["id"]}).must(200).json
    assert moved["kennelId"] == other["id"]


def test_dogs_are_filtered_and_sorted(api: Api) -> None:
    kennel = a_kennel(api)
    names = {
        each["id"]: each["name"]
        for each in (
            a_dog(api, kennel, name="Bo", weight=30),
            a_dog(api, kennel, name="Al", vaccinated=False, diet="raw-vegan"),
            a_dog(api, kennel, name="Cy", weight=2.5, diet="wet"),
        )
    }

    def listed(**query: Any) -> list[str]:
        found = api.get("/dogs", kennelId=kennel["id"], **query).must(200).json
        assert found["total"] == len(found["items"])
        return [names[each["id"]] for each in found["items"]]

    assert listed() == ["Bo", "Al", "Cy"]
    assert listed(sort="name") == ["Al", "Bo", "Cy"]
    assert listed(sort="-name") == ["Cy", "Bo", "Al"]
    assert [each for each in listed(sort="weight") if each != "Al"] == ["Cy", "Bo"]
    assert sorted(listed(sort="-weight")) == ["Al", "Bo", "Cy"]
    assert listed(vaccinated=True) == ["Bo", "Cy"]
    assert listed(vaccinated=False) == ["Al"]
    assert listed(diet="raw-vegan") == ["Al"]
    assert listed(status="checked-in") == []
    assert listed(status="booked", vaccinated=True, sort="-name") == ["Cy", "Bo"]
    api.get("/dogs", handler="Kim").refused(422)
    api.get("/dogs", kennel_id=kennel["id"]).refused(422)
    api.get("/dogs", sort="vaccinated").refused(422)


def test_values_of_several_words(api: Api) -> None:
    assert a_kennel(api, size="Extra-Large")["size"] == "Extra-Large"
    for size in ("Extra Large", "extra-large", "ExtraLarge"):
        body = {"name": f"Kennel {fresh()}", "size": size, "dailyRate": 1}
        api.post("/kennels", body).refused(422, field="size")
