"""Vehicles, drivers and trips: objects named by id, effects on both sides, plain status, 64-bit integers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "fleet.md"
SHIFT = "2031-01-01"


def a_depot(api: Api) -> dict[str, Any]:
    return api.make("/depots", {"name": f"Depot {fresh()}"})


def a_vehicle(api: Api, **fields: Any) -> dict[str, Any]:
    number = fresh()
    plate = f"{chr(65 + number // 1000 % 26)}A-{number % 1000:03d}"
    return api.make("/vehicles", {"plate": plate, "fuel": "diesel", "depotId": a_depot(api)["id"], **fields})


def a_driver(api: Api, days: int = 5, **fields: Any) -> dict[str, Any]:
    number = fresh()
    until = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    body = {"licence": f"LIC-{number:05d}", "email": f"d{number}@example.com", "validUntil": until}
    return api.make("/drivers", body | fields)


def a_trip(
    api: Api, vehicle: dict[str, Any], distance: str = "1", cost: str = "1", legs: int = 1
) -> dict[str, Any]:
    raw = f'{{"distance": {distance}, "cost": {cost}, "legs": {legs}, "vehicleId": "{vehicle["id"]}"}}'
    return api.post("/trips", raw=raw).must(201).json  # type: ignore[no-any-return]


def assign(api: Api, vehicle: dict[str, Any], driver: dict[str, Any], *statuses: int) -> Any:
    body = {"driverId": driver["id"], "shiftDate": SHIFT}
    return api.post(f"/vehicles/{vehicle['id']}/assign-driver", body).must(*statuses).json


def test_assigning_changes_both_sides(api: Api) -> None:
    vehicle, driver = a_vehicle(api), a_driver(api)
    assert (vehicle["shiftDate"], vehicle["driverCount"]) == (None, 0)
    assigned = assign(api, vehicle, driver, 200)
    assert (assigned["id"], assigned["shiftDate"], assigned["driverCount"]) == (vehicle["id"], SHIFT, 1)
    assert api.get(f"/drivers/{driver['id']}").must(200).json["shifts"] == 1
    assert api.get(f"/vehicles/{vehicle['id']}").must(200).json == assigned


@pytest.mark.parametrize(
    "change",
    [
        {"driverId": NOWHERE},
        {"driverId": "nonsense"},
        {"driverId": None},
        {"driverId": 5},
        {"shiftDate": None},
        {"shiftDate": "soon"},
        {"licence": "LIC-00001"},
        {"fuel": "petrol"},
    ],
)
def test_a_bad_assignment_changes_nothing(api: Api, change: dict[str, Any]) -> None:
    vehicle, driver = a_vehicle(api), a_driver(api)
    body = {"driverId": driver["id"], "shiftDate": SHIFT} | change
    api.post(f"/vehicles/{vehicle['id']}/assign-driver", body).refused(422)
    assert api.get(f"/vehicles/{vehicle['id']}").must(200).json == vehicle
    assert api.get(f"/drivers/{driver['id']}").must(200).json == driver


def test_suspended_and_expired_drivers_are_refused(api: Api) -> None:
    vehicle = a_vehicle(api)
    assign(api, vehicle, a_driver(api, suspended=True), 422)
    assign(api, vehicle, a_driver(api, days=-1), 422)
    assign(api, vehicle, a_driver(api, days=0), 200)


def test_an_effect_that_breaks_the_object_changes_neither(api: Api) -> None:
    driver = a_driver(api, shifts=2)
    assign(api, a_vehicle(api), driver, 200)
    vehicle = a_vehicle(api)
    assign(api, vehicle, driver, 409)
    assert api.get(f"/vehicles/{vehicle['id']}").must(200).json == vehicle
    assert api.get(f"/drivers/{driver['id']}").must(200).json["shifts"] == 3


def test_writing_off(api: Api) -> None:
    vehicle = a_vehicle(api)
    path = f"/vehicles/{vehicle['id']}"
    trips = [a_trip(api, vehicle) for _ in range(3)]
    api.post(f"{path}/write-off").refused(401)
    api.post(f"{path}/write-off", roles=("clerk",)).refused(403)
    api.post(f"{path}/write-off", roles=("dispatcher",)).refused(422)
    api.delete(f"/trips/{trips[0]['id']}").must(204)
    assert api.post(f"{path}/write-off", roles=("dispatcher",)).must(200).json["status"] == "written-off"
    assign(api, vehicle, a_driver(api), 409)
    assign(api, vehicle, a_driver(api, suspended=True), 422)


def test_a_plain_status_can_be_written(api: Api) -> None:
    trip = a_trip(api, a_vehicle(api))
    assert trip["status"] == "planned"
    path = f"/trips/{trip['id']}"
    assert api.patch(path, {"status": "under-way"}).must(200).json["status"] == "under-way"
    for wrong in ("under way", "lost", None):
        api.patch(path, {"status": wrong}).refused(422, field="status")
    found = api.get("/trips", vehicleId=trip["vehicleId"], status="under-way", legs=1).must(200).json
    assert found["total"] == 1
    vehicle = a_vehicle(api)
    api.patch(f"/vehicles/{vehicle['id']}", {"status": "active"}).refused(422, field="status")


def test_sums_of_numbers_and_products_are_exact(api: Api) -> None:
    vehicle = a_vehicle(api)
    for distance, cost, legs in (("0.1", "0.1", 3), ("0.2", "-0.35", 2), ("0", "19.99", 20)):
        a_trip(api, vehicle, distance, cost, legs)
    shown = api.get(f"/vehicles/{vehicle['id']}").must(200).json
    assert Decimal(str(shown["distance"])) == Decimal("0.3")
    assert Decimal(str(shown["costTotal"])) == Decimal("399.4")
    for name in ("distance", "costTotal", "driverCountX"):
        api.patch(f"/vehicles/{vehicle['id']}", {name: 1}).refused(422, field=name)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0, -1, 2**53 + 1])
def test_integers_have_64_bits(api: Api, value: int) -> None:
    vehicle = a_vehicle(api, tracker=value)
    assert vehicle["tracker"] == value
    assert api.get(f"/vehicles/{vehicle['id']}").must(200).json["tracker"] == value
    body = {"plate": "ZZ-999", "fuel": "diesel", "depotId": a_depot(api)["id"], "tracker": value}
    api.post("/vehicles", body).refused(409, field="tracker")
    api.patch(f"/vehicles/{vehicle['id']}", {"tracker": None}).must(200)


@pytest.mark.parametrize(
    "value", ["9223372036854775808", "-9223372036854775809", "1" + "0" * 5000, "1e30", "1.5", '"1"']
)
def test_other_integers_are_refused(api: Api, value: str) -> None:
    depot = a_depot(api)["id"]
    raw = f'{{"plate": "ZZ-998", "fuel": "diesel", "depotId": "{depot}", "tracker": {value}}}'
    api.post("/vehicles", raw=raw).refused(422)


def test_depots_count_their_vehicles(api: Api) -> None:
    vehicle = a_vehicle(api)
    assert (vehicle["colour"], vehicle["vin"]) == ("black", None)
    path = f"/depots/{vehicle['depotId']}"
    assert api.get(path).must(200).json["vehicleCount"] == 1
    api.delete(path).refused(409)
    other = a_depot(api)
    api.patch(f"/vehicles/{vehicle['id']}", {"depotId": other["id"]}).must(200)
    api.delete(path).must(204)
    assert api.get("/vehicles", depotId=other["id"]).must(200).json["total"] == 1


@pytest.mark.parametrize("vin", ["X" * 16, "X" * 18, "", " " * 17, 17])
def test_an_optional_text_keeps_its_bounds(api: Api, vin: Any) -> None:
    body = {"plate": "ZZ-997", "fuel": "diesel", "depotId": a_depot(api)["id"], "vin": vin}
    answer = api.post("/vehicles", json.loads(json.dumps(body)))
    answer.must(422, *((201,) if vin == " " * 17 else ()))


def test_trips_are_sorted(api: Api) -> None:
    vehicle = a_vehicle(api)
    for distance, cost in (("10", "5"), ("9.5", "-7.25"), ("100", "0")):
        a_trip(api, vehicle, distance, cost)

    def costs(sort: str) -> list[float]:
        items = api.get("/trips", vehicleId=vehicle["id"], sort=sort).must(200).json["items"]
        return [float(each["cost"]) for each in items]

    assert costs("distance") == [-7.25, 5, 0]
    assert costs("-distance") == [0, 5, -7.25]
    assert costs("cost") == [-7.25, 0, 5]
    assert costs("-cost") == [5, 0, -7.25]


@pytest.mark.parametrize(
    "value",
    ["1e308", "-1e308", "1.7976931348623157e308", "1e-320", "1e17", "1e25", "99999999999999999999.99"],
)
def test_extreme_numbers_do_not_break_sums(api: Api, value: str) -> None:
    vehicle = a_vehicle(api)
    for name in ("distance", "cost"):
        fields = {"distance": "1", "cost": "1", "legs": "20", "vehicleId": f'"{vehicle["id"]}"'} | {
            name: value
        }
        raw = "{" + ", ".join(f'"{key}": {each}' for key, each in fields.items()) + "}"
        for _ in range(2):
            api.post("/trips", raw=raw).must(201, 422)
    shown = api.get(f"/vehicles/{vehicle['id']}").must(200)
    assert "Infinity" not in shown.response.text
    assert "NaN" not in shown.response.text
    for sort in ("distance", "-cost"):
        api.get("/trips", vehicleId=vehicle["id"], sort=sort).must(200)
