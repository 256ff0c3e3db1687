"""Show which bits of a line arrive wrong, as a bar chart in the terminal, and what to do."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo import __version__
from teleinfo.common.i18n import _
from teleinfo.doctor.line_damage import BITS, PARITY, STOP

if TYPE_CHECKING:
    from teleinfo.doctor.line_cause import Diagnosis

ADVICE: Final = dict(
    re.findall(
        r"^\[(\w+)\]\n(.+)$",
        Path(__file__).with_name("line_advice.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
"""The advice of `line_advice.txt`."""

_WIDTH = 24  # characters of the longest bar


def sentences(diagnosis: Diagnosis) -> list[str]:
    """Return what was found, the cause, and what to do."""
    damage, cause = diagnosis.damage, diagnosis.cause
    found = _(
        "Sound groups: {groups}; damaged places: {places}, of which {holes} lack bytes; wrong bits: {bits}."
    ).format(groups=damage.groups, places=damage.places, holes=len(set(damage.holes)), bits=len(damage.flips))
    if cause is None:
        return [found, _("The cause is not clear.") if damage.places else _("All is well.")]
    return [found, _("Cause: {cause}.").format(cause=_(cause.words)), _(ADVICE[cause.name])]


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
