"""Resources whose plain operations are all open, with what the common promises need to know of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.acceptance.client import Api, fresh

Body = Callable[[Api], dict[str, Any]]


@dataclass(frozen=True)
class Resource:
    """A resource whose plain operations are all open."""

    story: str
    path: str
    body: Body
    """A body for creating one, different each time."""
    text: str
    """Required text without a pattern."""
    longest: int
    """Characters it may have."""
    defaulted: str = ""
    """A field with a default."""
    optional: str = ""
    """An optional text."""
    filters: str = ""
    """A field that cannot be filtered by."""

    def make(self, api: Api) -> tuple[str, dict[str, Any]]:
        """Create one; return its path and itself."""
        made = api.make(self.path, self.body(api))
        return f"{self.path}/{made['id']}", made


def _order(_: Api) -> dict[str, Any]:
    return {"customer": f"c{fresh()}@example.com", "channel": "web"}


def _line_item(api: Api) -> dict[str, Any]:
    order = api.make("/orders", _order(api))
    return {"product": "pen", "quantity": 1, "price": 1.5, "orderId": order["id"]}


def _kennel(_: Api) -> dict[str, Any]:
    return {"name": f"Kennel {fresh()}", "size": "small", "dailyRate": 20}


def _dog(api: Api) -> dict[str, Any]:
    return {"name": "Rex", "vet": "Dr Who", "kennelId": api.make("/kennels", _kennel(api))["id"]}


def _employee(_: Api) -> dict[str, Any]:
    number = fresh()
    return {
        "staffNumber": f"E{number:04d}",
        "fullName": "Pat Person",
        "email": f"pat{number}@example.com",
        "startDate": "2024-01-01",
    }


def _member(_: Api) -> dict[str, Any]:
    return {"name": "Mo", "email": f"mo{fresh()}@example.com"}


def _event(_: Api) -> dict[str, Any]:
    return {
        "title": f"Talk {fresh()}",
        "startsAt": "2031-05-01T10:00:00Z",
        "endsAt": "2031-05-01T12:00:00Z",
        "capacity": 20,
    }


def _depot(_: Api) -> dict[str, Any]:
    return {"name": f"Depot {fresh()}"}


def _stock_item(api: Api) -> dict[str, Any]:
    bay = api.make("/bays", {"code": f"R{fresh()}"}, roles=("keeper",))
    return {"sku": "AB-1", "quantity": 1, "bayId": bay["id"]}


RESOURCES = (
    Resource("checkout.yaml", "/line-items", _line_item, "product", 80, filters="product"),
    Resource("kennel.md", "/dogs", _dog, "name", 10_000, "vaccinated", "remark", "name"),
    Resource("kennel.md", "/kennels", _kennel, "name", 60, "heated", filters="name"),
    Resource("payroll.md", "/employees", _employee, "fullName", 120, filters="fullName"),
    Resource("library.yaml", "/members", _member, "name", 10_000, filters="name"),
    Resource("events.yaml", "/events", _event, "title", 100, "ticketPrice", "openingHours", "title"),
    Resource("fleet.md", "/depots", _depot, "name", 30, filters="name"),
    Resource("warehouse.yaml", "/stock-items", _stock_item, "label", 10_000, "label", filters="label"),
)
