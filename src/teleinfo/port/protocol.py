"""
The asyncio protocol of the line: bytes are pushed, once, from the transport to the reader.

The transport of the serial port and that of the TCP bridge use it alike.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class LineProtocol(asyncio.Protocol):
    """
    Hands bytes to `on_data` in the very turn of the event loop in which they come.

    `lost` is done once the connection is closed: with what the system said, or None where it said nothing.
    Where `on_data` raised, the connection is closed, and `lost` raises that. To be made inside the event
    loop.
    """

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        self._on_data = on_data
        self._transport: asyncio.BaseTransport | None = None
        self._failure: BaseException | None = None
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep `transport`, to close it where `on_data` raises."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        try:
            self._on_data(data)
        except BaseException as error:  # noqa: BLE001 - raised again, in the task that awaits `lost`
            # The event loop would log it and go on.
            self._failure = error
            if self._transport is not None:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note why it is over."""
        if self._failure is not None:
            self.lost.set_exception(self._failure)
        else:
            self.lost.set_result(exc)
