"""Bytes are pushed once, from the transport to the handler: over a real pair of sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest

from teleinfo.port.errors import PortError, bridge_lost
from teleinfo.port.protocol import LineProtocol
from tests.support.ports import Sink
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.real


@contextlib.asynccontextmanager
async def connected(
    on_data: Callable[[bytes], None], *, early: bytes = b""
) -> AsyncIterator[tuple[LineProtocol, socket.socket]]:
    """Give a protocol and the far end of its connection, which sent `early` before there was a protocol."""
    near, far = socket.socketpair()
    near.setblocking(False)  # noqa: FBT003 - the signature of the library
    far.sendall(early)
    transport, protocol = await asyncio.get_running_loop().create_connection(
        partial(LineProtocol, Sink(on_data), partial(bridge_lost, "bridge")), sock=near
    )
    with far:
        yield protocol, far
    transport.close()
    await asyncio.wait({protocol.lost}, timeout=LIMIT)


def test_bytes_that_come_before_anybody_waits_are_handed_over() -> None:
    """Also those that were there before the protocol was."""
    data = bytearray()

    async def scenario() -> None:
        async with connected(data.extend, early=b"early") as (protocol, far):
            far.sendall(b" and late")
            far.close()
            with pytest.raises(PortError, match="closed the connection"):
                await protocol.wait(LIMIT)

    asyncio.run(scenario())

    assert data == b"early and late"


def test_a_connection_that_ends_as_bytes_come_hands_them_over_first() -> None:
    """Both are there in one turn of the event loop: the handler has the bytes before `lost` is done."""
    seen: list[tuple[bytes, bool]] = []

    async def scenario() -> None:
        protocols: list[LineProtocol] = []
        async with connected(lambda data: seen.append((data, protocols[0].lost.done()))) as (protocol, far):
            protocols.append(protocol)
            far.sendall(b"last words")
            far.close()
            with pytest.raises(PortError):
                await protocol.wait(LIMIT)

    asyncio.run(scenario())

    assert seen == [(b"last words", False)]


def test_bytes_are_handled_in_the_turn_in_which_they_come() -> None:
    """No task is woken in between: that would be time lost, and work at each byte."""
    turns: list[int] = []
    turn = 0

    async def scenario() -> None:
        nonlocal turn
        async with connected(lambda _: turns.append(turn)) as (_, far):
            far.sendall(b"A")
            for turn in range(1, 4):  # noqa: B007 - read by the handler
                await asyncio.sleep(0)

    asyncio.run(scenario())

    # The loop looks for bytes once in each turn; it saw them before or right after the first one began.
    assert turns in ([1], [2])


def test_what_the_handler_raises_closes_the_connection_and_is_raised_by_wait() -> None:
    """In the task that awaits it, where it ends the process; nothing more is handed over."""
    calls: list[bytes] = []

    def fail(data: bytes) -> None:
        calls.append(data)
        raise ZeroDivisionError

    async def scenario() -> bytes:
        async with connected(fail, early=b"A") as (protocol, far):
            with pytest.raises(ZeroDivisionError):
                await protocol.wait(LIMIT)
            far.settimeout(LIMIT)
            return far.recv(1)

    assert asyncio.run(scenario()) == b"", "the connection is closed"
    assert calls == [b"A"]
