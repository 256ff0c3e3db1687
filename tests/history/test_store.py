"""The history of the page: what it proves, and what it leaves open."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import sqlite3
from typing import TYPE_CHECKING

import pytest

from teleinfo.contract.days import TEMPO_HOUR, local, midnight
from teleinfo.history import database_file, tables
from teleinfo.history.chronicle import SLOT, Batch, IndexReading
from teleinfo.history.rows import KEPT, MAX_METERS, MINUTE, QUARTER
from teleinfo.history.store import Store
from teleinfo.state.prices import Prices
from teleinfo.tic.decoder import Decoder
from teleinfo.vocabulary.codes import Colour
from tests.history.scenario import DAY, FILE, Lapse
from tests.support.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from teleinfo.state.fields import Json

START = dt.datetime(2026, 1, 14, 12, 0)  # noqa: DTZ001 - the time in France
PRICES = Prices({"HC": 0.17, "HP": 0.21}, 15.0)
HOUR = 3600
BEGIN = 1_000_000_000 - 1_000_000_000 % DAY


def balcony(now: dt.datetime) -> tuple[complex, ...]:
    """Draw 600 W, and inject 900 W around noon."""
    return (600.0 - 1500 * (now.hour in range(10, 16)),)


def heater(now: dt.datetime) -> tuple[complex, ...]:
    """Draw 300 W, and 2 kW more in each odd hour."""
    return (300.0 + 2000 * (now.hour % 2),)


@pytest.fixture
def lapse(tmp_path: Path) -> Iterator[Lapse]:
    """Return a household with peak and off-peak hours, at noon of a day of January."""
    with Lapse(tmp_path, "hc", START, prices=PRICES, load_profile=heater) as household:
        household.at([household.now])
        yield household


def power(drawn: int) -> list[tuple[int, int | None]]:
    """Return the powers of a slot with one reading."""
    return [(drawn, None)]


def powers_of(store: Store, step: int = MINUTE) -> dict[int, int]:
    """Return the mean power drawn in each step."""
    with store.copy.reading() as base:
        return dict(base.execute("SELECT time, drawn FROM power WHERE step = ?", (step,)).fetchall())


@pytest.mark.long
def test_a_year_in_a_time_lapse_says_what_the_indexes_say(tmp_path: Path) -> None:
    """
    The sum of all months is what each index counted, to the Wh, the days when the clock changes included.

    Each day and each month is complete but the first and the present ones.
    """
    with Lapse(tmp_path, "standard-producer", START, load_profile=balcony) as lapse:
        lapse.simulated.metrology.step = 15  # the household switches at noon
        lapse.at([lapse.now])
        first = lapse.indexes
        lapse.days(366, step=DAY)
        months = lapse.table("months13")
        days = lapse.table("days30")
        counted = {code: now - first[code] for code, now in lapse.indexes.items() if now != first[code]}

        assert {*counted} <= {*months["columns"]}
        for code, energy in counted.items():
            at = months["columns"].index(code)
            assert sum(row[at] for row in months["rows"]) == energy
        assert [row[-2] for row in months["rows"]] == [False, *[True] * 12]
        assert [row[-2] for row in days["rows"]] == [True] * 30
        assert months["gaps"] == days["gaps"] == []
    assert (tmp_path / FILE).stat().st_size < 2_000_000


def test_a_reading_exactly_at_midnight_divides_the_days_of_a_slow_meter(lapse: Lapse) -> None:
    """Readings half an hour apart, as of other programs: each day has what its 48 half-hours counted."""
    begin = midnight(local(lapse.now).date() + dt.timedelta(days=1))
    at_midnight = []
    for day in range(3):
        lapse.at([begin + day * DAY])
        at_midnight.append(sum(lapse.indexes.values()))
        lapse.at(range(begin + day * DAY + HOUR // 2, begin + (day + 1) * DAY, HOUR // 2))
        lapse.write()
    table = lapse.table("days30")
    energies = {row[0]: row[1] + row[2] for row in table["rows"]}

    assert energies["2026-01-15"] == at_midnight[1] - at_midnight[0]
    assert energies["2026-01-16"] == at_midnight[2] - at_midnight[1]


def test_energy_of_a_pause_over_midnights_is_divided_nowhere(lapse: Lapse) -> None:
    """
    The process is off for two days and a half: what was counted then is known in all, not by day.

    The day in between has no row; the two days around it are not complete, and the month has all.
    """
    lapse.days(2)
    before = lapse.indexes
    lapse.write()
    lapse.begin()
    lapse.at([lapse.now + 60 * HOUR, lapse.now + 61 * HOUR])
    table = lapse.table("days30")
    [(begin, end, energy, cost)] = table["gaps"]

    assert (begin[:16], end[:16]) == ("2026-01-16T00:01", "2026-01-18T12:01")
    assert sum(energy.values()) > 0
    assert cost == round(energy["HC"] * 0.17e-3 + energy["HP"] * 0.21e-3 + 15 / 31, 6)
    assert lapse.table("months13")["rows"][0][4] == pytest.approx(
        cost + sum(row[4] for row in table["rows"]), abs=0.001
    )
    assert [row[0] for row in table["rows"]] == ["2026-01-14", "2026-01-15", "2026-01-16", "2026-01-18"]
    assert [row[-2] for row in table["rows"]] == [False, True, False, False]
    month = dict(zip(lapse.table("months13")["columns"], lapse.table("months13")["rows"][0], strict=True))
    days = {code: sum(row[at] for row in table["rows"]) for at, code in enumerate(("HC", "HP"), 1)}
    for code, index in lapse.indexes.items():
        assert month[code] == days[code] + energy[code]
        assert energy[code] <= index - before[code]
    rows = [*csv.DictReader(tables.as_csv(table).splitlines())]
    assert [(row["time"], row["end"], row["complete"]) for row in rows] == [
        ("2026-01-14", "", "false"),
        ("2026-01-15", "", "true"),
        ("2026-01-16", "", "false"),
        (begin, end, "false"),
        ("2026-01-18", "", "false"),
    ]
    assert sum(int(row["HC"]) + int(row["HP"]) for row in rows) == month["HC"] + month["HP"]
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(month["cost"], abs=0.001)


def test_a_write_that_fails_takes_nothing_from_the_tables(
    lapse: Lapse, monkeypatch: pytest.MonkeyPatch
) -> None:
    lapse.days(1)
    lapse.at([lapse.now + 120])
    known = lapse.table("days30")
    lapse.store.close()
    powers = {time: power(1) for time in range(BEGIN, BEGIN + DAY, SLOT)}
    monkeypatch.setattr(database_file, "MAX_PAGES", 1)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        lapse.store.write([Batch(lapse.meter, BEGIN + DAY, powers)], now=BEGIN + DAY)
    monkeypatch.undo()

    assert lapse.table("days30") == known


def test_without_prices_there_is_no_cost(lapse: Lapse) -> None:
    """Not even if there were prices once."""
    lapse.store.close()
    with Lapse(lapse.folder, "hc", START) as later:
        later.days(1)
        assert {row[4] for row in later.table("days30")["rows"]} == {None}


def test_powers_are_kept_by_the_minute_and_then_by_the_quarter(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE)
    end = BEGIN + 62 * DAY
    with contextlib.closing(store):
        for begin in range(BEGIN, end, DAY):
            powers = {time: power(time % 900 // 60) for time in range(begin, begin + DAY, 60)}
            store.write([Batch("1", begin + DAY, powers)], now=end)
        kept = {step: powers_of(store, step) for step in KEPT}

    assert {step: (min(powers) - BEGIN, len(powers)) for step, powers in kept.items()} == {
        SLOT: (62 * DAY - 6 * HOUR, HOUR // 10),
        MINUTE: (60 * DAY, 2 * DAY // 60),
        QUARTER: (2 * DAY, 60 * DAY // 900),
    }
    assert {*kept[QUARTER].values()} == {7}


def test_an_alert_is_kept_with_begin_and_end(lapse: Lapse) -> None:
    begin = "2026-01-14T11:30:00+01:00"
    active: Json = {"meter": {"id": lapse.meter}, "alerts": {"overrun": {"active": True, "start": begin}}}
    quiet: Json = {"meter": {"id": lapse.meter}}
    lapse.chronicle.add(active, at=lapse.now + 60)
    assert lapse.table("alerts") == {"rows": [["overrun", begin, None]]}
    lapse.write()
    lapse.chronicle.add(quiet, at=lapse.now + 120)

    assert lapse.table("alerts") == {"rows": [["overrun", begin, "2026-01-14T12:01:00+01:00"]]}


def test_an_alert_goes_on_when_the_page_is_started_anew(lapse: Lapse) -> None:
    begin = lapse.now
    lapse.now = lapse.now + 240
    for minute in (0, 1, 4):
        since = f"2026-01-14T12:{minute:02}:00+01:00"
        lapse.chronicle.add(
            {"meter": {"id": lapse.meter}, "alerts": {"overrun": {"active": True, "start": since}}},
            at=begin + 60 * minute,
        )
    rows = [[begin[14:16], end and end[14:16]] for _code, begin, end in lapse.table("alerts")["rows"]]

    assert rows == [["00", "01"], ["04", None]]


def test_the_days_of_a_season_of_tempo_are_counted_if_all_are_known(tmp_path: Path) -> None:
    with Lapse(tmp_path, "tempo", dt.datetime(2025, 9, 1, 12)) as lapse:  # noqa: DTZ001 - the time in France
        lapse.at([lapse.now])
        assert lapse.table("season") == {"blue": 1, "white": 0, "red": 0}
        lapse.days(3)
        known = lapse.table("season")
        assert sum(known.values()) == 3
        six = midnight(dt.date(2025, 9, 3), hour=TEMPO_HOUR)
        lapse.store.write([Batch(lapse.meter, lapse.now, days={("colour", six): Colour.RED})], now=lapse.now)
        assert lapse.table("season") == known | {"blue": known["blue"] - 1, "red": known["red"] + 1}
        lapse.now += 3 * DAY
        assert lapse.table("season") == {}


@pytest.mark.parametrize("jump", part_of((400 * DAY, DAY, 600, -HOUR, -DAY), played=(400 * DAY, -HOUR)))
def test_a_clock_that_was_wrong_for_a_while_costs_that_while(lapse: Lapse, jump: int) -> None:
    """It neither cuts nor stops the powers, before and after; `test_index_readings` has the energies."""
    lapse.days(2)
    lapse.at(range(lapse.now + 60, lapse.now + 6 * HOUR, 60))
    lapse.write()
    rows_before = lapse.table("days2")["rows"]
    clock_of_meter = lapse.model.clock().replace(tzinfo=None)
    lapse.now += jump
    for second in range(0, 20, 2):
        frame = lapse.simulated.emit(clock_of_meter + dt.timedelta(seconds=second))
        for reading in Decoder(plausibility=False).feed(frame):
            lapse.model.add_reading(reading, now=float(second))
    lapse.now -= jump
    lapse.write()
    lapse.at(range(lapse.now + 60, lapse.now + 2 * HOUR, 60))
    lapse.write()
    rows = lapse.table("days2")["rows"]

    assert {row[0] for row in rows_before} <= {row[0] for row in rows}
    assert {row[0] for row in rows} >= {
        local(time).isoformat() for time in range(lapse.now - HOUR, lapse.now, 60)
    }


def test_a_history_of_an_earlier_version_gets_the_tables_of_the_contract(tmp_path: Path) -> None:
    """It keeps what it has."""
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        store.write([Batch("1", BEGIN, {BEGIN: power(500)})], now=BEGIN)
        with store.editing(BEGIN) as base:
            base.execute("DROP TABLE of_day")
        store.close()
        store.write([Batch("1", BEGIN, days={("colour", BEGIN): Colour.RED})], now=BEGIN)
        assert powers_of(store, SLOT) == {BEGIN: 500}


def test_a_meter_that_was_heard_for_a_moment_is_forgotten_the_next_day(tmp_path: Path) -> None:
    """Of seven hundred there are never more than a few; the household's own one stays."""
    with contextlib.closing(Store(tmp_path / FILE)) as store:

        def write(meter: str, begin: int, seconds: int) -> list[str]:
            batch = Batch(meter, begin + seconds)
            for time in (begin, begin + seconds):
                batch.add_reading("BASE", IndexReading(time, 1000, "TH"))
            return [name for name, *_times in store.write([batch], now=begin + seconds)]

        write("own", BEGIN, DAY)
        for number in range(700):
            known = write(f"{number}", BEGIN + DAY + number, 60)
            assert "own" in known
            assert len(known) <= MAX_METERS
        assert write("own", BEGIN + DAY, DAY + HOUR) == ["own"]
        with store.copy.reading() as base:
            assert base.execute("SELECT count(*) FROM reading").fetchone()[0] < 10


def test_a_copy_that_is_read_is_closed_by_its_reader_once_it_is_forgotten(tmp_path: Path) -> None:
    """Else it would stay open: nobody reads again after the store is closed."""
    store = Store(tmp_path / FILE)
    with store.copy.reading() as copy:
        store.close()
        copy.execute("SELECT count(*) FROM reading")

    with pytest.raises(sqlite3.ProgrammingError):
        copy.execute("SELECT count(*) FROM reading")
