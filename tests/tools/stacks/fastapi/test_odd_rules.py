"""Rules in combinations that stories seldom have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.tools.stacks.fastapi.services import Service, body


@pytest.fixture
def odd(odd_service: Service) -> Iterator[httpx.Client]:
    """A client of the odd service."""
    with odd_service.client() as client:
        yield client


def product(odd: httpx.Client, **more: Any) -> dict[str, Any]:
    response = odd.post("/products", json={"name": uuid4().hex} | more)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def sale(
    odd: httpx.Client, of: dict[str, Any], gift: dict[str, Any], status: int = 201, **more: Any
) -> dict[str, Any]:
    content = {"productId": of["id"], "giftId": gift["id"], "quantity": 1} | more
    response = odd.post("/sales", json=content)
    assert response.status_code == status, response.text
    made: dict[str, Any] = response.json()
    return made


def part(odd: httpx.Client, of: dict[str, Any], price: float, share: float | None = 1) -> dict[str, Any]:
    made: dict[str, Any] = body(odd.post("/parts", json={"saleId": of["id"], "price": price, "share": share}))
    return made


def now(odd: httpx.Client, thing: dict[str, Any]) -> dict[str, Any]:
    items = body(odd.get("/products?limit=200"))["items"]
    return next(each for each in items if each["id"] == thing["id"])


def act(odd: httpx.Client, thing: dict[str, Any], action: str, content: object = None) -> httpx.Response:
    return odd.post(f"/products/{thing['id']}/{action}", json=content)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"starts": "2030-01-02", "ends": "2030-01-01T23:59:59Z"}, 422),
        ({"starts": "2030-01-01", "ends": "2030-01-01T23:59:59Z"}, 422),
        ({"starts": "2030-01-01", "ends": "2030-01-02T00:00:00Z"}, 201),
        ({"starts": "2030-01-02", "ends": "2030-01-02T00:30:00+01:00"}, 422),
        ({"starts": "2030-01-02"}, 201),
        ({"ends": "2030-01-02T00:00:00Z"}, 201),
        ({"level": "high"}, 409),
        ({"level": "high", "hidden": True}, 409),
        ({"level": "high", "hidden": False}, 201),
    ],
)
def test_dates_and_null_in_comparisons(odd: httpx.Client, values: dict[str, Any], status: int) -> None:
    assert odd.post("/products", json={"name": uuid4().hex} | values).status_code == status


def test_two_of_a_kind(odd: httpx.Client) -> None:
    one, other, third = product(odd, memo="one"), product(odd, stock=20, memo="other"), product(odd, stock=80)

    merged = body(act(odd, one, "merge-product", {"name": other["name"]}))
    assert (merged["stock"], merged["memo"]) == (30, "other")
    assert (now(odd, other)["stock"], now(odd, other)["memo"]) == (0, "other")
    assert (
        act(odd, third, "merge-product", {"name": other["name"]}).status_code == 409
    )  # its one time is over
    assert (
        act(odd, one, "merge-product", {"name": third["name"]}).status_code == 409
    )  # 110 is over its maximum
    assert (now(odd, one)["stock"], now(odd, third)["stock"]) == (30, 80)
    lower = body(odd.patch(f"/products/{one['id']}", json={"stock": 20}))
    assert body(act(odd, lower, "merge-product", {"name": third["name"]}))["memo"] is None
    assert (
        act(odd, one, "merge-product", {"name": product(odd)["name"]}).status_code == 409
    )  # two times are over


def test_itself_as_object(odd: httpx.Client) -> None:
    one = product(odd, stock=7)

    assert body(act(odd, one, "merge-product", {"name": one["name"]}))["stock"] == 0


def test_guards_on_the_object(odd: httpx.Client) -> None:
    one, closed = product(odd, factor=10.5), product(odd, active=False)
    cheap, dear = product(odd, price=10), product(odd, price=10.5)

    assert act(odd, one, "merge-product", {"name": closed["name"]}).status_code == 409
    assert act(odd, one, "merge-product", {"name": cheap["name"]}).status_code == 422
    assert act(odd, one, "merge-product", {"name": dear["name"]}).status_code == 200


def test_inputs_are_stored_where_there_is_a_field(odd: httpx.Client) -> None:
    one = product(odd, memo="old")

    assert body(act(odd, one, "set"))["level"] == "high"
    assert body(act(odd, one, "set", {"level": "low"}))["memo"] == "old"
    assert body(act(odd, one, "set", {"memo": "new"}))["memo"] == "new"
    assert act(odd, one, "set", {"memo": "longer"}).status_code == 422


def test_effects_take_from_inputs(odd: httpx.Client) -> None:
    one = product(odd)

    tagged = body(act(odd, one, "tag", {"tag": "a@b.cd", "until": "2999-01-01"}))
    assert (tagged["contact"], tagged["starts"]) == ("a@b.cd", "2999-01-01")
    assert act(odd, one, "tag", {"tag": "a@b.cd", "until": "2020-01-01"}).status_code == 422
    later = product(odd, ends="2999-01-01T00:00:00Z")
    assert act(odd, later, "tag", {"tag": "a@b.cd", "until": "2999-01-01"}).status_code == 409
    over = product(odd, ends="2020-01-01T00:00:00Z")
    assert act(odd, over, "tag", {"tag": "a@b.cd", "until": "2999-01-01"}).status_code == 200


def test_decimals_stay_exact(odd: httpx.Client) -> None:
    one = product(odd, price=0.05, factor=0.3)

    for _ in range(2):
        scaled = body(act(odd, one, "scale", {"percent": 50}))
    assert (scaled["price"], scaled["factor"]) == (0.12, 0.1)  # 0.075 is 0.08, then 0.12
    assert body(act(odd, product(odd), "scale", {"percent": -100}))["price"] == 0
    assert act(odd, one, "scale", {"percent": -200}).status_code == 409
    assert act(odd, one, "scale", {"percent": 1e308}).status_code == 409
    assert now(odd, one)["price"] == 0.12
    assert body(act(odd, product(odd), "scale", {"percent": 5e-324}))["factor"] == -0.1  # null counts as zero


def test_an_action_with_the_name_of_an_operation(odd: httpx.Client) -> None:
    one = product(odd)

    assert act(odd, one, "read").status_code == 200
    assert odd.get(f"/products/{one['id']}").status_code == 405


def test_updates_are_counted_and_have_effects(odd: httpx.Client) -> None:
    one = product(odd)
    path = f"/products/{one['id']}"

    assert body(odd.patch(path, json={"memo": "a"}))["sold"] == 1
    assert odd.patch(path, json={"memo": "too long"}).status_code == 422
    assert body(odd.patch(path, json={"sold": 5}))["sold"] == 6
    assert odd.patch(path, json={"memo": None}).status_code == 200
    assert odd.patch(path, json={"memo": "b"}).status_code == 409
    assert odd.delete(path).status_code == 409


def test_creating_and_deleting_change_what_is_pointed_to(odd: httpx.Client) -> None:
    one, gift = product(odd), product(odd)

    sold = sale(odd, one, gift, quantity=4)
    assert (now(odd, one)["stock"], now(odd, gift)["sold"]) == (6, 4)
    sale(odd, one, gift, 409, quantity=7)
    assert (now(odd, one)["stock"], now(odd, gift)["sold"]) == (6, 4)
    assert odd.patch(f"/sales/{sold['id']}", json={"bonus": 0.5}).status_code == 200
    assert now(odd, one)["memo"] == "sale"
    assert odd.delete(f"/sales/{sold['id']}").status_code == 204
    assert (now(odd, one)["stock"], now(odd, one)["turnover"]) == (10, -0.5)


def test_guards_through_references(odd: httpx.Client) -> None:
    one, gift = product(odd), product(odd)
    sale(odd, product(odd, active=False), gift, 409)
    sale(odd, one, product(odd, level="high", hidden=False), 422)
    for _ in range(3):
        sale(odd, one, gift)
    sale(odd, one, gift, 409)


def test_sums_of_sums(odd: httpx.Client) -> None:
    one, gift = product(odd), product(odd)
    first, second = sale(odd, one, gift), sale(odd, one, gift)
    part(odd, first, 1.05, 0.5)
    part(odd, first, 100, None)
    part(odd, second, 2)

    assert now(odd, one)["turnover"] == 2.52  # 0.525 is 0.52
    assert act(odd, one, "reset").status_code == 409
    odd.delete(f"/parts/{body(odd.get('/parts', params={'saleId': second['id']}))['items'][0]['id']}")
    odd.delete(f"/sales/{second['id']}")
    reset = body(act(odd, one, "reset"))
    assert (reset["turnover"], reset["active"], reset["ends"]) == (0, False, "2030-12-31T23:00:00Z")
    part(odd, first, 2000)
    assert now(odd, one)["turnover"] == 0
    other = product(odd)
    part(odd, sale(odd, other, gift), 1001)
    assert act(odd, other, "reset").status_code == 422


def test_sums_of_extremes_are_no_error(odd: httpx.Client) -> None:
    one = product(odd)
    sold = sale(odd, one, product(odd))
    for share in (1e308, 1e308, 5e-324, -1e300):
        part(odd, sold, 9999999999999.99, share)

    assert odd.get(f"/sales/{sold['id']}").status_code == 200
    assert odd.get("/products").status_code == 200
    assert act(odd, one, "reset").status_code == 422


def test_sorting_by_what_every_resource_has(odd: httpx.Client) -> None:
    assert odd.get("/parts?sort=-createdAt").status_code == 200
    assert odd.get("/parts?sort=saleId").status_code == 200
