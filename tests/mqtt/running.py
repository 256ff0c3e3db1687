"""A publisher that runs in a thread of its own, for the tests of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from functools import partial
from itertools import repeat
from random import Random
from typing import TYPE_CHECKING, Self

from teleinfo.common.event_loop import DaemonThreadExecutor
from teleinfo.mqtt.config import Broker, Tls, Topics
from teleinfo.mqtt.publisher import Publisher
from tests.support.process import LIMIT
from tests.support.scenario import until

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

PASSWORD = "canary-7c1f"
READING = b'{"ADCO":"012345678901","PAPP":"01940"}'


class RunningPublisher:
    """A publisher in an event loop of its own, in another thread, as the daemon would run it."""

    def __init__(
        self,
        broker: Broker,
        *,
        queue_size: int = 1,
        qos: int = 1,
        retain: bool = False,
    ) -> None:
        self._make = partial(Publisher, broker, Topics("teleinfo"), qos=qos, queue=queue_size, lifetimes={})
        self._retain = retain
        self.heartbeats = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.loop: asyncio.AbstractEventLoop
        self.publisher: Publisher

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_default_executor(DaemonThreadExecutor())
        self.publisher = self._make(rng=Random(1), heartbeat=self._count)
        self.publisher.outbox.set("teleinfo/status", b"online")
        self._ready.set()
        with contextlib.suppress(asyncio.CancelledError):  # stopped without a connection
            await self.publisher.run()

    def _count(self) -> None:
        self.heartbeats += 1

    def is_idle(self) -> bool:
        """Return True if nothing waits and nothing is in flight."""
        outbox = self.publisher.outbox

        async def ask() -> bool:
            return not (outbox._readings or outbox._due or outbox.in_flight)

        return asyncio.run_coroutine_threadsafe(ask(), self.loop).result(LIMIT)

    def hurry(self) -> None:
        """Do not wait between attempts: the back-off is tested elsewhere."""
        self.publisher._delays = repeat(0.02)

    def read(self, *payloads: bytes) -> None:
        """Publish readings, in one turn of the loop."""
        self._do(*(partial(self.publisher.publish, payload, retain=self._retain) for payload in payloads))

    def set(self, topic: str, payload: bytes) -> None:
        """Publish a retained topic."""
        self._do(partial(self.publisher.outbox.set, topic, payload))

    def _do(self, *calls: Callable[[], None]) -> None:
        async def do() -> None:
            for call in calls:
                call()

        asyncio.run_coroutine_threadsafe(do(), self.loop).result(LIMIT)

    def wait_connected(self, *, connected: bool = True) -> None:
        """Wait for a connection, or for its loss."""
        until(lambda: self.publisher.is_connected is connected)

    def stop(self) -> None:
        """Ask for the goodbye, and wait for the end."""
        self.loop.call_soon_threadsafe(self.publisher.stop, {"teleinfo/status": b"offline"})
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the publisher does not stop"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()


class Log:
    """The log of the publisher; a fault test ends with a look for secrets in it."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def containing(self, part: str) -> list[str]:
        """Return the lines with `part` in them."""
        return [line for line in map(logging.LogRecord.getMessage, self._caplog.records) if part in line]

    def expect(self, part: str, *, limit: float = LIMIT) -> str:
        """Return the first line with `part` in it, waiting for it."""
        until(lambda: bool(self.containing(part)), limit=limit)
        return self.containing(part)[0]


def broker_at(
    port: int, *, host: str = "127.0.0.1", login: str | None = None, tls: Tls | None = None
) -> Broker:
    """Describe a broker; `login` is the password of the user `meter`."""
    username = None if login is None else "meter"
    return Broker(host, port, "teleinfo-test", username=username, password=login, tls=tls)
