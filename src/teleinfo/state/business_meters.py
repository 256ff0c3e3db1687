"""
The fields of the older meters of sites above 36 kVA: CJE, ICE, PME-PMI and SAPHIR (Enedis-NOI-CPT_02E v6).

Pure. These meters send numbers with a unit (`42kVA`) or in lists separated by colons (CJE), and send the mean
power of a minute themselves. This module reads the fields that they share with other meters; `labels` reads
their other étiquettes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.state import tariffs
from teleinfo.state.tariffs import Index
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import POSTES, SLOTS, parse_uint
from teleinfo.vocabulary.codes import Alert, TariffPeriod
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.fields import Values

STALE_AFTER: Final = 360.0
"""
Seconds after which a value is stale (`facts.STALE_AFTER` for other meters).

An ICE sends a series of indexes every 5 minutes, a SAPHIR a long frame every 1 to 5 minutes.
"""

_MODELS: Final = {
    "JAUNE": Message("Electronic yellow meter"),
    "LG_TRM": "SAPHIR",
    "MESURES1": "PME-PMI",
    "ERP": "ICE",
}
"""The model for an étiquette that no other model sends."""

_GLUED: Final = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,3})?) ?(kWh|kW|kVA)")
"""A number and its unit, such as `42,5kVA`."""

_TIME: Final = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d)[:/](\d\d)[:/](\d\d)", re.ASCII)
"""Day, month, year, hour, minute and second, such as `14/01/26 12:02:28`."""

_DAVA: Final = 10  # VA, in which a CJE sends its powers

_JAUNE: Final = ("hh", "mn", "jj", "mm", "pt", "dp", "abcde", "kp")
"""
The parts of JAUNE, the header of a CJE, as 02E names them.

These are the hour, minute, day and month; `pt` is the tariff period, `dp` is DP in an overrun, `abcde` is the
apparent power.
"""

# CJE: the contents of ENERG, in kWh.
_CJE_INDEXES: Final = {
    1: Message("Winter peak hours and peak of the day, or mobile peak hours"),
    2: Message("Winter off-peak hours, or winter hours"),
    3: TariffPeriod.HPE.words,
    4: TariffPeriod.HCE.words,
}
_CJE_PERIODS: Final[Mapping[str, TariffPeriod]] = {
    "11": TariffPeriod.HPE,
    "12": TariffPeriod.HCE,
    "21": TariffPeriod.HPH,
    "22": TariffPeriod.HCH,
    "23": TariffPeriod.P,
    "44": TariffPeriod.PM,
}
"""CJE: the period for the digits of `pt` (season and slot)."""
_ICE_SLOTS: Final[Mapping[str, tuple[TariffPeriod, ...]]] = {
    "BASE_A5": (
        TariffPeriod.P,
        TariffPeriod.HPH,
        TariffPeriod.HCH,
        TariffPeriod.HPE,
        TariffPeriod.HCE,
    ),
    "BASE_A8": (
        TariffPeriod.P,
        TariffPeriod.HPH,
        TariffPeriod.HCH,
        TariffPeriod.HPD,
        TariffPeriod.HCD,
        TariffPeriod.HPE,
        TariffPeriod.HCE,
        TariffPeriod.JA,
    ),
    "EJP_A5": (
        TariffPeriod.PM,
        TariffPeriod.HH,
        TariffPeriod.HPE,
        TariffPeriod.HCE,
    ),
    "EJP_A8": (
        TariffPeriod.PM,
        TariffPeriod.HH,
        TariffPeriod.HD,
        TariffPeriod.HPE,
        TariffPeriod.HCE,
        TariffPeriod.JA,
    ),
    "MOD": (
        TariffPeriod.PM,
        TariffPeriod.HM,
        TariffPeriod.DSM,
        TariffPeriod.SCM,
    ),
}
"""ICE: the slots of each contract. A meter of type A5 also sends the indexes of A8, which mean nothing."""
_UNUSED: Final = "XXX"
"""The name that SAPHIR gives to an unused slot."""


def model(values: Values) -> str | None:
    """Return the model of an older business meter, from its étiquettes; None for any other meter."""
    for label, name in _MODELS.items():
        if label in values:
            return name
    return None


def moment(text: str) -> str | None:
    """
    Return a time of these meters in ISO 8601; None if `text` is no such time.

    The text has no offset: the calendar of France gives it.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    without_season = f" {year}{month}{day}{hour}{minute}{second}"  # an horodate begins with it
    return iso(without_season)


def contract_text(values: Values) -> str | None:
    """Return the contract, or the tariff grid, as the meter sends it."""
    return _first(values, "CONTRAT", "MESURES1", "GRILLE_F", "GRILLE_D")


def _first(values: Values, *labels: str) -> str | None:
    """Return the text of the first of these étiquettes that the meter sends; None if it sends none."""
    for label in labels:
        if label in values:
            return values[label]
    return None


def subscribed_power(values: Values) -> int | None:
    """Return the subscribed power in VA."""
    # A CJE sends several in PSOUSC, of which the first one is taken.
    powers = _numbers(values.get("PSOUSC", ""))
    if powers and powers[0] is not None:
        return powers[0] * _DAVA
    return glued(values, "PS", "kVA")


