"""Which tests run: real ones always, host ones where a probe allows, nightly ones when asked."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import injector, loopdisk, netlab, proofs, softcard, wallclock


def _no_graphviz() -> str:
    return "" if shutil.which("dot") else "no dot (package graphviz)"


PROBES = {
    "host": netlab.refusal,
    "btrfs": loopdisk.refusal,
    "strace": injector.refusal,
    "graphviz": _no_graphviz,
    "wallclock": wallclock.refusal,
    "card": softcard.refusal,
}
NOT_RUN: set[str] = set()


def pytest_configure() -> None:
    """A shell's background jobs ignore Ctrl-C; what tests start must not inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def refusal(item: pytest.Item) -> str:
    """Why this host cannot run the test, or nothing."""
    asked = (probe() for mark, probe in PROBES.items() if item.get_closest_marker(mark))
    return next(filter(None, asked), "")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if reason := refusal(item):
        NOT_RUN.add(f"{item.nodeid}: {reason}")
        pytest.skip(f"this host cannot: {reason}")


@pytest.fixture(autouse=True)
def back_where_we_were() -> Iterator[None]:
    """Steps that pm does in children of their own leave a test that calls them elsewhere."""
    here = Path.cwd()
    yield
    os.chdir(here)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    """With ENVE_REQUIRE_ALL=1 a skip is a failure, unless the probe of a host test refused."""
    report: pytest.TestReport = yield  # type: ignore[misc]
    if (
        report.skipped
        and os.environ.get("ENVE_REQUIRE_ALL") == "1"
        and not hasattr(report, "wasxfail")
        and not refusal(item)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped although everything is required: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in sorted(NOT_RUN):
        terminalreporter.write_line(f"NOT RUN: {line}")
    found = proofs.held(terminalreporter.stats.get("passed", []))
    for line in proofs.lines(found):
        terminalreporter.write_line(line)
    if found and (file := os.environ.get("ENVE_PROOFS")):
        proofs.keep(found, Path(file))


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> proofs.Proof:
    """Counts what the test went through."""
    return proofs.Proof(request.node)
