"""
The table of étiquettes: one entry for each étiquette of each mode, for all meter families.

The only list of labels is `tables/labels.txt`, by meter family and in the order of emission.
Sources: Enedis-NOI-CPT_54E v3 (54E, Linky) and Enedis-NOI-CPT_02E v6 (02E, older meters).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.tic.tables.label_types import (
    COMING_AND_GOING,
    VARYING,
    Charset,
    Group,
    Kind,
    LabelSpec,
    Mode,
    Presence,
)
from teleinfo.tic.tables.reader import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALARMS",
    "COMING_AND_GOING",
    "CONTRACTS",
    "DIGITS",
    "HISTORIQUE",
    "METER_NUMBERS",
    "NOTICES",
    "ORDER",
    "PART_OPENER",
    "POSTES",
    "SHORT_FRAME",
    "SLOTS",
    "STANDARD",
    "STATUS_REGISTER",
    "TARIFF_LABELS",
    "VARYING",
    "Charset",
    "Group",
    "Kind",
    "LabelSpec",
    "Mode",
    "Presence",
    "lookup",
    "parse_uint",
]


DIGITS: Final = 15
"""The most digits of a number: a JSON reader with 53-bit numbers would round a longer number."""


def lookup(mode: Mode, name: str) -> LabelSpec | None:
    """Return the entry of the étiquette `name` in `mode`, None if the table lacks it."""
    return (STANDARD if mode is Mode.STANDARD else HISTORIQUE).get(name)


def parse_uint(value: str) -> int | None:
    """
    Return the whole number in a value, which blanks may pad; None if the value is no such number.

    More than `DIGITS` digits are no number, since no meter sends so many.
    """
    digits = value.strip(" ")
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= DIGITS else None


# Spellings of some meters, or of another page of the same document: variant → label of the table.
_SPELLINGS_HISTORIQUE: Final = {
    # ICE-4Q, 02E: the table has PrapCour where the text has PRapCour.
    "PrapCour": "PRapCour",
    # PME-PMI, 02E: the wire has EAP.
    "EaP-1_s": "EAP-1_s",
    "EaP-1_i": "EAP-1_i",
    "EaP_s2": "EAP_s2",
    "EaP-1_s2": "EAP-1_s2",
}
_SPELLINGS_STANDARD: Final = {
    # The pilot series of Linky (type 67).
    "SINST1": "SINSTS",
    "SMAXN": "SMAXSN",
    "SMAXN-1": "SMAXSN-1",
    # Linky by Iskraemeco.
    "SMAXSN_1": "SMAXSN-1",
    "SMAXSN1_1": "SMAXSN1-1",
    "SMAXSN2_1": "SMAXSN2-1",
    "SMAXSN3_1": "SMAXSN3-1",
    "CCASN_1": "CCASN-1",
    "CCAIN_1": "CCAIN-1",
}


def _table(labels: tuple[LabelSpec, ...], spellings: Mapping[str, str]) -> Mapping[str, LabelSpec]:
    """Return the labels of one mode by name: the given labels, those of SAPHIR, and the other `spellings`."""
    table = {label.name: label for label in labels}
    for label in TABLES["SAPHIR"]:
        same = table.get(label.name)
        table[label.name] = label if same is None else replace(same, variant=label)
    return table | {
        variant: replace(table[name], name=variant, spelling_of=name) for variant, name in spellings.items()
    }


# The labels of blue meters and Linky in the documented order (02E and 54E, tables of the groups).
ORDER: Final = {Mode.HISTORIQUE: TABLES["BLEU"], Mode.STANDARD: TABLES["LINKY"]}

HISTORIQUE: Final = _table(
    tuple(
        label
        for family in ("BLEU", "CONCENTRATEUR", "CJE", "ICE_2Q", "ICE_4Q", "PME_PMI")
        for label in TABLES[family]
    ),
    _SPELLINGS_HISTORIQUE,
)
STANDARD: Final = _table(TABLES["LINKY"], _SPELLINGS_STANDARD)

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
