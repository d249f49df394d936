"""Books, members, loans and reading groups: references, filters, objects named by email, limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "library.yaml"
LIBRARIAN = ("librarian",)


def a_shelf(api: Api) -> dict[str, Any]:
    return api.make("/shelves", {"mark": f"S{fresh()}"})


def book_body(api: Api, **fields: Any) -> dict[str, Any]:
    number = fresh()
    return {
        "title": f"Book {number}",
        "isbn": f"{number:010d}",
        "author": "A. Author",
        "genre": "novel",
        "pageCount": 100,
        "shelfId": a_shelf(api)["id"],
    } | fields


def a_book(api: Api, **fields: Any) -> dict[str, Any]:
    return api.make("/books", book_body(api, **fields), roles=LIBRARIAN)


def a_member(api: Api) -> dict[str, Any]:
    return api.make("/members", {"name": "Mo", "email": f"mo{fresh()}@example.com"})


def a_loan(api: Api, member: dict[str, Any] | None = None, days: int = 14, **fields: Any) -> dict[str, Any]:
    due = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    owner = member or a_member(api)
    return api.make("/loans", {"dueDate": due, "bookId": a_book(api)["id"], "memberId": owner["id"]} | fields)


def a_group(api: Api) -> dict[str, Any]:
    return api.make("/reading-groups", {"name": f"Group {fresh()}"})


def invite(api: Api, group: dict[str, Any], member: dict[str, Any], *statuses: int) -> Any:
    answer = api.post(f"/reading-groups/{group['id']}/invite-member", {"email": member["email"]})
    return answer.must(*statuses).json


def test_only_librarians_change_books(api: Api) -> None:
    body = book_body(api)
    api.post("/books", body).refused(401)
    api.post("/books", body, roles=("reader",)).refused(403)
    book = api.make("/books", body, roles=LIBRARIAN)
    path = f"/books/{book['id']}"
    api.patch(path, {"title": "New"}).refused(401)
    api.patch(path, {"bad": 1}, roles=("Librarian",)).refused(403)
    api.patch(f"/books/{NOWHERE}", {"bad": 1}).refused(401)
    api.patch(f"/books/{NOWHERE}", {"bad": 1}, roles=LIBRARIAN).refused(404)
    assert api.patch(path, {"title": "New"}, roles=LIBRARIAN).must(200).json["title"] == "New"
    assert api.get(path).must(200).json["title"] == "New"


def test_books_cannot_be_deleted(api: Api) -> None:
    book = a_book(api)
    answer = api.delete(f"/books/{book['id']}", roles=LIBRARIAN).refused(405)
    allowed = {each.strip() for each in answer.headers["allow"].split(",")}
    assert {"GET", "PATCH"} <= allowed
    assert "DELETE" not in allowed


def test_shelves_have_an_irregular_plural(api: Api) -> None:
    shelf = a_shelf(api)
    assert api.get(f"/shelves/{shelf['id']}").must(200).json == shelf
    api.patch(f"/shelves/{shelf['id']}", {"mark": "X"}).refused(405)
    api.get("/shelfs").refused(404)
    a_book(api, shelfId=shelf["id"])
    api.delete(f"/shelves/{shelf['id']}").refused(409)
    api.delete(f"/shelves/{a_shelf(api)['id']}").must(204)


def test_isbn_is_unique_and_bounded(api: Api) -> None:
    book = a_book(api)
    api.post("/books", book_body(api, isbn=book["isbn"]), roles=LIBRARIAN).refused(409, field="isbn")
    for isbn in ("123456789", "12345678901234", "          ", None, 1234567890):
        api.post("/books", book_body(api, isbn=isbn), roles=LIBRARIAN).refused(422, field="isbn")
    other = a_book(api)
    api.patch(f"/books/{other['id']}", {"isbn": book["isbn"]}, roles=LIBRARIAN).refused(409, field="isbn")
    api.patch(f"/books/{other['id']}", {"isbn": other["isbn"]}, roles=LIBRARIAN).must(200)
    a_book(api, isbn=f"abcdefg{fresh():03d}")
    a_book(api, isbn=f"ABCDEFG{fresh():03d}")


def test_unique_is_case_sensitive(api: Api) -> None:
    mark = f"c{fresh()}"
    api.make("/shelves", {"mark": mark})
    api.make("/shelves", {"mark": mark.upper()})
    api.post("/shelves", {"mark": mark}).refused(409, field="mark")


def test_books_are_filtered_and_sorted(api: Api) -> None:
    author = f"Author {fresh()}, Jr. & Sons"
    for title, pages, genre, published in (
        ("b", 300, "novel", "2001-01-01"),
        ("a", 20, "short-stories", "1999-12-31"),
        ("c", 100, "Non-Fiction", "2020-06-01"),
    ):
        a_book(api, author=author, title=title, pageCount=pages, genre=genre, publishedDate=published)

    def titles(**query: Any) -> str:
        items = api.get("/books", author=author, **query).must(200).json["items"]
        return "".join(each["title"] for each in items)

    assert titles() == "bac"
    assert titles(sort="title") == "abc"
    assert titles(sort="pageCount") == "acb"
    assert titles(sort="-pageCount") == "bca"
    assert titles(sort="publishedDate") == "abc"
    assert titles(genre="Non-Fiction") == "c"
    assert titles(pageCount=20) == "a"
    assert titles(pageCount=21) == ""
    api.get("/books", title="b").refused(422)
    api.get("/books", page_count=20).refused(422)
    api.get("/books", sort="page count").refused(422)
    api.get("/books", sort="genre").refused(422)


def test_references_are_filters(api: Api) -> None:
    member = a_member(api)
    first, second = a_loan(api, member), a_loan(api, member, days=7)
    found = api.get("/loans", memberId=member["id"]).must(200).json
    assert [each["id"] for each in found["items"]] == [first["id"], second["id"]]
    assert api.get("/loans", memberId=member["id"], bookId=second["bookId"]).must(200).json["total"] == 1
    assert api.get("/loans", memberId=NOWHERE).must(200).json == {"items": [], "total": 0}
    items = api.get("/loans", memberId=member["id"], sort="dueDate").must(200).json["items"]
    assert [each["id"] for each in items] == [second["id"], first["id"]]
    assert api.get(f"/members/{member['id']}").must(200).json["loanCount"] == 2


def test_parents_with_children_stay(api: Api) -> None:
    loan = a_loan(api)
    api.delete(f"/members/{loan['memberId']}").refused(409)
    api.delete(f"/loans/{loan['id']}").must(204)
    api.delete(f"/members/{loan['memberId']}").must(204)


def test_a_loan_is_renewed_twice(api: Api) -> None:
    loan = a_loan(api)
    path = f"/loans/{loan['id']}"
    assert [api.post(f"{path}/renew").must(200).json["renewals"] for _ in range(2)] == [1, 2]
    api.post(f"{path}/renew").refused(409)
    api.patch(path, {"lost": True}).must(200)
    api.post(f"{path}/renew").refused(422)
    assert api.get(path).must(200).json["renewals"] == 2


def test_refusals_are_not_counted(api: Api) -> None:
    loan = a_loan(api, lost=True)
    path = f"/loans/{loan['id']}"
    for _ in range(3):
        api.post(f"{path}/renew").refused(422)
        api.post(f"{path}/renew", {"x": 1}).refused(422)
    api.patch(path, {"lost": False}).must(200)
    for _ in range(2):
        api.post(f"{path}/renew").must(200)
    api.post(f"{path}/renew").refused(409)


def test_an_expired_loan_is_gone(api: Api) -> None:
    api.post(f"/loans/{a_loan(api, days=-1)['id']}/renew").refused(410)
    api.post(f"/loans/{a_loan(api, days=0)['id']}/renew").must(200)
    api.post(f"/loans/{a_loan(api, days=-1, lost=True)['id']}/renew").refused(422)


def test_renewals_may_be_given(api: Api) -> None:
    assert a_loan(api, renewals=7)["renewals"] == 7
    loan = a_loan(api)
    for value in (-1, 0.5, None, "1", 2**63):
        api.patch(f"/loans/{loan['id']}", {"renewals": value}).refused(422, field="renewals")
    top = api.patch(f"/loans/{loan['id']}", {"renewals": 2**63 - 1}).must(200).json
    assert top["renewals"] == 2**63 - 1
    api.post(f"/loans/{loan['id']}/renew").must(409, 422)


def test_members_are_suspended_and_reinstated(api: Api) -> None:
    member = a_member(api)
    path = f"/members/{member['id']}"
    api.post(f"{path}/suspend").refused(409)
    a_loan(api, member)
    assert api.post(f"{path}/suspend").must(200).json["status"] == "suspended"
    api.post(f"{path}/suspend").refused(409)
    assert api.post(f"{path}/reinstate").must(200).json["status"] == "active"


def test_members_are_invited_by_email(api: Api) -> None:
    group, member = a_group(api), a_member(api)
    invited = invite(api, group, member, 200)
    assert (invited["id"], invited["guests"]) == (group["id"], 1)
    path = f"/reading-groups/{group['id']}/invite-member"
    for body in (
        {},
        {"memberId": member["id"]},
        {"email": "nobody@example.com"},
        {"email": None},
        {"email": "x"},
    ):
        api.post(path, body).refused(422)
    assert api.get(f"/reading-groups/{group['id']}").must(200).json["guests"] == 1


def test_a_suspended_member_is_not_invited(api: Api) -> None:
    group, member = a_group(api), a_member(api)
    a_loan(api, member)
    api.post(f"/members/{member['id']}/suspend").must(200)
    for _ in range(3):
        invite(api, group, member, 422)
    api.post(f"/members/{member['id']}/reinstate").must(200)
    invite(api, group, member, 200)
    invite(api, a_group(api), member, 200)
    invite(api, a_group(api), member, 409)


def test_a_full_group_refuses_and_does_not_count(api: Api) -> None:
    group, late = a_group(api), a_member(api)
    for _ in range(3):
        invite(api, group, a_member(api), 200)
    invite(api, group, late, 409)
    assert api.get(f"/reading-groups/{group['id']}").must(200).json["guests"] == 3
    for _ in range(2):
        invite(api, a_group(api), late, 200)
    invite(api, a_group(api), late, 409)


@pytest.mark.parametrize(
    "email", ["plain", "a@", "@b.example", "a b@example.com", "", " ", None, 3, "a@b@example.com"]
)
def test_bad_emails_are_refused(api: Api, email: Any) -> None:
    api.post("/members", {"name": "Mo", "email": email}).refused(422, field="email")


def test_emails_are_unique(api: Api) -> None:
    member = a_member(api)
    api.post("/members", {"name": "Mo", "email": member["email"]}).refused(409, field="email")
