"""Stock: integer effects, rounding to whole numbers, limits, rules that a later story adds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "warehouse.yaml"
KEEPER = ("keeper",)


def a_bay(api: Api) -> dict[str, Any]:
    return api.make("/bays", {"code": f"B{fresh()}"}, roles=KEEPER)


def an_item(api: Api, quantity: int, bay: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    home = bay or a_bay(api)
    return api.make("/stock-items", {"sku": "AB-1", "quantity": quantity, "bayId": home["id"], **fields})


def do(api: Api, item: dict[str, Any], action: str, body: Any = None) -> Any:
    return api.post(f"/stock-items/{item['id']}/{action}", body)


def quantity(api: Api, item: dict[str, Any]) -> int:
    return int(api.get(f"/stock-items/{item['id']}").must(200).json["quantity"])


def test_picking_reduces(api: Api) -> None:
    item = an_item(api, 5)
    assert do(api, item, "pick", {"count": 3}).must(200).json["quantity"] == 2
    do(api, item, "pick", {"count": 3}).refused(409)
    for count in (0, -1, 1.5, "1", None, 2**63, True):
        do(api, item, "pick", {"count": count}).refused(422, field="count")
    do(api, item, "pick").refused(422)
    assert quantity(api, item) == 2
    do(api, item, "pick", {"count": 2**63 - 1}).refused(409)
    assert do(api, item, "pick", {"count": 2}).must(200).json["quantity"] == 0


def test_rules_of_the_later_story_hold(api: Api) -> None:
    api.post("/bays", {"code": "X"}).refused(401)
    api.post("/bays", {"code": "X"}, roles=("picker",)).refused(403)
    empty = an_item(api, 0)
    do(api, empty, "pick", {"count": 1}).refused(422)
    item = an_item(api, 500)
    for _ in range(4):
        do(api, item, "pick", {"count": 1}).must(200)
    do(api, item, "pick", {"count": 1}).refused(409)
    assert quantity(api, item) == 496
    do(api, item, "empty").must(200)
    do(api, item, "pick", {"count": 1}).refused(422)  # the guard comes before the limit
    body = {"sku": "AB-1", "quantity": 501, "bayId": a_bay(api)["id"]}
    api.post("/stock-items", body).refused(422)
    api.patch(f"/stock-items/{item['id']}", {"quantity": 501}).refused(422)


def test_refused_picks_are_not_counted(api: Api) -> None:
    item = an_item(api, 4)
    for _ in range(6):
        do(api, item, "pick", {"count": 5}).refused(409)
    for _ in range(4):
        do(api, item, "pick", {"count": 1}).must(200)
    assert quantity(api, item) == 0


def test_limits_and_sums_hold_under_concurrency(api: Api) -> None:
    item = an_item(api, 100)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: do(api, item, "pick", {"count": 1}).must(200, 409).status, range(10))
        )
    assert answers.count(200) == 4
    assert quantity(api, item) == 96
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: do(api, item, "restock").must(200), range(10)))
    assert quantity(api, item) == 196


def test_a_unique_value_is_taken_once_under_concurrency(api: Api) -> None:
    bay, barcode = a_bay(api), f"{fresh():08d}"
    body = {"sku": "AB-1", "quantity": 1, "bayId": bay["id"], "barcode": barcode}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/stock-items", body).must(201, 409).status, range(8)))
    assert answers.count(201) == 1


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (5, "halve", 2),
        (7, "halve", 4),
        (1, "halve", 0),
        (8, "halve", 4),
        (5, "boost", 6),
        (15, "boost", 16),
        (25, "boost", 28),
        (4, "boost", 4),
        (0, "boost", 0),
        (9, "empty", 0),
        (9, "restock", 19),
    ],
)
def test_whole_numbers_are_rounded_half_even(api: Api, before: int, action: str, after: int) -> None:
    item = an_item(api, before)
    answer = do(api, item, action).must(200)
    assert answer.json["quantity"] == after
    assert isinstance(answer.json["quantity"], int)
    assert quantity(api, item) == after


def test_an_effect_may_go_beyond_a_guard_on_creating(api: Api) -> None:
    item = an_item(api, 500)
    assert do(api, item, "boost").must(200).json["quantity"] == 550
    api.patch(f"/stock-items/{item['id']}", {"label": "full"}).must(200)
    for _ in range(2):
        do(api, item, "boost").must(200)
    do(api, item, "boost").refused(409)
    assert quantity(api, item) == 666  # 605, then 665.5


def test_restocking_a_full_item_is_refused(api: Api) -> None:
    item = an_item(api, 500)
    for _ in range(49):
        do(api, item, "restock").must(200)
    do(api, item, "restock").refused(422)
    assert quantity(api, item) == 990


def test_loads_are_sums_of_products(api: Api) -> None:
    bay = a_bay(api)
    an_item(api, 3, bay, weight=0.1)
    an_item(api, 7, bay, weight=1.001)
    an_item(api, 5, bay)
    shown = api.get(f"/bays/{bay['id']}").must(200).json
    assert shown["unitCount"] == 15
    assert Decimal(str(shown["load"])) == Decimal("7.307")
    assert isinstance(shown["unitCount"], int)


def test_archiving_a_bay(api: Api) -> None:
    bay = a_bay(api)
    path = f"/bays/{bay['id']}"
    items = [an_item(api, 1, bay) for _ in range(3)]
    api.post(f"{path}/archive").refused(401)
    api.post(f"/bays/{NOWHERE}/archive", roles=("x",)).refused(403)
    api.post(f"/bays/{NOWHERE}/archive", roles=KEEPER).refused(404)
    api.post(f"{path}/archive", roles=KEEPER).refused(409)
    api.delete(f"/stock-items/{items[0]['id']}").must(204)
    assert api.post(f"{path}/archive", roles=KEEPER).must(200).json["status"] == "archived"
    an_item(api, 1, bay)


def test_a_quoted_default_with_a_comma(api: Api) -> None:
    assert an_item(api, 1)["label"] == "plain, brown"
    assert an_item(api, 1, label="x")["label"] == "x"
    body = {"sku": "AB-1", "quantity": 1, "bayId": a_bay(api)["id"], "label": None}
    api.post("/stock-items", body).refused(422, field="label")


@pytest.mark.parametrize("sku", ["AB", "ABCD-0123456789", "AB-1"])
def test_a_pattern_with_commas_and_parentheses(api: Api, sku: str) -> None:
    assert an_item(api, 1, sku=sku)["sku"] == sku


@pytest.mark.parametrize("sku", ["A", "ABCDE", "AB-", "ab-1", "AB-1 ", "xAB-1", "AB-1\n", "AB-٣"])
def test_a_pattern_is_not_a_search(api: Api, sku: str) -> None:
    body = {"sku": sku, "quantity": 1, "bayId": a_bay(api)["id"]}
    api.post("/stock-items", body).refused(422, field="sku")


def test_stock_is_filtered_and_sorted(api: Api) -> None:
    sku = f"ZZ-{fresh()}"
    for amount, weight in ((10, 2), (9, 30), (100, 0.5)):
        an_item(api, amount, sku=sku, weight=weight)

    def amounts(**query: Any) -> list[int]:
        return [
            each["quantity"] for each in api.get("/stock-items", sku=sku, **query).must(200).json["items"]
        ]

    assert amounts() == [10, 9, 100]
    assert amounts(sort="quantity") == [9, 10, 100]
    assert amounts(sort="-weight") == [9, 10, 100]
    assert amounts(sort="weight") == [100, 10, 9]
