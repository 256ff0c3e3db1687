"""A meter of the overseas islands has one today: in the state, in the history and on the page."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import ConsoleDimensions

from teleinfo.common.i18n import use_language
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.watch import layout
from teleinfo.web import view

if TYPE_CHECKING:
    from pathlib import Path

OVERSEAS = "041986123456"
LINKY = "041961123456"


@pytest.mark.parametrize(
    ("number", "zone", "days"),
    [
        pytest.param(OVERSEAS, "Pacific/Noumea", "Pacific/Noumea", marks=pytest.mark.long),
        pytest.param(OVERSEAS, "America/Martinique", "America/Martinique", marks=pytest.mark.long),
        (OVERSEAS, "Pacific/Marquesas", "Pacific/Marquesas"),  # half past each hour of UTC
        (LINKY, "UTC", "Europe/Paris"),
    ],
)
def test_state_page_and_terminal_have_the_same_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, zone: str, days: str
) -> None:
    """A household draws 600 W from an evening until an hour after midnight at the meter, each minute read."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = _today(tmp_path, number, ZoneInfo(days))
    finally:
        monkeypatch.undo()
        time.tzset()
    state, totals, now, screen, powers = found

    assert state["energy"]["today"]["imported"] == pytest.approx(600, abs=20)
    assert state["energy"]["yesterday"]["imported"] == pytest.approx(3 * 600, abs=20)
    assert [row[:2] for row in totals["days"]["rows"]] == [
        ["2026-06-09", pytest.approx(3 * 600, abs=20)],
        ["2026-06-10", pytest.approx(600, abs=20)],
    ]
    assert totals["days"]["start"] == dt.datetime(2026, 6, 9, tzinfo=ZoneInfo(days)).isoformat()
    assert (now["today"], now["time"]) == ("2026-06-10", "01:00:00")
    ahead = dt.datetime(2026, 6, 10, 1, tzinfo=ZoneInfo(days)).utcoffset()
    assert ahead is not None
    assert now["ahead"] == (None if number == LINKY else ahead.total_seconds() / 60)
    assert now["meters"] == [[number, "09/06/2026 – 10/06/2026"]]
    assert powers["rows"][-1][0][:16] == "2026-06-10T01:00"
    assert "Énergie soutirée aujourd’hui 0,6" in screen


def _today(folder: Path, number: str, days: ZoneInfo) -> tuple[Any, Any, Any, str, Any]:
    clock = dt.datetime(2026, 6, 9, 21, tzinfo=days)
    end = dt.datetime(2026, 6, 10, 1, tzinfo=days)
    model = LiveModel(patience=None)
    model.clock = lambda: clock.astimezone(model.zone)
    chronicle = Chronicle()
    store = Store(folder / "history.sqlite")
    drawn = 1_000_000.0
    model.on_state = chronicle.add
    store.write([], now=int(clock.timestamp()))
    meters = []
    while clock <= end:
        values = {
            "ADCO": number, "OPTARIF": "BASE", "ISOUSC": "30", "BASE": f"{int(drawn):09}", "PTEC": "TH..",
            "IINST": "003", "PAPP": "00600",
        }  # fmt: skip
        model.add_reading(Reading(Mode.HISTORIQUE, values), now=clock.timestamp())
        meters = store.write(chronicle.take(), now=int(clock.timestamp()))
        clock += dt.timedelta(minutes=1)
        drawn += 10
    clock = end
    now = int(end.timestamp())
    with use_language(Language.FR):
        shown = json.loads(json.dumps(view.now_part(model, now=float(now), meters=meters)))
        page = layout.compose(
            model, layout.RecentPower(), ConsoleDimensions(200, 60), page=0, now=float(now), clock=""
        )
    totals = tables.table(store, [], number, "totals", now=now)
    powers = tables.table(store, [], number, "days2", now=now)
    store.close()
    return model.state(), totals, shown, " ".join(line.plain for line in page.lines), powers
