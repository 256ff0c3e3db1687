"""`teleinfo page --import`, `--undo-import` and `--export`: what they say and do."""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from teleinfo.contract import regulated_prices
from teleinfo.contract.days import midnight
from teleinfo.history.chronicle import Batch
from teleinfo.history.store import Store
from teleinfo.page import imports
from tests.history import written

FIRST = dt.date(2025, 3, 1)
METER = "012345678901"

Said = Callable[[], str]


def curve_of(days: int) -> written.Curve:
    """Return the energies of some days, Wh: each half-hour another one."""
    begin = midnight(FIRST)
    return {begin + 1800 * number: 100 + number % 77 for number in range(48 * days)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a history in which a meter was heard."""
    found = Store(tmp_path / "history.sqlite")
    found.write([Batch(METER, int(time.time()))], now=int(time.time()))
    found.close()
    return found


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Return what was said since."""
    return lambda: re.sub(r"\d\d/\d\d/20(?!25)\d\d, \d\d:\d\d", "now", capsys.readouterr().err)


def file(store: Store, content: bytes, name: str = f"75001-{written.PRM}.csv") -> Path:
    """Return a file with this content, whose name has a post code and the number of a meter."""
    path = store.path.with_name(name)
    path.write_bytes(content)
    return path


def change(
    store: Store, *files: Path, undo: bool = False, export: Path | None = None, any_prm: bool = False
) -> int:
    """Do what the options say; return the exit status."""
    arguments = Namespace(files=[*files], undo_import=undo, export=export, allow_other_prm=any_prm)
    return imports.change(store, arguments, offers=store.path.with_name("offers.toml"))


def rows(store: Store) -> list[tuple[object, ...]]:
    """Return all that was imported, without the number of the import."""
    with closing(sqlite3.connect(store.path)) as base:
        query = "SELECT meter, kind, time, value FROM imported WHERE kind != 'site' ORDER BY kind, time"
        return base.execute(query).fetchall()


def test_files_of_one_command_prove_each_other_and_are_undone_together(store: Store, said: Said) -> None:
    """An archive with the curve, a text beside it, and the indexes."""
    archive = file(store, written.archive(written.edf(curve_of(10)), b"lisez-moi"), "a.zip")
    indexes = file(store, written.indexes(curve_of(12)))

    assert change(store, archive, indexes) == 0
    assert said().splitlines() == [
        "a.zip also has files that are not needed: …-…-1.csv.",
        "a.zip › …-…-0.csv: EDF, powers by half-hour, from 01/03/2025 to 10/03/2025. Half-hours added: 480.",
        (
            "…-….csv: Enedis, indexes + Enedis, greatest powers, from 01/03/2025 to 12/03/2025. "
            "Days added: 1. Its 12 indexes check the other files."
        ),
        "Imported in all: 480 half-hours, from 01/03/2025, 00:00 to 11/03/2025, 00:00.",
        "The card “My contract” of the page counts them from now on.",
    ]
    assert len(rows(store)) == 481
    assert change(store, archive) == 0
    assert said().splitlines()[1].endswith("to 10/03/2025. Half-hours that were there already: 480.")
    assert change(store, undo=True) == 0
    assert said() == "Removed what was imported on now; rows: 481.\n"
    assert rows(store) == []
    assert change(store, undo=True) == 1
    assert said() == "teleinfo page: no file was imported\n"


@pytest.mark.parametrize("content", [b"hello", written.enedis({})], ids=["text", "no-points"])
def test_a_file_of_which_nothing_can_be_added_fails(store: Store, said: Said, content: bytes) -> None:
    assert change(store, file(store, content)) == 1
    assert said().startswith("…-….csv is not added: it ")
    assert rows(store) == []


def test_a_curve_that_an_index_disproves_is_refused(store: Store, said: Said) -> None:
    curve = file(store, written.enedis({begin: 2 * energy for begin, energy in curve_of(5).items()}), "curve")
    assert change(store, curve, file(store, written.indexes(curve_of(6)))) == 1
    assert "damaged; its energy is that of the index 0 of 5 times.\n" in said()
    assert [kind for _meter, kind, *_ in rows(store)] == ["peak"]


def test_lines_that_are_not_understood_are_named(store: Store, said: Said) -> None:
    """So are values that are impossible."""
    lines = written.rows(curve_of(1))
    lines[::8] = [f"{line}x" for line in lines[::8]]
    lines[4::8] = [f"{line}000" for line in lines[4::8]]
    assert change(store, file(store, written.enedis({}, points=lines))) == 0
    [line, *_others] = said().splitlines()
    assert line.endswith("Lines left out, since they are not understood: 12, such as line 4.")


def test_before_a_meter_was_heard_nothing_can_be_added(tmp_path: Path, said: Said) -> None:
    store = Store(tmp_path / "new.sqlite")
    assert change(store, file(store, written.enedis(curve_of(1)))) == 1
    assert "The history has no meter yet" in said()


def test_a_file_that_is_not_there_is_named(store: Store, said: Said) -> None:
    assert change(store, Path("absent-75001.csv")) == 1
    assert said() == "absent-….csv is not added: No such file or directory.\n"


def test_a_history_moves_to_another_machine(store: Store, tmp_path: Path, said: Said) -> None:
    """
    1. It is exported, to a file that is not there. 2. A machine with a history of its own adds it.

    What both have stays as it is there, and a second time adds nothing.
    """
    change(store, file(store, written.enedis(curve_of(1))))
    moved = tmp_path / "moved.sqlite"
    said()
    assert change(store, export=moved) == 0
    assert said() == f"The history is in {moved}.\n"
    assert change(store, export=moved) == 1
    assert said() == f"teleinfo page: {moved}: File exists\n"
    other = Store(tmp_path / "other.sqlite")
    other.write([Batch("099999999999", int(time.time()))], now=int(time.time()))
    assert change(other, moved) == 0
    assert said() == "moved.sqlite: a history. Rows added: 50.\n"
    assert [row[2:] for row in rows(other)] == [row[2:] for row in rows(store)]
    assert change(other, moved) == 0
    assert said() == "moved.sqlite: a history. Rows added: 0.\n"


def test_another_database_is_refused(store: Store, tmp_path: Path, said: Said) -> None:
    with closing(sqlite3.connect(tmp_path / "foreign")) as base:
        base.execute("CREATE TABLE x (y)")
    assert change(store, tmp_path / "foreign") == 1
    assert "foreign is not added: it is the database of another program.\n" in said()


CRE = """DATE_DEBUT;DATE_FIN;P_SOUSCRITE;PART_FIXE_HT;PART_FIXE_TTC;PART_VARIABLE_HT;PART_VARIABLE_TTC
11/06/2025;;6;100;180,00;0,15;0,21
"""


def test_regulated_prices_are_added_beside_the_offers(store: Store, said: Said) -> None:
    """They need no meter, are there once, and are removed with what came in the same command."""
    prices, peaks = file(store, CRE.encode(), "cre.csv"), file(store, written.indexes(curve_of(2)))
    path = store.path.with_name("regulated-prices.json")
    assert change(store, prices, peaks) == 0
    first, *_others, last = said().splitlines()
    assert first == "cre.csv: regulated prices of the CRE, from 11/06/2025 to 11/06/2025."
    assert last == f"cre.csv: prices added to {path}: 1."
    [price] = regulated_prices.read(path)
    assert (price.offer, price.month, price.kwh) == ("base", {6: 15.0}, {"TH": 0.21})
    assert change(Store(store.path.with_name("new.sqlite")), prices) == 0
    assert f"cre.csv: prices added to {path}: 0." in said()
    assert change(store, undo=True) == 0
    assert said() == "Removed what was imported on now; rows: 2.\n"
    assert regulated_prices.read(path) == ()
    assert change(store, undo=True) == 1


def test_prices_that_cannot_be_added_are_refused(store: Store, said: Said) -> None:
    prices = file(store, CRE.encode(), "cre.csv")
    path = store.path.with_name("regulated-prices.json")
    path.write_text("{")
    assert change(store, prices) == 1
    for undo in (False, True):
        assert change(store, *([] if undo else [prices]), undo=undo) == 1
        assert said().endswith(f"{path}: it is damaged: delete it, and import the prices again\n")
    path.unlink()
    path.with_suffix(".new").mkdir()
    assert change(store, prices) == 1
    assert "cannot be written (Is a directory); repeat the command as root, with sudo" in said()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may work as another user")
def test_root_writes_the_prices_itself(tmp_path: Path, said: Said) -> None:
    """The service reads them as another user than that of the page, from the folder of the settings."""
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    settings = tmp_path / "settings"
    settings.mkdir(mode=0o755)
    cre = tmp_path / "cre.csv"
    cre.write_text(CRE)
    arguments = Namespace(files=[cre], undo_import=False, export=None, allow_other_prm=False)
    store = Store(folder / "history.sqlite")
    assert imports.change(store, arguments, offers=settings / "offers.toml") == 0
    assert "prices added to" in said()
    status = (settings / "regulated-prices.json").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (0, 0o644)
