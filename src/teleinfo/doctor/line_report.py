"""Show which bits of a line arrive wrong, as a bar chart in the terminal, and what to do."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from teleinfo import __version__
from teleinfo.common.i18n import N_, _
from teleinfo.doctor.line_damage import BITS, PARITY, STOP
from teleinfo.vocabulary.line import LineCause

if TYPE_CHECKING:
    from teleinfo.doctor.line_cause import Diagnosis

ADVICE: Final = {
    LineCause.SLOW_RISE: N_(
        "The resistor that pulls RX up (R2) is too large: take 4.7 or 3.3 kΩ in place of 10 kΩ, and keep the "
        "wires between the opto-coupler and the port short. Then look again:"
    ),
    LineCause.SLOW_FALL: N_(
        "The opto-coupler pulls RX down too slowly: take a smaller resistor at the meter (R1, but not less "
        "than 1 kΩ), a larger R2, or another opto-coupler. Then look again:"
    ),
    LineCause.WEAK: N_(
        "Too little of the signal reaches the opto-coupler: take a smaller resistor at the meter (R1, 1 to "
        "1.2 kΩ; old boards have 3.3 kΩ or more), tighten the terminals, shorten the cable. Then look again:"
    ),
    LineCause.CLOCK: N_(
        "Take another adapter; on a Raspberry Pi, the good UART (PL011), whose clock does not follow that of "
        "the processor. Then look again:"
    ),
    LineCause.HUM: N_(
        "Lay the cable away from mains cables, take a twisted or shielded pair, and try another power supply "
        "for the adapter or the computer. Then look again:"
    ),
    LineCause.LOST_BYTES: N_(
        "The wires are good. Plug the adapter in without a hub, or take another adapter; give a bridge a "
        "larger buffer or a better Wi-Fi; see whether the computer is overloaded. Then look again:"
    ),
    LineCause.SHARED_PORT: N_("Stop the other program, which reads the same port. Then look again:"),
    LineCause.NOISE: N_(
        "Tighten the terminals, take a twisted pair, and lay it away from motors and power supplies. Then "
        "look again:"
    ),
}  # fmt: skip

_WIDTH = 24  # characters of the longest bar


def sentences(diagnosis: Diagnosis) -> list[str]:
    """Return what was found, the cause, and what to do."""
    damage, cause = diagnosis.damage, diagnosis.cause
    found = _(
        "Sound groups: {groups}; damaged places: {places}, of which {holes} lack bytes; wrong bits: {bits}."
    ).format(groups=damage.groups, places=damage.places, holes=len(set(damage.holes)), bits=len(damage.flips))
    if cause is None:
        return [found, _("The cause is not clear.") if damage.places else _("All is well.")]
    return [found, _("Cause: {cause}.").format(cause=_(cause.words)), _(ADVICE[cause])]


def chart(diagnosis: Diagnosis) -> list[str]:
    """Return the lines of a bar chart: the wrong 0s and 1s at each position in a character."""
    counts = Counter((flip.bit.position, flip.bit.level) for flip in diagnosis.damage.flips)
    most = max(counts.values(), default=1)
    names = {0: _("start"), PARITY: _("parity"), STOP: _("stop")}
    lines = [f"{'':<8}{_('0 read as 1'):<{_WIDTH + 7}}{_('1 read as 0')}"]
    for position in range(BITS):
        name = names.get(position) or f"bit {position - 1}"
        zeros, ones = (counts[position, level] for level in (0, 1))
        bars = [f"{'█' * -(-count * _WIDTH // most)} {count}" if count else "" for count in (zeros, ones)]
        lines.append(f"{name:<8}{bars[0]:<{_WIDTH + 7}}{bars[1]}".rstrip())
    return lines


def as_json(diagnosis: Diagnosis) -> str:
    """Return one JSON object: the cause (null: not clear), counts, the wrong bits by position, sentences."""
    damage = diagnosis.damage
    flips = Counter((flip.bit.position, flip.bit.level) for flip in damage.flips)
    whole = {
        "version": __version__, "cause": diagnosis.cause, "sentences": sentences(diagnosis),
        "groups": damage.groups, "places": damage.places, "holes": len(set(damage.holes)),
        "wrong_zeros": [flips[position, 0] for position in range(BITS)],
        "wrong_ones": [flips[position, 1] for position in range(BITS)],
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1)
