"""Where the promised things are: the addresses of the page, the files of a meter, the plain topics."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

from teleinfo.daemon import field_topics
from teleinfo.daemon.memory_keeper import MemoryKeeper
from teleinfo.history.chronicle import Batch, IndexReading
from teleinfo.history.location import history_of
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.web.server import Streams
from tests.history.scenario import FILE
from tests.state import golden as states
from tests.web.scenario import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json
    from teleinfo.state.memory import Memory

TOKEN: Final = "0123456789abcdef"
METER: Final = "041961123456"
ADDRESSES: Final = (
    "/",
    "/metrics",
    f"/history/{METER}/days30.json?meter=garage",
    f"/history/{METER}/days30.csv?meter=garage",
    f"/history/{METER}/days30.csv?meter=garage&end=2026-01-14",
    f"/history/{METER}/days30.csv?meter=garage&end=no-day",
)
"""
Only the meter `garage` has a history: its columns show that it was asked. A page that does not know the query
`end` would ignore that it is no day.
"""
TOPIC: Final = "home/garage"
PLAIN: Final[dict[str, Json]] = {
    "power": {"active": 380, "exporting": False, "factor": None},
    "tariff": {"code": "HC"},
    "energy": {"import_labels": ["HCHC", "HCHP"]},
    "labels": {"NJOURF+1": 1},
}


@cache
def addresses() -> tuple[str, ...]:
    """Return what the page answers to requests, without and with a token in its address."""
    lines = []
    for token in ("", TOKEN):
        with tempfile.TemporaryDirectory() as folder:
            page = Page(folder=Path(folder))
            page.token = token
            page.metrics = True
            path = Path(folder) / f"garage-{FILE}"
            _write_day(path, int(page.now()))
            model = LiveModel(patience=3600.0, clock=lambda page=page: page.time)  # type: ignore[misc]
            page.meters["garage"] = Streams(model, HistoryRecorder(path, model, clock=page.now))
            prefix = f"/{token}" if token else ""
            with page:
                for each in ADDRESSES:
                    url = f"{page.address.url('').rstrip('/')}{prefix}{each}"
                    lines.append(f"address {'/<token>' if token else ''}{each} {_answer(url)}")
    return tuple(lines)


def _write_day(path: Path, now: int) -> None:
    batch = Batch(METER, now)
    for time, energy in ((now - 3600, 1000), (now, 2000)):
        batch.add_reading("HCHP", IndexReading(time, energy, "HP"))
    with contextlib.closing(Store(path)) as store:
        store.write([batch], now=now)


def _answer(url: str) -> str:
    """Return the status of a request; with CSV its columns, too."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            columns = answer.readline().decode().strip() if ".csv" in url else ""
            return f"{answer.status} {columns}".strip()
    except urllib.error.HTTPError as error:
        error.close()  # it is an answer, too
        return str(error.code)


@cache
def files() -> tuple[str, ...]:
    """Return the names of the files that the daemon and the page keep of a meter."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, STATE_DIRECTORY=folder):
        asyncio.run(_remember())
        kept = [path.name for path in Path(folder).iterdir()]
        return tuple(f"file <state directory>/{name}" for name in (*kept, history_of(TOPIC).name))


async def _remember() -> None:
    """Let the daemon write the memory of a meter."""
    tracker, _heard = states.followed("hc")

    def end(_: Memory | None) -> None:
        keeper.offer(tracker.memory())
        keeper.end()

    keeper = MemoryKeeper(TOPIC, end)
    await keeper.run()


def plain_topics() -> Iterator[str]:
    """Yield the plain topics of a state of each type, with their payloads."""
    for path, payload in field_topics.plain(PLAIN).items():
        yield f"topic <base>/state/{path} {payload.decode()!r}"
