"""Whatever file a household brings, it is read, or refused with a sentence, and the others are added."""

from __future__ import annotations

import contextlib
import io
import random
import re
import resource
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from teleinfo.contract.content import Content, FileError
from teleinfo.contract.files import FileReader
from teleinfo.contract.load_curve import energies_of
from teleinfo.history.chronicle import Batch
from teleinfo.history.imported_files import label_of
from teleinfo.history.store import Store
from tests.history import written
from tests.history.odd_files import ODD_FILES, Odd, text
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

MOST_MEMORY: Final = 400 << 20
"""Bytes of address space; the interpreter with its libraries takes 110 MiB of it."""

MOST_SECONDS: Final = 120
"""Seconds of a processor, ten times as many as they take."""


@pytest.mark.parametrize("odd", ODD_FILES, ids=[odd.name for odd in ODD_FILES])
def test_an_odd_file_is_read_or_refused_with_its_reason(odd: Odd) -> None:
    found = [content for _name, content in FileReader().contents(io.BytesIO(odd.content()))]
    read = [content for content in found if isinstance(content, Content)]
    reasons = [content.reason for content in found if isinstance(content, FileError)]

    if odd.reason:
        assert read == []
        assert reasons
        assert all(re.search(odd.reason, reason) for reason in reasons), reasons
        return
    assert len(read) == 1, reasons
    [content] = read
    curve = energies_of(content.points, are_begins=content.are_begins)
    if odd.hours:
        hours = {begin: energy for begin, energy in odd.read().items() if begin in curve.hours}
        following = {begin - 1800: energy for begin, energy in odd.read().items() if begin not in curve.hours}
        assert curve.half_hours == {}
        assert curve.hours == {begin: energy + following[begin] for begin, energy in hours.items()}
    else:
        assert curve.half_hours == pytest.approx(odd.read())
        assert curve.hours == {}
    assert len(content.faults) == odd.faults
    assert content.doubles == 0


def test_the_files_of_a_command_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, also those of a workbook; and each file in lines."""
    monkeypatch.setattr("teleinfo.contract.files.MAX_IN_ALL", 30_000)
    data = written.workbook({})
    reader = FileReader()
    found = [content for _ in range(60) for _name, content in reader.contents(io.BytesIO(data))]
    reasons = [content.reason for content in found if isinstance(content, FileError)]
    assert len(reasons) == 60
    assert "no value" in reasons[0]
    assert "together; give this one in a command of its own" in reasons[-1]
    monkeypatch.undo()
    monkeypatch.setattr("teleinfo.contract.files.MAX_ROWS", 40)
    [(_name, content)] = FileReader().contents(io.BytesIO(text()))
    assert isinstance(content, FileError)
    assert content.reason == "it has more than 40 lines"


def limit() -> None:
    """Bound memory and processor time of the process that is about to begin."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


@pytest.mark.long
@pytest.mark.real
def test_the_command_adds_the_good_ones_and_says_why_not_the_others(tmp_path: Path) -> None:
    """In French, with all odd files in one command; a folder and a file that is not there are among them."""
    folder = tmp_path / "files"
    folder.mkdir()
    for odd in ODD_FILES:
        (folder / odd.name).write_bytes(odd.content())
    paths = [folder / odd.name for odd in random.Random(5).sample(ODD_FILES, len(ODD_FILES))]
    now = int(time.time())
    with contextlib.closing(Store(tmp_path / "teleinfo.sqlite")) as store:
        store.write([Batch("012345678901", now)], now=now)

    done = subprocess.run(
        [sys.executable, "-m", "teleinfo", "history", "import", *paths[:80], folder, "absent", *paths[80:]],
        # Prices of the odd files are written beside the offers, not beside those of this machine.
        env={
            "STATE_DIRECTORY": str(tmp_path),
            "TELEINFO_OFFERS": str(tmp_path / "offers.toml"),
            "LANG": "fr_FR.UTF-8",
            "PYTHONUTF8": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        timeout=LIMIT,
        preexec_fn=limit,
        check=False,
    )

    said = done.stderr.decode()
    lines = said.splitlines()
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "Warning" not in said
    refused = sum(files_in(line) for line in lines if " n’est pas ajouté" in line)
    added = sum(files_in(line) for line in lines if re.search("\N{NO-BREAK SPACE}: [^0-9]*, du ../../", line))
    good = [odd for odd in ODD_FILES if not odd.reason]
    assert added == len(good), said
    assert refused >= len(ODD_FILES) - len(good) + 2, said
    for name in ("files", "absent", *(odd.name for odd in ODD_FILES if odd.reason)):
        assert label_of(name) in said, name
    with contextlib.closing(sqlite3.connect(tmp_path / "teleinfo.sqlite")) as base:
        curve = dict(base.execute("SELECT time, value FROM imported WHERE kind = 'curve'").fetchall())
    expected: dict[int, float] = {}
    for odd in good:
        if not odd.hours:
            expected |= odd.read()
    assert curve == pytest.approx(expected)


def files_in(line: str) -> int:
    """Return the number of files of which a line tells."""
    many = re.search(r"\((\d+) fichiers\)", line)
    return 1 if many is None else int(many[1])
