"""States, guards, effects, limits, computed fields, relations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.tools.stacks.fastapi.services import Service, body


def order(shop: httpx.Client, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = body(shop.post("/orders", json={"customer": "ada@example.com"} | more))
    return made


def item(shop: httpx.Client, of: dict[str, Any], quantity: int = 1, price: float = 10) -> dict[str, Any]:
    content = {"orderId": of["id"], "quantity": quantity, "price": price, "product": "Tea 1"}
    made: dict[str, Any] = body(shop.post("/line-items", json=content))
    return made


def code(shop: httpx.Client, admin: dict[str, str], **more: Any) -> dict[str, Any]:
    content = {"code": uuid4().hex[:12], "percent": 10, "expiryDate": "2999-01-01"} | more
    response = shop.post("/discount-codes", json=content, headers=admin)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def now(shop: httpx.Client, path: str, thing: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body(shop.get(f"/{path}/{thing['id']}"))
    return found


def act(shop: httpx.Client, thing: dict[str, Any], action: str, content: object = None) -> httpx.Response:
    return shop.post(f"/orders/{thing['id']}/{action}", json=content)


def test_states(shop: httpx.Client) -> None:
    made = order(shop)
    item(shop, made)

    assert made["status"] == "draft"
    assert act(shop, made, "ship", {}).status_code == 409
    paid = act(shop, made, "pay", {"reference": "123456"})
    assert (paid.status_code, paid.json()["status"], paid.json()["reference"]) == (200, "paid", "123456")
    assert act(shop, made, "pay", {"reference": "654321"}).status_code == 409
    assert now(shop, "orders", made)["reference"] == "123456"
    assert body(act(shop, made, "cancel"))["status"] == "refunded"
    assert body(act(shop, order(shop), "cancel"))["status"] == "cancelled"


def test_the_body_comes_before_the_state_and_the_state_before_guards(shop: httpx.Client) -> None:
    empty = order(shop)

    assert act(shop, empty, "ship", {"x": 1}).status_code == 422
    assert act(shop, empty, "ship").status_code == 409
    act(shop, empty, "pay", {"reference": "123456"})
    assert act(shop, empty, "ship").status_code == 422


@pytest.mark.parametrize(
    "content", [{}, {"reference": None}, {"reference": "12345"}, {"reference": "x" * 41}, {"a": 1}, []]
)
def test_inputs_are_checked(shop: httpx.Client, content: object) -> None:
    made = order(shop)

    assert act(shop, made, "pay", content).status_code == 422
    assert now(shop, "orders", made) == made


@pytest.mark.parametrize("name", ["status", "total", "itemCount", "id", "createdAt", "updatedAt"])
def test_what_rules_decide_is_read_only(shop: httpx.Client, name: str) -> None:
    made = order(shop)

    for response in (
        shop.post("/orders", json={"customer": "a@b.cd", name: made[name]}),
        shop.patch(f"/orders/{made['id']}", json={name: made[name]}),
    ):
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == name


def test_sums_counts_and_what_is_taken_off(shop: httpx.Client, admin: dict[str, str]) -> None:
    made = order(shop)
    first = item(shop, made, 3, 0.07)
    item(shop, made, 1, 9.99)
    spring = code(shop, admin, percent=15)

    reduced = body(act(shop, made, "apply-discount-code", {"code": spring["code"]}))
    assert (reduced["total"], reduced["itemCount"]) == (8.67, 2)  # 10.20 less 15 percent
    assert now(shop, "discount-codes", spring)["uses"] == 1
    assert body(act(shop, made, "discount", {"amount": 0.67}))["total"] == 8
    shop.delete(f"/line-items/{first['id']}")
    assert now(shop, "orders", made)["total"] == 7.82  # 9.99 less 15 percent is 8.49, less 0.67
    assert shop.patch(f"/line-items/{first['id']}", json={}).status_code == 404


@pytest.mark.parametrize(
    ("price", "percent", "total"), [(0.05, 50, 0.02), (0.15, 50, 0.08), (0.25, 50, 0.12), (9.99, 1, 9.89)]
)
def test_results_are_rounded_half_to_even(
    shop: httpx.Client, admin: dict[str, str], price: float, percent: int, total: float
) -> None:
    made = order(shop)
    item(shop, made, 1, price)

    reduced = body(
        act(shop, made, "apply-discount-code", {"code": code(shop, admin, percent=percent)["code"]})
    )

    assert reduced["total"] == total


def test_sums_beyond_what_columns_hold_are_exact(shop: httpx.Client) -> None:
    made = order(shop)
    for _ in range(3):
        item(shop, made, 2**63 - 1, 9999999999999.99)

    text = shop.get(f"/orders/{made['id']}").text

    assert f'"total":{3 * (2**63 - 1) * 999999999999999 / 100:.16g}'[:18] in text
    assert shop.get("/orders?sort=-total&limit=1").json()["items"][0]["id"] == made["id"]


def test_an_effect_that_breaks_its_field_changes_nothing(shop: httpx.Client, admin: dict[str, str]) -> None:
    made = order(shop)
    item(shop, made, 1, 5)
    before = now(shop, "orders", made)

    response = act(shop, made, "discount", {"amount": 5.01})

    assert response.status_code == 409
    assert now(shop, "orders", made) == before
    assert body(act(shop, made, "discount", {"amount": 5}))["total"] == 0


def test_limits_count_for_each_object_and_only_successes(shop: httpx.Client, admin: dict[str, str]) -> None:
    made, spring = order(shop), code(shop, admin)
    expired = code(shop, admin, expiryDate="2020-01-01")
    refused = act(shop, made, "apply-discount-code", {"code": expired["code"]})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "Applying an expired discount code is rejected with 422."

    for _ in range(3):
        assert act(shop, made, "apply-discount-code", {"code": spring["code"], "x": 1}).status_code == 422
        assert act(shop, order(shop), "apply-discount-code", {"code": spring["code"]}).status_code == 200
    assert act(shop, made, "apply-discount-code", {"code": spring["code"]}).status_code == 409
    assert act(shop, made, "apply-discount-code", {"code": code(shop, admin)["code"]}).status_code == 200
    assert now(shop, "discount-codes", spring)["uses"] == 3


@pytest.mark.parametrize(
    "content", [{}, {"code": "unknown"}, {"code": None}, {"code": "\0"}, {"discountCodeId": str(uuid4())}]
)
def test_an_object_that_is_not_there(shop: httpx.Client, content: object) -> None:
    assert act(shop, order(shop), "apply-discount-code", content).status_code == 422


def test_uniques_are_case_sensitive(shop: httpx.Client, admin: dict[str, str]) -> None:
    name = uuid4().hex[:10]
    code(shop, admin, code=f"{name}a")
    code(shop, admin, code=f"{name}A")
    content = {"code": f"{name}a", "percent": 5, "expiryDate": "2999-01-01"}

    response = shop.post("/discount-codes", json=content, headers=admin)

    assert response.status_code == 409
    assert response.json()["errors"] == [{"field": "code", "message": "is taken by another resource"}]


def test_guards_on_creating_hold_for_updates_of_their_fields(shop: httpx.Client) -> None:
    assert shop.post("/orders", json={"customer": "a@b.cd", "weight": 1000.51}).status_code == 422
    made = order(shop, weight=1000.5)

    assert shop.patch(f"/orders/{made['id']}", json={"weight": 1001}).status_code == 422
    assert shop.patch(f"/orders/{made['id']}", json={"weight": 1}).status_code == 200
    assert now(shop, "orders", made)["weight"] == 1


def test_guards_see_what_a_reference_points_to(shop: httpx.Client) -> None:
    draft, paid = order(shop), order(shop)
    mine = item(shop, draft)
    act(shop, paid, "pay", {"reference": "123456"})
    content = {"orderId": paid["id"], "quantity": 1, "price": 1, "product": "x"}

    assert shop.post("/line-items", json=content).status_code == 409
    assert shop.patch(f"/line-items/{mine['id']}", json={"orderId": paid["id"]}).status_code == 409
    act(shop, draft, "pay", {"reference": "123456"})
    assert shop.patch(f"/line-items/{mine['id']}", json={"quantity": 2}).status_code == 200


def test_guards_on_updating_see_the_result(shop: httpx.Client) -> None:
    made = order(shop)
    item(shop, made)
    act(shop, made, "pay", {"reference": "123456"})
    act(shop, made, "ship")

    assert shop.patch(f"/orders/{made['id']}", json={"note": "x"}).status_code == 409
    assert shop.patch(f"/orders/{made['id']}", json={"note": None}).status_code == 200


def test_a_reference_must_exist(shop: httpx.Client) -> None:
    mine = item(shop, order(shop))

    for value in (str(uuid4()), "x", None, 5):
        response = shop.patch(f"/line-items/{mine['id']}", json={"orderId": value})
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "orderId"


def test_references_can_be_filtered_by(shop: httpx.Client) -> None:
    made = order(shop)
    mine = item(shop, made)
    item(shop, order(shop))

    found = body(shop.get("/line-items", params={"orderId": made["id"]}))

    assert (found["total"], [each["id"] for each in found["items"]]) == (1, [mine["id"]])
    assert body(shop.get("/line-items", params={"orderId": str(uuid4())})) == {"items": [], "total": 0}
    assert shop.get("/line-items", params={"orderId": "x"}).status_code == 422


def test_computed_fields_filter_and_sort(shop: httpx.Client) -> None:
    who = f"{uuid4().hex[:8]}@example.com"
    made = [order(shop, customer=who) for _ in range(4)]
    for each, price in zip(made, (5, 7, 5, 6), strict=True):
        item(shop, each, 1, price)
    item(shop, made[3], 1, 1)

    def ids(**query: object) -> list[str]:
        found = body(shop.get("/orders", params={"customer": who, **query}))
        return [each["id"] for each in found["items"]]

    a, b, c, d = (each["id"] for each in made)
    assert ids(sort="total") == [a, c, b, d]
    assert ids(sort="-total") == [b, d, a, c]
    assert ids(sort="-total", limit=2, offset=1) == [d, a]
    assert ids(itemCount=2) == [d]
    assert ids(itemCount=1, sort="-total") == [b, a, c]
    assert ids(itemCount=1, sort="-createdAt") == [c, b, a]


def test_a_parent_with_children_stays(shop: httpx.Client) -> None:
    made = order(shop)
    mine = item(shop, made)

    assert shop.delete(f"/orders/{made['id']}").status_code == 409
    assert shop.delete(f"/line-items/{mine['id']}").status_code == 204
    gone = shop.delete(f"/orders/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert shop.get(f"/orders/{made['id']}").status_code == 404


def test_what_happens_at_once_keeps_limits(
    shop: httpx.Client, admin: dict[str, str], shop_service: Service
) -> None:
    made, spring = order(shop), code(shop, admin)

    def once(_: int) -> int:
        with shop_service.client() as client:
            return act(client, made, "apply-discount-code", {"code": spring["code"]}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(once, range(32)))

    assert statuses == [200] * 3 + [409] * 29
    assert now(shop, "discount-codes", spring)["uses"] == 3


def test_what_happens_at_once_keeps_uniques(
    shop: httpx.Client, admin: dict[str, str], shop_service: Service
) -> None:
    content = {"code": uuid4().hex[:12], "percent": 5, "expiryDate": "2999-01-01"}

    def once(_: int) -> int:
        with shop_service.client() as client:
            return client.post("/discount-codes", json=content, headers=admin).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(once, range(32)))

    assert statuses == [201] + [409] * 31
