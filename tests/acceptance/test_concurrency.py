"""Several callers at once: one wins where one may, nothing is lost and nothing is a 500."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.acceptance.checkout_calls import PAYMENT, a_code, an_order, apply, total
from tests.acceptance.client import Answer, Api

STORY = "checkout.yaml"


def together(*calls: Callable[[], Answer]) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return [each.status for each in pool.map(lambda call: call(), calls)]


def test_a_state_is_left_once(api: Api) -> None:
    order = an_order(api, 5)
    statuses = together(*[lambda: api.post(f"/orders/{order['id']}/pay", PAYMENT)] * 8)
    assert sorted(statuses) == [200] + [409] * 7


def test_adjustments_are_all_kept(api: Api) -> None:
    order = an_order(api, 1024)
    codes = [a_code(api, 50) for _ in range(8)]
    statuses = together(*[partial(apply, api, order, code) for code in codes])
    assert statuses == [200] * 8
    assert total(api, order) == 4


def test_patches_of_different_fields_are_all_kept(api: Api) -> None:
    for _ in range(5):
        order = an_order(api)
        changes = {"note": "n", "voucher": "v", "priority": 2, "channel": "in-store", "reason": "r"}
        path = f"/orders/{order['id']}"
        calls = [partial(api.patch, path, {name: value}) for name, value in changes.items()]
        assert together(*calls) == [200] * 5
        shown = api.get(f"/orders/{order['id']}").must(200).json
        assert {name: shown[name] for name in changes} == changes


def test_a_parent_is_not_deleted_under_its_child(api: Api) -> None:
    for _ in range(5):
        order = an_order(api)
        path = f"/orders/{order['id']}"
        item = {"product": "pen", "quantity": 1, "price": 1, "orderId": order["id"]}
        made, deleted = together(partial(api.post, "/line-items", item), partial(api.delete, path))
        assert (made, deleted) in [(201, 409), (422, 204)]
        assert api.get(path).status == (200 if made == 201 else 404)


def test_many_writers_get_answers(api: Api) -> None:
    before = api.get("/orders", limit=1).must(200).json["total"]
    body = {"customer": "many@example.com", "channel": "web"}
    assert together(*[lambda: api.post("/orders", body)] * 40) == [201] * 40
    assert api.get("/orders", limit=1).must(200).json["total"] == before + 40
