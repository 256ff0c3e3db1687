"""The line: a simulated meter on a pseudo-terminal, good and bad, and what is made of it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from teleinfo.doctor import check_line
from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.finding import Finding, Severity
from teleinfo.port import search
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import build
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.state import meter_clock
from teleinfo.vocabulary.line import LineCause, LineGrade, LinkProblem
from tests.doctor.machine_tree import by_check, case_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


START = dt.datetime(2026, 1, 15, 18, 30)  # noqa: DTZ001 - a meter knows local time only


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for shorter than a household waits: the meters here send faster than real ones."""
    monkeypatch.setattr(search, "DWELL", 1.5)
    monkeypatch.setattr(check_line, "FOUND_SECONDS", 3.0)


def look(
    line: SerialLine, send: Callable[[], Awaitable[object]] | None = None, **variables: str
) -> dict[str, Finding]:
    """Return the findings on `line` while `send` goes on."""
    return look_at(case_of(serial_port=line.port, **variables), send)


def look_at(
    case: Case, send: Callable[[], Awaitable[object]] | None = None, access: Access = Access.FREE
) -> dict[str, Finding]:
    """Return the findings on the line of a case while `send` goes on."""
    case.access = access

    async def both() -> list[Finding]:
        sending = None if send is None else asyncio.ensure_future(send())
        try:
            return [one async for one in check_line.check_line(case)]
        finally:
            if sending is not None:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sending

    return by_check(asyncio.run(both()))


def meter_on(line: SerialLine, name: str = "hc") -> Callable[[], Awaitable[object]]:
    """Return a function that plays this meter on `line` for ever."""
    meter = build(name, start=START, rng=random.Random(1))
    return lambda: play(meter, line, start=START, frames=None)


def test_a_meter_in_the_other_mode_is_found_and_reported() -> None:
    """Settings that insist on historique, a meter in standard: a fault, with the line to paste."""
    with SerialLine(baudrate=9600, speed=2, strict_speed=True) as line:
        found = look(line, meter_on(line, "standard"), serial_mode="historique")

    assert found["mode"].severity is Severity.FAULT
    assert found["mode"].commands == ("TELEINFO_SERIAL_MODE=auto",)


def test_noise_is_named_and_the_wiring_called_weak() -> None:
    """The advice is about wires."""
    with SerialLine(speed=40, noise=0.005, rng=random.Random(7)) as line:
        found = look(line, meter_on(line))

    assert "characters damaged: 0 " not in found["parity"].message
    assert found["wiring"].severity in {Severity.WARNING, Severity.FAULT}
    assert found["wiring"].facts["cause"] == LineCause.NOISE
    assert "twisted" in found["wiring"].advice


def test_a_line_without_parity_says_so() -> None:
    """With seven-bit characters only checksums find errors; the advice is to set the bridge to 8N1."""
    with SerialLine(speed=8, parity=False) as line:
        found = look(line, meter_on(line))

    assert found["parity"].severity is Severity.WARNING
    assert "8N1" in found["parity"].advice
    assert found["wiring"].severity is Severity.OK


@pytest.mark.parametrize(
    ("status", "problem", "check", "words"),
    [
        (None, None, "line", "could not be judged"),
        ("online", None, "heard", "teleinfo says online"),
        ("offline", LinkProblem.NO_DATA, "heard", "no byte comes"),
        ("offline", "something new", "heard", "teleinfo says offline"),
    ],
)
def test_where_teleinfo_reads_the_port_without_a_socket_the_broker_knows_the_line(
    status: str | None, problem: str | None, check: str, words: str
) -> None:
    """The finding follows from `status` and `health`, which has the reason."""
    case = case_of(serial_port="/dev/ttyAMA0")
    case.status, case.health = status, Health(line_quality=LineGrade.SILENT, problem=problem)
    found = look_at(case, access=Access.OURS)[check]

    assert found.severity == {None: "skipped", "online": "ok", "offline": "fault"}[status]
    assert words in found.message


@pytest.mark.parametrize(("minutes", "text"), [(0, " within two minutes"), (-60, " behind ")])
def test_a_clock_that_is_off_is_reported(minutes: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_line, "FOUND_SECONDS", 5.0)
    monkeypatch.setattr(meter_clock, "SAMPLE_INTERVAL", 0.1)
    start = dt.datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None) + dt.timedelta(minutes=minutes)
    with SerialLine(baudrate=9600) as line:
        meter = build("standard", start=start, rng=random.Random(1))
        found = look(line, lambda: play(meter, line, start=start, frames=None))

    assert found["clock"].severity is (Severity.WARNING if minutes else Severity.OK)
    assert text in found["clock"].message
    assert bool(found["clock"].commands) == bool(minutes)
