"""Whole frames, with some groups of one's choice: each group of a frame vouches for the one before it."""

from __future__ import annotations

from typing import Final

from teleinfo.tic.labels import ORDER, Group, Kind, Mode, Presence
from teleinfo.tic.reading import build_reading

HORODATE: Final = "H260115120000"
_HISTORIQUE: Final = {
    "ADCO": "012345678901",
    "OPTARIF": "BASE",
    "ISOUSC": "45",
    "BASE": "019212068",
    "PTEC": "TH..",
    "IINST": "008",
    "IMAX": "090",
    "PAPP": "01940",
    "MOTDETAT": "000000",
}
_STANDARD: Final = {
    label.name: ("A" if label.kind is Kind.TEXT else "0") * label.widths[0]
    for label in ORDER[Mode.STANDARD]
    if label.presence is Presence.ALWAYS
}
_PLACES: Final = {
    mode: {label.name: place for place, label in enumerate(labels)} for mode, labels in ORDER.items()
}
_DATED: Final = frozenset(label.name for label in ORDER[Mode.STANDARD] if label.horodate)


def historique(label: str, value: str) -> Group:
    """Return a group of mode historique."""
    return Group(label, value, None, Mode.HISTORIQUE)


def standard(label: str, value: str, horodate: str | None = None) -> Group:
    """Return a group of mode standard."""
    return Group(label, value, horodate, Mode.STANDARD)


def whole(mode: Mode = Mode.HISTORIQUE, /, **values: str) -> list[Group]:
    """
    Return the groups of a frame of a single-phase meter, with other or more values.

    In historique it has the option Base. A label that the documents lack stands before the end; a group with
    an empty value is left out.
    """
    of_all = (_HISTORIQUE if mode is Mode.HISTORIQUE else _STANDARD) | values
    of_all = {label: value for label, value in of_all.items() if value or label == "DATE"}
    places = _PLACES[mode]
    return [
        Group(label, of_all[label], HORODATE if mode is Mode.STANDARD and label in _DATED else None, mode)
        for label in sorted(of_all, key=lambda label: places.get(label, len(places)))
    ]


def values_of(mode: Mode = Mode.HISTORIQUE, /, **values: str) -> dict[str, str]:
    """Return what a reading of that frame says."""
    reading = build_reading(whole(mode, **values))
    assert reading is not None
    return dict(reading.values)
