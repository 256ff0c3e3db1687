"""Off-peak hours by half-year: the same answer whether the file tells them or the meter has shown them."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.contract.content import CURVE
from teleinfo.contract.days import local, midnight
from teleinfo.contract.off_peak import OffPeakHours, ShownHours, shown_hours
from teleinfo.contract.offers import OffPeak
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import CONTRACT, TARIFF, Batch
from teleinfo.history.store import Store
from teleinfo.state.learned_hours import Change
from tests.history import year
from tests.history.test_contract import METER, OWN, batch_of, prices

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.timedelta(days=1)
CHANGES_OF_CLOCKS = {dt.date(2025, 10, 26), dt.date(2026, 3, 29), dt.date(2026, 10, 25)}
NIGHT = ("01:34-07:34", "12:34-14:34")
MIDDAY = ("02:04-07:04", "11:04-14:04")


def changes(first: dt.date, days: int, hours: tuple[str, ...]) -> list[Change]:
    """Return the changes of the tariff on some days."""
    found = []
    for number in range(days):
        begin = midnight(first + number * DAY)
        for span in hours:
            for text, period in zip(span.split("-"), ("HC", "HP"), strict=True):
                found.append(Change(local(begin + 60 * year.minute(text)), period))
    return found


def test_hours_hold_for_the_half_year_in_which_they_were_seen() -> None:
    winter = changes(dt.date(2026, 1, 5), 20, NIGHT)
    assert shown_hours(winter) == {False: ShownHours(NIGHT, dt.date(2026, 1, 5))}
    summer = changes(dt.date(2026, 4, 1), 20, MIDDAY)
    assert shown_hours([*winter, *summer]) == {
        False: ShownHours(NIGHT, dt.date(2026, 1, 5)),
        True: ShownHours(MIDDAY, dt.date(2026, 4, 1)),
    }
    moved = changes(dt.date(2026, 1, 25), 20, MIDDAY)
    assert shown_hours([*winter, *moved])[False] == ShownHours(MIDDAY, dt.date(2026, 1, 25))
    assert shown_hours(winter[:20]) == {}, "five days prove nothing"
    odd = changes(dt.date(2026, 1, 15), 1, MIDDAY)
    assert shown_hours([*winter[:40], *odd, *winter[44:]]) == shown_hours(winter), (
        "a single day is an accident"
    )
    tempo = [Change(change.at, "HPJB" if change.period == "HP" else "HCJB") for change in winter]
    assert shown_hours(tempo) == {}


def test_the_hours_of_the_file_win_once_they_have_begun() -> None:
    """Those of before count at their time; now, the present ones count for all days."""
    entries = [
        OffPeak.model_validate({"from": dt.date(2026, 2, 1), "hours": NIGHT}),
        OffPeak.model_validate({"from": dt.date(2026, 9, 1), "hours": NIGHT, "summer": MIDDAY}),
    ]
    shown = {False: ShownHours(("22:00-06:00",), dt.date(2026, 1, 5))}
    winter = dt.date(2026, 3, 1)
    summer = dt.date(2026, 6, 1)

    early = OffPeakHours(entries, shown, dt.date(2026, 1, 20))
    assert early.are_shown
    assert (early.present(winter), early.present(summer)) == (("22:00-06:00",), ())
    assert [early.are_present(day) for day in (dt.date(2026, 1, 4), dt.date(2026, 1, 5), summer)] == [
        False,
        True,
        True,
    ]

    now = OffPeakHours(entries, shown, dt.date(2026, 10, 1))
    assert not now.are_shown
    assert (now.present(summer), now.at_the_time(summer)) == (MIDDAY, NIGHT)
    assert (now.present(winter), now.at_the_time(winter)) == (NIGHT, NIGHT)
    assert [now.are_present(day) for day in (summer, dt.date(2026, 9, 1))] == [False, True]
    assert now.at_the_time(dt.date(2020, 1, 1)) == NIGHT


def shown_by(batch: Batch, first: dt.date, last: dt.date, hours: tuple[str, ...]) -> None:
    """Let the meter have shown its hours on some days."""
    cuts = sorted({0, 1440, *(year.minute(text) for span in hours for text in span.split("-"))})
    spans = [tuple(span.split("-")) for span in hours]
    for day in year.days(first, last):
        begin = midnight(day)
        for start, end in itertools.pairwise(cuts):
            at = dt.datetime.combine(day, dt.time(start // 60, start % 60))
            code = "HC" if year.is_in(at, *((a, b) for a, b in spans)) else "HP"
            if day in CHANGES_OF_CLOCKS:
                continue
            batch.runs[TARIFF, code, begin + 60 * start + 2] = begin + 60 * end - 1


def table_of(folder: Path, batch: Batch, offers: str) -> dict[str, Any]:
    """Return the table of the contract with a file of offers, and with the history in the folder."""
    path = folder / "offers.toml"
    path.write_text(offers)
    now = midnight(year.TODAY, hour=12)
    with contextlib.closing(Store(folder / "history.sqlite")) as store:
        store.write([batch], now=now)
        found = tables.table(store, [], METER, "contract", prices=PriceSource(path), now=now)
    assert found is not None
    return found


def without_hours() -> str:
    """Return the household's file without its off-peak hours."""
    return "\n".join(line for line in OWN.read_text().splitlines() if not line.startswith("off_peak"))


