"""A year costs to the cent what another program computes: in the state, in the tables of the page, in CSV."""

from __future__ import annotations

import csv
import datetime as dt
import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.state.prices import Prices
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.history import bill
from tests.support.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

NUMBER: Final = "041961123456"
FIRST: Final = dt.date(2025, 10, 14)
LAST: Final = dt.date(2026, 11, 3)
"""With two changes of the clocks each way, and each price list in force from the middle of a month."""

HALF_A_CENT: Final = 0.005 + 6e-7
"""An amount is rounded to the sixth decimal, as in CSV, and then to the cent."""


def offers_of(name: str) -> str:
    """Return the household's file for a contract."""
    tariff = bill.TARIFFS[name]
    calendar = "off_peak" if name == "midday" else name
    hours = f"rules = [{tariff.rules}]" if tariff.rules else f'calendar = "{calendar}"'
    lines = [
        '[household]\ncontract = [{from = 2025-01-01, offer = "own", kva = 9}]\n\n[[offer]]\nid = "own"',
        f'name = "Own"\n{hours}\n',
    ]
    for since, month, kwh in tariff.prices:
        prices = ", ".join(f"{code} = {price}" for code, price in kwh.items())
        lines.append(f"[[offer.price]]\nfrom = {since}\nmonth = {{9 = {month}}}\nkwh = {{{prices}}}")
    return "\n".join(lines)


class Followed:
    """The meter of a contract, and a page that follows it from noon of the first day on."""

    def __init__(self, folder: Path, name: str) -> None:
        self.tariff = bill.TARIFFS[name]
        self.chance = random.Random(name)
        self.meter = bill.Meter(self.tariff, self.chance, bill.start_of(FIRST) + 43_200)
        self.begun = self.meter.indexes()
        self._costs_of_days: dict[dt.date, tuple[Fraction, Fraction]] = {}
        offers = folder / "offers.toml"
        if self.tariff.codes:
            _day, month, kwh = self.tariff.prices[0]
            by_code = {self.tariff.codes[label]: float(price) for label, price in kwh.items()}
            self.prices = PriceSource(None, Prices(by_code, float(month)))
        else:
            offers.write_text(offers_of(name))
            self.prices = PriceSource(offers)
        self.model = LiveModel(patience=None, clock=lambda: bill.clock(self.meter.now), prices=self.prices)
        self.chronicle = Chronicle()
        self.model.on_state = self.chronicle.add
        self.store = Store(folder / "history.sqlite")
        self.read()
        self.read()

    def read(self) -> None:
        """Let a frame come."""
        period = self.tariff.period(bill.clock(self.meter.now))
        if self.tariff.texts:
            self.model.add_reading(self._standard(period), now=float(self.meter.now))
            return
        values = {"ADCO": NUMBER, "OPTARIF": self.tariff.optarif, "ISOUSC": "45"}
        values |= {self.tariff.registers[code]: f"{index:09}" for code, index in self.meter.indexes().items()}
        values |= {"PTEC": "TH.." if period == "TH" else period, "PAPP": "01000"}
        self.model.add_reading(Reading(Mode.HISTORIQUE, values), now=float(self.meter.now))

    def _standard(self, period: str) -> Reading:
        """Return a frame of mode standard."""
        indexes = self.meter.indexes()
        values = {"ADSC": NUMBER, "NGTF": self.tariff.optarif, "LTARF": self.tariff.texts[period]}
        values["EAST"] = f"{sum(indexes.values()):09}"
        values |= {self.tariff.registers[code]: f"{index:09}" for code, index in indexes.items()}
        values |= {"PREF": "09", "SINSTS": "01000", "NTARF": period.removeprefix("EASF")}
        return Reading(Mode.STANDARD, values)

    def costs(self) -> dict[str, float]:
        """Return the costs that the state has now."""
        state: Any = self.model.state()
        return {span: cost["value"] for span, cost in state["cost"].items() if isinstance(cost, dict)}

    def table(self, name: str) -> dict[str, Any]:
        """Return a table of the page."""
        codes = self.model.codes_of(NUMBER)
        found = tables.table(
            self.store, [], NUMBER, name, prices=self.prices, codes=codes, now=self.meter.now
        )
        assert found is not None
        return found

    def bill(self, first: dt.date, last: dt.date) -> Fraction:
        """Return what the days from the first to the last one cost, as far as they were followed."""
        energy, subscription = self.parts(first, last)
        return energy + subscription

    def parts(self, first: dt.date, last: dt.date) -> tuple[Fraction, Fraction]:
        """Return the energy and the subscription of these days."""
        today = bill.clock(self.meter.now).date()
        energy = subscription = Fraction(0)
        for day in bill.days(max(first, FIRST), min(last, today)):
            of_day = self._cost_of(day)
            energy += of_day[0]
            subscription += of_day[1]
        return energy, subscription

    def _cost_of(self, day: dt.date) -> tuple[Fraction, Fraction]:
        """Return the energy and the subscription of a day; those of a day that is over are kept."""
        if day in self._costs_of_days:
            return self._costs_of_days[day]
        before = self.begun if day == FIRST else self.meter.at_midnight[day]
        after = self.meter.at_midnight.get(bill.next_day(day))
        if after is None:
            return bill.cost_of(self.tariff, day, before, self.meter.indexes())
        self._costs_of_days[day] = bill.cost_of(self.tariff, day, before, after)
        return self._costs_of_days[day]


