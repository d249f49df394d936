"""A pytest plugin that writes down, a JSON object a line, what was collected and how each test went."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

import pytest

_MESSAGE = 1_500
_TRACEBACK = 4_000


class Reporter:
    """Writes the report; every line is flushed, so that what a crash leaves is whole."""

    def __init__(
        self, file: TextIO, root: Path, order: list[str], share: tuple[int, int], lines: Lines | None
    ) -> None:
        self.file = file
        self.root = root
        self.order = {test: place for place, test in enumerate(order)}
        self.share = share
        self.lines = lines
        self.phases: dict[str, list[pytest.TestReport]] = {}

    def say(self, kind: str, **facts: object) -> None:
        """Add a line."""
        self.file.write(json.dumps({"kind": kind, **facts}) + "\n")
        self.file.flush()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported is an error with the file's id."""
        if report.failed:
            self.say("test", id=report.nodeid, outcome="errored", seconds=0.0, **_said(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the tests into the order that was asked for, and leave those of other shares to them."""
        items.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))
        number, of = self.share
        items[:] = items[number::of]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what will run, so that a test without an outcome is missed."""
        for item in session.items:
            self.say("collected", id=item.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Book the lines that run on the test."""
        if self.lines is None:
            return (yield)
        self.lines.switch(item.nodeid)
        try:
            return (yield)
        finally:
            self.lines.switch("")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Book what sets up something for many tests on all of them, not on the first to need it."""
        if self.lines is None or fixturedef.scope == "function":
            return (yield)
        before = self.lines.test
        self.lines.switch("")
        try:
            return (yield)
        finally:
            self.lines.switch(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Make one outcome of setting up, calling and tearing down."""
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
        """Say that the end was reached, which a crash cannot."""
        if self.lines is not None:
            for file, lines in self.lines.collect(self.root):
                self.say("lines", file=file, lines=lines)
        self.say("modules", names=_installed())
        self.say("finished", exit=int(exitstatus))


class Lines:
    """Which test runs which line, by coverage.py."""

    def __init__(self, root: Path, data: Path) -> None:
        coverage: Any = importlib.import_module("coverage")
        # A library that switches greenlets would otherwise lose lines.
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
        """Book what runs from now on to a test; "" is to none."""
        self.test = test
        self.coverage.switch_context(test)

    def collect(self, root: Path) -> Generator[tuple[str, dict[int, list[str]]]]:
        """Stop, and give each file of the service with its lines and the tests that ran them.

        What ran at import or set up something for many tests is every test's: there the list is empty.
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
    """Lone surrogates cannot be written as UTF-8, and a hostile test could put them in."""
    return text.encode("utf-8", "replace").decode()


def _installed() -> list[str]:
    places = tuple(path for path in sys.path if os.path.basename(path) == "site-packages")  # noqa: PTH119
    return [
        name
        for name, module in list(sys.modules.items())
        if (getattr(module, "__file__", None) or "").startswith(places)
        and not name.startswith(("coverage", "_pytest"))
    ]
