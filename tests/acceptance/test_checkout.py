"""Orders and their line items: computed totals, states, inputs, guards, filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.checkout_calls import ADMIN, CLERK, PAYMENT, an_item, an_order, total
from tests.acceptance.client import NOWHERE, Api, fresh, is_uuid

STORY = "checkout.yaml"


def test_a_new_order_shows_all_its_fields(api: Api) -> None:
    answer = api.post("/orders", {"customer": "pat@example.com", "channel": "web"}).must(201)
    order = answer.json
    assert answer.headers["location"].endswith(f"/orders/{order['id']}")
    assert is_uuid(order["id"])
    assert set(order) == {
        "id",
        "createdAt",
        "updatedAt",
        "customer",
        "note",
        "reason",
        "voucher",
        "channel",
        "priority",
        "total",
        "itemCount",
        "status",
    }
    assert (order["note"], order["reason"], order["voucher"]) == (None, None, None)
    assert (order["total"], order["itemCount"], order["status"], order["priority"]) == (0, 0, "draft", 5)
    assert api.get(answer.headers["location"]).must(200).json == order


def test_total_is_the_exact_sum_of_products(api: Api) -> None:
    order = an_order(api, "0.10", "0.20", quantity=3)
    assert (order["total"], order["itemCount"]) == (Decimal("0.9"), 2)
    order = an_order(api, "19.99", quantity=1000)
    assert order["total"] == 19990
    order = an_order(api, *["0.01"] * 7)
    assert order["total"] == Decimal("0.07")


@pytest.mark.parametrize("price", ["90071992547409.93", "12345678901234.57", "999999999999.99"])
def test_large_money_is_exact_or_refused(api: Api, price: str) -> None:
    order = an_order(api)
    raw = f'{{"product": "pen", "quantity": 3, "price": {price}, "orderId": "{order["id"]}"}}'
    if api.post("/line-items", raw=raw).must(201, 422).status == 201:
        assert total(api, order) == Decimal(price) * 3


def test_total_follows_its_line_items(api: Api) -> None:
    order = an_order(api, "5", "7")
    item = an_item(api, order, "1.25", 2)
    assert total(api, order) == Decimal("14.5")
    api.patch(f"/line-items/{item['id']}", {"quantity": 4}).must(200)
    assert total(api, order) == 17
    other = an_order(api)
    api.patch(f"/line-items/{item['id']}", {"orderId": other["id"]}).must(200)
    assert total(api, order) == 12
    assert total(api, other) == 5
    api.delete(f"/line-items/{item['id']}").must(204)
    assert total(api, other) == 0


def test_an_order_with_line_items_cannot_be_deleted(api: Api) -> None:
    order = an_order(api, "5")
    api.delete(f"/orders/{order['id']}").refused(409)
    (item,) = api.get("/line-items", orderId=order["id"]).must(200).json["items"]
    api.delete(f"/line-items/{item['id']}").must(204)
    answer = api.delete(f"/orders/{order['id']}").must(204)
    assert answer.response.content == b""
    api.get(f"/orders/{order['id']}").refused(404)
    api.delete(f"/orders/{order['id']}").refused(404)


def test_an_order_goes_through_its_states(api: Api) -> None:
    order = an_order(api, "5")
    path = f"/orders/{order['id']}"
    paid = api.post(f"{path}/pay", PAYMENT).must(200).json
    assert paid["status"] == "paid"
    assert "reference" not in paid
    api.post(f"{path}/pay", PAYMENT).refused(409)
    shipped = api.post(f"{path}/ship", roles=CLERK).must(200).json
    assert shipped["status"] == "shipped"
    assert api.get(path).must(200).json == shipped
    api.post(f"{path}/cancel").refused(409)
    assert api.get(path).must(200).json == shipped


def test_cancelling_sets_the_reason(api: Api) -> None:
    order = an_order(api)
    for raw in (None, "{}"):
        cancelled = api.post(f"/orders/{an_order(api)['id']}/cancel", raw=raw).must(200).json
        assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "withdrawn")
    api.post(f"/orders/{order['id']}/cancel", raw="").must(200)
    api.post(f"/orders/{order['id']}/cancel").refused(409)


def test_cancelling_a_paid_order_is_fine(api: Api) -> None:
    order = an_order(api, "5")
    api.post(f"/orders/{order['id']}/pay", PAYMENT).must(200)
    assert api.post(f"/orders/{order['id']}/cancel").must(200).json["status"] == "cancelled"


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"reference": None},
        {"reference": "short"},
        {"reference": "x" * 41},
        {"reference": 123456},
        {"reference": "      "},
        {"reference": "REF-\u0000001"},
        {"reference": "REF-0001", "status": "paid"},
        {"reference": "REF-0001", "unknown": 1},
        {"Reference": "REF-0001"},
        [],
        ["reference"],
        "reference",
        7,
    ],
)
def test_a_bad_payment_is_refused_and_changes_nothing(api: Api, body: Any) -> None:
    order = an_order(api, "5")
    api.post(f"/orders/{order['id']}/pay", body).refused(422)
    assert api.get(f"/orders/{order['id']}").must(200).json == order


def test_reference_may_have_6_to_40_characters(api: Api) -> None:
    for reference in ("x" * 6, "é" * 40, "😀" * 40, "  six\n "):
        api.post(f"/orders/{an_order(api, 1)['id']}/pay", {"reference": reference}).must(200)


def test_order_of_checks_when_paying(api: Api) -> None:
    api.post(f"/orders/{NOWHERE}/pay", {"bad": 1}).refused(404)
    empty = an_order(api)
    api.post(f"/orders/{empty['id']}/pay", PAYMENT).refused(422)
    api.post(f"/orders/{empty['id']}/cancel").must(200)
    api.post(f"/orders/{empty['id']}/pay", {}).refused(422, field="reference")
    api.post(f"/orders/{empty['id']}/pay", PAYMENT).refused(409)


def test_shipping_needs_a_clerk(api: Api) -> None:
    order = an_order(api, "5")
    path = f"/orders/{order['id']}/ship"
    api.post(path).refused(401)
    api.post(path, roles=ADMIN).refused(403)
    api.post(path, {"unknown": 1}).refused(401)
    api.post(f"/orders/{NOWHERE}/ship").refused(401)
    api.post(f"/orders/{NOWHERE}/ship", roles=ADMIN).refused(403)
    api.post(f"/orders/{NOWHERE}/ship", roles=CLERK).refused(404)
    api.post(path, {"unknown": 1}, roles=CLERK).refused(422)
    api.post(path, roles=CLERK).refused(409)
    api.post(f"/orders/{order['id']}/pay", PAYMENT).must(200)
    api.post(path, roles=("baker", "clerk")).must(200)


def test_status_and_computed_fields_cannot_be_written(api: Api) -> None:
    order = an_order(api)
    body = {"customer": "pat@example.com", "channel": "web"}
    read_only = {
        "status": "draft",
        "total": 0,
        "itemCount": 0,
        "id": NOWHERE,
        "createdAt": order["createdAt"],
    }
    for name, value in (read_only | {"updatedAt": order["updatedAt"]}).items():
        api.post("/orders", body | {name: value}).refused(422, field=name)
        api.patch(f"/orders/{order['id']}", {name: order[name]}).refused(422, field=name)
    assert api.get(f"/orders/{order['id']}").must(200).json == order


def test_guard_on_creating_is_checked_again_on_updating(api: Api) -> None:
    body = {"customer": "pat@example.com", "channel": "web"}
    api.post("/orders", body | {"priority": 9}).refused(422)
    order = api.make("/orders", body | {"priority": 8})
    api.patch(f"/orders/{order['id']}", {"priority": 9}).refused(422)
    api.patch(f"/orders/{order['id']}", {"priority": 10}).refused(422, field="priority")
    api.patch(f"/orders/{order['id']}", {"note": "hi"}).must(200)
    assert api.patch(f"/orders/{order['id']}", {"priority": 1}).must(200).json["priority"] == 1


@pytest.mark.parametrize(("spelt", "status"), [("web", 201), ("Phone-Call", 201), ("in-store", 201)])
def test_choices_are_kebab_case_with_their_letter_case(api: Api, spelt: str, status: int) -> None:
    api.post("/orders", {"customer": "pat@example.com", "channel": spelt}).must(status)


@pytest.mark.parametrize(
    "spelt", ["Web", "phone-call", "Phone Call", "in store", "", " web", None, 1, ["web"]]
)
def test_other_spellings_of_choices_are_refused(api: Api, spelt: Any) -> None:
    api.post("/orders", {"customer": "pat@example.com", "channel": spelt}).refused(422, field="channel")


def test_filters_and_sort(api: Api) -> None:
    customer = f"filter{fresh()}@example.com"
    orders = [an_order(api, price, customer=customer) for price in (7, 3, 5)]
    api.post(f"/orders/{orders[0]['id']}/cancel").must(200)

    def listed(**query: Any) -> list[Any]:
        return [each["id"] for each in api.get("/orders", customer=customer, **query).must(200).json["items"]]

    first, second, third = (each["id"] for each in orders)
    assert listed() == [first, second, third]
    assert listed(status="draft") == [second, third]
    assert listed(status="cancelled") == [first]
    assert listed(sort="total") == [second, third, first]
    assert listed(sort="-total") == [first, third, second]
    assert listed(sort="-total", limit=1, offset=1) == [third]
    page = api.get("/orders", customer=customer, limit=2, offset=2).must(200).json
    assert (len(page["items"]), page["total"]) == (1, 3)
    for bad in ({"sort": "customer"}, {"sort": "-note"}, {"sort": "+total"}, {"sort": ""}, {"reason": "x"}):
        api.get("/orders", **bad).refused(422)
    assert api.get("/orders", customer="nobody@example.com").must(200).json == {"items": [], "total": 0}
