"""A service with data in it takes the next story: nothing old is lost, what is new holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.acceptance.client import Api
from tests.acceptance.conftest import Deliver
from tests.acceptance.delivery import Service


@contextmanager
def calling(running: Service) -> Iterator[Api]:
    client = Api(running.url, running.log)
    yield client
    client.http.close()


def test_checkout_grows(service: Deliver) -> None:
    running = service("checkout.yaml", alone=True)
    running.deliver(1)
    with calling(running) as api:
        order = api.make("/orders", {"customer": "pat@example.com"})
        item = {"product": "pen", "quantity": 2, "price": 9.99, "orderId": order["id"]}
        api.make("/line-items", item)
        api.get("/discount-codes").refused(404)
        api.post("/orders", {"customer": "pat@example.com", "channel": "web"}).refused(422)
        shipped = api.make("/orders", {"customer": "pat@example.com"})
        api.make("/line-items", item | {"orderId": shipped["id"]})
        api.post(f"/orders/{shipped['id']}/pay", {"reference": "REF-001"}).must(200)
        old = api.post(f"/orders/{shipped['id']}/ship").must(200).json
    running.deliver(2)
    with calling(running) as api:
        code = {"code": "SPRING", "percent": 50, "expiryDate": "2090-01-01"}
        api.make("/discount-codes", code, roles=("admin",))
        reduced = api.post(f"/orders/{order['id']}/apply-discount-code", {"code": "SPRING"}).must(200).json
        assert float(reduced["total"]) == 9.99
        assert api.get(f"/orders/{shipped['id']}").must(200).json == old
    running.deliver(3)
    with calling(running) as api:
        _has_channels(api, order, old)


def _has_channels(api: Api, order: dict[str, Any], shipped: dict[str, Any]) -> None:
    shown = api.get(f"/orders/{order['id']}").must(200).json
    assert (shown["channel"], shown["voucher"], shown["priority"]) == (None, None, 5)
    assert (float(shown["total"]), shown["createdAt"]) == (9.99, order["createdAt"])
    now = api.get(f"/orders/{shipped['id']}").must(200).json
    assert {key: now[key] for key in shipped} == shipped
    api.post("/orders", {"customer": "pat@example.com"}).refused(422, field="channel")
    api.patch(f"/orders/{order['id']}", {"note": "hello"}).must(200)
    api.patch(f"/orders/{order['id']}", {"channel": None}).must(200, 422)
    changed = api.patch(f"/orders/{order['id']}", {"channel": "in-store"}).must(200).json
    assert changed["channel"] == "in-store"
    found = api.get("/orders", customer="pat@example.com").must(200).json
    assert [each["id"] for each in found["items"]] == [order["id"], shipped["id"]]
    for _ in range(2):
        api.post(f"/orders/{order['id']}/apply-discount-code", {"code": "SPRING"}).must(200)
    api.post(f"/orders/{order['id']}/apply-discount-code", {"code": "SPRING"}).refused(409)
    api.post(f"/orders/{order['id']}/ship").refused(401)


def test_fleet_gets_a_required_reference(service: Deliver) -> None:
    running = service("fleet.md", alone=True)
    running.deliver(1)
    with calling(running) as api:
        old = api.make("/vehicles", {"plate": "AA-001", "fuel": "diesel"})
        trip = api.make("/trips", {"distance": 0.5, "cost": 2, "legs": 2, "vehicleId": old["id"]})
    running.deliver(2)
    with calling(running) as api:
        path = f"/vehicles/{old['id']}"
        shown = api.get(path).must(200).json
        assert (shown["depotId"], shown["colour"], shown["vin"]) == (None, "black", None)
        assert float(shown["costTotal"]) == 4
        assert api.get(f"/trips/{trip['id']}").must(200).json == trip
        api.post("/vehicles", {"plate": "AA-002", "fuel": "diesel"}).refused(422, field="depotId")
        depot = api.make("/depots", {"name": "North"})
        assert depot["vehicleCount"] == 0
        api.make("/vehicles", {"plate": "AA-002", "fuel": "diesel", "depotId": depot["id"]})
        api.post("/vehicles", {"plate": "AA-001", "fuel": "diesel", "depotId": depot["id"]}).refused(409)
        assert api.patch(path, {"fuel": "electric"}).must(200).json["depotId"] is None
        assert api.patch(path, {"depotId": depot["id"]}).must(200).json["depotId"] == depot["id"]
        assert api.get(f"/depots/{depot['id']}").must(200).json["vehicleCount"] == 2
        assert api.get("/vehicles", depotId=depot["id"]).must(200).json["total"] == 2
        driver = {"licence": "LIC-1", "email": "d@example.com", "validUntil": "2090-01-01"}
        made = api.make("/drivers", driver)
        api.post(f"{path}/assign-driver", {"driverId": made["id"], "shiftDate": "2031-01-01"}).must(200)


def test_kennel_asks_for_a_vet(service: Deliver) -> None:
    running = service("kennel.md", alone=True)
    running.deliver(1)
    with calling(running) as api:
        kennel = api.make("/kennels", {"name": "North", "size": "small", "dailyRate": 12.5})
        old = api.make("/dogs", {"name": "Rex", "kennelId": kennel["id"], "vaccinated": True})
        path = f"/dogs/{old['id']}"
        api.post(f"{path}/check-in", {"handler": "Kim", "weight": 9}).must(200)
    running.deliver(2)
    with calling(running) as api:
        shown = api.get(path).must(200).json
        assert (shown["vet"], shown["diet"], shown["status"], shown["handler"]) == (
            None,
            "dry",
            "checked-in",
            "Kim",
        )
        assert api.get(f"/kennels/{kennel['id']}").must(200).json == kennel | {
            "heated": True,
            "dogCount": 1,
        }
        assert api.get("/dogs", diet="dry").must(200).json["total"] == 1
        api.patch(path, {"vet": "x"}).refused(422, field="vet")
        api.patch(path, {"vet": "Dr Who"}).must(200)
        api.post(f"{path}/pick-up", roles=("keeper",)).must(200)
        api.post(f"{path}/rebook").must(200)
        api.post(f"{path}/check-in", {"handler": "Kim", "weight": 9}).must(200)
        api.post(f"{path}/pick-up", roles=("keeper",)).must(200)
        api.patch(path, {"name": "Rexo"}).refused(409)
        api.post(f"{path}/rebook").must(200)
        api.post(f"{path}/check-in", {"handler": "Kim", "weight": 9}).refused(
            409
        )  # twice, one before the story


def test_a_service_restarts_with_its_data(service: Deliver) -> None:
    running = service("warehouse.yaml", alone=True)
    running.deliver(1)
    with calling(running) as api:
        bay = api.make("/bays", {"code": "B1"})
        item = api.make("/stock-items", {"sku": "AB", "quantity": 700, "bayId": bay["id"]})
    running.deliver(2)
    with calling(running) as api:
        path = f"/stock-items/{item['id']}"
        assert api.get(path).must(200).json == item | {"barcode": None}
        api.patch(path, {"label": "old and full"}).must(200)
        api.patch(path, {"quantity": 600}).refused(422)
        api.post("/bays", {"code": "B2"}).refused(401)
    running.deliver()
    with calling(running) as api:
        assert api.get(path).must(200).json["label"] == "old and full"
