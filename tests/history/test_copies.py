"""The copies beside a history; `test_damage` has the recovery from them."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from teleinfo.history import copies
from teleinfo.history.chronicle import SLOT, Batch
from teleinfo.history.store import Store
from tests.history.scenario import FILE
from tests.history.test_store import BEGIN, power, powers_of

if TYPE_CHECKING:
    from pathlib import Path


def test_two_copies_of_the_last_weeks_are_kept(tmp_path: Path) -> None:
    """There is one a week, each a whole history; a copy that was cut off is written anew."""
    today = dt.date.today()  # noqa: DTZ011 - the date of a file
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        store.write([Batch("1", BEGIN, {BEGIN: power(500)})], now=BEGIN)
        (tmp_path / "history.part").write_text("cut off")
        written = set()
        for day in range(7):
            copies.back_up(store.path, today + dt.timedelta(days=day))
            written |= {(path.name, path.stat().st_mtime_ns) for path in tmp_path.glob("*.copy-*")}
        kept = {name for name, _time in written}
        assert len(written) == len(kept), "one that is younger than a week stays as it is"
        for day in range(7, 28):
            copies.back_up(store.path, today + dt.timedelta(days=day))
            kept |= {path.name for path in tmp_path.glob("*.copy-*")}
    assert kept == {"history.copy-0", "history.copy-1"}
    for name in kept:
        with contextlib.closing(Store(tmp_path / name)) as copy:
            copy.write([], now=BEGIN)
            assert powers_of(copy, SLOT) == {BEGIN: 500}
