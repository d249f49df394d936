"""Events and registrations: timestamps, urls, uuids, defaults, guards on creating, operations left out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh

STORY = "events.yaml"
BODY = {
    "title": "Talk",
    "startsAt": "2031-05-01T10:00:00Z",
    "endsAt": "2031-05-01T12:00:00Z",
    "capacity": 20,
}


def an_event(api: Api, **fields: Any) -> dict[str, Any]:
    return api.make("/events", BODY | fields)


def a_published(api: Api) -> str:
    event = an_event(api, website="https://example.com/talk")
    path = f"/events/{event['id']}"
    assert api.post(f"{path}/publish").must(200).json["status"] == "published"
    return path


def test_defaults_and_absent_fields(api: Api) -> None:
    event = an_event(api)
    shown = {
        key: event[key]
        for key in ("website", "kind", "externalId", "openingHours", "ticketPrice", "featured")
    }
    assert shown == {
        "website": None,
        "kind": "talk",
        "externalId": None,
        "openingHours": None,
        "ticketPrice": 0,
        "featured": False,
    }
    assert (event["registrationCount"], event["extraGuests"], event["status"]) == (0, 0, "draft")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2030-01-01T00:30:00+02:00", "2029-12-31T22:30:00+00:00"),
        ("2030-01-01T00:30:00-08:00", "2030-01-01T08:30:00+00:00"),
        ("2030-01-01T00:30:00Z", "2030-01-01T00:30:00+00:00"),
        ("2030-01-01T00:30:00+00:00", "2030-01-01T00:30:00+00:00"),
        ("2030-01-01T00:30:00.250+05:30", "2029-12-31T19:00:00.250+00:00"),
        ("2024-02-29T23:59:59-00:01", "2024-03-01T00:00:59+00:00"),
        ("2030-01-01t00:30:00z", "2030-01-01T00:30:00+00:00"),
        ("2030-01-01T00:30:00.1Z", "2030-01-01T00:30:00.100+00:00"),
        ("2030-01-01T00:30:00.1234567891Z", "2030-01-01T00:30:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2016-12-31T23:59:60.5-01:00", "2017-01-01T01:00:00.500+00:00"),
    ],
)
def test_timestamps_are_shown_in_utc(api: Api, sent: str, meant: str) -> None:
    event = an_event(api, startsAt=sent)
    for shown in (event["startsAt"], api.get(f"/events/{event['id']}").must(200).json["startsAt"]):
        moment = datetime.fromisoformat(shown)
        assert moment.utcoffset() == timedelta(0), shown
        assert moment == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "sent",
    [
        "2030-01-01T00:30:00",
        "2030-01-01",
        "2030-01-01T25:00:00Z",
        "2030-13-01T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "2030-01-01T00:30:00+25:00",
        "2030-01-01T00:30:61Z",
        "2030-01-01T00:30:00.Z",
        "2030-01-01 00:30:00Z",
        "soon",
        "",
        None,
        1893456000,
        ["2030-01-01T00:30:00Z"],
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_bad_timestamps_are_refused(api: Api, sent: Any) -> None:
    api.post("/events", BODY | {"startsAt": sent}).refused(422, field="startsAt")


def test_what_is_shown_can_be_sent_back(api: Api) -> None:
    event = an_event(
        api, startsAt="2030-01-01T00:30:00.123456+02:00", website="https://example.com/?a=b&c=d#e"
    )
    read_only = {"id", "createdAt", "updatedAt", "status", "registrationCount", "extraGuests"}
    body = {key: value for key, value in event.items() if key not in read_only}
    again = api.patch(f"/events/{event['id']}", body).must(200).json
    assert {**again, "updatedAt": ""} == {**event, "updatedAt": ""}


def test_times_are_compared_across_offsets(api: Api) -> None:
    api.post("/events", BODY | {"endsAt": "2031-05-01T09:59:59Z"}).refused(422)
    api.post("/events", BODY | {"endsAt": "2031-05-01T11:00:00+02:00"}).refused(422)
    event = an_event(api, endsAt="2031-05-01T12:00:00+02:00")
    path = f"/events/{event['id']}"
    api.patch(path, {"startsAt": "2031-05-01T10:00:01Z"}).refused(422)
    api.patch(path, {"endsAt": "2031-05-01T10:00:00+00:01"}).refused(422)
    api.patch(path, {"startsAt": "2031-06-01T10:00:00Z", "endsAt": "2031-06-01T10:00:00Z"}).must(200)


def test_joined_guard_on_creating_is_checked_on_updating(api: Api) -> None:
    api.post("/events", BODY | {"capacity": 1001}).refused(409)
    api.post("/events", BODY | {"capacity": 5001}).refused(422, field="capacity")
    event = an_event(api, capacity=1001, website="https://example.com")
    path = f"/events/{event['id']}"
    api.patch(path, {"website": None}).refused(409)
    api.patch(path, {"website": None, "capacity": 1000}).must(200)
    api.patch(path, {"capacity": 1001}).refused(409)
    assert api.get(path).must(200).json["capacity"] == 1000
    api.post("/events", BODY | {"capacity": 1001, "endsAt": "2031-05-01T09:00:00Z"}).refused(422)


def test_publishing_needs_a_website(api: Api) -> None:
    event = an_event(api)
    path = f"/events/{event['id']}"
    api.post(f"{path}/publish").refused(422)
    api.patch(path, {"website": "https://example.com"}).must(200)
    api.post(f"{path}/publish", {}).must(200)
    api.post(f"{path}/publish").refused(409)
    api.patch(path, {"website": None}).must(200)


def test_calling_off_has_an_input_that_is_not_stored(api: Api) -> None:
    path = a_published(api)
    api.delete(path).refused(409)
    for body in (None, {"cause": "rain"}, {"cause": "heavy rain", "refund": "yes"}, {"cause": "x" * 101}):
        api.post(f"{path}/call-off", body).refused(422)
    off = api.post(f"{path}/call-off", {"cause": "heavy rain", "refund": None}).must(200).json
    assert off["status"] == "called-off"
    assert not {"cause", "refund"} & set(off)
    api.patch(path, {"title": "X"}).refused(409)
    api.delete(path).must(204)


@pytest.mark.parametrize(
    "website", ["not a url", "example.com", "", "http://", "//example.com", 5, "https://exa mple.com"]
)
def test_bad_urls_are_refused(api: Api, website: Any) -> None:
    api.post("/events", BODY | {"website": website}).refused(422, field="website")


@pytest.mark.parametrize(
    "website", ["http://example.com", "https://example.com:8443/a/b?x=%20y#z", "HTTPS://EXAMPLE.com/"]
)
def test_urls_come_back_as_sent(api: Api, website: str) -> None:
    assert an_event(api, website=website)["website"] == website


@pytest.mark.parametrize("value", ["nope", "", 5, "0" * 31, "00000000-0000-4000-8000-00000000000g"])
def test_bad_uuids_are_refused(api: Api, value: Any) -> None:
    api.post("/events", BODY | {"externalId": value}).refused(422, field="externalId")


def test_uuids_are_shown(api: Api) -> None:
    assert an_event(api, externalId=NOWHERE)["externalId"] == NOWHERE
    given = "ABCDEF01-2345-4678-9ABC-DEF012345678"
    assert an_event(api, externalId=given)["externalId"].lower() == given.lower()


@pytest.mark.parametrize("value", ["true", 1, 0, None, "", [], "false"])
def test_booleans_are_booleans(api: Api, value: Any) -> None:
    api.post("/events", BODY | {"featured": value}).refused(422, field="featured")


@pytest.mark.parametrize("value", [1.5, "20", True, None, 0, 5001, 10**400])
def test_integers_are_integers(api: Api, value: Any) -> None:
    api.post("/events", raw=json.dumps(BODY | {"capacity": value})).refused(422, field="capacity")


def test_events_are_filtered_and_sorted(api: Api) -> None:
    start = f"2040-01-01T00:00:{fresh() % 60:02d}.{fresh():06d}Z"
    late = {"endsAt": "2041-01-01T00:00:00Z"}
    for title, capacity, kind in (("b", 10, "talk"), ("c", 30, "Lightning-Talk"), ("a", 20, "workshop")):
        an_event(
            api, title=title, capacity=capacity, kind=kind, startsAt=start, featured=kind == "talk", **late
        )

    def titles(**query: Any) -> str:
        items = api.get("/events", startsAt=start, **query).must(200).json["items"]
        return "".join(each["title"] for each in items)

    assert titles() == "bca"
    assert titles(sort="title") == "abc"
    assert titles(sort="-capacity") == "cab"
    assert titles(kind="Lightning-Talk") == "c"
    assert titles(capacity=20) == "a"
    assert titles(featured=True) == "b"
    assert titles(featured=False, sort="capacity") == "ac"
    api.get("/events", sort="startsAt").must(200)
    api.get("/events", sort="kind").refused(422)


def test_a_filter_finds_the_same_moment_in_another_offset(api: Api) -> None:
    an_event(api, startsAt="2042-07-01T10:00:00Z", endsAt="2043-01-01T00:00:00Z")
    assert api.get("/events", startsAt="2042-07-01T12:00:00+02:00").must(200).json["total"] == 1


@pytest.mark.parametrize(
    "query", [{"startsAt": "soon"}, {"capacity": "many"}, {"featured": "maybe"}, {"kind": "x"}]
)
def test_a_filter_with_no_such_value_finds_nothing(api: Api, query: dict[str, str]) -> None:
    answer = api.get("/events", **query).must(200, 422)
    assert answer.status == 422 or answer.json == {"items": [], "total": 0}


def test_registrations_are_created_listed_and_deleted(api: Api) -> None:
    event = an_event(api)
    body = {"guest": "gina@example.com", "eventId": event["id"]}
    first = api.make("/registrations", body | {"plusOnes": 3, "seat": f"{fresh()}"})
    api.make("/registrations", body | {"plusOnes": 2})
    api.make("/registrations", body | {"seat": None})
    shown = api.get(f"/events/{event['id']}").must(200).json
    assert (shown["registrationCount"], shown["extraGuests"]) == (3, 5)
    path = f"/registrations/{first['id']}"
    for method in ("GET", "PATCH", "PUT"):
        answer = api.call(method, path, {} if method != "GET" else None).refused(405)
        assert "DELETE" in answer.headers["allow"]
    api.post("/registrations", body | {"seat": first["seat"]}).refused(409, field="seat")
    api.post("/registrations", body | {"plusOnes": 6}).refused(422, field="plusOnes")
    api.delete(f"/events/{event['id']}").refused(409)
    api.delete(path).must(204)
    found = api.get("/registrations", eventId=event["id"], guest="gina@example.com").must(200).json
    assert found["total"] == 2
    assert api.get(f"/events/{event['id']}").must(200).json["extraGuests"] == 2
