"""Calls of the checkout that several test modules make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.acceptance.client import Answer, Api, fresh

ADMIN = ("admin",)
CLERK = ("clerk",)
PAYMENT = {"reference": "REF-0001"}


def an_order(api: Api, *prices: object, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    order = api.make("/orders", {"customer": "pat@example.com", "channel": "web", **fields})
    for price in prices:
        an_item(api, order, price, quantity)
    return api.get(f"/orders/{order['id']}").must(200).json  # type: ignore[no-any-return]


def an_item(api: Api, order: dict[str, Any], price: object, quantity: int = 1) -> dict[str, Any]:
    raw = f'{{"product": "pen", "quantity": {quantity}, "price": {price}, "orderId": "{order["id"]}"}}'
    return api.post("/line-items", raw=raw).must(201).json  # type: ignore[no-any-return]


def a_code(api: Api, percent: int = 10, days: int = 30) -> str:
    code = f"CODE-{fresh()}"
    expiry = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    api.make("/discount-codes", {"code": code, "percent": percent, "expiryDate": expiry}, roles=ADMIN)
    return code


def apply(api: Api, order: dict[str, Any], code: str) -> Answer:
    return api.post(f"/orders/{order['id']}/apply-discount-code", {"code": code})


def total(api: Api, order: dict[str, Any]) -> Decimal:
    return Decimal(str(api.get(f"/orders/{order['id']}").must(200).json["total"]))
