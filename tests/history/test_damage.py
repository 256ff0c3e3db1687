"""Histories that were damaged, or that somebody made: what can be read of them is kept, and nothing ends."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.history import tables
from teleinfo.history.chronicle import Batch
from teleinfo.history.damage import NewerError, is_damage
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.web import view
from tests.history import odd
from tests.history.decade import METER
from tests.support.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

Content = dict[str, set[tuple[Any, ...]]]
NOW = 1_790_000_000
NEW = Batch(METER, NOW + 300, {NOW: [(777, None)]})
SEEDS = range(8)
ODD = odd.rows(NOW)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a history with a copy beside it."""
    path = tmp_path_factory.mktemp("whole") / "teleinfo.sqlite"
    odd.write(path, NOW)
    return path


@pytest.fixture(scope="module")
def expected(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Content:
    """Return the rows of the history after what comes next was written."""
    path = tmp_path_factory.mktemp("expected") / whole.name
    shutil.copy(whole, path)
    goes_on(Store(path))
    return odd.content(path)


@pytest.fixture
def history(whole: Path, tmp_path: Path) -> Path:
    """Return a history with a copy beside it, to be damaged."""
    for path in whole.parent.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / whole.name


def goes_on(store: Store) -> None:
    """Write a batch, and make all that the page shows."""
    meters = store.write([NEW], now=NOW + 300)
    for name in tables.NAMES:
        assert tables.table(store, [], METER, name, now=NOW + 300) is not None
    view.now_part(LiveModel(patience=None), now=0.0, meters=meters)
    store.close()


@pytest.mark.parametrize("seed", part_of(SEEDS, played=(0, 7)))
def test_a_damaged_history_keeps_all_that_can_be_read(history: Path, expected: Content, seed: int) -> None:
    """The damaged file is put aside; the rows of its copy are there, and what comes is written."""
    odd.damage(history, random.Random(seed))
    store = Store(history)
    goes_on(store)
    after = odd.content(history)

    assert (777,) in {row[3:4] for row in after["power"]}
    if store.aside is not None:
        assert store.aside.is_file()
        assert odd.lost(expected, after) == {}
    else:  # bytes that stand for nothing, or a digit
        assert sum(odd.lost(expected, after).values()) <= 3


def test_a_clock_that_is_behind_loses_no_row_of_a_damaged_history(history: Path, expected: Content) -> None:
    """After a power cut a machine without a clock starts in 1970, or days ago."""
    for path in history.parent.iterdir():
        os.utime(path, (NOW, NOW))
    odd.insert(history, ODD[0])
    os.utime(history, (NOW, NOW))
    with contextlib.closing(Store(history)) as store:
        store.write([NEW], now=45_639)

    assert store.aside is not None
    assert odd.lost(expected, odd.content(history)) == {}


@pytest.mark.parametrize("row", ODD[::17], ids=range(len(ODD[::17])))
def test_a_row_that_no_history_has_is_left_out(history: Path, expected: Content, row: odd.Row) -> None:
    """It is in the file, past all that forbids it. All other rows stay."""
    odd.insert(history, row)
    store = Store(history)
    goes_on(store)

    assert store.aside is not None
    assert odd.lost(expected, odd.content(history)) == {}


@pytest.mark.parametrize("rows", [ODD, *([row] for row in ODD[4::17])], ids=len)
def test_a_history_with_impossible_rows_is_merged_without_them(
    history: Path, tmp_path: Path, expected: Content, rows: list[odd.Row]
) -> None:
    exported = tmp_path / "exported.sqlite"
    shutil.copy(history, exported)
    for row in rows:
        odd.insert(exported, row)
    with contextlib.closing(Store(tmp_path / "new" / "teleinfo.sqlite")) as store:
        merged = store.merge(exported.read_bytes(), NOW)
        goes_on(store)
        after = odd.content(store.path)

    assert merged.impossible >= len(rows) // 2  # some take the place of others
    assert merged.impossible > 0
    assert merged.is_whole
    assert odd.lost(expected, after) == {}


def test_a_damaged_export_is_merged_as_far_as_it_can_be_read(history: Path, tmp_path: Path) -> None:
    """From its begin and from its end: what cannot be read is a page in between."""
    data = bytearray(history.read_bytes())
    with contextlib.closing(sqlite3.connect(history)) as base:
        query = "SELECT pageno FROM dbstat WHERE name = 'half_hour' AND pagetype = 'leaf' ORDER BY path"
        try:
            pages = [page for [page] in base.execute(query)]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell the pages of a table")
    begin = (pages[len(pages) // 2] - 1) * odd.PAGE
    data[begin : begin + odd.PAGE] = bytes(odd.PAGE)
    with contextlib.closing(Store(tmp_path / "new.sqlite")) as store:
        merged = store.merge(bytes(data), NOW)
        after = odd.content(store.path)
    lost = odd.lost(odd.content(history), after)

    assert not merged.is_whole
    assert lost.keys() == {"half_hour"}
    assert lost["half_hour"] < 300


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"x" * 5000, bytes(8192)], ids=len)
def test_a_file_that_is_no_database_adds_nothing(tmp_path: Path, data: bytes) -> None:
    with contextlib.closing(Store(tmp_path / "teleinfo.sqlite")) as store:
        merged = store.merge(data, NOW)
        goes_on(store)

    assert (merged.added, merged.is_whole) == (0, False)


def test_a_history_that_is_damaged_while_it_is_open(history: Path, expected: Content) -> None:
    """1. It is open. 2. Its bytes change. 3. The next batch is written, into a new one with all rows."""
    with contextlib.closing(Store(history)) as store:
        goes_on(store)
        store.write([], now=NOW)
        data = bytearray(history.read_bytes())
        data[odd.PAGE :] = random.Random(1).randbytes(len(data) - odd.PAGE)
        history.write_bytes(data)
        store.doubt()  # a table could not be made
        goes_on(store)
        assert store.aside is not None
    assert odd.lost(expected, odd.content(history)) == {}


def test_a_history_that_another_process_replaced_is_written(history: Path) -> None:
    with contextlib.closing(Store(history)) as store:
        store.write([], now=NOW)
        history.rename(history.with_suffix(".gone"))
        shutil.copy(history.with_suffix(".copy-0"), history)
        goes_on(store)
    assert (777,) in {row[3:4] for row in odd.content(history)["power"]}


def test_a_newer_history_is_left_alone(history: Path) -> None:
    with contextlib.closing(sqlite3.connect(history)) as base:
        base.executescript("CREATE TABLE later (x); PRAGMA user_version = 2")
    before = history.read_bytes()
    with contextlib.closing(Store(history)) as store:
        with pytest.raises(NewerError, match="a newer version of teleinfo wrote the database"):
            store.write([NEW], now=NOW)
        with contextlib.closing(Store(history.with_name("own.sqlite"))) as own, pytest.raises(NewerError):
            own.merge(before, NOW)
    assert history.read_bytes()[:18] == before[:18]
    assert store.aside is None


def test_at_most_three_damaged_histories_are_kept(history: Path) -> None:
    for number in range(6):
        history.write_text(f"nothing of ours {number}")
        with contextlib.closing(Store(history)) as store:
            store.write([], now=NOW + number)
    kept = sorted(path.name for path in history.parent.glob("*.damaged-*"))
    assert kept == [f"teleinfo.damaged-{NOW + number}" for number in (3, 4, 5)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(), False),
        (sqlite3.DatabaseError("file is not a database"), True),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, ""), True),
        (OverflowError(), True),
        (KeyError("green"), True),
        (NewerError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_tells_whether_the_content_may_be_its_cause(error: Exception, *, expected: bool) -> None:
    assert is_damage(error) is expected


def test_a_full_or_locked_database_is_not_damaged(history: Path) -> None:
    with contextlib.closing(sqlite3.connect(history)) as base:
        base.execute("BEGIN EXCLUSIVE")
        with (
            contextlib.closing(sqlite3.connect(history, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError) as locked,
        ):
            other.execute("BEGIN EXCLUSIVE")
        base.rollback()
        base.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as full:
            base.execute("CREATE TABLE x AS SELECT * FROM half_hour")
    assert [is_damage(locked.value), is_damage(full.value)] == [False, False]
