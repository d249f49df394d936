"""Payslips and advances: exact money, percentages, effects that break a bound."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "payroll.md"
ACCOUNTANT = ("accountant",)


def an_employee(api: Api, **fields: Any) -> dict[str, Any]:
    number = fresh()
    body = {
        "staffNumber": f"E{number:04d}",
        "fullName": "Pat Person",
        "email": f"pat{number}@example.com",
        "startDate": "2024-02-29",
    }
    return api.make("/employees", body | fields)


def a_payslip(
    api: Api, gross: object, employee: dict[str, Any] | None = None, extra: str = ""
) -> dict[str, Any]:
    owner = employee or an_employee(api)
    raw = f'{{"month": "2025-01", "gross": {gross}, "employeeId": "{owner["id"]}"{extra}}}'
    return api.post("/payslips", raw=raw).must(201).json  # type: ignore[no-any-return]


def gross(api: Api, payslip: dict[str, Any]) -> Decimal:
    return Decimal(str(api.get(f"/payslips/{payslip['id']}").must(200).json["gross"]))


def test_dates_are_compared_on_creating_and_updating(api: Api) -> None:
    body = {"staffNumber": "E9999", "fullName": "P", "email": "p@example.com", "startDate": "2024-05-02"}
    api.post("/employees", body | {"endDate": "2024-05-01"}).refused(422)
    same = an_employee(api, startDate="2024-05-02", endDate="2024-05-02")
    path = f"/employees/{same['id']}"
    api.patch(path, {"endDate": "2024-05-01"}).refused(422)
    api.patch(path, {"startDate": "2024-05-03"}).refused(422)
    api.patch(path, {"startDate": "2024-05-03", "endDate": "2024-05-04"}).must(200)
    api.patch(path, {"endDate": None}).must(200)
    api.patch(path, {"startDate": "2099-01-01"}).must(200)
    assert an_employee(api)["endDate"] is None


def test_a_leap_day_is_a_date(api: Api) -> None:
    assert an_employee(api, startDate="2024-02-29")["startDate"] == "2024-02-29"
    body = {"staffNumber": "E9998", "fullName": "P", "email": "p@example.com"}
    for wrong in (
        "2023-02-29",
        "0000-01-01",
        "2024-W01-1",
        "20240229",
        "2024-02-29 ",
        "29.02.2024",
        "2024-060",
    ):
        api.post("/employees", body | {"startDate": wrong}).refused(422, field="startDate")


@pytest.mark.parametrize(
    ("before", "percent", "after"),
    [
        ("0.25", 10, "0.22"),
        ("0.35", 10, "0.32"),
        ("0.05", 50, "0.02"),
        ("1234.56", 1, "1222.21"),
        ("99999.99", 100, "0"),
        ("10", 33, "6.7"),
        ("0.01", 49, "0.01"),
    ],
)
def test_a_percent_input_rounds_the_result(api: Api, before: str, percent: int, after: str) -> None:
    payslip = a_payslip(api, before)
    answer = api.post(f"/payslips/{payslip['id']}/adjust", {"percent": percent}).must(200)
    assert answer.json["gross"] == Decimal(after)
    assert gross(api, payslip) == Decimal(after)


def test_a_percent_in_the_sentence(api: Api) -> None:
    for bonus, topped_up in (("100", "112"), ("0.13", "0.15"), ("0.38", "0.43"), ("0.125e1", "1.4")):
        payslip = a_payslip(api, 1, extra=f', "bonus": {bonus}')
        answer = api.post(f"/payslips/{payslip['id']}/top-up").must(200)
        assert answer.json["bonus"] == Decimal(topped_up), bonus


def test_an_amount_input_increases(api: Api) -> None:
    payslip = a_payslip(api, "0.1")
    path = f"/payslips/{payslip['id']}/raise"
    assert api.post(path, {"amount": 0.2}).must(200).json["gross"] == Decimal("0.3")
    assert api.post(path, raw='{"amount": 99999.7}').must(200).json["gross"] == 100000
    api.post(path, {"amount": 0.01}).refused(409)
    for amount in (0, -1, 0.009, "1", None, 0.011, True):
        api.post(path, {"amount": amount}).refused(422, field="amount")
    assert gross(api, payslip) == 100000


def test_an_effect_that_breaks_a_bound_changes_nothing(api: Api) -> None:
    payslip = a_payslip(api, "20")
    path = f"/payslips/{payslip['id']}"
    docked = api.post(f"{path}/dock").must(200).json
    assert docked["gross"] == Decimal("7.5")
    api.post(f"{path}/dock").refused(409)
    assert api.get(path).must(200).json == docked
    api.patch(path, {"gross": 12.5}).must(200)
    assert api.post(f"{path}/dock").must(200).json["gross"] == 0


def test_guards_follow_the_state_as_written(api: Api) -> None:
    payslip = a_payslip(api, 100)
    path = f"/payslips/{payslip['id']}"
    api.post(f"{path}/pay-out", roles=ACCOUNTANT).refused(409)
    api.post(f"{path}/approve").refused(401)
    api.post(f"{path}/approve", roles=("boss",)).refused(403)
    api.post(f"{path}/approve", roles=ACCOUNTANT).must(200)
    api.post(f"{path}/dock").refused(409)
    api.delete(path).refused(409)
    api.patch(path, {"note": "fine"}).must(200)
    paid = api.post(f"{path}/pay-out", roles=ACCOUNTANT).must(200).json
    assert paid["status"] == "paid-out"
    api.patch(path, {"note": "late"}).refused(409)
    api.patch(path, {"note": 5}).refused(422)
    assert api.get(path).must(200).json == paid


@pytest.mark.parametrize(
    ("amount", "note", "status"),
    [("49999.99", None, 200), ("50000", None, 422), ("50000.00", "big", 200), ("50000.01", None, 422)],
)
def test_both_conditions_must_hold(api: Api, amount: str, note: str | None, status: int) -> None:
    payslip = a_payslip(api, amount)
    if note:
        api.patch(f"/payslips/{payslip['id']}", {"note": note}).must(200)
    api.post(f"/payslips/{payslip['id']}/approve", roles=ACCOUNTANT).must(status)
    expected = "approved" if status == 200 else "draft"
    assert api.get(f"/payslips/{payslip['id']}").must(200).json["status"] == expected


def test_sums_over_children_are_exact(api: Api) -> None:
    employee = an_employee(api)
    for amount in ("0.1", "0.2", "99999.99", "0.01"):
        a_payslip(api, amount, employee)
    found = api.get(f"/employees/{employee['id']}").must(200).json
    assert (found["paidTotal"], found["payslipCount"]) == (Decimal("100000.3"), 4)
    assert (found["advanceCount"], employee["paidTotal"]) == (0, 0)


@pytest.mark.parametrize(
    "value",
    ["0.001", "1.005", "-0.01", "100000.01", "1e6", '"5"', "null", "true", "[1]", "NaN", "1e400", "-1e400"],
)
def test_bad_money_is_refused(api: Api, value: str) -> None:
    employee = an_employee(api)
    raw = f'{{"month": "2025-01", "gross": {value}, "employeeId": "{employee["id"]}"}}'
    api.post("/payslips", raw=raw).refused(422)


@pytest.mark.parametrize(
    ("value", "shown"), [("1e2", "100"), ("1E+2", "100"), ("-0", "0"), ("5.5", "5.5"), ("0.0", "0")]
)
def test_odd_spellings_of_money_are_numbers(api: Api, value: str, shown: str) -> None:
    assert Decimal(str(a_payslip(api, value)["gross"])) == Decimal(shown)


def test_money_has_at_most_two_decimals_in_answers(api: Api) -> None:
    for value in ("33.33", "0.07", "12345.67", "99999.99"):
        payslip = a_payslip(api, value)
        text = api.get(f"/payslips/{payslip['id']}").must(200).response.text
        spelt = text.partition('"gross":')[2].lstrip().partition(",")[0].rstrip("}")
        assert Decimal(spelt) == Decimal(value)
        assert len(spelt.partition(".")[2]) <= 2, spelt


@pytest.mark.parametrize("rate", ["0", "100", "19.6", "0.30000000000000004", "1e1"])
def test_numbers_come_back_as_sent(api: Api, rate: str) -> None:
    payslip = a_payslip(api, 1, extra=f', "taxRate": {rate}')
    assert float(payslip["taxRate"]) == float(rate)


@pytest.mark.parametrize(
    "month", ["2025-13", "2025-00", "2025-1", "2025-01-01", "x2025-01", "2025-01\n", "٢٠٢٥-01"]
)
def test_bad_months_are_refused(api: Api, month: str) -> None:
    body = {"month": month, "gross": 1, "employeeId": an_employee(api)["id"]}
    api.post("/payslips", body).refused(422, field="month")


def test_payslips_are_filtered_and_sorted(api: Api) -> None:
    employee = an_employee(api)
    for month, amount in (("2025-03", 9), ("2025-01", 100), ("2025-02", 20)):
        body = {"month": month, "gross": amount, "employeeId": employee["id"]}
        api.make("/payslips", body)

    def months(**query: Any) -> list[str]:
        items = api.get("/payslips", employeeId=employee["id"], **query).must(200).json["items"]
        return [each["month"][-1] for each in items]

    assert months() == ["3", "1", "2"]
    assert months(sort="month") == ["1", "2", "3"]
    assert months(sort="gross") == ["3", "2", "1"]
    assert months(sort="-gross") == ["1", "2", "3"]
    assert months(month="2025-02", status="draft") == ["2"]


def test_an_advance_is_repaid_and_settled_once(api: Api) -> None:
    employee = an_employee(api)
    api.post("/advances", {"sum": 9.99, "employeeId": employee["id"]}).refused(422)
    advance = api.make("/advances", {"sum": 10, "employeeId": employee["id"]})
    path = f"/advances/{advance['id']}"
    assert (advance["repaid"], advance["closed"]) == (0, False)
    api.patch(path, {"sum": 5}).refused(422)
    api.patch(path, {"repaid": 1}).must(200)
    assert api.post(f"{path}/repay", {"amount": 0.1}).must(200).json["repaid"] == Decimal("1.1")
    assert api.post(f"{path}/settle").must(200).json["closed"] is True
    api.post(f"{path}/settle").refused(409)
    api.post(f"{path}/repay", {"amount": 1}).refused(409)
    api.post(f"{path}/repay", {"amount": 0}).refused(422)
    api.post(f"/advances/{NOWHERE}/repay", {"amount": 0}).refused(404)
    assert api.get(f"/employees/{employee['id']}").must(200).json["advanceCount"] == 1
    api.delete(f"/employees/{employee['id']}").refused(409)
