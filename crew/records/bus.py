"""Publish and subscribe, in this process: every ledger row is an event."""

from __future__ import annotations

from collections.abc import Callable

from crew.records.ledger import Row

Subscriber = Callable[[Row], None]


class Bus:
    """Hands each row to every subscriber, in the thread that wrote it; a subscriber must be quick."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have `subscriber` called with every row from now on."""
        self._subscribers.append(subscriber)

    def publish(self, row: Row) -> None:
        """Tell everybody about a row that is in the ledger."""
        for subscriber in self._subscribers:
            subscriber(row)
