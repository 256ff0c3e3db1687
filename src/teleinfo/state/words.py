"""
Words in place of the meter's codes: contracts, tariff periods and indexes, in French and in English.

Pure. Both modes give the same code: historique sends it (`PTEC`, 02E), standard sends a text of the supplier
(`LTARF`, 54E §6.2), whose words come in any order and with any blanks (`HC  BLEU`, `BLEU HC`).
"""

from __future__ import annotations

import re
from typing import Final, Literal

Language = Literal["fr", "en"]

_CONTRACTS: Final[dict[str, dict[Language, str]]] = {
    "BASE": {"fr": "Base", "en": "Base"},
    "HC": {"fr": "Heures creuses", "en": "Peak and off-peak"},
    "EJP": {"fr": "EJP", "en": "EJP"},
    "TEMPO": {"fr": "Tempo", "en": "Tempo"},
    "PRODUCER": {"fr": "Producteur", "en": "Producer"},
}
_PERIODS: Final[dict[str, dict[Language, str]]] = {
    "TH": {"fr": "Toutes heures", "en": "All hours"},
    "HC": {"fr": "Heures creuses", "en": "Off-peak hours"},
    "HP": {"fr": "Heures pleines", "en": "Peak hours"},
    "HN": {"fr": "Heures normales", "en": "Normal hours"},
    "PM": {"fr": "Heures de pointe mobile", "en": "Mobile peak hours"},
    "HSC": {"fr": "Heures super creuses", "en": "Super off-peak hours"},
    "HCWE": {"fr": "Heures creuses, week-end", "en": "Off-peak hours, week-end"},
    "HPWE": {"fr": "Heures pleines, week-end", "en": "Peak hours, week-end"},
    "WE": {"fr": "Week-end", "en": "Week-end"},
    "PRODUCER": {"fr": "Soutirage du producteur", "en": "Drawn by the producer"},
    "P": {"fr": "Heures de pointe", "en": "Peak of the day"},
    "HPH": {"fr": "Heures pleines d’hiver", "en": "Winter peak hours"},
    "HCH": {"fr": "Heures creuses d’hiver", "en": "Winter off-peak hours"},
    "HPD": {"fr": "Heures pleines de demi-saison", "en": "Mid-season peak hours"},
    "HCD": {"fr": "Heures creuses de demi-saison", "en": "Mid-season off-peak hours"},
    "HPE": {"fr": "Heures pleines d’été", "en": "Summer peak hours"},
    "HCE": {"fr": "Heures creuses d’été", "en": "Summer off-peak hours"},
    "JA": {"fr": "Juillet et août", "en": "July and August"},
    "HH": {"fr": "Heures d’hiver", "en": "Winter hours"},
    "HD": {"fr": "Heures de demi-saison", "en": "Mid-season hours"},
    "HM": {"fr": "Hiver mobile", "en": "Mobile winter"},
    "DSM": {"fr": "Demi-saison mobile", "en": "Mobile mid-season"},
    "SCM": {"fr": "Saison creuse mobile", "en": "Mobile off-season"},
    **{
        f"{hours}{colour}": {"fr": f"{french}, jour {jour}", "en": f"{english}, {day} day"}
        for hours, french, english in (
            ("HC", "Heures creuses", "Off-peak hours"),
            ("HP", "Heures pleines", "Peak hours"),
        )
        for colour, jour, day in (("JB", "bleu", "blue"), ("JW", "blanc", "white"), ("JR", "rouge", "red"))
    },
}
INDEX_OF_PERIOD: Final = {
    "TH": "BASE",
    "HC": "HCHC",
    "HP": "HCHP",
    "HN": "EJPHN",
    "PM": "EJPHPM",
    **{f"{hours}{colour}": f"BBR{hours}{colour}" for hours in ("HC", "HP") for colour in ("JB", "JW", "JR")},
}
"""The index of historique that counts in each tariff period (02E)."""

