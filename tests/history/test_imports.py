"""The verbs of `teleinfo history`: what they say and do."""

from __future__ import annotations

import datetime as dt
import hashlib
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
from teleinfo.history import imports
from teleinfo.history.chronicle import Batch
from teleinfo.history.store import Store
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
    """Import the files, undo, or export; return the exit status."""
    arguments = Namespace(verb="import", files=[*files], allow_other_prm=any_prm)
    if undo:
        arguments = Namespace(verb="undo")
    elif export is not None:
        arguments = Namespace(verb="export", file=export)
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
    assert said() == "teleinfo history: no file was imported\n"


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
    """So are values that are impossible: six lines of each; three lines of titles come before."""
    lines = written.rows(curve_of(1))
    lines[::8] = [f"{line}x" for line in lines[::8]]
    lines[4::8] = [f"{line}000" for line in lines[4::8]]
    assert change(store, file(store, written.enedis({}, points=lines))) == 0
    [line, *_others] = said().splitlines()
    assert line.endswith("Lines left out, since they are not understood: 12, such as line 4.")


NEIGHBOUR = "98765432109876"


def of_neighbour(curve: written.Curve) -> bytes:
    """Return the file of another place."""
    return written.enedis(curve).replace(written.PRM.encode(), NEIGHBOUR.encode())


def test_a_file_of_another_prm_is_added_only_if_it_is_asked_for(store: Store, said: Said) -> None:
    """
    The same number in a workbook and in a text is the same place.

    A neighbour's file is refused, although it has other days, and the file beside it is added; with the
    option it is added, and can be undone.
    """
    assert change(store, file(store, written.enedis(curve_of(2)), "own.csv")) == 0
    assert change(store, file(store, written.workbook(curve_of(3)), "own.xlsx")) == 0
    assert len(rows(store)) == 144
    later = {begin + 30 * 86_400: energy for begin, energy in curve_of(2).items()}
    neighbour = file(store, of_neighbour(later), "neighbour.csv")
    said()

    assert change(store, neighbour, file(store, written.edf(curve_of(4)), "edf.csv")) == 1
    told = said().splitlines()
    assert told[0].startswith("edf.csv: EDF, powers by half-hour")
    assert told[-1].startswith("neighbour.csv is not added: it is from another meter (another PRM) than the")
    assert "again with --allow-other-prm; if" in told[-1]
    assert "history undo, then" in told[-1]
    assert len(rows(store)) == 192
    assert change(store, neighbour, any_prm=True) == 0
    assert len(rows(store)) == 192 + 96
    assert change(store, neighbour) == 0, "it was asked for"
    assert change(store, undo=True) == 0
    assert len(rows(store)) == 192
    assert change(store, neighbour) == 1, "undone, it is another one again"


def test_the_wrong_prm_is_forgotten_with_its_import(store: Store) -> None:
    assert change(store, file(store, of_neighbour(curve_of(2)), "neighbour.csv")) == 0
    own = file(store, written.enedis(curve_of(3)), "own.csv")
    assert change(store, own) == 1
    assert change(store, undo=True) == 0
    assert change(store, own) == 0
    assert len(rows(store)) == 144


def test_of_two_prm_in_one_command_none_is_taken_for_the_own_one(store: Store, said: Said) -> None:
    files = [
        file(store, written.enedis(curve_of(2)), "a.csv"),
        file(store, of_neighbour(curve_of(2)), "b.csv"),
        file(store, of_neighbour(curve_of(3)), "c.csv"),
        file(store, written.edf(curve_of(1)), "d.csv"),
    ]
    assert change(store, *files) == 1
    assert len(rows(store)) == 48
    assert (
        "a.csv, b.csv … c.csv (2 files): these files are of several meters (different PRM), and none of them "
        "is added. Give those of one meter alone.\n"
    ) in said()
    assert change(store, *files[1:3]) == 0
    assert len(rows(store)) == 144


def test_no_prm_is_kept_or_said(store: Store, said: Said) -> None:
    """Nor is a number that can be computed from it without a salt."""
    change(store, file(store, written.enedis(curve_of(2))), file(store, of_neighbour(curve_of(2)), "b.csv"))
    change(store, file(store, written.enedis(curve_of(2))))
    data = b"".join(path.read_bytes() for path in store.path.parent.glob("history.sqlite*"))
    text = data + said().encode()
    for number in (written.PRM, NEIGHBOUR):
        assert number.encode() not in text
        assert int(number).to_bytes(6) not in data
    with closing(sqlite3.connect(store.path)) as base:
        [[value]] = base.execute("SELECT value FROM imported WHERE kind = 'site'").fetchall()
    salt, digest = (bytes.fromhex(part) for part in value.split())
    assert (len(salt), len(digest)) == (16, 32)
    assert hashlib.sha256(written.PRM.encode()).digest() != digest


