"""
The asyncio protocol of the line: bytes are pushed, once, from the transport to the reader.

The transport of the serial port and that of the TCP bridge use it alike.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class DataSink(Protocol):
    """Receiver of the bytes of a port."""

    def on_data(self, data: bytes, /) -> None:
        """Process bytes, in the turn of the event loop in which they arrive."""


class LineProtocol(asyncio.Protocol):
    """
    Hands bytes to `sink` in the turn of the event loop in which they arrive.

    `lost` is done once the connection is closed: with the error of the system, or None where there was none.
    Where `sink` raised, the connection is closed, and `lost` raises that. To be made inside the event loop.
    """

    def __init__(self, sink: DataSink) -> None:
        self._sink = sink
        self._transport: asyncio.BaseTransport | None = None
        self._failure: BaseException | None = None
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep `transport`, to close it where the sink raises."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to the sink."""
        try:
            self._sink.on_data(data)
        except BaseException as error:  # noqa: BLE001 - raised again, in the task that awaits `lost`
            # The event loop would log it and go on.
            self._failure = error
            if self._transport is not None:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Complete `lost`."""
        if self._failure is not None:
            self.lost.set_exception(self._failure)
        else:
            self.lost.set_result(exc)
