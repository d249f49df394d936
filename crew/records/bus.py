"""An event bus, which publishes every ledger row within this process."""

from __future__ import annotations

from collections.abc import Callable

from crew.records.ledger import Row

Subscriber = Callable[[Row], None]


class Bus:
    """A bus that calls every subscriber with each row, in the thread that wrote it; subscribers must return quickly."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with every row that is published from now on."""
        self._subscribers.append(subscriber)

    def publish(self, row: Row) -> None:
        """Pass a row that has been written to the ledger to all subscribers."""
        for subscriber in self._subscribers:
            subscriber(row)
