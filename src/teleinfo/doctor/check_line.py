"""Check the line: the bytes that come through the wires, and how many of them are damaged."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from teleinfo.common import clock
from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, decimal, inline
from teleinfo.console.output import command_line
from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.check_broker import ONLINE, is_taken_over
from teleinfo.doctor.line_cause import diagnose
from teleinfo.doctor.line_report import ADVICE
from teleinfo.doctor.report import Finding, fault, ok, skipped, warning
from teleinfo.port.errors import PortError
from teleinfo.port.health import REJECTION_CAUSES, WITHHELD_CAUSES, Health, Quality, is_stale
from teleinfo.port.line_socket import line_of
from teleinfo.port.search import SPEEDS, SpeedSearch, candidates, speeds_at
from teleinfo.port.serial_port import is_bridge, is_remote
from teleinfo.state.meter_clock import TOLERANCE, MeterClock
from teleinfo.tic.decoder import Counts, Decoder
from teleinfo.tic.meter_id import identity_of, number_of
from teleinfo.vocabulary.line import LineCause, LineGrade, LinkProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from teleinfo.doctor.report import Screen
    from teleinfo.settings import Settings

FOUND_SECONDS = 12.0
"""Seconds to listen at the speed of the meter: some 1400 characters at 1200 baud."""

_MAX_KEPT = 1 << 16  # bytes; 9600 baud cannot fill it while we listen
_ETX = b"\x03"


def line_from_broker(status: str | None, health: Health | None) -> Finding:
    """Judge the line from the `status` and `health` that a teleinfo published; None: unknown."""
    if status is None:
        message = _("could not be judged: teleinfo reads it, and the broker does not tell what it hears")
        return skipped("line", message)
    online = status == ONLINE
    message = _("teleinfo says {status}").format(status=status)
    problem = None if health is None or is_stale(health, now=time.time()) else health.reason
    if problem is not None:
        message = _("teleinfo says {status}: {problem}").format(status=status, problem=_(problem))
    if online:
        return ok("heard", message, status=status)
    advice = ADVICE["SILENT"]
    if health is not None and health.problem == LinkProblem.NONSENSE:
        advice = ADVICE["NONSENSE"]
    return fault("heard", message, _(advice), command_line("doctor"), status=status)


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
        async with self.open(self) as port:
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
    if case.access is Access.NONE:
        yield skipped("line", _("the port comes first"))
        return
    if case.access is Access.OURS:
        await case.properties(again=True)
        if await case.own_words() and not await case.has_port():
            yield skipped("line", _("the port comes first"))
            return
        url = line_of(port)
        if url == port:
            if is_taken_over(case.status, case.health):
                yield skipped("line", _("the broker comes first"))
            else:
                yield line_from_broker(case.status, case.health)
            return
    for finding in await _listen(case, url):
        yield finding


async def hear(
    url: str, wanted: Sequence[int], screen: Screen, *, seconds: float | None = None
) -> list[Probe]:
    """Listen at the `wanted` speeds, then at the others, until the meter is heard; raise PortError."""
    probes: list[Probe] = []
    for baudrate in speeds_at(url, list(dict.fromkeys([*wanted, *SPEEDS["auto"]]))):
        screen.step(_("listening at {baudrate} baud").format(baudrate=baudrate))
        probes.append(probe := Probe(url, baudrate))
        await probe.listen(FOUND_SECONDS if seconds is None else seconds)
        if probe.mode is not None:
            break
    return probes


async def _listen(case: Case, url: str) -> list[Finding]:
    """Judge the line by its bytes."""
    settings = case.settings
    wanted = candidates(settings.serial_mode, settings.serial_baudrate)
    bridge = is_bridge(url)
    try:
        probes = await hear(url, wanted, case.screen)
    except PortError as error:
        return [fault("open", error.localized(), trouble=error.kind.value)]
    meter = probes[-1]
    if meter.mode is None:
        return [_no_meter(probes, settings, bridge=bridge), _bytes(probes, bridge=bridge)]
    counts, quality = meter.decoder.counts, Quality()
    quality.sample(counts, now=0.0)
    offset = None if identity_of(meter.number).overseas else meter.clock.offset
    return [
        _bytes(probes, bridge=bridge),
        _mode(meter, wanted, bridge=bridge),
        _groups(counts, meter.seconds),
        _parity(meter),
        _meter(meter.number),
        *_clock(offset),
        _wiring(
            quality.grade,
            quality.bad_share or 0.0,
            few=counts.rejected == 1,
            cause=diagnose(bytes(meter.data)).cause,
        ),
    ]


def _bytes(probes: list[Probe], *, bridge: bool) -> Finding:
    rates = {probe.baudrate: probe.decoder.counts.bytes_ / probe.seconds for probe in probes}
    text = _("{rate:.0f} bytes/s") if bridge else _("{baudrate} baud: {rate:.0f} bytes/s")
    message = "; ".join(text.format(baudrate=baudrate, rate=rate) for baudrate, rate in rates.items())
    facts = {f"bytes_per_second_{baudrate}": round(rate, 1) for baudrate, rate in rates.items()}
    make = ok if any(rates.values()) else fault
    return make("bytes", message, **facts)


def _no_meter(probes: list[Probe], settings: Settings, *, bridge: bool) -> Finding:
    again = command_line("doctor")
    if not any(probe.data for probe in probes):
        return fault("wiring", _("none: not one byte comes"), _(ADVICE["SILENT"]), again, wiring="none")
    if not bridge:
        message = _("bytes come, and none makes sense at any speed")
        return fault("wiring", message, _(ADVICE["NONSENSE"]), again, wiring="nonsense")
    message = _("bytes come, and none makes sense at the speed at which they are read")
    if settings.serial_mode == "auto" and settings.serial_baudrate is None:
        return fault("wiring", message, _(ADVICE["NONSENSE"]), again, wiring="nonsense")
    advice = _("The settings fix it. Let teleinfo find it (and remove TELEINFO_SERIAL_BAUDRATE):")
    return fault("mode", message, advice, "TELEINFO_SERIAL_MODE=auto", wiring="nonsense")


def _mode(meter: Probe, wanted: tuple[int, ...], *, bridge: bool) -> Finding:
    message = _("{mode}, {baudrate} baud").format(mode=meter.mode, baudrate=meter.baudrate)
    if bridge:
        message = _("{mode}, at a speed that is set elsewhere").format(mode=meter.mode)
    facts = {"mode": str(meter.mode), "baudrate": meter.baudrate}
    if meter.baudrate in wanted:
        return ok("mode", message, **facts)
    advice = _("The settings say another speed. Change them (and remove TELEINFO_SERIAL_BAUDRATE):")
    return fault("mode", message, advice, "TELEINFO_SERIAL_MODE=auto", **facts)


def _groups(decoded: Counts, seconds: float) -> Finding:
    counts = asdict(decoded)
    message = _(
        "in {time}: frames {frames}, sound groups {groups}; rejected: parity {parity}, checksum {checksum}, "
        "malformed {malformed}; interrupted frames: {interrupted}"
    )
    if any(counts[cause] for cause in WITHHELD_CAUSES):
        message += _("; withheld: unconfirmed {unconfirmed}, implausible {implausible}")
    message = message.format(time=duration(seconds), **counts)
    facts = {name: counts[name] for name in ("frames", "groups", "interrupted", *WITHHELD_CAUSES)}
    facts["rejected"] = {cause: counts[cause] for cause in REJECTION_CAUSES}
    if decoded.frames:
        return ok("groups", message, **facts)
    return warning("groups", message, _("No frame came whole: bytes are lost."), **facts)


def _parity(meter: Probe) -> Finding:
    # Skip the data up to the end of the first frame: the very first character may be misread.
    whole = meter.data.partition(_ETX)[2]
    if not meter.decoder.parity or not whole:
        message = _("the parity bit is stripped on the way, by a bridge, an adapter or a simulation")
        return warning("parity", message, _(ADVICE["WITHOUT_PARITY"]), parity=False)
    damaged, characters = sum(byte.bit_count() & 1 for byte in whole), len(whole)
    # At bit error rate b, parity detects an error in a share (1 - (1 - 2 b)^8) / 2 of the characters.
    rate = (1 - math.pow(max(0.0, 1 - 2 * damaged / characters), 1 / 8)) / 2
    facts = {"parity": True, "damaged": damaged, "characters": characters, "bit_error_rate": rate}
    if not damaged:
        message = _(
            "there, and right for all of {characters} characters: fewer than 1 bit in {bits} is wrong"
        )
        return ok("parity", message.format(characters=characters, bits=characters * 8), **facts)
    message = _("there; {damaged} of {characters} characters damaged: about 1 bit in {bits} is wrong")
    message = message.format(damaged=damaged, characters=characters, bits=round(1 / rate))
    return ok("parity", message, **facts)


def _meter(number: str | None) -> Finding:
    if number is None:
        return ok("meter", _("it does not tell its number"))
    known = identity_of(number)
    maker = known.maker or _("maker unknown")
    masked = f"{number[:6]}…"
    message = _("{model}, {maker}, number {number}").format(model=_(known.model), maker=maker, number=masked)
    return ok("meter", message, model=_(known.model), maker=known.maker)


def _clock(offset: int | None) -> list[Finding]:
    """Judge the `offset` of the clock of the meter."""
    if offset is None:
        return []
    if abs(offset) <= TOLERANCE:
        return [ok("clock", _("as the clock of this machine, within two minutes"), offset=offset)]
    message = _("{time} behind the clock of this machine")
    if offset > 0:
        message = _("{time} ahead of the clock of this machine")
    advice = _("See whether the network sets the clock of this machine; if so, the meter is wrong:")
    message = message.format(time=duration(abs(offset)))
    return [warning("clock", message, advice, "timedatectl", offset=offset)]


def _wiring(grade: LineGrade, share: float, *, few: bool, cause: LineCause | None) -> Finding:
    """Judge the line from its share of bad groups; `few`: only one group is bad, which is no trend."""
    message = _("{word}: {share} % of the groups are bad").format(
        word=inline(grade.words), share=decimal(f"{share:.1%}"[:-1])
    )
    if grade in {LineGrade.GOOD, LineGrade.FAIR} or (few and grade is LineGrade.POOR):
        return ok("wiring", message, wiring=str(grade))
    advice, facts = ADVICE["DAMAGED"], {"wiring": str(grade)}
    if cause is not None:
        message += "; " + _(cause.words)
        advice, facts["cause"] = ADVICE[cause.name], str(cause)
    make = fault if grade is LineGrade.BAD else warning
    return make("wiring", message, _(advice), command_line("doctor"), **facts)
