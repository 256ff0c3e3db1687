"""
The table of étiquettes: one entry for each étiquette of each mode, for all meter families.

The only list of labels is `tables/labels.txt`, by meter family and in the order of emission.
Sources: Enedis-NOI-CPT_54E v3 (54E, Linky) and Enedis-NOI-CPT_02E v6 (02E, older meters).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from teleinfo.tic.tables.reader import (
    COMING_AND_GOING,
    TABLES,
    VARYING,
    Charset,
    Group,
    Kind,
    Label,
    Mode,
    Presence,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The types of the tables, which other modules import from here.
__all__ = ["COMING_AND_GOING", "VARYING", "Charset", "Group", "Kind", "Label", "Mode", "Presence"]

DIGITS: Final = 15
"""The most digits of a number: a JSON reader with 53-bit numbers would round a longer number."""


def lookup(mode: Mode, name: str) -> Label | None:
    """Return the entry of the étiquette `name` in `mode`, None if the table lacks it."""
    if mode is Mode.STANDARD:
        return STANDARD.get(name)
    return HISTORIQUE.get(name)


@lru_cache(maxsize=256)
def parse_uint(value: str) -> int | None:
    """
    Return the whole number in a value, which blanks may pad; None if the value is no such number.

    More than `DIGITS` digits are no number, since no meter sends so many.
    """
    digits = value.strip(" ")
    if not (digits.isdecimal() and digits.isascii()) or len(digits) > DIGITS:
        return None
    return int(digits)


def _table(labels: Iterable[Label]) -> Mapping[str, Label]:
    """Return the labels of one mode by name and other spelling: the given labels, and those of SAPHIR."""
    table = {label.name: label for label in labels}
    for label in TABLES["SAPHIR"]:
        same = table.get(label.name)
        table[label.name] = label if same is None else replace(same, variant=label)
    return table | {
        spelling: replace(label, name=spelling, spelling_of=name)
        for name, label in table.items()
        for spelling in label.spellings
    }


# The labels of blue meters and Linky in the documented order (02E and 54E, tables of the groups).
ORDER: Final = {Mode.HISTORIQUE: TABLES["BLEU"], Mode.STANDARD: TABLES["LINKY"]}

HISTORIQUE: Final = _table(
    label
    for family in ("BLEU", "CONCENTRATEUR", "CJE", "ICE_2Q", "ICE_4Q", "PME_PMI")
    for label in TABLES[family]
)
STANDARD: Final = _table(TABLES["LINKY"])

# The tariff periods of an ICE-2Q in the order of its indexes; the numbered periods of ICE-4Q and SAPHIR.
POSTES: Final = tuple(
    label.period for label in TABLES["ICE_2Q"] if label.period and label.name == f"EAp{label.period}"
)
SLOTS: Final = range(1, 9)

# Opens the second part of an ICE-4Q frame; its value is the name of the part.
PART_OPENER: Final = "Appli"

# The identifiers that name the meter (PRM names the site). Linky has the same number in both modes.
METER_NUMBERS: Final = ("ADCO", "ADSC", "ADS")
# The indexes of each option (OPTARIF): their sum is the energy that was drawn (02E, 54E §6.1).
CONTRACTS: Final = {
    "BASE": ("BASE",),
    "HC": ("HCHC", "HCHP"),
    "EJP": ("EJPHN", "EJPHPM"),
    "BBR": ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"),
}
# The labels of the contract (OPTARIF, NGTF), of the index that counts now (NTARF) and of its name (LTARF).
TARIFF_LABELS: Final = ("OPTARIF", "NGTF", "NTARF", "LTARF")
# Labels that are sent only at times: notices, an announced or running mobile peak, the control mode.
NOTICES: Final = frozenset(
    label.name
    for table in (HISTORIQUE, STANDARD)
    for label in table.values()
    if label.presence in COMING_AND_GOING - {Presence.ALARM, Presence.PASSING}
)

# The labels of a short frame. During an overrun and for a minute after it, a three-phase meter sends 20 short
# frames between two full frames; after the overrun they lack ADIR1 to ADIR3 (02E, 54E).
SHORT_FRAME: Final = frozenset({"ADIR1", "ADIR2", "ADIR3", "ADCO", "IINST1", "IINST2", "IINST3"})

# Labels of an overrun, which are sent while it lasts.
ALARMS: Final = frozenset(label.name for label in HISTORIQUE.values() if label.presence is Presence.ALARM)
# The status register of Linky.
STATUS_REGISTER: Final = "STGE"
