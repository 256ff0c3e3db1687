"""Show which bits of a line arrive wrong, as a bar chart in the terminal, and what to do."""

from __future__ import annotations

import json
import math
from collections import Counter

from teleinfo import __version__
from teleinfo.common.i18n import _
from teleinfo.doctor.findings import of_line
from teleinfo.doctor.line_damage import PARITY, STOP, Damage

_WIDTH = 24  # characters of the longest bar


def sentences(damage: Damage) -> list[str]:
    """Return what was found, the cause, and what to do."""
    template = _(
        "Sound groups: {groups}; damaged places: {places}, of which {holes} lack bytes; wrong bits: {bits}."
    )
    counts = template.format(
        groups=damage.groups, places=damage.places, holes=damage.holes, bits=len(damage.flips)
    )
    if not damage.places:
        return [counts, _("All is well.")]
    if damage.cause is None:
        return [counts, _("The cause is not clear.")]
    named_cause = _("Cause: {cause}.").format(cause=_(damage.cause.words))
    advice = _(of_line.BY_CAUSE[damage.cause].advice)
    return [counts, named_cause, advice]


def chart(damage: Damage) -> list[str]:
    """Return the lines of a bar chart: the wrong 0s and 1s at each position in a character."""
    wrong_zeros = _wrong_bits(damage, level=0)
    wrong_ones = _wrong_bits(damage, level=1)
    most = max([*wrong_zeros, *wrong_ones])
    lines = [_columns("", _("0 read as 1"), _("1 read as 0"))]
    for index in range(PARITY):
        is_parity = index == PARITY - 1
        name = _("parity") if is_parity else f"bit {index}"
        lines.append(_columns(name, _bar(wrong_zeros[index], most), _bar(wrong_ones[index], most)))
    return lines


def _columns(name: str, zeros: str, ones: str) -> str:
    """Return a line of the chart in three columns."""
    column_width = _WIDTH + 7  # a bar, its number, and a space
    return f"{name:<8}{zeros:<{column_width}}{ones}".rstrip()


def _wrong_bits(damage: Damage, *, level: int) -> list[int]:
    """Return how many bits that were sent with this level are wrong: of bit 0 first, of the parity last."""
    positions = Counter(bit.position for bit in damage.flips if bit.level == level)
    return [positions[position] for position in range(1, STOP)]


def _bar(count: int, most: int) -> str:
    """Return a bar for a count, followed by the count; that for `most` is `_WIDTH` long."""
    if not count:
        return ""
    length = math.ceil(count * _WIDTH / most)
    return f"{'█' * length} {count}"


def as_json(damage: Damage) -> str:
    """Return one JSON object: the cause (null: not clear), counts, the wrong bits by position, sentences."""
    whole = {
        "version": __version__, "cause": damage.cause, "sentences": sentences(damage),
        "groups": damage.groups, "places": damage.places, "holes": damage.holes,
        "wrong_zeros": _wrong_bits(damage, level=0), "wrong_ones": _wrong_bits(damage, level=1),
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1)
