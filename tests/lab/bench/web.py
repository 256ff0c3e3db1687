"""
Requests for the history of ten years, through the real process of the page.

A client that leaves must cost nothing: the floor of the picture that is asked for after sixty such clients is
one request for the table that they asked for, the most expensive one.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.history import decade
from tests.lab.bench.rows import Row
from tests.support.broker import MosquittoBroker
from tests.web.process import PageProcess

if TYPE_CHECKING:
    from tests.lab.bench.scale import Scale

ABANDONED = 60
RATIO = 5.0
SLOWEST = 0.1
"""Seconds for a view."""

VIEWS = (
    *("totals", "hour", "days2", "days30", "weeks26", "months13", "years10", "alerts", "season"),
    "contract",
)
OFFERS = Path(decade.__file__).with_name("offers.toml")
"""Three offers of a household, beside the regulated tariffs."""


def rows(scale: Scale) -> list[Row]:
    """Measure what a request takes, also after many that were abandoned."""
    with tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as name:
        folder = Path(name)
        decade.write(folder / "history/teleinfo.sqlite", int(time.time()), days=scale.history_days)
        with (
            MosquittoBroker(folder, more=["log_type none"]) as broker,
            PageProcess(
                folder, "--mqtt", mqtt_host=broker.host, mqtt_port=broker.port, offers=OFFERS
            ) as page,
        ):
            page.show("event: now")
            return _rows(page, scale.history_requests)


def _rows(page: PageProcess, count: int) -> list[Row]:
    views = {view: median(_seconds(page, view) for _ in range(count)) for view in VIEWS}
    slowest = max(views, key=views.__getitem__)
    one = views["contract"]
    today = dt.date.today()  # noqa: DTZ011 - any day of the past
    others = [f"?end={today - dt.timedelta(days=number)}" for number in range(1, ABANDONED)]
    after = {}
    for how, queries in (("equal", [""] * ABANDONED), ("different", others)):
        for query in queries:
            page.abandon(f"history/{decade.METER}/contract.json{query}")
        after[how] = _seconds(page, "hour")
    return [
        Row("page, slowest view", views[slowest] * 1000, "ms", goal=SLOWEST * 1000, remark=slowest),
        *(
            Row(
                f"page, next picture after {ABANDONED} abandoned {how} contracts",
                *(seconds * 1000, "ms"),
                floor=one * 1000,
                goal=RATIO,
                promise=True,
            )
            for how, seconds in after.items()
        ),
    ]


def _seconds(page: PageProcess, view: str) -> float:
    """Return how long a table of the household takes."""
    began = time.monotonic()
    page.table(decade.METER, view)
    return time.monotonic() - began