# What EASF01, EASF02 … count in each contract, in this order (54E, tariff calendars).
_SUPPLIER_INDEXES: Final = {
    "BASE": ("TH",),
    "HC": ("HC", "HP"),
    "EJP": ("HN", "PM"),
    "TEMPO": ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"),
}
_PERIOD_WORDS: Final = (
    ("HSC", {"SUPER"}),
    ("HC", {"HC", "CREUSE", "CREUSES"}),
    ("HP", {"HP", "PLEINE", "PLEINES"}),
    ("PM", {"PM", "POINTE"}),
    ("HN", {"HN", "NORMALE", "NORMALES"}),
    ("TH", {"BASE", "TH"}),
)
_COLOURS: Final = {"BLEU": "JB", "BLANC": "JW", "ROUGE": "JR"}


def collapse(text: str) -> str:
    """Return a text of the meter without padding, each run of blanks as one."""
    return " ".join(text.split())


def contract_code(text: str) -> str | None:
    """
    Return the code of a contract by OPTARIF or NGTF: BASE, HC, EJP, TEMPO, PRODUCER; None: another one.

    A calendar with days of its own (`HC SEM WE MERCR`) is another one.
    """
    words: set[str] = set(re.findall(r"[A-Z]+", text.upper()))
    if text.startswith("BBR") or words == {"TEMPO"}:
        return "TEMPO"
    if "PRODUCTEUR" in words:
        return "PRODUCER"
    if words in ({"BASE"}, {"EJP"}):
        return words.pop()
    if words and words <= {"H", "HC", "HP", "HEURE", "HEURES", "CREUSE", "CREUSES", "PLEINE", "PLEINES"}:
        return "HC"
    return None


def contract_name(text: str, language: Language) -> str | None:
    """Return the name of a contract in words; that of the supplier where it is no common one."""
    code = contract_code(text)
    return (collapse(text) or None) if code is None else _CONTRACTS[code][language]


def period_code(text: str) -> str | None:
    """Return the code of the tariff period that PTEC or LTARF says, None where it says no common one."""
    if text in _PERIODS:
        return text
    words: set[str] = set(re.findall(r"[A-Z]+", text.upper()))
    if "CONSO" in words:
        return "PRODUCER"
    hours = next((code for code, marks in _PERIOD_WORDS if words & marks), None)
    colour = next((code for word, code in _COLOURS.items() if word in words), "")
    weekend = "WE" if words & {"WE", "WEEK", "WEEKEND"} else ""
    code = f"{hours or ''}{colour or weekend}"
    return code if code in _PERIODS else None


def period_name(text: str, language: Language) -> str | None:
    """Return the tariff period in words; the supplier's own where it is no common one."""
    code = period_code(text)
    return (collapse(text) or None) if code is None else _PERIODS[code][language]


def index_name(label: str, *, contract: str | None, periods: dict[str, str], language: Language) -> str:
    """
    Return what an index counts, in words.

    `contract` is OPTARIF or NGTF; `periods` holds, by étiquette, the LTARF that was in force while this
    supplier index ran.
    """
    if label in periods:
        return period_name(periods[label], language) or label
    period = index_period(label, contract=contract)
    return unnamed_index(label, language) if period is None else _PERIODS[period][language]


def unnamed_index(label: str, language: Language) -> str:
    """Return the name of an index of which nobody knows what it counts."""
    unnamed: dict[Language, str] = {"fr": "Index fournisseur", "en": "Supplier index"}
    number = _supplier_number(label)
    return f"{unnamed[language]} {number}" if number else label


def index_period(label: str, *, contract: str | None) -> str | None:
    """
    Return the code of the tariff period that an index counts with this contract (OPTARIF or NGTF).

    It is the same in both modes, and None for a supplier index of a contract that is no common one.
    """
    period = next((code for code, index in INDEX_OF_PERIOD.items() if index == label), None)
    number = _supplier_number(label)
    counted = _SUPPLIER_INDEXES.get(contract_code(contract or "") or "", ())
    return counted[number - 1] if period is None and 1 <= number <= len(counted) else period


def _supplier_number(label: str) -> int:
    return int(label.removeprefix("EASF")) if label.startswith("EASF") else 0
