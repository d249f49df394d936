"""Discount codes: adjustments of computed totals, limits, expiry, objects in bodies, access."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.checkout_calls import ADMIN, CLERK, PAYMENT, a_code, an_item, an_order, apply, total
from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "checkout.yaml"


def test_sort_by_an_adjusted_total(api: Api) -> None:
    customer = f"adjusted{fresh()}@example.com"
    dear, cheap = an_order(api, 100, customer=customer), an_order(api, 60, customer=customer)
    apply(api, dear, a_code(api, 50)).must(200)
    items = api.get("/orders", customer=customer, sort="total").must(200).json["items"]
    assert [each["id"] for each in items] == [dear["id"], cheap["id"]]
    assert [each["total"] for each in items] == [50, 60]


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [
        ("9.99", 15, "8.49"),
        ("0.25", 10, "0.22"),  # 0.225: the result is rounded to even, not the reduction of 0.025
        ("0.05", 50, "0.02"),
        ("0.15", 50, "0.08"),
        ("0.35", 10, "0.32"),  # 0.315
        ("0.01", 50, "0"),
        ("100", 33, "67"),
        ("1.15", 90, "0.12"),  # 0.115
        ("1.25", 90, "0.12"),  # 0.125
    ],
)
def test_percent_reduces_the_total_half_even(api: Api, price: str, percent: int, expected: str) -> None:
    order = an_order(api, price)
    answer = apply(api, order, a_code(api, percent)).must(200)
    assert answer.json["id"] == order["id"]
    assert answer.json["total"] == Decimal(expected)
    assert total(api, order) == Decimal(expected)


def test_an_adjustment_follows_the_formula(api: Api) -> None:
    order = an_order(api, 100)
    apply(api, order, a_code(api, 10)).must(200)
    assert total(api, order) == 90
    apply(api, order, a_code(api, 50)).must(200)
    assert total(api, order) == 45
    item = an_item(api, order, 100)
    assert total(api, order) == 90
    api.delete(f"/line-items/{item['id']}").must(204)
    assert total(api, order) == 45
    other = an_order(api, 100)
    assert total(api, other) == 100


def test_a_code_can_be_applied_three_times(api: Api) -> None:
    code = a_code(api, 10)
    paid = an_order(api, 5)
    api.post(f"/orders/{paid['id']}/pay", PAYMENT).must(200)
    order = an_order(api, 1000)
    apply(api, order, code).must(200)
    for _ in range(3):
        apply(api, paid, code).refused(409)
    apply(api, order, code).must(200)
    apply(api, an_order(api, 5), code).must(200)
    apply(api, order, code).refused(409)
    apply(api, an_order(api, 5), code).refused(409)
    assert total(api, order) == 810
    apply(api, order, a_code(api, 10)).must(200)


def test_a_limit_holds_under_concurrency(api: Api) -> None:
    code, order = a_code(api, 10), an_order(api, 1000)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: apply(api, order, code).must(200, 409).status, range(12)))
    assert answers.count(200) == 3
    assert total(api, order) == 729


def test_expired_is_strictly_before_today(api: Api) -> None:
    order = an_order(api, 100)
    apply(api, order, a_code(api, 10, days=-1)).refused(422)
    assert total(api, order) == 100
    apply(api, order, a_code(api, 10, days=0)).must(200)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"code": None},
        {"code": "NOPE"},
        {"code": 1234},
        {"code": ""},
        {"code": {"code": "X"}},
        {"discountCodeId": NOWHERE},
        {"code": "\ud800abc"},
        {"code": "AB\u0000CD"},
        [],
    ],
)
def test_an_object_must_be_named_and_exist(api: Api, body: Any) -> None:
    order = an_order(api, 100)
    api.post(f"/orders/{order['id']}/apply-discount-code", body).refused(422)
    assert total(api, order) == 100


def test_an_object_is_named_exactly(api: Api) -> None:
    code, order = a_code(api), an_order(api, 100)
    apply(api, order, code.lower()).refused(422)
    apply(api, order, f" {code}").refused(422)
    api.post(f"/orders/{order['id']}/apply-discount-code", {"code": code, "percent": 90}).refused(422)
    api.post(f"/orders/{NOWHERE}/apply-discount-code", {"code": "NOPE"}).refused(404)
    api.post("/orders/nonsense/apply-discount-code", {"code": code}).refused(404)


def test_order_of_checks_when_applying(api: Api) -> None:
    order = an_order(api, 100)
    expired = a_code(api, days=-1)
    api.post(f"/orders/{order['id']}/cancel").must(200)
    apply(api, order, "NOPE").refused(422)  # the body comes before the state
    apply(api, order, expired).refused(422)  # guards as written: expired before not draft
    apply(api, order, a_code(api)).refused(409)


def test_only_an_admin_creates_and_deletes_codes(api: Api) -> None:
    code = f"ADMIN-{fresh()}"
    body = {"code": code, "percent": 10, "expiryDate": "2090-01-01"}
    api.post("/discount-codes", body).refused(401)
    api.post("/discount-codes", body, roles=()).refused(403)
    api.post("/discount-codes", body, roles=CLERK).refused(403)
    api.post("/discount-codes", {"bad": 1}).refused(401)
    api.post("/discount-codes", {"bad": 1}, roles=CLERK).refused(403)
    api.post("/discount-codes", {"bad": 1}, roles=ADMIN).refused(422)
    made = api.make("/discount-codes", body, roles=("clerk", "admin"))
    path = f"/discount-codes/{made['id']}"
    assert api.get(path).must(200).json == made
    api.delete(path).refused(401)
    api.delete(path, roles=CLERK).refused(403)
    api.delete(f"/discount-codes/{NOWHERE}").refused(401)
    api.delete(f"/discount-codes/{NOWHERE}", roles=ADMIN).refused(404)
    api.post("/discount-codes", body, roles=ADMIN).refused(409, field="code")
    api.delete(path, roles=ADMIN).must(204)
    api.make("/discount-codes", body, roles=ADMIN)


def test_codes_cannot_be_updated(api: Api) -> None:
    made = api.make(
        "/discount-codes", {"code": f"FIX-{fresh()}", "percent": 1, "expiryDate": "2090-01-01"}, roles=ADMIN
    )
    for method in ("PATCH", "PUT"):
        for roles in (None, ADMIN):
            answer = api.call(method, f"/discount-codes/{made['id']}", {"percent": 2}, roles=roles).refused(
                405
            )
            allowed = {each.strip() for each in answer.headers["allow"].split(",")}
            assert {"GET", "DELETE"} <= allowed and not allowed & {"PATCH", "PUT", "POST"}, allowed


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("code", ["ABC", "A" * 21, "    ", "", None, 1234, ["ABCD"], True]),
        ("percent", [0, 91, 10.5, "10", None, True, 1e3, 2**63, -(2**63) - 1, 10**30]),
        (
            "expiryDate",
            ["2090-13-01", "2090-02-30", "tomorrow", "", "2090-01-01T00:00:00Z", 20900101, None, "2090-1-1"],
        ),
    ],
)
def test_bad_codes_are_refused_by_field(api: Api, field: str, values: list[Any]) -> None:
    for value in values:
        body = {"code": f"OK-{fresh()}", "percent": 10, "expiryDate": "2090-01-01"} | {field: value}
        api.post("/discount-codes", body, roles=ADMIN).refused(422, field=field)


def test_codes_are_filtered_and_sorted_by_what_came_later(api: Api) -> None:
    for percent, year in ((77, 2095), (77, 2091), (77, 2093), (76, 2099)):
        body = {"code": f"SORT-{fresh()}", "percent": percent, "expiryDate": f"{year}-01-01"}
        api.make("/discount-codes", body, roles=ADMIN)
    found = api.get("/discount-codes", percent=77, sort="expiryDate").must(200).json
    assert [each["expiryDate"][:4] for each in found["items"]] == ["2091", "2093", "2095"]
    assert found["total"] == 3
    api.get("/discount-codes", sort="-percent").must(200)
    api.get("/discount-codes", sort="code").refused(422)