def used_of_limit(values: Values) -> int | None:
    """Return the drawn power in % of the subscribed power, if both are apparent or both active (kW)."""
    drawn_apparent = apparent_power(values)
    apparent_limit = subscribed_power(values)
    if drawn_apparent is not None and apparent_limit:
        return round(100 * drawn_apparent / apparent_limit)
    drawn_active = glued(values, "PA1MN", "kW")
    active_limit = glued(values, "PS", "kW")
    if drawn_active is not None and active_limit:
        return round(100 * drawn_active / active_limit)
    return None


def power_left(values: Values) -> int | None:
    """Return the power in VA that is left below the subscribed power, negative above it."""
    drawn = apparent_power(values)
    limit = subscribed_power(values)
    if drawn is None or limit is None:
        return None
    return limit - drawn


def running_index(values: Values) -> str | None:
    """Return the étiquette of the index that counts now; None if it is unknown."""
    running_slot = slot(values)
    if running_slot is None:
        return None
    if "EAP_s" in values:  # the index of the slot in force, whichever that is
        return "EAP_s"
    label = f"EAp{running_slot}"
    if label not in values:
        return None
    return label


def indexes(values: Values) -> dict[str, Index]:
    """Return the indexes of the active energy drawn, by their key, which is the étiquette."""
    by_key: dict[str, Index] = {}
    for number, kwh in enumerate(_numbers(values.get("ENERG", "")), start=1):
        if kwh is not None:
            label = f"ENERG_{number}"
            name = _CJE_INDEXES.get(number, f"ENERG {number}")
            by_key[label] = Index(label, name, code=None, value=kwh * 1000)
    for label, slot_name in _slot_names(values).items():
        if slot_name == _UNUSED:
            continue
        energy = glued(values, label, "kWh")
        if energy is not None:
            name_in_words = tariffs.period_name(slot_name)
            period = tariffs.period_of(slot_name)
            by_key[label] = Index(label, name_in_words, period, energy)
    return by_key


def _slot_names(values: Values) -> dict[str, str]:
    """Return the name of the slot of each étiquette of an index, except those of a CJE."""
    names = {}
    for code in _ICE_SLOTS.get(values.get("CONTRAT", ""), POSTES):
        names[f"EAp{code}"] = str(code)
    names["EAP_s"] = slot(values) or ""
    grid = "F" if "GRILLE_F" in values else "D"  # of the supplier, or of the distributor
    for number in SLOTS:
        names[f"EAp{number}S{grid}"] = values.get(f"LIB_p{number}{grid}", f"{grid}{number}")
    return names


def apparent_power(values: Values) -> int | None:
    """Return the apparent power in VA (CJE)."""
    power = parse_uint(_jaune(values).get("abcde", ""))
    if power is None:
        return None
    return power * _DAVA


def alerts(values: Values) -> dict[Alert, bool]:
    """Return True for an overrun, and for a mobile peak or its notice."""
    cje_header = _jaune(values)
    notices = values.get("PREAVIS", "").split()
    if cje_header:
        is_overrun = cje_header["dp"] == "DP"
    else:
        is_overrun = "DEP" in notices
    is_active = {Alert.OVERRUN: is_overrun}
    contract = values.get("CONTRAT", values.get("MESURES1", ""))
    if "EJP" in contract:
        is_active[Alert.MOBILE_PEAK_NOTICE] = "EJP" in notices
        is_active[Alert.MOBILE_PEAK] = slot(values) == TariffPeriod.PM
    return is_active


def slot(values: Values) -> str | None:
    """Return the code of the tariff slot in force, None where the meter does not send it."""
    cje_header = _jaune(values)
    if cje_header:
        return _CJE_PERIODS.get(cje_header["pt"])
    text = _first(values, "PTCOUR", "PTCOUR1", "PTCOURF", "PTCOURD") or ""
    return text.strip() or None


def _jaune(values: Values) -> dict[str, str]:
    """Return the parts of the header of a CJE by their names in 02E; empty for any other meter."""
    parts = values.get("JAUNE", "").split(":")
    if len(parts) != len(_JAUNE):
        return {}
    return dict(zip(_JAUNE, parts, strict=True))


def _numbers(text: str) -> list[int | None]:
    """Return the numbers of a list that is separated by colons, None for a part that is no number."""
    if not text:
        return []
    return [parse_uint(part) for part in text.split(":")]


def glued(values: Values, label: str, unit: str) -> int | None:
    """
    Return the number of an étiquette in Wh, W or VA; None if its value does not end with `unit`.

    `unit` is kWh, kW or kVA.
    """
    match = _GLUED.fullmatch(values.get(label, ""))
    if match is None:
        return None
    number, sent_unit = match.groups()
    if sent_unit != unit:
        return None
    thousands = float(number.replace(",", "."))
    return round(thousands * 1000)


def mean_is_bound(values: Values, label: str) -> bool | None:
    """Return False for a mean power that the meter itself sends, which is no upper bound; else None."""
    if glued(values, label, "kW") is None:
        return None
    return False
