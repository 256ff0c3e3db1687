"""Show which bits of a line arrive wrong, as a bar chart in the terminal, and what to do."""

from __future__ import annotations

import json
from collections import Counter

from teleinfo import __version__
from teleinfo.common.i18n import _
from teleinfo.doctor.findings import of_line
from teleinfo.doctor.line_damage import PARITY, STOP, Damage

_WIDTH = 24  # characters of the longest bar


def sentences(damage: Damage) -> list[str]:
    """Return what was found, the cause, and what to do."""
    cause = damage.cause
    counts = _(
        "Sound groups: {groups}; damaged places: {places}, of which {holes} lack bytes; wrong bits: {bits}."
    ).format(groups=damage.groups, places=damage.places, holes=damage.holes, bits=len(damage.flips))
    if cause is None:
        return [counts, _("The cause is not clear.") if damage.places else _("All is well.")]
    return [counts, _("Cause: {cause}.").format(cause=_(cause.words)), _(of_line.BY_CAUSE[cause].advice)]


def chart(damage: Damage) -> list[str]:
    """Return the lines of a bar chart: the wrong 0s and 1s at each position in a character."""
    counts = _counts(damage)
    most = max(counts.values(), default=1)
    lines = [f"{'':<8}{_('0 read as 1'):<{_WIDTH + 7}}{_('1 read as 0')}"]
    for position in range(1, STOP):
        name = _("parity") if position == PARITY else f"bit {position - 1}"
        zeros = _bar(counts[position, 0], most)
        ones = _bar(counts[position, 1], most)
        lines.append(f"{name:<8}{zeros:<{_WIDTH + 7}}{ones}".rstrip())
    return lines


def _counts(damage: Damage) -> Counter[tuple[int, int]]:
    """Return the number of the wrong bits by position and level."""
    return Counter((bit.position, bit.level) for bit in damage.flips)


def _bar(count: int, most: int) -> str:
    """Return a bar for a count, followed by the count; that for `most` is `_WIDTH` long."""
    if not count:
        return ""
    length = -(-count * _WIDTH // most)  # rounded up
    return f"{'█' * length} {count}"


def as_json(damage: Damage) -> str:
    """Return one JSON object: the cause (null: not clear), counts, the wrong bits by position, sentences."""
    flips = _counts(damage)
    whole = {
        "version": __version__, "cause": damage.cause, "sentences": sentences(damage),
        "groups": damage.groups, "places": damage.places, "holes": damage.holes,
        "wrong_zeros": [flips[position, 0] for position in range(1, STOP)],
        "wrong_ones": [flips[position, 1] for position in range(1, STOP)],
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1)
