"""The past from files: each format gives the curve that it was written from, and odd ones are refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import itertools
import random
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from teleinfo.contract import files
from teleinfo.contract.content import CURVE, Content, FileError
from teleinfo.contract.days import midnight
from teleinfo.contract.files import FileReader
from teleinfo.contract.offers import Offers, in_force
from teleinfo.contract.offers_file import with_shipped
from teleinfo.history import energies as storage
from teleinfo.history.chronicle import Batch, IndexReading
from teleinfo.history.database_file import SCHEMA
from teleinfo.history.file_import import Added, FileImport
from teleinfo.history.store import Store
from teleinfo.vocabulary.codes import Colour
from tests.history import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = midnight(dt.date(2026, 11, 29))
METER = 1
SPRING = dt.date(2025, 3, 30)
AUTUMN = dt.date(2025, 10, 26)


def curve_of(first: dt.date, days: int, most: int = 900) -> written.Curve:
    """Return a curve of some days."""
    chance = random.Random(7)
    begin = midnight(first)
    end = midnight(first + dt.timedelta(days=days))
    return {time: chance.randrange(20, most) for time in range(begin, end, written.HALF_HOUR)}


@pytest.fixture
def base() -> Iterator[sqlite3.Connection]:
    """Return the part of a database."""
    found = sqlite3.connect(":memory:", isolation_level=None)
    found.executescript(SCHEMA)
    yield found
    found.close()


PIECE = 200
"""Seconds of a constant power."""


def contents(data: bytes) -> list[Content | FileError]:
    """Return what a file has."""
    return [content for _name, content in FileReader().contents(io.BytesIO(data))]


def add(base: sqlite3.Connection, *data: bytes) -> list[Added]:
    """Add files, as the command does."""
    known: list[Content] = []
    for each in data:
        for content in contents(each):
            if isinstance(content, FileError):
                raise content
            known.append(content)
    indexes = {time: index for content in known for time, index in content.indexes.items()}
    files = FileImport(base, METER, indexes, 1000 * NOW)
    return [files.add(content) for content in known]


def imported(base: sqlite3.Connection) -> dict[int, float]:
    """Return the energies of the half-hours that were imported."""
    return dict(base.execute("SELECT time, value FROM imported WHERE kind = ?", (CURVE,)).fetchall())


@pytest.mark.parametrize("write", written.FORMATS)
@pytest.mark.parametrize("first", [dt.date(2025, 3, 1), SPRING, AUTUMN], ids=["march", "spring", "autumn"])
def test_a_file_gives_its_curve(
    base: sqlite3.Connection, write: Callable[[written.Curve], bytes], first: dt.date
) -> None:
    """Days of 23 and 25 hours have 46 and 50 half-hours. Twice adds nothing; it can be undone."""
    curve = curve_of(first - dt.timedelta(days=1), 3)

    [report] = add(base, write(curve))

    assert imported(base) == pytest.approx(curve)
    assert storage.last_meter(base) is None
    known = storage.known(base, METER)
    assert report.new == len(curve)
    assert known == {"count": len(curve), "first": min(curve), "last": max(curve) + 1800, "gaps": 0}
    [again] = add(base, write(curve))
    assert again.same == len(curve)
    assert imported(base) == pytest.approx(curve)
    number = storage.last_import(base)
    assert number == 1000 * NOW
    assert storage.undo(base, number) == len(curve)
    assert storage.last_import(base) is None
    assert imported(base) == {}


@pytest.mark.parametrize("step", [600, 900, 1800])
def test_short_steps_are_added_up(base: sqlite3.Connection, step: int) -> None:
    curve = curve_of(dt.date(2025, 3, 1), 2)
    add(base, written.enedis(curve, points=written.rows(curve, step)))
    assert imported(base) == curve


def test_the_step_may_change_within_a_file(base: sqlite3.Connection) -> None:
    curve = curve_of(dt.date(2025, 3, 1), 4)
    lines = written.rows(curve)[:96] + written.rows(curve, 900)[192:]
    add(base, written.enedis(curve, points=lines))
    assert imported(base) == curve


def test_a_gap_is_no_energy(base: sqlite3.Connection) -> None:
    """So are an absent line, an empty value, a part of a half-hour, and a power without a step."""
    curve = curve_of(dt.date(2025, 3, 1), 2)
    lines = written.rows(curve, 900)
    lines[20] = lines[20].split(";")[0] + ";"
    del lines[100:104]
    alone = [f"2025-03-{day}T12:00:00+01:00;100" for day in (10, 20, 30)]
    [report] = add(base, written.enedis(curve, points=lines + alone))
    begins = list(curve)
    missing = {begins[10], begins[50], begins[51]}
    assert imported(base) == {time: energy for time, energy in curve.items() if time not in missing}
    assert report.new == len(curve) - 3
    assert storage.known(base, METER)["gaps"] == 2


def test_an_hour_that_stands_once_in_autumn_is_a_gap(base: sqlite3.Connection) -> None:
    curve = curve_of(AUTUMN, 1)
    doubtful = {time for time in curve if written.local(time + 1800).strftime("%H:%M") in {"02:00", "02:30"}}
    later = set(sorted(doubtful)[2:])
    add(base, written.edf({time: energy for time, energy in curve.items() if time not in later}))
    assert imported(base).keys() == curve.keys() - doubtful


@pytest.mark.parametrize("ends", [True, False])
def test_an_index_proves_what_a_time_is(base: sqlite3.Connection, ends: bool) -> None:  # noqa: FBT001
    """Times that are the begins of the steps, against the document of the format, are found."""
    curve = curve_of(dt.date(2025, 3, 1), 10)
    shifted = [
        f"{written.local(time + 1800 * ends).isoformat()};{2 * energy}" for time, energy in curve.items()
    ]
    _index, report = add(
        base,
        written.indexes(curve_of(dt.date(2025, 3, 1), 12)),
        written.enedis(curve, points=shifted),
    )
    # The first days of both curves are the same.
    assert report.new == len(curve)
    assert imported(base) == curve


def test_the_half_hours_of_the_meter_are_kept(base: sqlite3.Connection) -> None:
    """They also prove what the times are."""
    curve = curve_of(dt.date(2025, 3, 1), 2)
    begins = list(curve)
    counted = itertools.accumulate([curve[time] + 1 for time in begins[:48]], initial=0)
    own = [(METER, time, "BASE", total, "TH") for time, total in zip(begins, counted, strict=False)]
    base.executemany("INSERT INTO half_hour VALUES (?, ?, ?, ?, ?)", own)
    [report] = add(base, written.enedis(curve))
    assert report.own == 48
    assert imported(base).keys() == set(begins[48:])
    energies = storage.energies(base, METER, 0, NOW)
    assert {begin: energies.energy(begin) for begin in begins} == {
        begin: curve[begin] + (begin in begins[:48]) for begin in begins
    }


def test_of_two_files_that_disagree_the_first_counts(base: sqlite3.Connection) -> None:
    curve = curve_of(dt.date(2025, 3, 1), 2)
    add(base, written.enedis(curve))
    first = min(curve)
    [report] = add(base, written.edf({**curve, first: curve[first] + 500}))
    assert (report.different, report.example) == (1, first)
    assert imported(base) == curve


def test_the_greatest_powers_of_the_network(base: sqlite3.Connection) -> None:
    add(base, written.indexes(curve_of(dt.date(2025, 3, 1), 2)))
    [(time, power)] = storage.peaks(base, METER, 0)
    assert (power, written.local(time)) == (7296, dt.datetime(2025, 3, 1, 18, 23, 11, tzinfo=written.PARIS))


def season(reds: int = 22) -> bytes:
    """Return the colours of a season, as RTE publishes them."""
    days = [dt.date(2024, 9, 1) + dt.timedelta(days=number) for number in range(365)]
    cold = [day for day in days if day.month in {11, 12, 1, 2, 3} and day.weekday() < 5]
    words = dict.fromkeys(cold[:reds], "ROUGE") | dict.fromkeys(cold[reds : reds + 43], "BLANC")
    lines = [f"{day}\t{words.get(day, 'BLEU')}" for day in days]
    return "\n".join(["Date\tType de jour TEMPO", *lines, "RTE ne pourra être tenu responsable"]).encode(
        "cp1252"
    )


def test_the_colours_of_a_season(base: sqlite3.Connection) -> None:
    [report] = add(base, season())
    found = [*storage.colours(base, METER).values()]
    assert report.others == 365
    assert (found.count(Colour.RED), found.count(Colour.WHITE)) == (22, 43)


def test_a_season_with_a_red_day_too_many_is_refused(base: sqlite3.Connection) -> None:
    with pytest.raises(FileError) as refused:
        add(base, season(reds=23))
    assert refused.value.reason == "the season 2024-2025 has 23 days of Red, and not 22"


CRE = """DATE_DEBUT;DATE_FIN;P_SOUSCRITE;PART_FIXE_HT;PART_FIXE_TTC;{}
01/02/2026;;9;200,10;235,90;0,15;0,20
01/08/2027;;9;200,10;240;0,15;0,20
01/13/2026;;9;1;2;3
01/08/2027;;12;;;;
"""


@pytest.mark.parametrize(
    ("columns", "offer", "kwh"),
    [
        ("PART_VARIABLE_HT;PART_VARIABLE_TTC", "base", {"TH": 0.2}),
        ("PART_VARIABLE_HC_TTC;PART_VARIABLE_HP_TTC", "off_peak", {"HC": 0.15, "HP": 0.2}),
    ],
)
def test_the_prices_of_the_regulator(columns: str, offer: str, kwh: dict[str, float]) -> None:
    """They are added to those of the day on which none is known; a line that is not understood is named."""
    [content] = contents(CRE.format(columns).encode())
    assert isinstance(content, Content)
    assert content.faults == [4]
    offers = with_shipped(Offers(), content.prices)
    [found] = [each for each in offers.offer if each.id == offer]
    [later] = [price for price in found.price if price.since > dt.date(2026, 11, 1)]
    assert (str(later.since), later.month, later.kwh) == ("2027-08-01", {9: 20.0}, kwh)
    in_february = in_force([price for price in found.price if 9 in price.month], dt.date(2026, 3, 1))
    assert in_february is not None
    assert in_february.kwh != kwh, "that of the offer"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<html>", "page of the web"),
        (b"Identifiant PRM,Type\n", "spreadsheet"),
        (f"{written.HEAD}\n2,3E+13;Courbe de charge;\n".encode(), "spreadsheet"),
        (written.enedis({}).replace(b"Consommation", b"Production"), "produced"),
        (written.archive(written.workbook({}).replace(b"<sst", b"<sst<")), "damaged"),
        (written.archive(written.archive(written.edf({}))), "an archive in another one"),
        (b"x" * (files.MAX_FILE_BYTES + 1), "larger"),
    ],
    ids=["empty", "html", "commas", "number", "produced", "workbook", "nested", "large"],
)
def test_another_file_is_refused_with_the_reason(data: bytes, why: str) -> None:
    [found] = contents(data)
    assert isinstance(found, FileError)
    assert re.search(why, found.reason), found.reason


@pytest.mark.parametrize("interval", [3, 61, 121, 301])
def test_a_right_curve_fits_a_meter_that_is_read_at_an_interval(tmp_path: Path, interval: int) -> None:
    """
    What was drawn around the bound of a half-hour may belong to either side of it.

    A wrong curve is refused all the same, by the times between two bounds near which the meter was read.
    """
    chance = random.Random(5)
    begin = midnight(dt.date(2025, 3, 1))
    end = midnight(dt.date(2025, 3, 15))
    powers = [chance.choice([40, 60, 2000, 7000]) for _ in range(begin, end, PIECE)]
    sums = [*itertools.accumulate((power * PIECE / 3600 for power in powers), initial=0.0)]

    def index(time: int) -> float:
        number, seconds = divmod(time - begin, PIECE)
        return sums[number] + powers[min(number, len(powers) - 1)] * seconds / 3600

    batch = Batch("012345678901", end)
    for time in range(begin + 7, end, interval):
        batch.add_reading("BASE", IndexReading(time, int(index(time)), "TH"))
    right = {time: index(time + 1800) - index(time) for time in range(begin, end, 1800)}
    wrong = {time: 0.8 * energy for time, energy in right.items()}
    with contextlib.closing(Store(tmp_path / "history.sqlite")) as store:
        store.write([batch], now=end)
        with store.editing(end) as base:
            files = FileImport(base, METER, {}, 1000 * NOW)
            added = files.add(Content(points={time + 1800: 2 * energy for time, energy in right.items()}))
            with pytest.raises(FileError, match="its energy is that of the index"):
                files.add(Content(points={time + 1800: 2 * energy for time, energy in wrong.items()}))
    assert added.own > 600
