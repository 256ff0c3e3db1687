"""Damaged histories do not end the page."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.history import odd
from tests.history.decade import METER
from tests.support.broker import MosquittoBroker
from tests.support.scenario import until
from tests.web.damaged import live_with
from tests.web.process import PageProcess

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
@pytest.mark.long
def test_a_page_lives_with_damaged_histories(tmp_path: Path) -> None:
    """Bytes, pages, ends, and rows that no history has; tests/lab/faults tries two thousand."""
    rows = odd.rows(int(time.time()))[::20]
    damages = [partial(odd.damage, chance=random.Random(seed)) for seed in range(500, 510)]
    live_with(tmp_path, [*damages, *(partial(odd.insert, odd=row) for row in rows)])


@pytest.mark.real
def test_a_history_that_is_damaged_meanwhile_is_shown_at_the_next_request(tmp_path: Path) -> None:
    """The table that finds the damage has no answer; the file is put aside at once."""
    path = tmp_path / "history/teleinfo.sqlite"
    path.parent.mkdir()
    odd.write(path, int(time.time()))
    with (
        MosquittoBroker(tmp_path, more=["log_type none"]) as broker,
        PageProcess(tmp_path, "--mqtt", mqtt_host=broker.host, mqtt_port=broker.port) as page,
    ):
        page.show("event: now")
        assert page.table(METER, "days30")["rows"]
        path.write_bytes(b"no database" * 4096)  # in place, as by a disk that fails
        status, _headers, _body = page.ask(f"history/{METER}/days30.json")
        assert status == 503
        until(lambda: page.ask(f"history/{METER}/days30.json")[0] == 200, what="a table", limit=15)
        assert [*path.parent.glob("teleinfo.damaged-*[0-9]")]
