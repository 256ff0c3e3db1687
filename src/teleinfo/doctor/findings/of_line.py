"""The findings about the line from the meter."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity
from teleinfo.vocabulary.line import LineCause

NOT_HEARD: Final = Finding(
    "open",
    Severity.FAULT,
    "{reason}",
)

PORT_FIRST: Final = Finding(
    "line",
    Severity.SKIPPED,
    N_("the port comes first"),
)

LINE_UNKNOWN: Final = Finding(
    "line",
    Severity.SKIPPED,
    N_("could not be judged: teleinfo reads it, and the broker does not tell what it hears"),
)

HEARD: Final = Finding(
    "heard",
    Severity.OK,
    "{said}",
)

UNHEARD: Final = Finding(
    "heard",
    Severity.FAULT,
    "{said}",
    N_(
        "Check that two wires join the terminals I1 and I2 of the meter to the adapter (either way round), "
        "that they are stripped and held, and that the adapter has its power and is on the receiving pin "
        "(RXD) of the port. Then look again:"
    ),
    ("{again}",),
)

SILENT: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("none: not one byte comes"),
    N_(
        "Check that two wires join the terminals I1 and I2 of the meter to the adapter (either way round), "
        "that they are stripped and held, and that the adapter has its power and is on the receiving pin "
        "(RXD) of the port. Then look again:"
    ),
    ("{again}",),
)

NONSENSE: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("bytes come, and none makes sense"),
    N_(
        "Check that the wires are on the terminals I1 and I2 (not A), that they are twisted and away from "
        "mains cables, and that the adapter does not invert the signal. Then look again:"
    ),
    ("{again}",),
)

FIXED_SPEED: Final = Finding(
    "mode",
    Severity.FAULT,
    N_("bytes come, and none makes sense at the speed at which they are read"),
    N_("The settings fix it. Let teleinfo find it (and remove TELEINFO_SERIAL_BAUDRATE):"),
    ("TELEINFO_SERIAL_MODE=auto",),
)

MODE: Final = Finding(
    "mode",
    Severity.OK,
    N_("{mode}, {baudrate} baud"),
)

MODE_OF_BRIDGE: Final = Finding(
    "mode",
    Severity.OK,
    N_("{mode}, at a speed that is set elsewhere"),
)

OTHER_MODE: Final = Finding(
    "mode",
    Severity.FAULT,
    N_("{mode}, {baudrate} baud"),
    N_("The settings say another speed. Change them (and remove TELEINFO_SERIAL_BAUDRATE):"),
    ("TELEINFO_SERIAL_MODE=auto",),
)

GROUPS: Final = Finding(
    "groups",
    Severity.OK,
    N_(
        "in {time}: frames {frames}, sound groups {groups}; rejected: parity {parity}, checksum {checksum}, "
        "malformed {malformed}; interrupted frames: {interrupted}; withheld: unconfirmed {unconfirmed}, "
        "implausible {implausible}"
    ),
)

NO_FRAME: Final = Finding(
    "groups",
    Severity.WARNING,
    N_(
        "in {time}: frames {frames}, sound groups {groups}; rejected: parity {parity}, checksum {checksum}, "
        "malformed {malformed}; interrupted frames: {interrupted}; withheld: unconfirmed {unconfirmed}, "
        "implausible {implausible}"
    ),
    N_("No frame came whole: bytes are lost."),
)

PARITY: Final = Finding(
    "parity",
    Severity.OK,
    N_("there; characters damaged: {damaged} of {characters}"),
)

WITHOUT_PARITY: Final = Finding(
    "parity",
    Severity.WARNING,
    N_("the parity bit is stripped on the way, by a bridge, an adapter or a simulation"),
    N_(
        "Fewer errors are caught: only the checksum of each group is left to find them. If there is a "
        "bridge, set its serial side to 8N1 (8 data bits, no parity): the parity bit then comes through."
    ),
)

METER: Final = Finding(
    "meter",
    Severity.OK,
    N_("{model}, {maker}, number {number}"),
)

NO_NUMBER: Final = Finding(
    "meter",
    Severity.OK,
    N_("it does not tell its number"),
)

CLOCK_RIGHT: Final = Finding(
    "clock",
    Severity.OK,
    N_("as the clock of this machine, within two minutes"),
)

CLOCK_AHEAD: Final = Finding(
    "clock",
    Severity.WARNING,
    N_("{time} ahead of the clock of this machine"),
    N_("See whether the network sets the clock of this machine; if so, the meter is wrong:"),
    ("timedatectl",),
)

CLOCK_BEHIND: Final = Finding(
    "clock",
    Severity.WARNING,
    N_("{time} behind the clock of this machine"),
    N_("See whether the network sets the clock of this machine; if so, the meter is wrong:"),
    ("timedatectl",),
)

WIRING: Final = Finding(
    "wiring",
    Severity.OK,
    N_("{word}: {share} % of the groups are bad"),
)

DAMAGED: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad"),
    N_(
        "Bits are lost on the way: shorten the cable or take a twisted pair, tighten the terminals, or "
        "change the adapter's opto-coupler or its resistor (some that do at 1200 baud are too slow at 9600). "
        "Then look again:"
    ),
    ("{again}",),
)

# The causes, members of `LineCause`.
SLOW_RISE: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad; {cause}"),
    N_(
        "The resistor that pulls RX up (R2) is too large: take 4.7 or 3.3 kΩ in place of 10 kΩ, and keep the "
        "wires between the opto-coupler and the port short. Then look again:"
    ),
    ("{again}",),
)

WEAK: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad; {cause}"),
    N_(
        "Too little of the signal reaches the opto-coupler: take a smaller resistor at the meter (R1, 1 to "
        "1.2 kΩ; old boards have 3.3 kΩ or more) or another opto-coupler, tighten the terminals, shorten the "
        "cable. Then look again:"
    ),
    ("{again}",),
)

CLOCK: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad; {cause}"),
    N_(
        "Take another adapter; on a Raspberry Pi, the good UART (PL011), whose clock does not follow that of "
        "the processor. Then look again:"
    ),
    ("{again}",),
)

LOST_BYTES: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad; {cause}"),
    N_(
        "The wires are good. Stop any other program that reads the same port; plug the adapter in without a "
        "hub, or take another adapter; give a bridge a larger buffer or a better Wi-Fi; see whether the "
        "computer is overloaded. Then look again:"
    ),
    ("{again}",),
)

NOISE: Final = Finding(
    "wiring",
    Severity.FAULT,
    N_("{word}: {share} % of the groups are bad; {cause}"),
    N_(
        "Tighten the terminals, take a twisted or shielded pair, and lay it away from mains cables, motors "
        "and power supplies; try another power supply for the adapter or the computer. Then look again:"
    ),
    ("{again}",),
)

BY_CAUSE: Final = {
    LineCause.SLOW_RISE: SLOW_RISE,
    LineCause.WEAK: WEAK,
    LineCause.CLOCK: CLOCK,
    LineCause.LOST_BYTES: LOST_BYTES,
    LineCause.NOISE: NOISE,
}
"""The findings on a damaged line, by its cause."""
