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
from teleinfo.doctor.check_broker import is_taken_over
from teleinfo.doctor.report import Finding, Severity
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


def look_at(case: Case, send: Callable[[], Awaitable[object]] | None = None) -> dict[str, Finding]:
    """Return the findings on the line of a case while `send` goes on."""
    case.access = Access.FREE

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


def tried(found: dict[str, Finding]) -> list[str]:
    """Return the speeds that were tried."""
    return [name.removeprefix("bytes_per_second_") for name in found["bytes"].facts]


def meter_on(line: SerialLine, name: str = "hc") -> Callable[[], Awaitable[object]]:
    """Return a function that plays this meter on `line` for ever."""
    meter = build(name, start=START, rng=random.Random(1))
    return lambda: play(meter, line, start=START, frames=None)


def test_a_good_line_is_called_good() -> None:
    """The mode, the groups, the parity and the meter are reported, its number only by its beginning."""
    with SerialLine(speed=8, strict_speed=True) as line:
        found = look(line, meter_on(line))

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert tried(found) == ["1200"]
    assert found["mode"].facts == {"mode": "historique", "baudrate": 1200}
    assert found["parity"].facts["damaged"] == 0
    assert found["wiring"].facts["wiring"] == "good"
    assert "041961…" in found["meter"].message


def test_a_meter_in_the_other_mode_is_found_and_reported() -> None:
    """Settings that insist on historique, a meter in standard: a fault, with the line to paste."""
    with SerialLine(baudrate=9600, speed=2, strict_speed=True) as line:
        found = look(line, meter_on(line, "standard"), serial_mode="historique")

    assert tried(found) == ["1200", "9600"]
    assert found["mode"].severity is Severity.FAULT
    assert found["mode"].commands == ("TELEINFO_SERIAL_MODE=auto",)


@pytest.mark.parametrize("rate", [0.002, 0.01])
def test_noise_is_measured_and_the_wiring_called_weak(rate: float) -> None:
    """At a known rate of wrong bits the estimate is within a factor of 2, and the advice is about wires."""
    with SerialLine(speed=40, noise=rate, rng=random.Random(7)) as line:
        found = look(line, meter_on(line))
    estimate = found["parity"].facts["bit_error_rate"]

    assert isinstance(estimate, float)
    assert rate / 2 < estimate < rate * 2
    assert found["wiring"].severity in {Severity.WARNING, Severity.FAULT}
    assert found["wiring"].facts["cause"] == LineCause.NOISE
    assert "twisted pair" in found["wiring"].advice


def test_a_line_without_parity_says_so() -> None:
    """With seven-bit characters only checksums find errors; the advice is to set the bridge to 8N1."""
    with SerialLine(speed=8, parity=False) as line:
        found = look(line, meter_on(line))

    assert found["parity"].severity is Severity.WARNING
    assert found["parity"].facts == {"parity": False}
    assert "Fewer errors are caught" in found["parity"].advice
    assert "8N1" in found["parity"].advice
    assert found["wiring"].severity is Severity.OK


@pytest.mark.parametrize(
    ("status", "problem", "words", "advice"),
    [
        (None, None, "could not be judged", ""),
        ("online", None, "teleinfo says online", ""),
        ("offline", LinkProblem.NO_DATA, "no byte comes", "two wires join"),
        ("offline", LinkProblem.NONSENSE, "none makes sense", "not A"),
        ("offline", "something new", "teleinfo says offline", "two wires join"),
        ("offline", None, "teleinfo says offline", "two wires join"),
    ],
)
def test_where_teleinfo_reads_the_port_without_a_socket_the_broker_knows_the_line(
    status: str | None, problem: str | None, words: str, advice: str
) -> None:
    """The finding follows from `status` and `health`, which has the reason."""
    found = check_line.line_from_broker(status, Health(line=LineGrade.SILENT, problem=problem))

    assert found.severity == {None: "skipped", "online": "ok", "offline": "fault"}[status]
    assert words in found.message
    assert advice in found.advice


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, " within two minutes"), (30, "30 min ahead"), (-60, " behind ")]
)
def test_a_clock_that_is_off_is_reported(minutes: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_line, "FOUND_SECONDS", 5.0)
    monkeypatch.setattr(meter_clock, "INTERVAL", 0.1)
    start = dt.datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None) + dt.timedelta(minutes=minutes)
    with SerialLine(baudrate=9600) as line:
        meter = build("standard", start=start, rng=random.Random(1))
        found = look(line, lambda: play(meter, line, start=start, frames=None))

    assert found["clock"].severity is (Severity.WARNING if minutes else Severity.OK)
    assert text in found["clock"].message
    assert bool(found["clock"].commands) == bool(minutes)


@pytest.mark.parametrize(
    ("line", "last", "is_it"),
    [
        *(("good", -60, True), ("poor", 90, True), ("good", 150, False), ("silent", 5, False)),
        *(("good", None, False), ("good", "yesterday", False), ("good", "0001-01-01T00:00:00", False)),
    ],
)
def test_offline_while_the_meter_sends_is_about_the_client_id(
    line: str,
    last: int | str | None,
    is_it: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """
    Two daemons under one name throw each other out: the wires are innocent. Clocks may differ.

    Health is retained: it may be the last word on a meter that has fallen silent since, or no time.
    """
    if isinstance(last, int):
        last = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=last)).isoformat(timespec="seconds")
    health = Health(line=LineGrade[line.upper()], last_frame=last)

    assert is_taken_over("offline", health) is is_it
    assert not is_taken_over("online", health)
