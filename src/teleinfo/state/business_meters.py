"""
The fields of the older meters of sites above 36 kVA: CJE, ICE, PME-PMI and SAPHIR (Enedis-NOI-CPT_02E v6).

Pure. Their numbers carry their unit (`42kVA`) or stand in lists with colons (CJE). This module has the fields
that they share with other meters; their other étiquettes are in `labels`. They send the mean power of a
minute themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state import tariffs
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import parse_uint
from teleinfo.tic.tables.label_types import SLOTS
from teleinfo.tic.tables.sites import POSTES
from teleinfo.vocabulary.codes import Alert, Contract, TariffPeriod
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from teleinfo.state.fields import Json, Values

STALE_AFTER: Final = 360.0
"""Seconds: an ICE sends each series of indexes once in 5 minutes, a SAPHIR a long frame every 1 to 5."""

_MODELS: Final = {
    "JAUNE": Message("Electronic yellow meter"),
    "LG_TRM": "SAPHIR",
    "MESURES1": "PME-PMI",
    "ERP": "ICE",
}
"""By the étiquette that each of them sends, and no other meter."""

_FACTORS: Final = {"kWh": 1000, "kW": 1000, "kVA": 1000}
_GLUED: Final = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,3})?) ?(kWh|kW|kVA)")
_TIME: Final = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d)[:/](\d\d)[:/](\d\d)", re.ASCII)
_DAVA: Final = 10  # VA

_JAUNE_PARTS: Final = 8
# CJE: the season and the tariff slot, digits of JAUNE; and what the numbers of ENERG count, in kWh.
_CJE_SLOTS: Final = {
    "11": TariffPeriod.HPE,
    "12": TariffPeriod.HCE,
    "21": TariffPeriod.HPH,
    "22": TariffPeriod.HCH,
    "23": TariffPeriod.P,
    "44": TariffPeriod.PM,
}
_CJE_INDEXES: Final = (
    Message("Winter peak hours and peak of the day, or mobile peak hours"),
    Message("Winter off-peak hours, or winter hours"),
    TariffPeriod.HPE.words,
    TariffPeriod.HCE.words,
)
# ICE: the slots of each contract. A meter of type A5 also sends the indexes of A8, which mean nothing.
_ICE_SLOTS: Final = {
    "BASE_A5": ("P", "HPH", "HCH", "HPE", "HCE"),
    "BASE_A8": ("P", "HPH", "HCH", "HPD", "HCD", "HPE", "HCE", "JA"),
    "EJP_A5": ("PM", "HH", "HPE", "HCE"),
    "EJP_A8": ("PM", "HH", "HD", "HPE", "HCE", "JA"),
    "MOD": ("PM", "HM", "DSM", "SCM"),
}
_UNUSED: Final = "XXX"
"""The name of a slot of SAPHIR that is not used."""


class _Jaune(NamedTuple):
    """What is in the header of a CJE: `hh:mn:jj:mm:pt:dp:abcde:kp`."""

    slot: str | None
    overrun: bool
    apparent: int | None  # VA


def model(values: Values) -> str | None:
    """Return the model of a meter of a site, by its étiquettes; None for any other meter."""
    if "OPTARIF" in values or "ADSC" in values:
        return None
    return next((name for label, name in _MODELS.items() if label in values), None)


def moment(text: str) -> str | None:
    """
    Return a time of these meters in ISO 8601; None if `text` is not one.

    Such a time has no season: the calendar of France gives the offset.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, month, year, *time = found.groups()
    return iso(f" {year}{month}{day}{''.join(time)}")


def contract(values: Values) -> dict[str, Json]:
    """Return the name of the contract or of the tariff grid, and the subscribed power in VA."""
    found: dict[str, Json] = {}
    text = next(
        (values[key] for key in ("CONTRAT", "MESURES1", "GRILLE_F", "GRILLE_D") if key in values), None
    )
    if text is not None:
        found = {"code": Contract.EJP if "EJP" in text else None, "name": tariffs.collapse(text) or None}
    subscribed = _glued(values.get("PS"), "kVA")
    if (powers := _numbers(values.get("PSOUSC", ""))) and powers[0] is not None:
        subscribed = powers[0] * _DAVA
    return found if subscribed is None else found | {"subscribed_power": subscribed}


