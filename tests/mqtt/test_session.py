"""What ends the use of a connection: the first task that fails, or a broker that acknowledges nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.mqtt import session as module
from teleinfo.mqtt.client import Connection
from teleinfo.mqtt.config import Broker
from teleinfo.mqtt.errors import BrokerError, closed
from teleinfo.mqtt.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def play(scenario: Callable[[Session], Awaitable[None]]) -> None:
    """Play a scenario with a session whose connection is not used."""

    async def whole() -> None:
        session = Session(Connection(Broker("localhost", 1883, "teleinfo-test"), None))
        try:
            async with asyncio.timeout(10):
                await scenario(session)
        finally:
            await session.close()

    asyncio.run(whole())


async def fail(error: Exception, after: float = 0.0) -> None:
    """Raise `error`."""
    await asyncio.sleep(after)
    raise error


@pytest.mark.parametrize("error", [closed(), LookupError("a mistake of ours")])
def test_the_first_task_that_fails_ends_it(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises comes out of `failed`; errors of others after it are not left unread."""

    async def scenario(session: Session) -> None:
        session.start(asyncio.sleep(0))
        session.start(fail(error))
        session.start(fail(ArithmeticError(), after=0.01))
        with pytest.raises(type(error)):
            await session.failed
        await asyncio.sleep(0.05)

    with caplog.at_level(logging.ERROR):
        play(scenario)
        gc.collect()
    assert caplog.messages == []


def test_a_broker_that_acknowledges_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the timeout, and only while something is in flight."""
    monkeypatch.setattr(module, "PUBACK_TIMEOUT", 0.05)

    async def scenario(session: Session) -> None:
        session.expect_acknowledgement()
        session.expect_acknowledgement(waiting=False)
        await asyncio.sleep(0.3)
        assert not session.failed.done()
        session.expect_acknowledgement()
        with pytest.raises(BrokerError, match="does not answer"):
            await session.failed

    play(scenario)


def test_each_acknowledgement_gives_the_next_one_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow network may take long for a batch, as long as it goes on."""
    monkeypatch.setattr(module, "PUBACK_TIMEOUT", 0.5)

    async def scenario(session: Session) -> None:
        for _ in range(10):
            session.expect_acknowledgement()
            await asyncio.sleep(0.1)
        assert not session.failed.done()

    play(scenario)


def test_an_acknowledgement_in_the_turn_of_the_timeout_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process was held up: the acknowledgement was in the socket all the while."""
    monkeypatch.setattr(module, "PUBACK_TIMEOUT", 0.05)

    async def scenario(session: Session) -> None:
        session.expect_acknowledgement()
        time.sleep(0.2)  # noqa: ASYNC251 - nobody has a turn until the timeout is over
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        session.expect_acknowledgement(waiting=False)
        await asyncio.sleep(0.3)
        assert not session.failed.done()

    play(scenario)


def test_a_session_that_is_closed_leaves_no_task() -> None:
    """Its tasks are cancelled, and have ended."""

    async def scenario(session: Session) -> None:
        session.start(asyncio.sleep(60))
        session.expect_acknowledgement()
        await asyncio.sleep(0)
        await session.close()
        assert len(asyncio.all_tasks()) == 1
        assert not session.failed.done()

    play(scenario)
