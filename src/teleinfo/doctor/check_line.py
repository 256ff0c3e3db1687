"""
The line: what comes through the wires, and how well.

Where a teleinfo reads the port already, it is asked by way of the broker: nobody else must read there.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _, decimal
from teleinfo.daemon.health import LineGrade, Quality
from teleinfo.doctor.findings import Finding, Severity, fault, ok, skipped, warning
from teleinfo.doctor.machine import command_name
from teleinfo.doctor.probe import ProbeResult, probe_speeds, speeds
from teleinfo.port.baud_detector import candidates
from teleinfo.port.errors import PortError
from teleinfo.tic.meter_id import meter_of, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.doctor.check_broker import RetainedState
    from teleinfo.settings import Settings

QUALITY = {
    LineGrade.GOOD: N_("good"),
    LineGrade.FAIR: N_("fair"),
    LineGrade.POOR: N_("weak"),
    LineGrade.BAD: N_("bad"),
    LineGrade.SILENT: N_("silent"),
}

WIRES = N_(
    "Check that two wires join the terminals I1 and I2 of the meter to the adapter (either way round), that "
    "they are stripped and held, and that the adapter has its power and is on the receiving pin (RXD) of the "
    "port. Then look again:"
)
NONSENSE = N_(
    "Check that the wires are on the terminals I1 and I2 (not A), that they are twisted and away from mains "
    "cables, and that the adapter does not invert the signal. Then look again:"
)
WEAK = N_(
    "Bits are lost on the way: shorten the cable or take a twisted pair, tighten the terminals, or change "
    "the adapter's opto-coupler or its resistor (some that do at 1200 baud are too slow at 9600). Then look "
    "again:"
)
SHARED = N_(
    "Give one of the two another TELEINFO_MQTT_CLIENT_ID, and see what the journal says. If the meter fell "
    "silent or teleinfo was started just now, look again in two minutes:"
)
RECENT_SECONDS = 120.0
"""How old the last frame of a meter that talks may be in `health`, which comes once a minute."""


def line_from_broker(retained: RetainedState | None) -> list[Finding]:
    """Return what the teleinfo that reads the port says of the line; `told` None: nobody hears it."""
    if retained is None or retained.status is None:
        return [
            skipped("line", _("teleinfo reads the port, and the broker could not be asked what it hears"))
        ]
    health = _json(retained.health)
    rejected = health.get("rejected")
    facts = {key: health.get(key) for key in ("mode", "baudrate", "frames", "groups", "rejected", "line")}
    message = _("teleinfo says {status}: mode {mode}, {baudrate} baud, {frames} frames").format(
        status=retained.status, **{key: health.get(key) for key in ("mode", "baudrate", "frames")}
    )
    if retained.status != "online" and _talks(health):
        message = _(
            "teleinfo reads the meter, and does not stay connected to the broker: another program may use "
            "its client id"
        )
        lines = ("TELEINFO_MQTT_CLIENT_ID=teleinfo-{hostname}-2", "journalctl -u teleinfo")
        return [fault("heard", message, _(SHARED), lines, status=retained.status, **facts)]
    if retained.status != "online":
        return [
            fault("heard", message, _(WIRES), (f"{command_name()} doctor",), status=retained.status, **facts)
        ]
    found = [ok("heard", message, status=retained.status, **facts)]
    if isinstance(rejected, dict) and health.get("line") in set(LineGrade) - {LineGrade.SILENT}:
        share = health.get("bad_groups_percent") or 0
        found.append(_wiring(LineGrade(str(health["line"])), float(str(share)) / 100))
    return found


async def check_line(settings: Settings, path: str, tell: Callable[[int], None]) -> list[Finding]:
    """Listen at `path` and return what is heard; `tell` gets each speed that is tried."""
    wanted = candidates(settings.serial_mode, settings.serial_baudrate)
    bridge = path.startswith("socket://")
    try:
        heard = await probe_speeds(path, wanted[:1] if bridge else speeds(wanted), tell)
    except PortError as error:
        return [fault("open", error.localized(), trouble=error.kind.value)]
    meter = heard[-1]
    found = [_bytes(heard)]
    if meter.mode is None:
        return [*found, _nothing(heard)]
    found += [_mode(meter, wanted, bridge=bridge), _groups(meter), _parity(meter), _meter(meter)]
    quality = Quality()
    quality.sample(meter.counts, now=0.0)
    found.append(_wiring(quality.verdict, quality.bad_share or 0.0, few=meter.counts.rejected == 1))
    return found


def _bytes(heard: list[ProbeResult]) -> Finding:
    message = "; ".join(
        _("{baudrate} baud: {rate:.0f} bytes/s").format(baudrate=one.baudrate, rate=one.rate) for one in heard
    )
    facts = {f"bytes_per_second_{one.baudrate}": round(one.rate, 1) for one in heard}
    return (ok if any(one.counts.bytes_ for one in heard) else fault)("bytes", message, **facts)


def _nothing(heard: list[ProbeResult]) -> Finding:
    again = (f"{command_name()} doctor",)
    if not any(one.counts.bytes_ for one in heard):
        return fault("wiring", _("none: not one byte comes"), _(WIRES), again, wiring="none")
    message = _("bytes come, and none makes sense at any speed")
    return fault("wiring", message, _(NONSENSE), again, wiring="nonsense")


def _mode(meter: ProbeResult, wanted: tuple[int, ...], *, bridge: bool) -> Finding:
    message = _("{mode}, {baudrate} baud").format(mode=meter.mode, baudrate=meter.baudrate)
    if bridge:
        message = _("{mode}, at the speed of the bridge").format(mode=meter.mode)
    facts = {"mode": str(meter.mode), "baudrate": meter.baudrate}
    if meter.baudrate in wanted:
        return ok("mode", message, **facts)
    advice = _("The settings say another speed. Change them (and remove TELEINFO_SERIAL_BAUDRATE):")
    return fault("mode", message, advice, ("TELEINFO_SERIAL_MODE=auto",), **facts)


def _groups(meter: ProbeResult) -> Finding:
    counts = meter.counts
    message = _(
        "{frames} frames, {groups} sound groups in {time}; rejected: parity {parity}, checksum {checksum}, "
        "malformed {malformed}; interrupted frames: {interrupted}"
    ).format(
        frames=counts.frames,
        groups=counts.groups,
        time=duration(meter.seconds),
        parity=counts.parity,
        checksum=counts.checksum,
        malformed=counts.malformed,
        interrupted=counts.interrupted,
    )
    facts = {
        "frames": counts.frames,
        "groups": counts.groups,
        "rejected": {"parity": counts.parity, "checksum": counts.checksum, "malformed": counts.malformed},
        "interrupted": counts.interrupted,
    }
    if counts.frames:
        return ok("groups", message, **facts)
    return warning("groups", message, _("No frame came whole: bytes are lost."), **facts)


def _parity(meter: ProbeResult) -> Finding:
    rate = meter.bit_error_rate
    damaged, characters = meter.damaged
    facts = {"parity": meter.parity, "damaged": damaged, "characters": characters, "bit_error_rate": rate}
    if rate is None:
        message = _("stripped on the way (a bridge, a simulation): only checksums tell what is damaged")
        return ok("parity", message, parity=meter.parity)
    if not damaged:
        message = _(
            "there, and right for all of {characters} characters: fewer than 1 bit in {bits} is wrong"
        )
        return ok("parity", message.format(characters=characters, bits=characters * 8), **facts)
    message = _("there; {damaged} of {characters} characters damaged: about 1 bit in {bits} is wrong")
    message = message.format(damaged=damaged, characters=characters, bits=round(1 / rate) if rate else 0)
    return Finding(check="parity", severity=Severity.OK, message=message, facts=facts)


def _meter(meter: ProbeResult) -> Finding:
    number = next((number for one in reversed(meter.readings) if (number := number_of(one))), None)
    if number is None:
        return ok("meter", _("it does not tell its number"))
    known = meter_of(number, topic="", private=True)
    maker = known.maker or _("maker unknown")
    masked = number[:6] + "…" * bool(number[6:])
    message = _("{model}, {maker}, number {number}").format(model=known.model, maker=maker, number=masked)
    return ok("meter", message, model=known.model, maker=known.maker)


def _wiring(quality: LineGrade, share: float, *, few: bool = False) -> Finding:
    """Judge the line by the share of its bad groups; a single one (`few`) is no trend."""
    message = _("{word}: {share} % of the groups are bad").format(
        word=_(QUALITY[quality]), share=decimal(f"{share:.1%}"[:-1])
    )
    if quality in {LineGrade.GOOD, LineGrade.FAIR} or (few and quality is LineGrade.POOR):
        return ok("wiring", message, wiring=str(quality))
    make = fault if quality is LineGrade.BAD else warning
    return make("wiring", message, _(WEAK), (f"{command_name()} doctor",), wiring=str(quality))


def _talks(health: dict[str, object]) -> bool:
    """Tell whether the meter talks by `health`, which is retained: old news of a good line do not count."""
    if str(health.get("line")) not in {LineGrade.GOOD, LineGrade.FAIR, LineGrade.POOR}:
        return False
    try:
        last = datetime.fromisoformat(str(health.get("last_frame"))).timestamp()
    except (ValueError, OverflowError):
        return False
    return abs(time.time() - last) <= RECENT_SECONDS


def _json(text: bytes | None) -> dict[str, object]:
    try:
        read = json.loads(text or b"{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
