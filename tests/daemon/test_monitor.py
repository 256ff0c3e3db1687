"""The monitor publishes how it goes with the meter and the line, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING

from teleinfo.daemon.monitor import Monitor
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.port.link_status import LinkStatus
from teleinfo.tic.decoder import Decoder
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Bench:
    """A monitor between the state of a line and an outbox."""

    def __init__(self) -> None:
        self.said: list[tuple[float, str, bytes]] = []
        self.outbox = Outbox(1)
        self.link = LinkStatus(url="/dev/ttyUSB0", baudrate=1200, searching=False)
        self.monitor = Monitor(
            link=self.link,
            decoder=Decoder(),
            retained=self.outbox,
            topics=Topics("teleinfo"),
            broker="localhost:1883",
            on_tick=lambda _now: None,
        )

    async def live(self, seconds: int, *, frames: bool = False) -> None:
        """Let so many seconds pass, with a frame in each."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if frames:
                self.link.note_bytes(loop.time())
                self.link.note_frame(loop.time())
                self.monitor.frame_came(loop.time())
            await asyncio.sleep(0.5)
            self._listen()

    def _listen(self) -> None:
        now = asyncio.get_running_loop().time()
        while (state := self.outbox.pop()) is not None:
            self.outbox.acknowledge()
            self.said.append((now, state.topic, state.payload))

    async def run_monitor(self) -> None:
        """Run the monitor."""
        await self.monitor.run()


def play(scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run a scenario beside a running monitor, and return the bench."""

    async def together() -> Bench:
        bench = Bench()
        async with asyncio.TaskGroup() as tasks:
            monitor = tasks.create_task(bench.run_monitor())
            await scenario(bench)
            monitor.cancel()
        return bench

    return virtual.run(together())


def test_status_follows_the_meter() -> None:
    """1. No frame yet: `offline`. 2. Frames: `online`. 3. 10 s of silence: `offline`. 4. `online` at once."""
    moments = []

    async def scenario(bench: Bench) -> None:
        await bench.live(60)
        await bench.live(60, frames=True)
        moments.append(asyncio.get_running_loop().time())
        await bench.live(60)
        await bench.live(60, frames=True)

    bench = play(scenario)
    published = [(at, payload) for at, topic, payload in bench.said if topic == "teleinfo/status"]

    assert [payload for _, payload in published] == [b"offline", b"online", b"offline", b"online"]
    assert 9 <= published[2][0] - moments[0] <= 12


def test_health_comes_every_minute_and_at_each_change() -> None:
    """1. Nothing happens: one message a minute. 2. The broker, the meter: one message more for each."""

    async def scenario(bench: Bench) -> None:
        await bench.live(600)
        bench.monitor.connection_changed(connected=True)
        await bench.live(1)
        await bench.live(1, frames=True)

    bench = play(scenario)
    published = [(at, json.loads(payload)) for at, topic, payload in bench.said if topic == "teleinfo/health"]
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(published)]

    assert len(published) in (12, 13)
    assert all(59 <= pause <= 62 for pause in pauses[:8])
    assert published[-2][1]["last_frame"] is None
    assert published[-1][1]["last_frame"] is not None
    assert published[-1][1]["uptime"] >= 600