def test_a_curve_that_disagrees_with_earlier_files_is_from_another_meter(store: Store, said: Said) -> None:
    """A file without a PRM, such as those of EDF, is known by its energies."""
    change(store, file(store, written.edf(curve_of(3)), "own.csv"))
    other = written.edf({begin: energy + 40 for begin, energy in curve_of(5).items()})
    assert change(store, file(store, other, "neighbour.csv")) == 1
    assert (
        "neighbour.csv is not added: 144 of its half-hours have another energy in earlier files, 0 the"
        in said()
    )
    assert len(rows(store)) == 144


def test_days_that_are_to_come_or_too_old_are_refused(store: Store, said: Said) -> None:
    for name, days in (("old.csv", -20 * 365), ("to-come.csv", 30 * 365)):
        curve = {begin + days * 86_400: energy for begin, energy in curve_of(2).items()}
        assert change(store, file(store, written.enedis(curve), name)) == 1
        assert f"{name} is not added: all its days are older than ten years, or to come.\n" in said()
    for day in ("2005-01-15", "2090-01-15"):
        assert change(store, file(store, f"{day};ROUGE\n".encode(), "tempo.csv")) == 1
        assert "tempo.csv is not added: all its days are older than ten years, or to come.\n" in said()
    assert rows(store) == []
    assert (
        change(store, file(store, written.enedis({}, points=written.rows(curve_of(1), 900)[::2]), "x")) == 1
    )
    assert "x is not added: it has no whole half-hour.\n" in said()


def test_many_files_of_one_format_are_told_together(store: Store, said: Said) -> None:
    """Such as the workbooks of Enedis, each of seven days."""
    weeks = [
        {begin + week * 7 * 86_400: energy for begin, energy in curve_of(7).items()} for week in range(8)
    ]
    files = [file(store, written.workbook(curve), f"{number}.xlsx") for number, curve in enumerate(weeks)]
    assert change(store, *files) == 0
    assert said().splitlines()[0] == (
        "0.xlsx … 7.xlsx (8 files): Enedis, workbook, from 01/03/2025 to 26/04/2025. Half-hours added: 2 688."
    )


def test_of_two_powers_of_one_time_the_first_counts(store: Store, said: Said) -> None:
    lines = written.rows(curve_of(1))
    again = [f"{line.split(';')[0]};7" for line in lines[:3]]
    assert change(store, file(store, written.enedis({}, points=lines + again), "a.csv")) == 0
    assert "Times that come again with another power, of which the first counts: 3.\n" in said()
    assert {time: value for _meter, _kind, time, value in rows(store)} == curve_of(1)


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
    assert said() == f"teleinfo history: {moved}: File exists\n"
    nowhere = tmp_path / "absent/moved.sqlite"
    assert change(store, export=nowhere) == 1
    assert said() == f"teleinfo history: {nowhere}: No such file or directory\n"
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
    prices = file(store, CRE.encode(), "cre.csv")
    peaks = file(store, written.indexes(curve_of(2)))
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
    is_damaged = f"{path}: it is damaged: delete it, and import the prices again\n"
    assert change(store, prices) == 1
    assert said().endswith(is_damaged)
    assert change(store, undo=True) == 1
    assert said().endswith(is_damaged)
    path.unlink()
    path.with_suffix(".new").mkdir()
    assert change(store, prices) == 1
    assert "cannot be written (Is a directory); repeat the command as root, with sudo" in said()


@pytest.mark.root
def test_root_writes_the_prices_itself(tmp_path: Path, said: Said) -> None:
    """The service reads them as another user than that of the page, from the folder of the settings."""
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    settings = tmp_path / "settings"
    settings.mkdir(mode=0o755)
    cre = tmp_path / "cre.csv"
    cre.write_text(CRE)
    arguments = Namespace(verb="import", files=[cre], allow_other_prm=False)
    store = Store(folder / "history.sqlite")
    assert imports.change(store, arguments, offers=settings / "offers.toml") == 0
    assert "prices added to" in said()
    status = (settings / "regulated-prices.json").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (0, 0o644)
