"""Delivered services, each started once per run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.acceptance.client import Api
from tests.acceptance.delivery import Service

Deliver = Callable[..., Service]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliver]:
    """Give the running service of a story file; `alone=True` gives one of the test's own, undelivered."""
    running: dict[str, Service] = {}
    own: list[Service] = []
    failed: dict[str, Exception] = {}

    def give(story_file: str, *, alone: bool = False) -> Service:
        if alone:
            own.append(Service(story_file, tmp_path_factory.mktemp("alone")))
            return own[-1]
        if story_file in failed:
            raise failed[story_file]
        if story_file not in running:
            running[story_file] = Service(story_file, tmp_path_factory.mktemp("service"))
            try:
                running[story_file].deliver()
            except Exception as error:
                failed[story_file] = error
                raise
        return running[story_file]

    yield give
    for each in [*running.values(), *own]:
        each.stop()


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest, service: Deliver) -> Iterator[Api]:
    """Give a client of the service of the module's `STORY`."""
    running = service(request.module.STORY)
    client = Api(running.url, running.log)
    yield client
    client.http.close()
