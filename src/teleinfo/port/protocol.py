"""An open port: a serial device or a TCP bridge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.port.canonical_mode import CanonicalMode
    from teleinfo.port.errors import PortError


class DataSink(Protocol):
    """Receiver of the bytes of a port."""

    def on_data(self, data: bytes, /) -> None:
        """Process bytes, in the turn of the event loop in which they arrive."""


class LineProtocol(asyncio.Protocol):
    """
    An open port, which hands its bytes to `sink` in the turn of the event loop in which they arrive.

    `explain` turns the system error that ended the connection (None without an error) into a PortError.
    `canonical_mode` is None behind a bridge.
    `lost` completes when the connection is closed or `sink` raises; its result is the exception that `wait`
    raises. Create the object inside the event loop.
    """

    def __init__(self, sink: DataSink, explain: Callable[[Exception | None], PortError]) -> None:
        self.canonical_mode: CanonicalMode | None = None
        self.lost: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._sink = sink
        self._explain = explain

    async def wait(self, seconds: float) -> None:
        """
        Return after this many seconds, or raise as soon as the port is lost.

        Raises PortError (GONE, or BUSY if another program reads too), or the exception that `sink` raised.
        """
        await asyncio.wait({self.lost}, timeout=seconds)
        if self.lost.done():
            raise self.lost.result()

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to the sink, unless it raised."""
        if self.lost.done():
            return
        try:
            self._sink.on_data(data)
        except BaseException as error:  # noqa: BLE001 - raised again, by `wait`
            # If it were raised here, the event loop would only log it and go on.
            self.lost.set_result(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the future `lost` the reason as its result."""
        if not self.lost.done():
            self.lost.set_result(self._explain(exc))
