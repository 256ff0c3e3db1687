"""
Contracts, tariff periods and indexes, as a meter sends them: texts in, codes and names out.

Pure. A tariff period has the same code in both modes. Historique sends the code itself (`PTEC`, 02E). In
standard, the code is derived from the text of the supplier (`LTARF`, 54E §6.2), whose words may come in any
order and with any blanks (`HC  BLEU`, `BLEU HC`). A name is the `Message` of a code, or the
supplier's text if no code fits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic.labels import ORDER, STANDARD, Kind, Mode
from teleinfo.vocabulary.codes import Contract, TariffPeriod
from teleinfo.vocabulary.text_table import read_sections

if TYPE_CHECKING:
    from collections.abc import Mapping


class Index(NamedTuple):
    """An index: its name, the tariff period that it counts, and its reading in Wh."""

    name: str | None
    period: TariffPeriod | None
    value: int


INDEX_OF_PERIOD: Final = {
    label.period: label.name for label in ORDER[Mode.HISTORIQUE] if label.kind is Kind.INDEX
}
"""The index of historique that counts in each tariff period (02E)."""

TABLES: Final = {
    name: dict(line.split(" ", 1) for line in lines)
    for name, (_notes, lines) in read_sections(Path(__file__).with_name("tariffs.txt")).items()
}
"""Codes of tariff periods, with blanks between them, as `tariffs.txt` explains."""

_SUPPLIER_INDEXES: Final[dict[tuple[str | None, str], TariffPeriod]] = {
    (contract, f"EASF{number:02}"): TariffPeriod[code]
    for contract, codes in TABLES["calendars"].items()
    for number, code in enumerate(codes.split(), start=1)
}
_COLOURS: Final = {"BLEU": "JB", "BLANC": "JW", "ROUGE": "JR"}


@lru_cache(maxsize=32)
def collapse(text: str) -> str:
    """Return a text without padding, and with a single blank for each run of blanks."""
    return " ".join(text.split())


@lru_cache(maxsize=32)
def contract_of(text: str) -> Contract | None:
    """
    Return the contract for a text of OPTARIF or NGTF; None for an uncommon contract.

    A calendar with special days (`HC SEM WE MERCR`) is an uncommon contract.
    """
    words: set[str] = set(re.findall(r"[A-Z]+", text.upper()))
    if text.startswith("BBR") or words == {"TEMPO"}:
        return Contract.TEMPO
    if "PRODUCTEUR" in words:
        return Contract.PRODUCER
    if words in ({"BASE"}, {"EJP"}):
        return Contract[words.pop()]
    if words and words <= {"H", "HC", "HP", "HEURE", "HEURES", "CREUSE", "CREUSES", "PLEINE", "PLEINES"}:
        return Contract.HC
    return None


def periods_of(contract: str) -> list[TariffPeriod]:
    """Return the tariff periods of a common contract."""
    return [TariffPeriod[code] for code in TABLES["calendars"].get(contract, "PRODUCER").split()]


def contract_name(text: str) -> str | None:
    """Return the name of a contract; None for an empty text."""
    contract = contract_of(text)
    return (collapse(text) or None) if contract is None else contract.words


@lru_cache(maxsize=32)
def period_of(text: str) -> TariffPeriod | None:
    """Return the tariff period for a text of PTEC or LTARF; None for an uncommon period."""
    if text in TariffPeriod.__members__:
        return TariffPeriod[text]
    words: set[str] = set(re.findall(r"[A-Z]+", text.upper()))
    if "CONSO" in words:
        return TariffPeriod.PRODUCER
    hours = next((code for code, marks in TABLES["words"].items() if words.intersection(marks.split())), None)
    colour = next((code for word, code in _COLOURS.items() if word in words), "")
    weekend = "WE" if words & {"WE", "WEEK", "WEEKEND"} else ""
    return TariffPeriod.__members__.get(f"{hours or ''}{colour or weekend}")


def period_name(text: str) -> str | None:
    """Return the name of a tariff period; None for an empty text."""
    period = period_of(text)
    return (collapse(text) or None) if period is None else period.words


def index_name(label: str, *, contract: str | None, periods: Mapping[str, str]) -> str:
    """
    Return the name of an index: the name of the tariff period that it counts.

    `contract` is the text of OPTARIF or NGTF. `periods` maps the étiquette of a supplier index to the LTARF
    that was in force while it counted.
    """
    if label in periods:
        return period_name(periods[label]) or label
    period = index_period(label, contract=contract, periods=periods)
    return unnamed_index(label) if period is None else period.words


def unnamed_index(label: str) -> str:
    """Return the name of an index whose tariff period is unknown."""
    known = STANDARD.get(label)
    return label if known is None else known.title


def index_period(label: str, *, contract: str | None, periods: Mapping[str, str]) -> TariffPeriod | None:
    """
    Return the tariff period that an index counts, the same in both modes; arguments as in `index_name`.

    With an uncommon contract, it is the period in which the index counted, None if that is no common one.
    """
    period = next((period for period, index in INDEX_OF_PERIOD.items() if index == label), None)
    period = period or _SUPPLIER_INDEXES.get((contract_of(contract or ""), label))
    return period or period_of(periods.get(label, ""))
