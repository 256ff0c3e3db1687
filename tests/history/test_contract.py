"""What a year would have cost is what another program computes from the exact curve."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.contract.content import Content
from teleinfo.contract.days import midnight
from teleinfo.contract.offers import SHIPPED
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import COLOUR, CONTRACT, EXPORTED_KEY, TARIFF, Batch, IndexReading
from teleinfo.history.file_import import FileImport
from teleinfo.history.store import Store
from tests.history import year
from tests.support.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = Path(__file__).with_name("offers.toml")
FIRST = dt.date(2025, 11, 1)
LAST = dt.date(2026, 10, 31)
METER = "012345678901"
START = midnight(year.FIRST)


def prices() -> year.Prices:
    """Return the prices of both files, for 9 kVA."""
    found: year.Prices = {}
    for path in (SHIPPED, OWN):
        for offer in tomllib.loads(path.read_text())["offer"]:
            found[offer["id"]] = [
                (price["from"], price["month"]["9"], price["kwh"])
                for price in offer["price"]
                if "9" in price["month"]
            ]
    return found


@lru_cache
def year_of(house: Callable[..., float]) -> list[year.Piece]:
    """Return the energies of a household."""
    return list(year.pieces(house))


def batch_of(
    pieces: list[year.Piece], *, more: bool = False, told: bool = True, injects: bool = False
) -> Batch:
    """
    Return what the page would have kept: whole Wh, a second after the begin of each piece.

    With `more`, there are further readings soon after; the meter `told` its off-peak hours, or has none. A
    house that `injects` does so where it draws nothing.
    """
    batch = Batch(METER, pieces[-1].end)
    injected = 0.0
    chance = random.Random(3)
    counted = {"HCHP": 7_000_000.3, "HCHC": 3_000_000.6}
    for piece in pieces:
        label = "HCHC" if piece.is_off_peak else "HCHP"
        late = {1, *(chance.randrange(2, 90) for _ in range(3 if more else 0))}
        for time in sorted(piece.begin + seconds for seconds in late):
            now = counted | {label: counted[label] + piece.energy_until(time)}
            if told:
                batch.add_reading("HCHP", IndexReading(time, int(now["HCHP"]), "HP"))
                batch.add_reading("HCHC", IndexReading(time, int(now["HCHC"]), "HC"))
            elif time % 1800 < 60:
                batch.add_reading("BASE", IndexReading(time, int(sum(now.values())), "TH"))
            if injects:
                batch.add_reading("EAIT", IndexReading(time, int(injected), EXPORTED_KEY))
        counted[label] += piece.energy
        injected += 500 * (piece.energy == 0)
    for day in year.days(year.FIRST, year.LAST):
        batch.days[COLOUR, midnight(day, hour=6)] = year.colour(day)
        batch.add_peak(midnight(day, hour=19), 5000 + 10 * day.day)
    return batch


def table_of(
    folder: Path, batch: Batch, own: Path | None = OWN, today: dt.date = year.TODAY
) -> dict[str, Any]:
    """Return the table on a day."""
    now = midnight(today, hour=12)
    with contextlib.closing(Store(folder / "history.sqlite")) as store:
        store.write([batch], now=now)
        prices = PriceSource(own)
        found = tables.table(store, [], METER, "contract", prices=prices, now=now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "house", part_of(year.HOUSES, played=(year.car,)), ids=lambda house: str(house.__name__)
)
def test_a_year_costs_what_the_exact_curve_costs(tmp_path: Path, house: Callable[..., float]) -> None:
    """Six offers, at the prices of the time and of today, to two cents a year and half a cent a month."""
    pieces = year_of(house)
    table = table_of(tmp_path, batch_of(pieces))

    assert (table["start"], table["end"], table["is_year"]) == ("2025-11-01", "2026-11-01", True)
    assert {each["id"] for each in table["offers"]} == year.PERIODS.keys()
    for each in table["offers"]:
        for when, today in (("then", None), ("now", year.TODAY)):
            exact = year.paid(pieces, each["id"], prices(), (FIRST, LAST), today)
            shown = each[when]
            assert shown["energy"] + shown["subscription"] == pytest.approx(sum(exact.values()), abs=0.02)
            for month, energy, subscription in shown["months"]:
                assert energy + subscription == pytest.approx(exact[month], abs=0.015)
    in_order = [each["now"]["energy"] + each["now"]["subscription"] for each in table["offers"][:-1]]
    assert in_order == sorted(in_order)
    assert table["offers"][-1]["id"] == "base", "closed to new customers at 9 kVA: never first"


@pytest.mark.long
def test_further_readings_lose_no_energy(tmp_path: Path) -> None:
    pieces = year_of(year.heat_pump)
    table = table_of(tmp_path, batch_of(pieces, more=True))
    exact = sum(piece.energy for piece in pieces if FIRST <= piece.local.date() <= LAST)
    assert table["energy"] == pytest.approx(exact, abs=2)
    assert (table["estimated"], table["missing"]) == (0, 0)


def test_off_peak_hours_that_the_meter_does_not_tell_are_shared_by_minutes(tmp_path: Path) -> None:
    """To three euros a year."""
    pieces = year_of(year.heat_pump)
    table = table_of(tmp_path, batch_of(pieces, told=False))
    [found] = [each for each in table["offers"] if each["id"] == "off_peak"]
    exact = year.paid(pieces, "off_peak", prices(), (FIRST, LAST), year.TODAY)
    assert found["now"]["energy"] + found["now"]["subscription"] == pytest.approx(sum(exact.values()), abs=3)


def test_without_a_file_the_meter_tells_contract_and_hours(tmp_path: Path) -> None:
    """
    The hours are those of the changes that were seen to the minute.

    The contract is the one of the last day, also after a trial of another one, if it has an offer.
    """
    pieces = year_of(year.absent)
    batch = batch_of(pieces)
    for day in year.days(year.TODAY - 9 * year.DAY, year.TODAY - year.DAY):
        for begin, end, code in ((0, 94, "HP"), (94, 454, "HC"), (454, 1440, "HP")):
            batch.runs[TARIFF, code, midnight(day) + 60 * begin + 2] = midnight(day) + 60 * end - 1
    for day, told in ((year.FIRST, "EJP 9"), (year.TODAY - 20 * year.DAY, "HC 6"), (year.TODAY, "HC 9")):
        batch.days[CONTRACT, midnight(day)] = told
    table = table_of(tmp_path, batch, None)
    assert (table["held"], table["kva"]) == ("off_peak", 9)
    assert table["off_peak"] == {"winter": "01:34-07:34", "summer": "", "are_learned": True, "earlier": 151}
    of_today = Batch(METER, START, days={(CONTRACT, midnight(year.TODAY)): "None 9"})
    assert table_of(tmp_path, of_today, None)["held"] is None


def test_an_offer_has_a_cost_or_the_reason_why_not(tmp_path: Path) -> None:
    """Without the colours, the off-peak hours, or a price for the subscribed power."""
    batch = batch_of(year_of(year.absent), told=False)
    nothing_more = Batch(METER, START)
    batch.days.clear()
    offers = tmp_path / "offers.toml"
    offers.write_text(OWN.read_text().replace("off_peak = [", "sale = []\n#"))
    table = table_of(tmp_path, batch, offers)
    why = {each["id"]: each["why"] for each in table["offers"]}
    assert why["tempo"] == "the colours of 207 days are not known"
    assert why["off_peak"] == why["weekend_off_peak"] == "your off-peak hours are not known"
    assert why["night"] is None
    assert [each["id"] for each in table["offers"]][-3:] == ["off_peak", "tempo", "weekend_off_peak"]
    assert table["verdict"] is None, "the contract has no cost"
    offers.write_text(OWN.read_text().replace("kva = 9", "kva = 3").replace('"off_peak", kva', '"base", kva'))
    table = table_of(tmp_path, nothing_more, offers)
    assert {each["id"]: each["why"] for each in table["offers"]}["night"] == "no price for 3 kVA"


def test_a_contract_and_hours_count_from_their_day_on(tmp_path: Path) -> None:
    offers = tmp_path / "offers.toml"
    hours = '14:34"]}, {from = 2026-11-17, hours = ["22:00-06:00"]}'
    contract = 'kva = 9}, {from = 2026-11-17, offer = "tempo", kva = 12}'
    offers.write_text(OWN.read_text().replace('14:34"]}', hours).replace("kva = 9}", contract))
    now, later = (
        table_of(tmp_path, Batch(METER, START), offers, today)
        for today in (year.TODAY, year.TODAY + year.DAY)
    )
    assert now == table_of(tmp_path, Batch(METER, START)) | {"file": str(offers)}
    assert (later["held"], later["kva"], later["off_peak"]["winter"]) == ("tempo", 12, "22:00-06:00")


def test_prices_are_old_after_seven_months(tmp_path: Path) -> None:
    newest = dt.date.fromisoformat(table_of(tmp_path, Batch(METER, START))["prices"]["since"])
    for days, are_old in ((213, False), (214, True)):
        table = table_of(tmp_path, Batch(METER, START), today=newest + days * year.DAY)
        assert table["prices"] == {"since": newest.isoformat(), "are_old": are_old}


def test_prices_of_two_dates_are_not_subtracted(tmp_path: Path) -> None:
    """The regulated ones of August 2026 are not known for 15 kVA; those of other offers do not count."""
    offers = tmp_path / "offers.toml"
    batch = Batch(METER, START)
    offers.write_text(OWN.read_text().replace("kva = 9", "kva = 15").replace("2025-10-01", "2026-06-01"))
    batch.add_peak(midnight(year.TODAY), 5000)
    for today in (dt.date(2026, 7, 1), year.TODAY):
        table = table_of(tmp_path, batch, offers, today)
        assert table["prices"]["since"] == "2026-02-01"
        assert table["power"]["steps"][-2]["saved"] == pytest.approx(12 * (26.84 - 23.32))


def test_a_year_of_hours_is_told_and_costs_less_exactly(tmp_path: Path) -> None:
    """
    A car is charged from 1:34 on, where the off-peak hours begin: the worst case.

    What runs all night is not told, since the least half-hour is unknown. Half a year of half-hours,
    which come later, replace its hours.
    """
    pieces = year_of(year.car)
    exact = year.paid(pieces, "off_peak", prices(), (FIRST, LAST), year.TODAY)
    hours: dict[int, float] = {}
    half_hours: dict[int, float] = {}
    for piece in pieces:
        half_hour = piece.begin - piece.begin % 1800
        hour = piece.begin - piece.begin % 3600
        hours[hour + 3600] = hours.get(hour + 3600, 0) + piece.energy
        if piece.local.date() >= dt.date(2026, 5, 1):
            half_hours[half_hour + 1800] = half_hours.get(half_hour + 1800, 0) + 2 * piece.energy
    now = midnight(year.TODAY, hour=12)
    found = []
    for points in (hours, half_hours):
        with contextlib.closing(Store(tmp_path / "history.sqlite")) as store:
            store.write([Batch(METER, now)], now=now)
            with store.editing(now) as base:
                added = FileImport(base, 1, {}, 1000 * now).add(Content(points=points))
        table = table_of(tmp_path, Batch(METER, now))
        [offer] = [each for each in table["offers"] if each["id"] == "off_peak"]
        cost = offer["now"]["energy"] + offer["now"]["subscription"]
        found.append((added, table["hourly"], table["energy"], table["standby"], cost, table["is_year"]))

    assert found[0][0].hourly == found[0][0].new == 2 * len(hours)
    assert found[1][0].new == len(half_hours)
    assert found[0][1] == found[0][2] == found[1][2]
    assert found[1][1] == pytest.approx(found[0][1] / 2, rel=0.2)
    assert (found[0][3], found[1][3] is None) == (None, False)
    assert found[0][4] == pytest.approx(sum(exact.values()), abs=30)
    assert found[0][5]


def test_a_month_is_no_year(tmp_path: Path) -> None:
    """There is no verdict; a pause is estimated, and what is missing is named by its days."""
    pieces = [each for each in year_of(year.car) if each.local.date() >= dt.date(2026, 10, 10)]
    batch = batch_of(pieces)
    pause = range(midnight(dt.date(2026, 10, 20)), midnight(dt.date(2026, 10, 22)))
    for key, both in [*batch.readings.items()]:
        if both[0].time in pause:
            del batch.readings[key]
    file = Content(points={midnight(dt.date(2026, 10, 5)) + 1800 * n: 100.0 for n in range(1, 49)})
    now = midnight(year.TODAY, hour=12)
    with contextlib.closing(Store(tmp_path / "history.sqlite")) as store:
        store.write([batch], now=now)
        with store.editing(now) as base:
            FileImport(base, 1, {}, 1000 * now).add(file)
    table = table_of(tmp_path, Batch(METER, now))
    assert (table["start"], table["last"]) == ("2026-10-05", "2026-11-15")
    assert (table["is_year"], table["verdict"], table["standby"]) == (False, None, None)
    assert table["gaps"] == [["2026-10-06", "2026-10-09"], ["2026-11-15", "2026-11-15"]]
    assert table["missing"] == 4 * 86_400 + 1800
    lost = sum(piece.energy for piece in pieces if piece.begin in pause)
    assert table["estimated"] == pytest.approx(lost, rel=0.1)


def test_a_year_in_which_nothing_was_drawn_has_a_table(tmp_path: Path) -> None:
    batch = Batch(METER, START)
    for time in range(midnight(FIRST), midnight(year.TODAY), 1800):
        batch.add_reading("BASE", IndexReading(time, 1000, "TH"))
    table = table_of(tmp_path, batch)
    assert (table["is_year"], table["energy"]) == (True, 0)
    assert (table["standby"]["power"], table["standby"]["cost"]) == (0, None)


def test_days_of_which_only_the_midnights_are_known_are_not_compared(tmp_path: Path) -> None:
    """A history of before has no half-hours: its energy would be shared evenly among all hours of a day."""
    fine = year.TODAY - 3 * year.DAY
    times = [midnight(day) for day in year.days(year.TODAY - 40 * year.DAY, fine)]
    times += range(midnight(fine) + 1800, midnight(year.TODAY) + 1, 1800)
    batch = Batch(METER, START)
    for number, time in enumerate(times):
        batch.add_reading("BASE", IndexReading(time, 1000 * number, "TH"))
    table = table_of(tmp_path, batch)
    assert (table["start"], table["last"], table["estimated"]) == ("2026-11-13", "2026-11-15", 0)
    assert table["energy"] == 3 * 48 * 1000


def test_what_is_injected_is_sold_at_the_price_of_its_day(tmp_path: Path) -> None:
    """Before the first price it brings nothing."""
    batch = Batch(METER, START)
    offers = tmp_path / "offers.toml"
    sale = "sale = [{from = 2026-11-02, price = 0.1}, {from = 2026-11-03, price = 0.04}]"
    offers.write_text(OWN.read_text().replace("[household]", f"[household]\n{sale}"))
    for day, value in ((1, 0), (2, 500), (3, 1500), (4, 3500)):
        batch.add_reading("EAIT", IndexReading(midnight(dt.date(2026, 11, day)), value, EXPORTED_KEY))
        batch.add_reading("EASF01", IndexReading(midnight(dt.date(2026, 11, day)), value, "TH"))
    table = table_of(tmp_path, batch, offers)
    assert table["sold"] == {"energy": 3500, "income": 0.18}


def test_what_is_injected_has_no_income_without_a_price_of_sale(tmp_path: Path) -> None:
    batch = Batch(METER, START)
    for day, value in ((1, 0), (2, 500)):
        batch.add_reading("EAIT", IndexReading(midnight(dt.date(2026, 11, day)), value, EXPORTED_KEY))
        batch.add_reading("EASF01", IndexReading(midnight(dt.date(2026, 11, day)), value, "TH"))
    offers = tmp_path / "offers.toml"
    offers.write_text(re.sub(r"^sale = .*$", "", OWN.read_text(), flags=re.MULTILINE))

    assert table_of(tmp_path, batch, offers)["sold"] == {"energy": 500, "income": None}


def test_the_verdict_says_about_the_same(tmp_path: Path) -> None:
    """Below twenty euros, or one per cent."""
    batch = batch_of(year_of(year.heat_pump))
    batch.days.clear()
    offers = tmp_path / "offers.toml"
    kwh = "{HP = 0.2142, HC = 0.1589}"
    own = OWN.read_text() + '[[offer]]\nid = "near"\nname = "Near"\ncalendar = "off_peak"\n'
    for less, is_same in ((1.66, True), (1.67, False)):
        price = f"price = [{{from = 2026-02-01, month = {{9 = {19.88 - less}}}, kwh = {kwh}}}]"
        cheap = own.replace("0.1538", "0.3").replace("0.1618", "0.3").replace("0.1261", "0.3")
        offers.write_text(f"{cheap}{price}\n")
        table = table_of(tmp_path, batch, offers)
        batch = Batch(METER, START)  # the year is in the history now
        saved = pytest.approx(12 * less)
        assert table["verdict"] == {
            "best": "near",
            "saved": saved,
            "saved_most": saved,
            "is_same": is_same,
            "is_sure": True,
            "unknown_days": 0,
        }


def test_the_subscribed_power_that_would_have_been_enough(tmp_path: Path) -> None:
    table = table_of(tmp_path, batch_of(year_of(year.absent)))
    assert table["power"] == {
        "days": 365,
        "greatest": 5310,
        "time": midnight(dt.date(2026, 10, 31), hour=19),
        "steps": [
            {"kva": 3, "exceeded": 365, "near": 0, "saved": None},
            {"kva": 6, "exceeded": 0, "near": 0, "saved": pytest.approx(12 * (19.88 - 15.86), abs=0.01)},
            {"kva": 9, "exceeded": 0, "near": 0, "saved": 0.0},
        ],
    }
    assert table_of(tmp_path / "none", Batch(METER, START))["power"] is None
    assert table_of(tmp_path / "none", Batch(METER, START))["sold"] is None


def standby_of(folder: Path, house: Callable[[dt.datetime, random.Random], float]) -> dict[str, Any]:
    """Return what runs day and night in a house, as the card has it, beside what the house paid."""
    table = table_of(folder, batch_of(list(year.pieces(house))))
    [own] = [offer for offer in table["offers"] if offer["id"] == table["held"]]
    found = dict(table["standby"])
    assert found["cost"] <= own["now"]["energy"]
    return found


@pytest.mark.long
def test_what_runs_day_and_night(tmp_path: Path) -> None:
    """The median of the least half-hours of the coolest months; since when it is higher, and its cost."""

    def house(now: dt.datetime, _chance: random.Random) -> float:
        power = 110.0
        if now.date() >= dt.date(2026, 7, 20):
            power += 40
        if now.hour in {3, 18}:
            power += 400
        if now.month not in {6, 7, 8}:
            power += 900
        return power

    standby = standby_of(tmp_path, house)
    assert standby["power"] in {110, 150}
    assert standby["days"] == 92
    assert standby["rose"] == {"power": 40, "day": "2026-07-20"}
    assert standby["cost"] == pytest.approx(standby["power"] * 24 * 365 / 1000 * 0.19, rel=0.15)


@pytest.mark.long
def test_a_car_that_charges_each_night_does_not_run_day_and_night(tmp_path: Path) -> None:
    def house(now: dt.datetime, chance: random.Random) -> float:
        return 95 + chance.uniform(0, 300) * (now.hour in range(7, 22)) + 3700 * (now.hour < 6)

    assert standby_of(tmp_path, house)["power"] == pytest.approx(95, abs=15)


@pytest.mark.long
def test_solar_panels_do_not_hide_what_runs(tmp_path: Path) -> None:
    """Neither panels that inject nor panels that only supply the house at noon hide it."""

    def house(now: dt.datetime, _chance: random.Random) -> float:
        if now.hour in range(10, 16):
            return 0 if now.month in range(4, 10) else 60
        return 120 + 500 * (now.hour in range(18, 22))

    assert standby_of(tmp_path, house)["power"] == 120
    table = table_of(tmp_path / "injects", batch_of(list(year.pieces(house)), injects=True))
    assert table["standby"]["power"] == 120


def test_the_subscribed_power_is_judged_by_at_most_a_year(tmp_path: Path) -> None:
    """It is judged by less than a year, too: a day has a greatest power, and today is the last one."""
    batch = Batch(METER, START)
    for number in range(400):
        batch.add_peak(midnight(year.TODAY - number * year.DAY, hour=9), 5000)
    assert table_of(tmp_path, batch)["power"]["days"] == 365
