"""
A visit to the broker: one connection for a command that looks and goes, and leaves no will behind.

The daemon does not use it: what lives for months takes care of more (`publisher`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from teleinfo.mqtt.client import Connection
from teleinfo.mqtt.config import BrokerError, closed_unanswered, silent, tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.mqtt.config import Broker

DIAL = 10.0
"""How long the name, the connection, TLS and the login may take together, seconds."""

LEAVE = 1.0
"""How long the goodbye may take, seconds."""

# How long what closed the socket may take to say why, seconds.
_GRACE = 0.2


@contextlib.asynccontextmanager
async def one_shot_connection(broker: Broker) -> AsyncIterator[Connection]:
    """Connect to `broker`, and take leave at the end of the block; raise `BrokerError`."""
    context = None if broker.tls is None else await asyncio.to_thread(tls_context, broker.tls)
    link = Connection(broker, None, context)
    try:
        await _enter(link, broker)
        yield link
        with contextlib.suppress(BrokerError):
            await link.leave(limit=LEAVE)
    finally:
        await link.drop()


async def _enter(link: Connection, broker: Broker) -> None:
    entering = asyncio.create_task(link.enter(), name="teleinfo.visit")
    try:
        await asyncio.wait({entering, link.socket_closed}, timeout=DIAL, return_when=asyncio.FIRST_COMPLETED)
        if link.socket_closed.done():
            await asyncio.wait({entering}, timeout=_GRACE)
        if not entering.done():
            raise closed_unanswered(broker) if link.socket_closed.done() else silent()
        entering.result()
    finally:
        entering.cancel()
