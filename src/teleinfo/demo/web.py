"""
The page of `teleinfo demo`: as `teleinfo web`, with a history of the year before the simulated evening.

The page uses the clock of the simulated meter. Only this file of the demo needs the extra `web`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from teleinfo.contract.price_source import PriceSource
from teleinfo.history.fill import fill
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.history.store import Store
from teleinfo.live.feeds import listen
from teleinfo.live.model import LiveModel
from teleinfo.state.prices import Prices
from teleinfo.tic.horodate import PARIS
from teleinfo.web import server

if TYPE_CHECKING:
    import datetime as dt
    import socket
    from collections.abc import Callable

    from teleinfo.settings import Settings
    from teleinfo.settings.checks import Address

PRICES: Final = Prices({"HC": 0.1696, "HP": 0.2146, "TH": 0.2016}, 15.74)
"""Examples; no page shows a cost without prices of the household."""


async def serve(
    listening: socket.socket,
    address: Address,
    settings: Settings,
    past: list[bytes],
    clock: Callable[[], dt.datetime],
) -> None:
    """
    Fill a history with the readings of the past, and serve the page at this socket, until cancelled.

    `clock` returns the naive local time at the meter.
    """
    with TemporaryDirectory(prefix="teleinfo-demo-") as folder, listening:
        path = Path(folder) / "history.sqlite"
        prices = PriceSource(None, PRICES)
        model = LiveModel(patience=None, clock=lambda: clock().replace(tzinfo=PARIS), prices=prices)
        await asyncio.to_thread(fill, Store(path), past, now=model.clock().timestamp())
        recorder = HistoryRecorder(path, model, clock=lambda: model.clock().timestamp())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(settings, model, command="web"))
            tasks.create_task(recorder.run())
            await server.show(listening, address, {settings.mqtt_topic: server.Streams(model, recorder)})
