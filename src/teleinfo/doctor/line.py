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
from teleinfo.daemon.health import LineGrade as Words
from teleinfo.daemon.health import Quality
from teleinfo.doctor.findings import Finding, Severity, fault, ok, unseen, warning
from teleinfo.doctor.machine import command
from teleinfo.doctor.probe import Heard, listen, speeds
from teleinfo.port.baud_detector import candidates
from teleinfo.port.errors import PortError
from teleinfo.tic.meter_id import meter_of, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.doctor.broker import RetainedState
    from teleinfo.settings import Settings

QUALITY = {
    Words.GOOD: N_("good"),
    Words.FAIR: N_("fair"),
    Words.POOR: N_("weak"),
    Words.BAD: N_("bad"),
    Words.SILENT: N_("silent"),
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


def from_the_broker(retained: RetainedState | None) -> list[Finding]:
    """Return what the teleinfo that reads the port says of the line; `told` None: nobody hears it."""
    if retained is None or retained.status is None:
        return [unseen("line", _("teleinfo reads the port, and the broker could not be asked what it hears"))]
    health = _json(retained.health)
    rejected = health.get("rejected")
    facts = {key: health.get(key) for key in ("mode", "baudrate", "frames", "groups", "rejected", "line")}
    saw = _("teleinfo says {status}: mode {mode}, {baudrate} baud, {frames} frames").format(
        status=retained.status, **{key: health.get(key) for key in ("mode", "baudrate", "frames")}
    )
    if retained.status != "online" and _talks(health):
        saw = _(
            "teleinfo reads the meter, and does not stay connected to the broker: another program may use "
            "its client id"
        )
        lines = ("TELEINFO_MQTT_CLIENT_ID=teleinfo-{hostname}-2", "journalctl -u teleinfo")
        return [fault("heard", saw, _(SHARED), lines, status=retained.status, **facts)]
    if retained.status != "online":
        return [fault("heard", saw, _(WIRES), (f"{command()} doctor",), status=retained.status, **facts)]
    found = [ok("heard", saw, status=retained.status, **facts)]
    if isinstance(rejected, dict) and health.get("line") in set(Words) - {Words.SILENT}:
        share = health.get("bad_groups_percent") or 0
        found.append(_wiring(Words(str(health["line"])), float(str(share)) / 100))
    return found


async def examine(settings: Settings, path: str, tell: Callable[[int], None]) -> list[Finding]:
    """Listen at `path` and return what is heard; `tell` gets each speed that is tried."""
    wanted = candidates(settings.serial_mode, settings.serial_baudrate)
    bridge = path.startswith("socket://")
    try:
        heard = await listen(path, wanted[:1] if bridge else speeds(wanted), tell)
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


def _bytes(heard: list[Heard]) -> Finding:
    saw = "; ".join(
        _("{baudrate} baud: {rate:.0f} bytes/s").format(baudrate=one.baudrate, rate=one.rate) for one in heard
    )
    facts = {f"bytes_per_second_{one.baudrate}": round(one.rate, 1) for one in heard}
    return (ok if any(one.counts.bytes_ for one in heard) else fault)("bytes", saw, **facts)


def _nothing(heard: list[Heard]) -> Finding:
    again = (f"{command()} doctor",)
    if not any(one.counts.bytes_ for one in heard):
        return fault("wiring", _("none: not one byte comes"), _(WIRES), again, wiring="none")
    saw = _("bytes come, and none makes sense at any speed")
    return fault("wiring", saw, _(NONSENSE), again, wiring="nonsense")


def _mode(meter: Heard, wanted: tuple[int, ...], *, bridge: bool) -> Finding:
    saw = _("{mode}, {baudrate} baud").format(mode=meter.mode, baudrate=meter.baudrate)
    if bridge:
        saw = _("{mode}, at the speed of the bridge").format(mode=meter.mode)
    facts = {"mode": str(meter.mode), "baudrate": meter.baudrate}
    if meter.baudrate in wanted:
        return ok("mode", saw, **facts)
    advice = _("The settings say another speed. Change them (and remove TELEINFO_SERIAL_BAUDRATE):")
    return fault("mode", saw, advice, ("TELEINFO_SERIAL_MODE=auto",), **facts)


def _groups(meter: Heard) -> Finding:
    counts = meter.counts
    saw = _(
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
        return ok("groups", saw, **facts)
    return warning("groups", saw, _("No frame came whole: bytes are lost."), **facts)


def _parity(meter: Heard) -> Finding:
    rate = meter.bit_error_rate
    damaged, characters = meter.damaged
    facts = {"parity": meter.parity, "damaged": damaged, "characters": characters, "bit_error_rate": rate}
    if rate is None:
        saw = _("stripped on the way (a bridge, a simulation): only checksums tell what is damaged")
        return ok("parity", saw, parity=meter.parity)
    if not damaged:
        saw = _("there, and right for all of {characters} characters: fewer than 1 bit in {bits} is wrong")
        return ok("parity", saw.format(characters=characters, bits=characters * 8), **facts)
    saw = _("there; {damaged} of {characters} characters damaged: about 1 bit in {bits} is wrong")
    saw = saw.format(damaged=damaged, characters=characters, bits=round(1 / rate) if rate else 0)
    return Finding(check="parity", verdict=Severity.OK, saw=saw, facts=facts)


def _meter(meter: Heard) -> Finding:
    number = next((number for one in reversed(meter.readings) if (number := number_of(one))), None)
    if number is None:
        return ok("meter", _("it does not tell its number"))
    known = meter_of(number, topic="", private=True)
    maker = known.maker or _("maker unknown")
    masked = number[:6] + "…" * bool(number[6:])
    saw = _("{model}, {maker}, number {number}").format(model=known.model, maker=maker, number=masked)
    return ok("meter", saw, model=known.model, maker=known.maker)


def _wiring(quality: Words, share: float, *, few: bool = False) -> Finding:
    """Judge the line by the share of its bad groups; a single one (`few`) is no trend."""
    saw = _("{word}: {share} % of the groups are bad").format(
        word=_(QUALITY[quality]), share=decimal(f"{share:.1%}"[:-1])
    )
    if quality in {Words.GOOD, Words.FAIR} or (few and quality is Words.POOR):
        return ok("wiring", saw, wiring=str(quality))
    make = fault if quality is Words.BAD else warning
    return make("wiring", saw, _(WEAK), (f"{command()} doctor",), wiring=str(quality))


def _talks(health: dict[str, object]) -> bool:
    """Tell whether the meter talks by `health`, which is retained: old news of a good line do not count."""
    if str(health.get("line")) not in {Words.GOOD, Words.FAIR, Words.POOR}:
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
