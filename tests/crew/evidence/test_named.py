"""What a criterion names is read from its sentence; prose with numbers and slashes names nothing."""

from __future__ import annotations

import time

import pytest

from crew.evidence.named import named_in


@pytest.mark.parametrize(
    ("text", "endpoints", "statuses", "quoted"),
    [
        ("`POST /calculator` by zero is answered with status 400.", ["POST /calculator"], ["400"], []),
        ("POST /posts returns 201 Created with a Location header.", ["POST /posts"], ["201"], []),
        ("GET /posts/{post_id} returns 404 if there is none, and 200 otherwise.", ["GET /posts/{post_id}"],
         ["404", "200"], []),
        ("GET, PUT and DELETE /posts/1 return 401 or 403.",
         ["GET /posts/1", "PUT /posts/1", "DELETE /posts/1"], ["401", "403"], []),
        ("A POST request to \u201c/login\u201d gives a 401.", ["POST /login"], ["401"], []),
        ("GET http://localhost:8000/me is 403.", ["GET /me"], ["403"], []),
        ("The API responds with a 404 error (see /api/v1/orders/).", ["/api/v1/orders/"], ["404"], []),
        ("`PATCH /a/{id}` \u2192 409; `DELETE /a/{id}`: 204", ["PATCH /a/{id}", "DELETE /a/{id}"], ["409", "204"], []),
        ("A PUT request replaces an order.", ["PUT"], [], []),
        ("A withdrawal of 500 is rejected with 4xx.", [], ["4xx"], []),
        ("With HTTP status code 404.", [], ["404"], []),
        ("An unknown code is a 400 Bad Request.", [], ["400"], []),
        ("Creating an order with a total over 10000 is rejected with 422.", [], ["422"], []),
        ('Cancelling an order sets its reason to "withdrawn".', [], [], ["withdrawn"]),
        ("The answer holds `totalInterest` and 'next page'.", [], [], ["totalInterest", "next page"]),
        # What is so before the change, and what is not wanted.
        ('Spans keep the days; today 25 hours are written as "1h".', [], [], []),
        ("GET /x returns 500 today; it must return 404.", ["GET /x"], ["404"], []),
        ("PUT /x is answered with 422 instead of 400.", ["PUT /x"], ["422"], []),
        # Prose.
        ("A SKU (text, matching /[A-Z]{2,4}(-[0-9]+)?/) and a quantity (integer, 0 to 1000).", [], [], []),
        ("A staff number (text, matching /E[0-9]{4}/, unique).", [], [], []),
        ("Listing orders answers within 200 ms under 50 requests per second.", [], [], []),
        ("With an order over 200, a code for 25 percent leaves 150 to pay.", [], [], []),
        ("The list returns 200 items and/or 1/2 of them at 404 km/h.", [], [], []),
        ("Then the total is 200, the author's limit isn't 300.", [], [], []),
        ("It fails with 500 items, and costs 106.62 in month 400.", [], [], []),
    ],
)  # fmt: skip
def test_what_is_named(text: str, endpoints: list[str], statuses: list[str], quoted: list[str]) -> None:
    named = named_in(text)
    assert [str(each) for each in named.endpoints] == endpoints
    assert list(named.statuses) == statuses
    assert list(named.quoted) == quoted


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("A title of up to 50 characters", ["50"]),
        ("between 4 and 20 characters", ["4", "20"]),
        ("a total over 10,000 is rejected", ["10,000"]),
        ("25 percent, at most 3 times, within 200 ms", ["3", "25", "200"]),
        ("a family of 2 with 3 dogs in 24 hours by RFC 9457", []),
    ],
)
def test_limits_are_numbers_that_bound_something(text: str, limits: list[str]) -> None:
    assert set(named_in(text).limits) == set(limits)


@pytest.mark.attack
@pytest.mark.parametrize(
    "part",
    ["/a", '"', "`a", "404 or ", "POST, ", "POST ", "1,", "matching /\\a", "today. ", "up to 5 ", "not a "],
)
def test_a_long_text_takes_no_long_time(part: str) -> None:
    begun = time.process_time()
    named_in(part * (20_000 // len(part)))
    assert time.process_time() - begun < 5
