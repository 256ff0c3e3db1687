"""
What the card of the contract says, and `teleinfo history import` at its end, in the language of the reader.

A paragraph is the tuple of its sentences, marked by `N_`. A sentence is said if all its fields are known. A
field is the path of a value, and after a colon how the value is written (`FORMS`). Pure.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from teleinfo.common.i18n import N_, _
from teleinfo.contract.days import local
from teleinfo.live.declared import find, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Paragraph: TypeAlias = tuple[str, ...]
"""Sentences in their order."""

VERDICT: Final = (
    N_(
        "No advice before twelve full months are known by half-hours. So far: from {so_far:day} to "
        "{last:day}."
    ),
    N_("{better} would have cost {verdict.saved:euros} less than your contract over these twelve months."),
    N_(
        "{better_at_least} would have cost {verdict.saved:euros} to {verdict.saved_most:euros} less than "
        "your contract over these twelve months: the colours of {verdict.unknown_days} days are not known."
    ),
    N_("Which offer would have been the cheapest depends on {unsure} days whose colour is not known."),
    N_("Your contract, {best}, is the cheapest of the offers that you can have."),
    N_("Your contract and {same} would have cost about the same over these twelve months."),
    N_("What the twelve months from {year:day} to {last:day} would have cost with each offer."),
    N_("No energy is known yet: it is counted from now on."),
)
"""Of these, the first whose fields are known is said."""
ENOUGH: Final = (N_("{enough} kVA would have been enough."),)
PERIOD: Final = (
    N_("From {start:day} to {last:day}: {energy:kwh} drawn."),
    N_("Of these, {estimated:kwh} are not known by half-hours, and spread evenly."),
    N_(
        "Of these, {hourly:kwh} are known by the hour only: if off-peak hours begin within an hour, a cost "
        "may be up to 30 € a year wrong."
    ),
    N_("Half-hours are missing on these days: {gaps:spans}."),
    N_("Injected: {sold.energy:kwh}."),
    N_("They brought {sold.income:euros}."),
)
CONTRACT: Final = (
    N_("Counted for {kva} kVA."),
    N_("Your contract is not known: name it in {unknown}."),
)
POWER: Final = (N_("Greatest power: {power.greatest:number} VA, on {power.time:time}."),)
STEP: Final = (
    N_("{too_low} kVA would have been exceeded on {exceeded} of {days} days."),
    N_("{enough} kVA would have been enough."),
    N_("The power came near it on {near} of {days} days."),
    N_("It saves {saved:euros} a year."),
)
STANDBY: Final = (
    N_("What runs day and night, the refrigerator included: {standby.power} W."),
    N_("It costs about {standby.cost:euros} a year."),
    N_("Since {standby.rose.day:day} it is {standby.rose.power} W more."),
)
HOURS: Final = (
    N_("Off-peak hours: {told.all}."),
    N_("Off-peak hours, learned from the meter: {learned.all}."),
    N_("Off-peak hours from November to March: {told.winter}."),
    N_("Off-peak hours from November to March, learned from the meter: {learned.winter}."),
    N_("From April to October: {other.summer}."),
    N_("Off-peak hours from April to October, learned from the meter: {learned.summer}."),
    N_("Those from April to October are not known: name them in {no_summer}."),
    N_("Those from November to March are not known: name them in {no_winter}."),
    N_("They also count for {off_peak.earlier} days on which the meter had others, or did not show them."),
)
PRICES: Final = (
    N_("The regulated prices are of {new:day}."),
    N_("⚠ The regulated prices are of {old:day}: they may have changed since."),
)
READING: Final = (N_("{count} readings, until {day}"),)
READ: Final = (
    N_("{added} readings were added to the history; {others} lines have no reading, or no possible time"),
)
FILE: Final = (
    N_("{label}: {form}, from {first:day} to {last:day}."),
    N_("{label}: {bare}, but nothing in it can be used."),
    N_("Half-hours added: {new:number}."),
    N_("Days added: {others:number}."),
    N_("Days that were there already: {same_others:number}."),
    N_("Its {indexes:number} indexes check the other files."),
    N_("Half-hours that the meter itself counted, which stay: {own:number}."),
    N_("Half-hours that were there already: {same:number}."),
    N_(
        "Half-hours left out, since an earlier file has another energy: {different:number}, such as that "
        "of {example:time}."
    ),
    N_("It has hours only: {hourly:number} half-hours have half of the energy of their hour."),
    N_("Half-hours left out, since they are older than ten years or to come: {outside:number}."),
    N_("Times that come again with another power, of which the first counts: {doubles:number}."),
    N_("Lines left out, since they are not understood: {faults:number}, such as line {line}."),
)
REFUSED: Final = (N_("{label} is not added: {reason}."),)
NEEDLESS: Final = (N_("{label} also has files that are not needed: {names:some}."),)
WANTED: Final = (
    N_("Wanted are half-hours, in the file that your account gives you, unchanged:"),
    N_("- EDF: suiviconso.edf.fr, « ÉLEC », « Télécharger mes données »; give the ZIP as it is;"),
    N_(
        "- Enedis, for any supplier: mon-compte-particulier.enedis.fr, the measurements, « Consommation "
        "horaire », CSV or XLSX; a file has seven days: give all files at once."
    ),
    N_("If there are none, switch on the collection of hourly consumption in your account at Enedis."),
)
NO_METER: Final = (
    N_("The history has no meter yet: the page writes it five minutes after it has heard the meter."),
)
SITES: Final = (
    N_(
        "{names:some}: these files are of several meters (different PRM), and none of them is added. Give "
        "those of one meter alone."
    ),
)
OTHER_SITE: Final = (
    N_(
        "{label} is not added: it is from another meter (another PRM) than the files that were imported "
        "before. If it is from this home all the same, give it again with {option}; if those before are "
        "the wrong ones, remove them with {undo}, then give it again."
    ),
)
IMPORT: Final = (
    N_("Imported in all: {count:number} half-hours, from {begin:time} to {end:time}."),
    N_("Pauses without half-hours in between: {gaps:number}."),
    N_("The card “My contract” of the page counts them from now on."),
)
PRICES_ADDED: Final = (N_("{label}: prices added to {path}: {added}."),)
HISTORY: Final = (
    N_("{label}: a history. Rows added: {count}."),
    N_("Rows left out, since they are impossible: {impossible:number}."),
)
DAMAGED: Final = (N_("{label}: the file is damaged. All that could be read of it was added."),)
UNDO: Final = (N_("Removed what was imported on {time:time}; rows: {count:number}."),)
EXPORT: Final = (N_("The history is in {path}."),)

FIELD: Final = re.compile(r"{([\w.]+):?(\w*)}")

MOST: Final = 5
"""The most days that are missing, or lines that are not understood, that are named."""


def told(paragraph: Paragraph, values: dict[str, Any]) -> list[str]:
    """Return the sentences of a paragraph whose fields are known: neither absent, None, 0 nor empty."""

    def written(field: re.Match[str]) -> str:
        path, form = field.groups()
        return FORMS[form](find(values, path))

    sentences = []
    for sentence in paragraph:
        paths = [path for path, _form in FIELD.findall(sentence)]
        if all(find(values, path) for path in paths):
            sentences.append(FIELD.sub(written, _(sentence)))
    return sentences


def _day(day: object) -> str:
    return f"{dt.date.fromisoformat(str(day)):%d/%m/%Y}"


def _some(texts: list[str]) -> str:
    """Return the first texts, and the number of all if there are more."""
    first = ", ".join(texts[:MOST])
    if len(texts) <= MOST:
        return first
    return f"{first}, … ({len(texts)})"


def _spans(spans: Iterable[Sequence[str]]) -> str:
    """Return the first and the last day of each span; of a span of one day, that day."""
    texts = []
    for first, last in spans:
        text = _day(first)
        if last != first:
            text = f"{text} – {_day(last)}"
        texts.append(text)
    return _some(texts)


FORMS: Final[dict[str, Callable[[Any], str]]] = {
    "": str,
    "number": number,
    "euros": lambda amount: f"{number(amount)} €",
    "kwh": lambda energy: f"{number(energy / 1000)} kWh",
    "day": _day,
    "some": _some,
    "spans": _spans,
    "time": lambda time: f"{local(time):%d/%m/%Y, %H:%M}",
}
"""
The forms in which a value is written: an energy is in Wh, a day in ISO 8601, a time in s since 1970.

A span has its first and its last day.
"""
