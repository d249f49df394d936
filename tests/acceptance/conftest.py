"""Delivered services, each started once per run and generated ahead of the tests that call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.acceptance.client import Api
from tests.acceptance.delivery import Build, Service, build
from tests.acceptance.story_files import NAMES

Deliver = Callable[..., Service]


def _wanted(items: list[pytest.Item]) -> list[str]:
    """Return the story files of these tests, in the order they are first called for."""
    names: list[str] = []
    for item in items:
        parameters = getattr(item, "callspec", None)
        values = [getattr(each, "story", each) for each in (parameters.params if parameters else {}).values()]
        names += [each for each in values if each in NAMES]
        names.append(getattr(getattr(item, "module", None), "STORY", ""))
    return [each for each in dict.fromkeys(names) if each]


@pytest.fixture(scope="session")
def builds(request: pytest.FixtureRequest) -> Iterator[Callable[[str], tuple[Build, ...]]]:
    """Give what the stories of a file make; one more process works ahead."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ahead: dict[str, Future[tuple[Build, ...]]] = {
            name: pool.submit(build, name) for name in _wanted(request.session.items)
        }
        yield lambda name: (ahead.get(name) or ahead.setdefault(name, pool.submit(build, name))).result()
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, builds: Callable[[str], tuple[Build, ...]]
) -> Iterator[Deliver]:
    """Give the running service of a story file; `alone=True` gives one of the test's own, undelivered."""
    running: dict[str, Service] = {}
    own: list[Service] = []
    failed: dict[str, Exception] = {}

    def give(story_file: str, *, alone: bool = False) -> Service:
        if story_file in failed:
            raise failed[story_file]
        try:
            if alone:
                own.append(Service(builds(story_file), tmp_path_factory.mktemp("alone")))
                return own[-1]
            if story_file not in running:
                running[story_file] = Service(builds(story_file), tmp_path_factory.mktemp("service"))
                running[story_file].deliver()
        except Exception as error:
            failed[story_file] = error
            raise
        return running[story_file]

    yield give
    for each in [*running.values(), *own]:
        each.terminate()
    for each in [*running.values(), *own]:
        each.stop()


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest, service: Deliver) -> Iterator[Api]:
    """Give a client of the service of the module's `STORY`."""
    running = service(request.module.STORY)
    client = Api(running.url, running.log)
    yield client
    client.http.close()
