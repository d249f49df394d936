"""A pytest plugin that records the collected tests and their outcomes as JSON lines."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import random
import sys
import unittest
import warnings
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, TextIO

import pytest

_MESSAGE = 1_500
_TRACEBACK = 4_000


class Reporter:
    """Writes the report as JSON lines, flushing each one so that a crash leaves only complete lines."""

    def __init__(
        self,
        file: TextIO,
        root: Path,
        order: list[str],
        share: tuple[int, int],
        lines: Lines | None,
        extra: list[dict[str, Any]],
    ) -> None:
        self.file = file
        self.root = root
        self.order = {test: place for place, test in enumerate(order)}
        self.share = share
        self.lines = lines
        self.extra = extra
        self.phases: dict[str, list[pytest.TestReport]] = {}

    def say(self, kind: str, **facts: object) -> None:
        """Write one record to the report."""
        self.file.write(json.dumps({"kind": kind, **facts}) + "\n")
        self.file.flush()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a file that cannot be imported as an error with the id of the file."""
        if report.failed:
            self.say("test", id=report.nodeid, outcome="errored", seconds=0.0, **_said(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests into the requested order, and keep only this run's share of them."""
        items.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))
        number, of = self.share
        items[:] = items[number::of]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record the tests that will run, so that missing outcomes are noticed."""
        extra, self.extra = self.extra, []
        _mix_in(session, extra)
        for item in session.items:
            self.say("collected", id=item.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Attribute the lines executed during a test to that test."""
        if self.lines is None:
            return (yield)
        self.lines.switch(item.nodeid)
        try:
            return (yield)
        finally:
            self.lines.switch("")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Attribute the setup of shared fixtures to all tests, not only to the first one that uses them."""
        if self.lines is None or fixturedef.scope == "function":
            return (yield)
        before = self.lines.test
        self.lines.switch("")
        try:
            return (yield)
        finally:
            self.lines.switch(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Combine the setup, call and teardown of a test into one outcome."""
        phases = self.phases.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when != "teardown":
            return
        del self.phases[report.nodeid]
        outcome, telling = _judged(phases)
        seconds = sum(each.duration for each in phases)
        self.say("test", id=report.nodeid, outcome=outcome, seconds=seconds, **_said(telling))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Record the covered lines, the imported modules, and finally the end of the session, which a crash omits."""
        if self.lines is not None:
            for file, lines in self.lines.collect(self.root):
                self.say("lines", file=file, lines=lines)
        self.say("modules", names=_installed())
        self.say("finished", exit=int(exitstatus))


class Lines:
    """Records which tests execute which lines, using coverage.py."""

    def __init__(self, root: Path, data: Path) -> None:
        coverage: Any = importlib.import_module("coverage")
        # Otherwise, lines run by a library that switches greenlets would be lost.
        greenlets = importlib.util.find_spec("greenlet") is not None
        self.coverage = coverage.Coverage(
            data_file=str(data),
            config_file=False,
            source=[str(root)],
            omit=[str(root / "tests" / "*"), str(root / "migrations" / "*")],
            concurrency=["thread", "greenlet"] if greenlets else ["thread"],
            messages=False,
            check_preimported=False,
        )
        self.test = ""
        self.coverage.start()

    def switch(self, test: str) -> None:
        """Attribute the lines executed from now on to a test, or to all tests if `test` is empty."""
        self.test = test
        self.coverage.switch_context(test)

    def collect(self, root: Path) -> Generator[tuple[str, dict[int, list[str]]]]:
        """Stop measuring, and yield each file of the service with its lines and the tests that ran them.

        For lines that ran at import or in the setup of a shared fixture, the list of tests is empty, meaning all.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.coverage.stop()
            data = self.coverage.get_data()
        for file in sorted(data.measured_files()):
            if Path(file).is_relative_to(root):
                by_line = data.contexts_by_lineno(file)
                yield (
                    Path(file).relative_to(root).as_posix(),
                    {line: [] if "" in tests else sorted(tests) for line, tests in sorted(by_line.items())},
                )


