"""A page that is served inside a test, whose meter sends whatever the test adds."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Self

from teleinfo.contract.price_source import PriceSource
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.live import sentences
from teleinfo.live.model import LiveModel
from teleinfo.port.health import Health
from teleinfo.settings.checks import Address
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.line import LineGrade
from teleinfo.web import server
from teleinfo.web.hosts import listen
from teleinfo.web.server import Streams
from tests.history.scenario import FILE
from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.prices import Prices
    from teleinfo.tic.reading import Reading

BROKER = "broker.example:1883"
EVENING_END = dt.datetime(2026, 1, 14, 22, 20)  # noqa: DTZ001 - a meter knows local time only


class Page:
    """
    The page at `url`, served by a thread of its own.

    Its clock stands at `end`, in France, so that the same page is the same picture. Its earlier history is in
    `folder`.
    """

    def __init__(
        self,
        *,
        end: dt.datetime = EVENING_END,
        port: int | None = None,
        folder: Path | None = None,
        prices: Prices | None = None,
        offers: Path | None = None,
    ) -> None:
        self.time = end.replace(tzinfo=PARIS)
        self.address = Address(HOST, port or free_port())
        self.url = self.address.url("")
        source = PriceSource(offers, prices)
        self.model = LiveModel(patience=3600.0, clock=lambda: self.time, prices=source)
        self.folder = folder or Path(tempfile.mkdtemp(prefix="teleinfo-web-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.recorder = HistoryRecorder(self.folder / FILE, self.model, clock=self.now)
        self.streams = Streams(self.model, self.recorder)
        self.meters = {"teleinfo": self.streams}
        self.names: list[str] = []
        self.token = ""
        self.metrics = False
        self.model.told_health = Health(
            baudrate=9600, frames=1794, rejected={}, bad_groups_percent=0.0, line_quality=LineGrade.GOOD
        )
        self.model.note = sentences.note("connected", "connected to the broker at {address}", address=BROKER)

    def now(self) -> float:
        """Return the time, s since 1970."""
        return self.time.timestamp()

    def add(self, reading: Reading) -> None:
        """Let a reading come."""
        self.change(lambda: self.model.add_reading(reading, now=time.monotonic()))

    def change(self, function: Callable[[], object]) -> None:
        """Change the model in the thread that serves it."""

        def call() -> None:
            function()
            self.model.changed.set()

        self._loop.call_soon_threadsafe(call)

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with listen(self.address) as listening, contextlib.suppress(asyncio.CancelledError):
            self._ready.set()
            async with asyncio.TaskGroup() as tasks:
                for each in self.meters.values():
                    tasks.create_task(each.recorder.run())
                await server.show(
                    listening,
                    self.address,
                    self.meters,
                    names=self.names,
                    token=self.token,
                    metrics=self.metrics,
                )

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="page", daemon=True)
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(LIMIT)