def cost(table: dict[str, Any], offer: str, when: str = "now") -> float:
    """Return what an offer would have cost."""
    [found] = [each for each in table["offers"] if each["id"] == offer]
    return float(found[when]["energy"] + found[when]["subscription"])


def test_new_hours_count_for_the_past_with_and_without_a_file(tmp_path: Path) -> None:
    """
    The network moved the hours a week ago, in both half-years.

    With the file and without it, the year costs now what it would have cost with the present hours; at the
    time it cost what the meter counted.
    """
    pieces = list(year.pieces(year.car))
    batch = batch_of(pieces)
    moved = year.TODAY - 12 * DAY
    old_hours = tuple(f"{begin}-{end}" for begin, end in year.OFF_PEAK)
    shown_by(batch, year.FIRST, moved - DAY, old_hours)
    new = ("02:04-07:04", "15:34-18:34")
    shown_by(batch, moved, year.TODAY - DAY, new)
    batch.days[CONTRACT, midnight(year.FIRST)] = "HC 9"
    told = OWN.read_text().replace(
        '"12:34-14:34"]}', f'"12:34-14:34"]}}, {{from = {moved}, hours = ["{new[0]}", "{new[1]}"]}}'
    )
    learned = table_of(tmp_path, batch, without_hours())
    nothing_more = Batch(METER, midnight(year.LAST))
    given = table_of(tmp_path, nothing_more, told)
    # The other half-year was shown by the meter a year ago only, and is not known to be any other.
    assert learned["off_peak"]["winter"] == given["off_peak"]["winter"] == ", ".join(new)
    exact = year.paid(pieces, "off_peak", prices(), (dt.date(2025, 11, 1), dt.date(2026, 10, 31)), None)
    for table in (learned, given):
        assert cost(table, "off_peak", "then") == pytest.approx(sum(exact.values()), abs=0.02)
    assert learned["off_peak"]["earlier"] == 151
    winter_only = told.replace(
        f'hours = ["{new[0]}", "{new[1]}"]',
        f'hours = ["{new[0]}", "{new[1]}"], summer = ["{old_hours[0]}", "{old_hours[1]}"]',
    )
    same = table_of(tmp_path, nothing_more, winter_only)
    assert cost(learned, "off_peak") == pytest.approx(cost(same, "off_peak"), abs=4)
    assert abs(cost(same, "off_peak") - cost(same, "off_peak", "then")) > 10


def test_a_year_of_a_file_needs_the_hours_of_both_half_years(tmp_path: Path) -> None:
    """Else the offers with off-peak hours have no cost, and the card says which hours are missing."""
    pieces = list(year.pieces(year.car))
    batch = batch_of(pieces[-48 * 20 :])
    shown_by(batch, year.TODAY - 15 * DAY, year.TODAY - DAY, NIGHT)
    path = tmp_path / "offers.toml"
    path.write_text(without_hours())
    now = midnight(year.TODAY, hour=12)
    energies: dict[int, float] = {}
    for piece in pieces:
        begin = piece.begin - piece.begin % 1800
        energies[begin] = energies.get(begin, 0) + piece.energy
    with contextlib.closing(Store(tmp_path / "history.sqlite")) as store:
        store.write([batch], now=now)
        with store.editing(now) as base:
            rows = [(1, CURVE, begin, energy, 1) for begin, energy in energies.items()]
            base.executemany("INSERT OR IGNORE INTO imported VALUES (?, ?, ?, ?, ?)", rows)
        table = tables.table(store, [], METER, "contract", prices=PriceSource(path), now=now)
    assert table is not None
    assert table["is_year"]
    why = {offer["id"]: offer["why"] for offer in table["offers"]}
    assert why["off_peak"] == "your off-peak hours from April to October are not known"
    assert why["base"] is None
    assert table["off_peak"] == {
        "winter": ", ".join(NIGHT),
        "summer": "",
        "are_learned": True,
        "earlier": table["off_peak"]["earlier"],
    }