def _mix_in(session: pytest.Session, extra: list[dict[str, Any]]) -> None:
    """Insert tests at random positions, each with the type and the module of a test next to it.

    They use no fixtures, since autouse fixtures may make assumptions about tests. For the same reason, none is inserted
    into a module with marks. Nor is any inserted between two tests of a class, whose shared state would then be set up
    twice.
    """
    items = session.items
    if not items:
        return
    chance = random.SystemRandom()
    # If the run stops at the first failure, inserted tests that fail go last, so that all other tests run first, and
    # those that pass go first, so that they run even if every other test fails.
    stops = bool(session.config.getoption("maxfail", 0))
    for each in sorted(extra, key=lambda test: stops and test["fails"]):
        places: Iterable[int] = range(len(items) + 1)
        if stops:
            places = [len(items) if each["fails"] else 0]
        spots = [(place, neighbour) for place in places for neighbour in _neighbours(items, place)]
        place, neighbour = chance.choice(spots) if spots else (len(items), None)
        items.insert(place, _item(session, neighbour, each["name"], each["source"]))


def _neighbours(items: list[pytest.Item], place: int) -> list[pytest.Item]:
    """Return the tests directly before and after a position whose module can take another test at that position."""
    modules = [(item, _module(item)) for item in items[max(place - 1, 0) : place + 1]]
    below = [
        chain[chain.index(module) + 1] for item, module in modules if module and (chain := item.listchain())
    ]
    if len(below) == 2 and below[0] is below[1]:  # in one class
        return []
    return [
        item
        for item, module in modules
        if module and not any(node.own_markers for node in module.listchain())
    ]


def _module(item: pytest.Item) -> pytest.Module | None:
    """Return the imported module that contains a test; None for doctests and tests that are not Python code."""
    module = item.getparent(pytest.Module)
    return module if getattr(module, "_obj", None) is not None else None


def _item(session: pytest.Session, neighbour: pytest.Item | None, name: str, source: str) -> pytest.Item:
    """Return a test of the same type and module as its neighbour, or a function of the session if it has none."""
    module = _module(neighbour) if neighbour else None
    namespace: dict[str, Any] = {"__name__": module.obj.__name__ if module else "tests"}
    exec(source, namespace)  # noqa: S102  the source is Shipcrew's own
    function = namespace[name]
    parts: Any = importlib.import_module("_pytest.unittest")
    if module and isinstance(neighbour, parts.TestCaseFunction):
        label = name.title().replace("_", "")
        case = type(
            label, (unittest.TestCase,), {name: lambda self: function(), "__module__": module.obj.__name__}
        )
        setattr(module.obj, label, case)
        parent = parts.UnitTestCase.from_parent(module, name=label, obj=case)
        item: pytest.Item = parts.TestCaseFunction.from_parent(parent, name=name, fixtureinfo=_no_fixtures())
        return item
    if module:
        setattr(module.obj, name, function)
    else:
        vars(session).setdefault("obj", None)  # pytest 6 looks up nose-style setup functions in it
    return pytest.Function.from_parent(
        module or session, name=name, callobj=function, fixtureinfo=_no_fixtures()
    )


def _no_fixtures() -> Any:
    """Return pytest's fixture information for a test that uses no fixtures."""
    fixtures: Any = importlib.import_module("_pytest.fixtures")
    return fixtures.FuncFixtureInfo(argnames=(), initialnames=(), names_closure=[], name2fixturedefs={})


def _judged(phases: list[pytest.TestReport]) -> tuple[str, pytest.TestReport]:
    for when, outcome in (("call", "failed"), ("setup", "errored"), ("teardown", "errored")):
        for each in phases:
            if each.when == when and each.failed:
                return outcome, each
    for each in phases:
        if each.skipped:
            return "skipped", each
    return "passed", phases[-1]


def _said(report: pytest.TestReport | pytest.CollectReport) -> dict[str, str]:
    if report.passed:
        return {}
    if report.skipped:
        reason = getattr(report, "wasxfail", None) or report.longreprtext
        if isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2])
        return {"message": _clean(str(reason))[:_MESSAGE]}
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext
    message = crash.message if crash is not None else (text.strip().splitlines() or [""])[-1]
    return {"message": _clean(message)[:_MESSAGE], "traceback": _clean(text)[-_TRACEBACK:]}


def _clean(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode and a hostile test could emit."""
    return text.encode("utf-8", "replace").decode()


def _installed() -> list[str]:
    places = tuple(path for path in sys.path if os.path.basename(path) == "site-packages")  # noqa: PTH119
    return [
        name
        for name, module in list(sys.modules.items())
        if (getattr(module, "__file__", None) or "").startswith(places)
        and not name.startswith(("coverage", "_pytest"))
    ]
