"""
Sections of étiquettes in the order of the screen, those with the most changes first.

Pure. The section of an étiquette that is not listed follows from its kind in the label table, so that there
is an order for every family of meters.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from teleinfo.tic.labels import ALARMS, NOTICES, STATUS_REGISTER, Kind
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from teleinfo.tic.labels import LabelSpec


class Section(enum.IntEnum):
    """The subject of a row, in the order of the screen."""

    ALARM = 0
    NOW = 1
    STATUS = 2
    INDEX = 3
    LOAD = 4  # maxima and means
    CONTRACT = 5
    CALENDAR = 6
    DISTRIBUTOR = 7  # indexes that are on no bill
    METER = 8
    UNUSED = 9


_LISTED: Final = {
    **dict.fromkeys(NOTICES - {"MODE"}, Section.CALENDAR),
    **dict.fromkeys(("NTARF", "NJOURF", "NJOURF+1", "PJOURF+1", "RELAIS"), Section.CALENDAR),
    **dict.fromkeys(("PAPP", "SINST1", "LTARF", "PTEC", "SINSTI", "DEMAIN", "PEJP"), Section.NOW),
    STATUS_REGISTER: Section.STATUS,
    **dict.fromkeys(("OPTARIF", "NGTF", "ISOUSC", "PREF", "PCOUP", "HHPHC", "PMAX"), Section.CONTRACT),
    **dict.fromkeys((f"EASD{number:02}" for number in range(1, 5)), Section.DISTRIBUTOR),
}
_BY_PHASE: Final = dict.fromkeys(("IINST", "IRMS", "URMS", "SINSTS"), Section.NOW) | {
    "IMAX": Section.CONTRACT
}
_KINDS: Final = {
    Kind.INDEX: Section.INDEX,
    Kind.QUANTITY: Section.LOAD,
    Kind.COMPOSITE: Section.LOAD,
    Kind.ENUMERATION: Section.CONTRACT,
}


def section_of(key: str, label: LabelSpec | None, value: str) -> Section:
    """Return the section of an étiquette with this value."""
    if key in ALARMS:
        return Section.ALARM
    if label is None or (label.kind is Kind.INDEX and not value.strip("0")):
        return Section.UNUSED
    by_phase = _BY_PHASE.get(key.rstrip("".join(Phase)))
    return _LISTED.get(key, by_phase or _KINDS.get(label.kind, Section.METER))
