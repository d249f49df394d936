"""A pytest plugin that records the collected tests and their outcomes as JSON lines."""

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
    """Writes the report as JSON lines, flushing each one so that a crash leaves only complete lines."""

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
        """Write one record to the report."""
        self.file.write(json.dumps({"kind": kind, **facts}) + "\n")
        self.file.flush()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report a file that cannot be imported as an error under the file's id."""
        if report.failed:
            self.say("test", id=report.nodeid, outcome="errored", seconds=0.0, **_said(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests into the requested order, and keep only those of this run's share."""
        items.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))
        number, of = self.share
        items[:] = items[number::of]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record the tests that will run, so that a missing outcome is noticed."""
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
        """Attribute the setup of shared fixtures to all tests, not only to the first one that needs it."""
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
