"""Check the line: the bytes that come through the wires, and how many of them are damaged."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from teleinfo.common import clock
from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, decimal, inline
from teleinfo.doctor.broker_messages import OFFLINE, ONLINE, said_by
from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_line
from teleinfo.doctor.line_damage import diagnose
from teleinfo.port.errors import PortError
from teleinfo.port.health import Quality
from teleinfo.port.line_socket import line_of
from teleinfo.port.search import SPEEDS, SpeedSearch, candidates, speeds_at
from teleinfo.port.serial_port import is_bridge, is_remote
from teleinfo.state.meter_clock import TOLERANCE, MeterClock
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import ETX
from teleinfo.tic.meter_id import identity_of, number_of
from teleinfo.vocabulary.line import LineGrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from teleinfo.doctor.report import Screen

FOUND_SECONDS = 12.0
"""Seconds to listen at the speed of the meter: some 1400 characters at 1200 baud."""

_MAX_KEPT = 1 << 16  # bytes; 9600 baud cannot fill it while we listen


class Probe(SpeedSearch):
    """Reception at one speed: the `data` that came in `seconds`; `number` and `clock` of the meter."""

    def __init__(self, url: str, baudrate: int) -> None:
        super().__init__(url, (baudrate,), Decoder())
        self.seconds = 0.0
        self.data = bytearray()
        self.number: str | None = None
        self.clock = MeterClock()

    def on_data(self, data: bytes) -> None:
        """Decode and keep the bytes."""
        self.data += data[: _MAX_KEPT - len(self.data)]
        now = clock.now()
        for reading in self.feed(data, now=now.monotonic):
            self.number = number_of(reading) or self.number
            self.clock.add(reading.values.get("DATE", ""), now)

    async def listen(self, seconds: float) -> None:
        """Listen for a while, and for so many `seconds` if the meter is heard; raise PortError."""
        loop = asyncio.get_running_loop()
        async with self.open(self.on_data) as port:
            began = loop.time()
            if await self.is_heard(port):
                await port.wait(began + seconds - loop.time())
            self.seconds = loop.time() - began


async def check_line(case: Case) -> AsyncIterator[Finding]:
    """
    Listen at the speeds of the settings, then at the other speeds of meters, until the meter is heard.

    If a teleinfo reads the port already, listen to its copies of the bytes; if it gives none, judge the line
    from its messages on the broker: two readers of one port would each get only some of the bytes.
    """
    port = case.settings.serial_port
    url = port if is_remote(port) else str(case.machine.path(port))
    if case.access is Access.OURS:
        await case.refresh()  # the service may have opened its port since the check of the port
        url = line_of(port)  # the socket with the copies; the port itself if there is none
    is_port_open = case.access is not Access.NONE
    service_runs = bool(await case.status_text())
    if is_port_open and service_runs:
        is_port_open = await case.has_port()  # the service alone knows, since it holds the port
    if not is_port_open:
        yield find(of_line.PORT_FIRST)
    elif case.access is Access.OURS and url == port:
        yield _by_messages(case)
    else:
        for finding in await _listen(case, url):
            yield finding


def _by_messages(case: Case) -> Finding:
    """Judge the line by the status and the health that the broker retains from the teleinfo that reads it."""
    status = case.status or ""
    if status == ONLINE:
        template = of_line.HEARD
    elif status == OFFLINE:
        template = of_line.UNHEARD
    else:
        template = of_line.LINE_UNKNOWN
    return find(template, said=said_by(status, case.health))


async def hear(url: str, wanted: Sequence[int], screen: Screen, seconds: float) -> list[Probe]:
    """
    Listen at the `wanted` speeds, then at the others, until the meter is heard, and then for `seconds`.

    Return a probe for each speed that was tried. Only the last one may have heard the meter.
    Raises PortError.
    """
    probes: list[Probe] = []
    speeds = list(wanted)
    for baudrate in SPEEDS["auto"]:
        if baudrate not in speeds:
            speeds.append(baudrate)
    for baudrate in speeds_at(url, speeds):
        screen.step(_("listening at {baudrate} baud").format(baudrate=baudrate))
        probe = Probe(url, baudrate)
        probes.append(probe)
        await probe.listen(seconds)
        if probe.mode is not None:
            break
    return probes


async def _listen(case: Case, url: str) -> list[Finding]:
    """Judge the line by its bytes; return a single finding if no meter is heard."""
    settings = case.settings
    wanted_speeds = candidates(settings.serial_mode, settings.serial_baudrate)
    try:
        probes = await hear(url, wanted_speeds, case.screen, FOUND_SECONDS)
    except PortError as error:
        return [find(of_line.NOT_HEARD, reason=error.localized())]
    meter = probes[-1]  # no other one can have heard the meter
    if meter.mode is None:
        return [_not_understood(case, url, probes)]
    findings = [_mode(meter, url, wanted_speeds), _groups(meter), _parity(meter), _meter(meter.number)]
    findings += _clock(meter)
    findings.append(_wiring(meter))
    return findings


def _not_understood(case: Case, url: str, probes: Sequence[Probe]) -> Finding:
    """Return why no meter was heard at any speed: nothing came, or nothing that makes sense."""
    if not any(probe.data for probe in probes):
        return find(of_line.SILENT)
    is_speed_set = case.settings.serial_mode != "auto" or case.settings.serial_baudrate is not None
    # A bridge has its own speed, which may be another one than that of the settings.
    if is_bridge(url) and is_speed_set:
        return find(of_line.FIXED_SPEED)
    return find(of_line.NONSENSE)


def _mode(meter: Probe, url: str, wanted_speeds: Sequence[int]) -> Finding:
    """Return the mode and the speed of the meter: a fault if the settings exclude that speed."""
    if is_bridge(url):
        template = of_line.MODE_OF_BRIDGE
    elif meter.baudrate in wanted_speeds:
        template = of_line.MODE
    else:
        template = of_line.OTHER_MODE
    facts = {"mode": str(meter.mode), "baudrate": meter.baudrate}
    return find(template, facts=facts, **facts)


def _groups(meter: Probe) -> Finding:
    """Return the numbers of frames and groups that came."""
    counts = asdict(meter.decoder.counts)
    template = of_line.GROUPS if counts["frames"] else of_line.NO_FRAME
    return find(template, facts=counts, time=duration(meter.seconds), **counts)


def _parity(meter: Probe) -> Finding:
    """Return how many characters have a wrong parity, or that the bytes come without parity."""
    # Skip the data up to the end of the first frame: the very first character may be misread.
    _first_frame, _etx, characters = meter.data.partition(ETX)
    if not meter.decoder.parity or not characters:
        return find(of_line.WITHOUT_PARITY)
    damaged = 0
    for character in characters:
        has_even_parity = character.bit_count() % 2 == 0
        if not has_even_parity:
            damaged += 1
    return find(of_line.PARITY, damaged=damaged, characters=len(characters))


def _meter(number: str | None) -> Finding:
    if number is None:
        return find(of_line.NO_NUMBER)
    identity = identity_of(number)
    maker = identity.manufacturer or _("maker unknown")
    # The first digits tell the maker and the model; the others identify a household.
    return find(of_line.METER, model=_(identity.model), maker=maker, number=f"{number[:6]}…")


def _clock(meter: Probe) -> list[Finding]:
    """Return the finding on the meter's clock; none if it sends no date, or has the time of another zone."""
    offset_seconds = meter.clock.offset
    if offset_seconds is None or identity_of(meter.number).overseas:
        return []
    if abs(offset_seconds) <= TOLERANCE:
        return [find(of_line.CLOCK_RIGHT)]
    template = of_line.CLOCK_AHEAD if offset_seconds > 0 else of_line.CLOCK_BEHIND
    return [find(template, time=duration(abs(offset_seconds)))]


def _wiring(meter: Probe) -> Finding:
    """Return the quality of the line; if it is poor or bad, the cause as well, where it is clear."""
    quality = Quality()
    quality.sample(meter.decoder.counts, now=0.0)
    grade = quality.grade
    bad_percent = 100 * (quality.bad_share or 0.0)
    facts = {"wiring": str(grade)}
    fields = {"word": inline(grade.words), "share": decimal(f"{bad_percent:.1f}")}
    # One bad group is no trend.
    is_accident = grade is LineGrade.POOR and meter.decoder.counts.rejected == 1
    if is_accident or grade in {LineGrade.GOOD, LineGrade.FAIR}:
        return find(of_line.WIRING, facts=facts, **fields)
    cause = diagnose(bytes(meter.data)).cause
    if cause is None:
        finding = find(of_line.DAMAGED, facts=facts, **fields)
    else:
        facts["cause"] = str(cause)
        finding = find(of_line.BY_CAUSE[cause], facts=facts, cause=_(cause.words), **fields)
    if grade is LineGrade.BAD:
        return finding
    # Of a poor line, most frames arrive whole.
    return replace(finding, severity=Severity.WARNING)