def tariff(values: Values) -> dict[str, Json]:
    """Return the tariff period in force, and the étiquette of the index that counts."""
    code = _slot(values)
    if code is None:
        return {}
    found: dict[str, Json] = {"code": tariffs.period_of(code), "name": tariffs.period_name(code)}
    if "EAP_s" in values:
        found["index"] = "EAP_s"
    elif f"EAp{code}" in values:
        found["index"] = f"EAp{code}"
    return found


def indexes(values: Values) -> dict[str, Json]:
    """Return each active index of what was drawn: `name` in words, `period`, `value` in Wh."""
    found: dict[str, Json] = {}
    for position, index in enumerate(_numbers(values.get("ENERG", ""))):
        if index is not None:
            named = position < len(_CJE_INDEXES)
            name = _CJE_INDEXES[position] if named else f"ENERG {position + 1}"
            value = index * _FACTORS["kWh"]
            found[f"ENERG_{position + 1}"] = {"name": name, "period": None, "value": value}
    for code in _ICE_SLOTS.get(values.get("CONTRAT", ""), POSTES):
        if (index := _glued(values.get(f"EAp{code}"), "kWh")) is not None:
            found[f"EAp{code}"] = _index(code, index)
    # That of the slot in force.
    if (index := _glued(values.get("EAP_s"), "kWh")) is not None:
        code = _slot(values) or ""
        found["EAP_s"] = _index(code, index)
    grid = "F" if "GRILLE_F" in values else "D"
    for number in SLOTS:
        label, name = f"EAp{number}S{grid}", values.get(f"LIB_p{number}{grid}", f"{grid}{number}")
        if name != _UNUSED and (index := _glued(values.get(label), "kWh")) is not None:
            found[label] = _index(name, index)
    return found


def power(values: Values) -> dict[str, Json]:
    """Return the mean active powers of the last minute in W, and the apparent power in VA (CJE)."""
    found: dict[str, Json] = {}
    if (header := _jaune(values)) is not None and header.apparent is not None:
        found["apparent"] = header.apparent
    for name, label in (("mean", "PA1MN"), ("injected_mean", "IPA1MN")):
        if (watts := _glued(values.get(label), "kW")) is not None:
            found |= {name: watts, f"{name}_is_upper_bound": False}
    return found


def alerts(values: Values) -> dict[str, bool]:
    """Return whether there is an overrun, and a mobile peak or its notice."""
    header, notices = _jaune(values), values.get("PREAVIS", "").split()
    overrun = "DEP" in notices if header is None else header.overrun
    found: dict[str, bool] = {Alert.OVERRUN: overrun}
    if "EJP" in values.get("CONTRAT", values.get("MESURES1", "")):
        found[Alert.MOBILE_PEAK_NOTICE] = "EJP" in notices
        found[Alert.MOBILE_PEAK] = _slot(values) == TariffPeriod.PM
    return found


def _slot(values: Values) -> str | None:
    """Return the code of the tariff slot in force."""
    if (header := _jaune(values)) is not None:
        return header.slot
    text = next((values[key] for key in ("PTCOUR", "PTCOUR1", "PTCOURF", "PTCOURD") if key in values), "")
    return text.strip() or None


def _jaune(values: Values) -> _Jaune | None:
    parts = values.get("JAUNE", "").split(":")
    if len(parts) != _JAUNE_PARTS:
        return None
    power = parse_uint(parts[6])
    return _Jaune(_CJE_SLOTS.get(parts[4]), parts[5] == "DP", None if power is None else power * _DAVA)


def _index(period: str, value: int) -> dict[str, Json]:
    """Return an index, of the tariff period that this text says."""
    return {"name": tariffs.period_name(period), "period": tariffs.period_of(period), "value": value}


def _numbers(text: str) -> list[int | None]:
    """Return the numbers of a list with colons."""
    return [parse_uint(part) for part in text.split(":")] if text else []


def _glued(text: str | None, unit: str) -> int | None:
    """Return a number with its unit behind it, in Wh, W or VA; None if it is no such number."""
    found = _GLUED.fullmatch(text or "")
    if found is None or found[2] != unit:
        return None
    return round(float(found[1].replace(",", ".")) * _FACTORS[unit])
