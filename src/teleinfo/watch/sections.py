"""
Group the étiquettes into sections, in the order of the screen: what changes most comes first.

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

POWERS: Final = ("PAPP", "SINSTS", "SINST1")
"""The étiquettes of the apparent power that is drawn, VA: historique, standard, the pilot series of Linky."""

PERIODS: Final = ("LTARF", "PTEC")


class Section(enum.IntEnum):
    """What a row is about, in the order of the screen."""

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


_PHASES: Final = ("", *Phase)
_NOW: Final = frozenset(
    {*POWERS, *PERIODS, "SINSTI", "DEMAIN", "PEJP"}
    | {f"{kind}{phase}" for kind in ("IINST", "IRMS", "URMS", "SINSTS") for phase in _PHASES}
)
_CONTRACT: Final = frozenset(
    {"OPTARIF", "NGTF", "ISOUSC", "PREF", "PCOUP", "HHPHC", "PMAX"} | {f"IMAX{phase}" for phase in _PHASES}
)
_CALENDAR: Final = frozenset({"NTARF", "NJOURF", "NJOURF+1", "PJOURF+1", "RELAIS", *NOTICES} - {"MODE"})
_LISTED: Final = {
    Section.NOW: _NOW,
    Section.CONTRACT: _CONTRACT,
    Section.CALENDAR: _CALENDAR,
    Section.DISTRIBUTOR: frozenset({f"EASD{number:02}" for number in range(1, 5)}),
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
    if label is None:
        return Section.UNUSED
    if label.kind is Kind.INDEX and not value.strip("0"):
        return Section.UNUSED
    if key == STATUS_REGISTER:
        return Section.STATUS
    listed = (section for section, names in _LISTED.items() if key in names)
    return next(listed, _KINDS.get(label.kind, Section.METER))
