"""Bills whose computed total is adjusted by amounts and percentages; unique values of every type."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Answer, Api, fresh

STORY = "hotel.yaml"


def a_bill(api: Api, *amounts: object) -> str:
    made = api.make("/bills", {"guest": f"g{fresh()}@example.com"})
    for amount in amounts:
        a_line(api, f"/bills/{made['id']}", amount)
    return f"/bills/{made['id']}"


def a_line(api: Api, bill: str, amount: object, pieces: int = 1) -> dict[str, Any]:
    owner = bill.rpartition("/")[2]
    raw = f'{{"amount": {amount}, "pieces": {pieces}, "billId": "{owner}"}}'
    return api.post("/lines", raw=raw).must(201).json  # type: ignore[no-any-return]


def a_voucher(api: Api, amount: object) -> str:
    code = f"V{fresh()}XX"
    api.post("/vouchers", raw=f'{{"code": "{code}", "amount": {amount}}}').must(201)
    return code


def spend(api: Api, bill: str, code: str) -> Answer:
    return api.post(f"{bill}/spend-voucher", {"code": code})


def promote(api: Api, bill: str, percent: int, **fields: Any) -> Answer:
    made = api.make("/promotions", {"percent": percent, **fields})
    return api.post(f"{bill}/apply-promotion", {"promotionId": made["id"]})


def total(api: Api, bill: str) -> Decimal:
    return Decimal(str(api.get(bill).must(200).json["total"]))


def test_adjustments_keep_their_order(api: Api) -> None:
    first, second = a_bill(api, 100), a_bill(api, 100)
    assert spend(api, first, a_voucher(api, 30)).must(200).json["total"] == 70
    assert promote(api, first, 50).must(200).json["total"] == 35
    assert promote(api, second, 50).must(200).json["total"] == 50
    assert spend(api, second, a_voucher(api, 30)).must(200).json["total"] == 20
    for bill in (first, second):
        a_line(api, bill, 50, pieces=2)
    assert total(api, first) == 85
    assert total(api, second) == 70


def test_amounts_of_inputs_and_of_the_sentence(api: Api) -> None:
    bill = a_bill(api, "0.1")
    assert api.post(f"{bill}/surcharge", {"amount": 0.2}).must(200).json["total"] == Decimal("0.3")
    assert api.post(f"{bill}/tax").must(200).json["total"] == Decimal("0.36")  # 0.357
    for amount in (0, "1", 0.001, None, -5):
        api.post(f"{bill}/surcharge", {"amount": amount}).refused(422, field="amount")
    api.post(f"{bill}/surcharge").refused(422, field="amount")
    a_line(api, bill, "0.10")
    assert total(api, bill) == Decimal("0.48")  # 0.4 times 1.19 is 0.476


def test_a_total_that_is_set_stays_set(api: Api) -> None:
    bill = a_bill(api, 10)
    assert api.post(f"{bill}/waive").must(200).json["total"] == 0
    a_line(api, bill, 5)
    assert total(api, bill) == 0
    assert api.post(f"{bill}/surcharge", {"amount": 2.5}).must(200).json["total"] == Decimal("2.5")


def test_a_total_without_bounds_may_be_negative(api: Api) -> None:
    bill = a_bill(api, 10)
    assert spend(api, bill, a_voucher(api, "10.01")).must(200).json["total"] == Decimal("-0.01")
    assert total(api, a_bill(api, -5, 2)) == -3


def test_half_even_below_zero(api: Api) -> None:
    assert promote(api, a_bill(api, "1.25"), 90).must(200).json["total"] == Decimal("0.12")
    bill = a_bill(api, 2)
    promote(api, bill, 50).must(200)
    a_line(api, bill, "-4.25")
    assert total(api, bill) == Decimal("-1.12")  # half of -2.25


def test_guards_see_the_adjusted_total(api: Api) -> None:
    bill = a_bill(api, 1200)
    api.post(f"{bill}/close").refused(422)
    spend(api, bill, a_voucher(api, 200)).must(200)
    assert api.post(f"{bill}/close").must(200).json["status"] == "closed"
    api.post(f"{bill}/close").refused(409)
    api.post(f"{a_bill(api)}/close").refused(409)
    promote(api, a_bill(api, "0.99"), 10).refused(409)
    promote(api, a_bill(api, "1"), 10).must(200)


def test_objects_by_id_and_by_code(api: Api) -> None:
    bill = a_bill(api, 10)
    for body in (
        {"code": "x"},
        {"promotionId": NOWHERE},
        {"promotionId": "x"},
        {"promotionId": None},
        {},
        None,
    ):
        api.post(f"{bill}/apply-promotion", body).refused(422)
    for body in ({"voucherId": NOWHERE}, {"code": "NOPE"}, {"code": None}, {}, None):
        api.post(f"{bill}/spend-voucher", body).refused(422)
    promote(api, bill, 10, endsOn="2020-01-01").refused(422)
    assert total(api, bill) == 10


def test_a_voucher_is_spent_twice(api: Api) -> None:
    code, bill = a_voucher(api, 1), a_bill(api, 10)
    assert [spend(api, bill, code).status for _ in range(3)] == [200, 200, 409]
    spend(api, a_bill(api, 10), code).refused(409)
    assert total(api, bill) == 8


def test_bills_are_filtered_and_sorted_by_what_is_computed(api: Api) -> None:
    first, second = a_bill(api, 900_000, 1, 1, 1, 1, 1, 1), a_bill(api, *[100_000] * 7)
    promote(api, first, 50).must(200)
    found = api.get("/bills", lineCount=7, sort="total").must(200).json["items"]
    assert [each["total"] for each in found] == [450_003, 700_000]
    assert [f"/bills/{each['id']}" for each in found] == [first, second]
    assert (
        api.get("/bills", lineCount=7, sort="-total", limit=1).must(200).json["items"][0]["total"] == 700_000
    )
    api.get("/bills", sort="-lineCount").must(200)
    api.get("/bills", total=5).refused(422)


@pytest.mark.parametrize(
    ("field", "value", "same", "other"),
    [
        ("day", '"2031-01-01"', '"2031-01-01"', '"2031-01-02"'),
        ("price", "5", "5.00", "5.01"),
        ("price", "0.3", "3e-1", "0.31"),
        ("weight", "1.5", "15e-1", "1.50001"),
        ("season", '"High"', '"High"', '"low"'),
        (
            "key",
            '"abcdef01-2345-4678-9abc-def012345678"',
            '"abcdef01-2345-4678-9abc-def012345678"',
            f'"{NOWHERE}"',
        ),
    ],
)
def test_every_type_can_be_unique(api: Api, field: str, value: str, same: str, other: str) -> None:
    def body(given: str) -> str:
        number = fresh()
        fields = {"day": f'"{2100 + number}-01-01"', "price": f"{1000 + number}"} | {field: given}
        return "{" + ", ".join(f'"{key}": {each}' for key, each in fields.items()) + "}"

    made = [api.post("/rates", raw=body(value)).must(201).json["id"]]
    api.post("/rates", raw=body(same)).refused(409, field=field)
    made.append(api.post("/rates", raw=body(other)).must(201).json["id"])
    api.patch(f"/rates/{made[1]}", raw=f'{{"{field}": {same}}}').refused(409, field=field)
    api.patch(f"/rates/{made[0]}", raw=f'{{"{field}": {same}}}').must(200)
    for each in made:
        api.delete(f"/rates/{each}").must(204)


def test_moments_are_unique_across_offsets(api: Api) -> None:
    moment = f"20{fresh() % 60 + 40}-01-01T00:00:00"
    body = {"guest": f"g{fresh()}@example.com", "paidOn": f"{moment}Z"}
    api.make("/bills", body)
    again = {"guest": f"g{fresh()}@example.com", "paidOn": f"{moment.replace('T00', 'T01')}+01:00"}
    api.post("/bills", again).refused(409, field="paidOn")


def test_emails_differ_by_case(api: Api) -> None:
    name = f"g{fresh()}@example.com"
    for each in (name, name.upper(), name.capitalize()):
        assert api.make("/bills", {"guest": each})["guest"] == each
    api.post("/bills", {"guest": name}).refused(409, field="guest")


def test_values_of_defaults_are_checked_when_sent(api: Api) -> None:
    for value in (-0.01, 100.01, "5", None, 0.001):
        api.post("/bills", {"guest": f"g{fresh()}@example.com", "discount": value}).refused(
            422, field="discount"
        )
    made = api.make("/promotions", {"percent": 5})
    assert made["endsOn"] == "2090-12-31"
