"""Options, marks and fixtures of all tests."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import signal
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, settings

from teleinfo.simulator.serial_line import SerialLine
from tests.recordings import CAPTURES, RECORDINGS
from tests.support.daemon import Meter
from tests.support.figures import FIGURES, PROPERTY, table
from tests.support.person import FRAME

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# No time limit for an example: the machines that run these tests are slow and busy. The seed is fixed in CI,
# so that a red run can be repeated, and free elsewhere, so that new ground is tried, a third of it each time.
settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30
)
settings.register_profile(
    "ci", settings.get_profile("local"), max_examples=100, derandomize=True, print_blob=True
)
# Whoever runs the tests with nohup, or in the background, has these signals ignored, and every process
# that a test starts would inherit it.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.load_profile("ci" if os.environ.get("CI") else "local")


LONGEST = {"demo", "truths", "test_command.py", "test_daemon.py", "test_events.py", "test_line_socket.py"}
"""The folders and the modules with the longest tests."""
KEPT_PORTS: Final = 16
"""Numbers of removed pseudo-terminals that a test keeps; one that removes thousands would use up all."""


@pytest.fixture(autouse=True)
def ports_keep_their_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Keep the numbers of the last pseudo-terminals that a test removes, until the test ends.

    The system would give them to the next ones, and a reader that still tries the old port would take the
    bytes of another test.
    """
    hang_up = SerialLine.hang_up
    with contextlib.ExitStack() as kept:
        files: deque[IO[bytes]] = deque(maxlen=KEPT_PORTS)

        def hang_up_and_keep(line: SerialLine) -> None:
            if line.fileno() >= 0:
                if len(files) == KEPT_PORTS:
                    files[0].close()
                descriptor = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
                files.append(kept.enter_context(open(descriptor, "r+b", buffering=0)))  # noqa: PTH123
            hang_up(line)

        monkeypatch.setattr(SerialLine, "hang_up", hang_up_and_keep)
        yield


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Put the process's logging back: `journal.configure` is global."""
    root = logging.getLogger()
    ours = logging.getLogger("teleinfo")
    handlers = root.handlers[:]
    levels = (root.level, ours.level)
    # Out of reach of `force=True`, which would close pytest's own.
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def meter() -> Iterator[Meter]:
    """Return a meter that sends the same frame again and again."""
    with Meter(FRAME) as running:
        yield running


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> Path:
    """Return the path of each recording: of our simulated meters, and of real ones, if they are there."""
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def captures() -> Path:
    """Return the folder with recordings of real meters: they belong to others, and stay outside."""
    if not CAPTURES.is_dir():
        pytest.skip(f"no recordings of real meters in {CAPTURES}: set TIC_CAPTURES")
    return CAPTURES


def pytest_configure() -> None:
    """Speak English whatever the locale: the tests compare what is said, and start processes in French."""
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["TELEINFO_LANGUAGE"] = "en"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine, in an event loop of its own."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    asyncio.run(test(**{name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}))
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what only root can do."""
    if os.geteuid() != 0 and item.get_closest_marker("root") is not None:
        pytest.skip("only root can do this")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Spread the longest tests over the list: each worker begins with its own part of it.

    At its end they would run alone, and the other workers would have nothing left to do.
    """
    longest = [item for item in items if LONGEST & {item.path.parent.name, item.path.name}]
    others = [item for item in items if item not in longest]
    step = 1 + len(others) // max(1, len(longest))
    for number, item in enumerate(longest):
        others.insert(number * step, item)
    items[:] = others


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report of a test have what it measured: it comes to the process that prints the table."""
    report = yield
    report.user_properties += [(PROPERTY, each) for each in FIGURES]
    FIGURES.clear()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of what was measured."""
    figures: list[Any] = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    lines = table(figures)
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