def is_to_the_cent(shown: float | None, exact: Fraction) -> bool:
    """True if an amount is the exact one, rounded to a cent."""
    return shown is not None and abs(shown - float(exact)) <= HALF_A_CENT and round(shown, 2) == shown


def is_exact(shown: float | None, exact: Fraction) -> bool:
    """True if an amount is the exact one to the millionth."""
    return shown is not None and abs(shown - float(exact)) <= 1e-6


@pytest.mark.parametrize("name", part_of(bill.TARIFFS, played=("weekend",)))
def test_a_year_costs_to_the_cent_what_the_bill_says(tmp_path: Path, name: str) -> None:
    followed = Followed(tmp_path, name)
    for day in bill.days(FIRST, LAST):
        # A code is known once its period was seen.
        for time in bill.times_of(day, followed.chance, each_period=bool(followed.tariff.codes)):
            if time > followed.meter.now:
                followed.meter.draw_until(time)
                followed.read()
        _check_state(followed, day)
        if day.day % 5 == 0:
            followed.store.write(followed.chronicle.take(), now=followed.meter.now)
    followed.store.write(followed.chronicle.take(), now=followed.meter.now)
    _check_tables(followed)
    followed.store.close()


def test_a_frame_in_the_first_second_of_a_day_counts_for_that_day(tmp_path: Path) -> None:
    """What was drawn since the last frame of the day before counts for it too, as in the state."""
    followed = Followed(tmp_path, "base")
    midnight = bill.start_of(bill.next_day(FIRST))
    followed.meter.draw_until(midnight - 2)
    followed.read()
    followed.meter.now = midnight
    followed.meter.registers["TH"] += 3600 * 1000
    followed.read()
    followed.store.write(followed.chronicle.take(), now=midnight + 60)
    followed.meter.now = midnight + 60
    rows = [
        dict(zip(followed.table("days30")["columns"], row, strict=True))
        for row in followed.table("days30")["rows"]
    ]
    costs = followed.costs()
    assert [round(row["cost"], 2) for row in rows] == [costs["yesterday"], costs["today"]]
    assert rows[1]["TH"] == 1000
    followed.store.close()


def _check_state(followed: Followed, day: dt.date) -> None:
    """Compare the costs of the state at the end of a day."""
    yesterday = dt.date.fromordinal(day.toordinal() - 1)
    month = day.replace(day=1)
    costs = followed.costs()
    last_month = dt.date.fromordinal(month.toordinal() - 1)
    spans = {"today": (day, day), "this_month": (month, day)}
    if yesterday >= FIRST:
        spans["yesterday"] = (yesterday, yesterday)
    if last_month >= FIRST:
        spans["last_month"] = (last_month.replace(day=1), last_month)
    for span, (first, last) in spans.items():
        exact = followed.bill(first, last)
        assert is_to_the_cent(costs[span], exact), (day, span, costs[span], float(exact))


def _check_tables(followed: Followed) -> None:
    """Compare days, weeks, months and years, their subscriptions, and the CSV."""
    sums = {}
    for name, length in (("days30", 10), ("weeks26", 10), ("months13", 7), ("years10", 4)):
        table = followed.table(name)
        rows = [*csv.DictReader(tables.as_csv(table).splitlines())]
        assert table["gaps"] == []
        sums[name] = Fraction(0)
        for row in rows:
            first, last = _span_of(row["time"], name)
            energy, subscription = followed.parts(first, last)
            assert is_exact(float(row["cost"]), energy + subscription), (name, row)
            assert is_exact(float(row["subscription"]), subscription), (name, row)
            assert len(row["time"]) == length
            sums[name] += Fraction(row["cost"])
    assert len(followed.table("days30")["rows"]) == 30
    whole = followed.bill(FIRST, LAST)
    assert float(sums["years10"]) == pytest.approx(float(whole), abs=1e-5)
    assert float(sums["months13"]) == pytest.approx(
        float(followed.bill(dt.date(2025, 11, 1), LAST)), abs=1e-4
    )


def _span_of(text: str, name: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a row."""
    if name == "years10":
        return dt.date(int(text), 1, 1), dt.date(int(text), 12, 31)
    if name == "months13":
        first = dt.date.fromisoformat(f"{text}-01")
        first_of_next = (first + dt.timedelta(days=31)).replace(day=1)
        return first, first_of_next - dt.timedelta(days=1)
    first = dt.date.fromisoformat(text)
    if name == "weeks26":
        return first, first + dt.timedelta(days=6)
    return first, first
