"""Check the line: the bytes that come through the wires, and how many of them are damaged."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from teleinfo.common import clock
from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, decimal, inline
from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.check_broker import OFFLINE, ONLINE, said_by
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
        await case.properties(again=True)
        url = line_of(port)
    if case.access is Access.NONE or (await case.status_text() and not await case.has_port()):
        yield find(of_line.PORT_FIRST)
    elif case.access is Access.OURS and url == port:
        status = case.status or ""
        template = {ONLINE: of_line.HEARD, OFFLINE: of_line.UNHEARD}.get(status, of_line.LINE_UNKNOWN)
        yield find(template, said=said_by(status, case.health))
    else:
        for finding in await _listen(case, url):
            yield finding


async def hear(url: str, wanted: Sequence[int], screen: Screen, seconds: float) -> list[Probe]:
    """
    Listen at the `wanted` speeds, then at the others, until the meter is heard, and then for `seconds`.

    Return a probe for each speed that was tried. Only the last one may have heard the meter.
    Raises PortError.
    """
    probes: list[Probe] = []
    speeds = list(dict.fromkeys([*wanted, *SPEEDS["auto"]]))  # each once
    for baudrate in speeds_at(url, speeds):
        screen.step(_("listening at {baudrate} baud").format(baudrate=baudrate))
        probe = Probe(url, baudrate)
        probes.append(probe)
        await probe.listen(seconds)
        if probe.mode is not None:
            break
    return probes


async def _listen(case: Case, url: str) -> list[Finding]:
    """Judge the line by its bytes."""
    settings = case.settings
    wanted = candidates(settings.serial_mode, settings.serial_baudrate)
    try:
        probes = await hear(url, wanted, case.screen, FOUND_SECONDS)
    except PortError as error:
        return [find(of_line.NOT_HEARD, reason=error.localized())]
    meter = probes[-1]
    if meter.mode is None:
        if not any(probe.data for probe in probes):
            return [find(of_line.SILENT)]
        is_fixed = settings.serial_mode != "auto" or settings.serial_baudrate is not None
        return [find(of_line.FIXED_SPEED if is_bridge(url) and is_fixed else of_line.NONSENSE)]
    template = of_line.MODE if meter.baudrate in wanted else of_line.OTHER_MODE
    facts = {"mode": str(meter.mode), "baudrate": meter.baudrate}
    counts = asdict(meter.decoder.counts)
    framed = of_line.GROUPS if counts["frames"] else of_line.NO_FRAME
    return [
        find(of_line.MODE_OF_BRIDGE if is_bridge(url) else template, facts=facts, **facts),
        find(framed, facts=counts, time=duration(meter.seconds), **counts),
        _parity(meter),
        _meter(meter.number),
        *_clock(meter),
        _wiring(meter),
    ]


def _parity(meter: Probe) -> Finding:
    # Skip the data up to the end of the first frame: the very first character may be misread.
    whole = meter.data.partition(ETX)[2]
    if not meter.decoder.parity or not whole:
        return find(of_line.WITHOUT_PARITY)
    damaged = sum(byte.bit_count() & 1 for byte in whole)
    return find(of_line.PARITY, damaged=damaged, characters=len(whole))


def _meter(number: str | None) -> Finding:
    if number is None:
        return find(of_line.NO_NUMBER)
    known = identity_of(number)
    maker = known.manufacturer or _("maker unknown")
    return find(of_line.METER, model=_(known.model), maker=maker, number=f"{number[:6]}…")


def _clock(meter: Probe) -> list[Finding]:
    offset = meter.clock.offset
    if offset is None or identity_of(meter.number).overseas:
        return []
    if abs(offset) <= TOLERANCE:
        return [find(of_line.CLOCK_RIGHT)]
    return [find(of_line.CLOCK_AHEAD if offset > 0 else of_line.CLOCK_BEHIND, time=duration(abs(offset)))]


def _wiring(meter: Probe) -> Finding:
    quality = Quality()
    quality.sample(meter.decoder.counts, now=0.0)
    grade = quality.grade
    facts = {"wiring": str(grade)}
    fields = {"word": inline(grade.words), "share": decimal(f"{quality.bad_share or 0:.1%}"[:-1])}
    # One bad group is no trend.
    is_accident = grade is LineGrade.POOR and meter.decoder.counts.rejected == 1
    if is_accident or grade in {LineGrade.GOOD, LineGrade.FAIR}:
        return find(of_line.WIRING, facts=facts, **fields)
    cause = diagnose(bytes(meter.data)).cause
    finding = find(of_line.DAMAGED, facts=facts, **fields)
    if cause is not None:
        facts["cause"] = str(cause)
        finding = find(of_line.BY_CAUSE[cause], facts=facts, cause=_(cause.words), **fields)
    return finding if grade is LineGrade.BAD else replace(finding, severity=Severity.WARNING)
