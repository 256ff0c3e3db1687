"""
The page of `teleinfo demo`: that of `teleinfo watch --web`, with the year before the simulated evening.

The clock of the page is that of the simulated meter. Only this file of the demo needs the extra `web`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from teleinfo.state.payload import Options, encode
from teleinfo.state.prices import Prices
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from teleinfo.watch.feeds import listen
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import hosts, server
from teleinfo.watch.web.recorder import HistoryRecorder, fill
from teleinfo.watch.web.store import Store

if TYPE_CHECKING:
    import datetime as dt
    import socket
    from collections.abc import Callable, Iterator

    from teleinfo.demo.past import Frames
    from teleinfo.settings import Settings

PRICES: Final = Prices({"HC": 0.1696, "HP": 0.2146, "TH": 0.2016}, 15.74)
"""Examples; no page shows a cost without prices of the household."""

REACH: Final = 900.0
"""Seconds of the fast clock for which a power is held: those between two frames of the past, and more."""


class DemoPage:
    """The page at `url`, which listens from the beginning; `clock` returns the local time at the meter."""

    def __init__(self, settings: Settings, clock: Callable[[], dt.datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._address, self._socket = _listen()
        self.url = self._address.url("")

    def _now(self) -> dt.datetime:
        return self._clock().replace(tzinfo=PARIS)

    async def serve(self, past: Frames) -> None:
        """Fill the history with the frames of the past, and serve the page, until cancelled."""
        ended = False
        decoder = Decoder(plausibility=False)

        def lines() -> Iterator[bytes]:
            for time, frame in itertools.takewhile(lambda _: not ended, past):
                for reading in decoder.feed(frame):
                    stamp = time.replace(tzinfo=PARIS).timestamp()
                    yield encode(reading, Options(timestamp=True), now=stamp) or b""

        with TemporaryDirectory(prefix="teleinfo-demo-") as folder, self._socket:
            path = Path(folder) / "history.sqlite"
            try:
                now = self._now().timestamp()
                await asyncio.to_thread(fill, Store(path, PRICES), lines(), now=now, reach=REACH)
            finally:
                ended = True
            model = LiveModel(patience=None, clock=self._now, prices=PRICES)
            recorder = HistoryRecorder(
                path, model, prices=PRICES, clock=lambda: self._now().timestamp(), reach=REACH
            )
            meters = {self._settings.mqtt_topic: server.Streams(model, recorder)}
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(listen(self._settings, model))
                tasks.create_task(recorder.run())
                await server.show(self._socket, self._address, meters)


def _listen() -> tuple[hosts.Address, socket.socket]:
    """Return the address of the page and a socket that listens there: at the usual port, if that is free."""
    with contextlib.suppress(OSError):
        usual = hosts.address(hosts.DEFAULT[1])
        return usual, hosts.listen(usual)
    listening = hosts.listen(hosts.Address(hosts.DEFAULT[0], 0))
    return hosts.Address(*listening.getsockname()), listening
