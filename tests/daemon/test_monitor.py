"""The monitor tells subscribers and systemd how it goes, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import socket
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.monitor import Heartbeats, Monitor
from teleinfo.daemon.sd_notify import Notifier
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.port.link_status import LinkStatus
from teleinfo.tic.decoder import Decoder
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


class Bench:
    """A monitor between the state of a line, an outbox, and a systemd whose watchdog waits 30 s."""

    def __init__(self, folder: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(folder / "notify"))
        self._listener.settimeout(0)
        self.heard: list[tuple[float, str]] = []
        self.said: list[tuple[float, str, bytes]] = []
        self.outbox = Outbox(1)
        self.heartbeats = Heartbeats()
        self.reader_heartbeat = self.heartbeats.of("reader")
        self.publisher_heartbeat = self.heartbeats.of("publisher")
        self.link = LinkStatus(url="/dev/ttyUSB0", baudrate=1200, searching=False)
        self.monitor = Monitor(
            link=self.link,
            decoder=Decoder(),
            states=self.outbox,
            topics=Topics("teleinfo"),
            heartbeats=self.heartbeats,
            notifier=Notifier(
                {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "30000000"},
            ),
            broker="localhost:1883",
            on_tick=lambda _now: None,
        )

    async def live(
        self, seconds: int, *, frames: bool = False, reader: bool = True, publisher: bool = True
    ) -> None:
        """Let so many seconds pass, with a frame in each, and with the heartbeats of the two tasks."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if reader:
                self.reader_heartbeat()
            if publisher:
                self.publisher_heartbeat()
            if frames:
                self.link.note_bytes(loop.time())
                self.link.note_frame(loop.time())
                self.monitor.frame_came(loop.time())
            await asyncio.sleep(0.5)
            self._listen()

    def _listen(self) -> None:
        now = asyncio.get_running_loop().time()
        while (state := self.outbox.take(now)) is not None:
            self.outbox.acknowledged(state)
            self.said.append((now, state.topic or "", state.payload))
        while True:
            try:
                self.heard.append((now, self._listener.recv(4096).decode()))
            except BlockingIOError:
                return

    def times(self, text: str) -> list[float]:
        """Return when systemd heard exactly `text`."""
        return [at for at, said in self.heard if said == text]

    async def run_monitor(self) -> None:
        """Run the monitor."""
        await self.monitor.run()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


def play(folder: Path, scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run a scenario beside a running monitor, and return the bench."""

    async def together() -> Bench:
        bench = Bench(folder)
        async with asyncio.TaskGroup() as tasks:
            monitor = tasks.create_task(bench.run_monitor())
            await scenario(bench)
            monitor.cancel()
        bench.close()
        return bench

    return virtual.run(together())


def test_status_follows_the_meter(tmp_path: Path) -> None:
    """1. No frame yet: `offline`. 2. Frames: `online`. 3. 10 s of silence: `offline`. 4. `online` at once."""
    moments = []

    async def scenario(bench: Bench) -> None:
        await bench.live(60)
        await bench.live(60, frames=True)
        moments.append(asyncio.get_running_loop().time())
        await bench.live(60)
        await bench.live(60, frames=True)

    bench = play(tmp_path, scenario)
    published = [(at, payload) for at, topic, payload in bench.said if topic == "teleinfo/status"]

    assert [payload for _, payload in published] == [b"offline", b"online", b"offline", b"online"]
    assert 9 <= published[2][0] - moments[0] <= 12


def test_health_comes_every_minute_and_at_each_change(tmp_path: Path) -> None:
    """1. Nothing happens: one message a minute. 2. The broker, the meter: one message more for each."""

    async def scenario(bench: Bench) -> None:
        await bench.live(600)
        bench.monitor.connection_changed(True)  # noqa: FBT003 - a callback has no keywords
        await bench.live(1)
        await bench.live(1, frames=True)

    bench = play(tmp_path, scenario)
    published = [(at, json.loads(payload)) for at, topic, payload in bench.said if topic == "teleinfo/health"]
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(published)]

    assert len(published) in (12, 13)
    assert all(59 <= pause <= 62 for pause in pauses[:8])
    assert published[-2][1]["last_frame"] is None
    assert published[-1][1]["last_frame"] is not None
    assert published[-1][1]["uptime"] >= 600


def test_the_watchdog_is_fed_without_meter_and_broker(tmp_path: Path) -> None:
    """Two hours without a frame or a connection: READY once, WATCHDOG at least every 10 s."""

    async def scenario(bench: Bench) -> None:
        await bench.live(7200)

    bench = play(tmp_path, scenario)
    fed = bench.times("WATCHDOG=1")

    assert len(bench.times("READY=1")) == 1
    assert fed[-1] - fed[0] > 7100
    assert max(later - earlier for earlier, later in itertools.pairwise(fed)) <= 10.5


def test_ready_waits_for_both_tasks(tmp_path: Path) -> None:
    """Systemd is told that the daemon is ready once reader and publisher have begun."""
    begun = []

    async def scenario(bench: Bench) -> None:
        await bench.live(5, publisher=False)
        assert bench.times("READY=1") == []
        begun.append(asyncio.get_running_loop().time())
        await bench.live(5)

    bench = play(tmp_path, scenario)
    (ready,) = bench.times("READY=1")

    assert 0 <= ready - begun[0] <= 2


def test_who_was_held_up_as_a_whole_is_not_called_stuck(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The process had no processor for a while; its tasks go on as soon as they have their turn."""
    caplog.set_level(logging.INFO)
    moments = []

    async def scenario(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        await bench.live(60)
        loop.leap(20)
        moments.append(loop.time())
        for _ in range(3):  # the monitor has its turn before the others
            await asyncio.sleep(0)
        await bench.live(20)

    bench = play(tmp_path, scenario)

    assert caplog.messages == []
    assert bench.times("WATCHDOG=1")[-1] > moments[0]


@pytest.mark.parametrize("stuck", ["reader", "publisher"])
def test_the_watchdog_is_not_fed_while_a_task_is_stuck(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stuck: str
) -> None:
    """
    1. One task makes no progress any more: systemd would restart the daemon, and the log says why.

    2. It goes on: the watchdog is fed again.
    """
    caplog.set_level(logging.INFO)
    marks = []

    async def scenario(bench: Bench) -> None:
        await bench.live(60)
        marks.append(asyncio.get_running_loop().time())
        await bench.live(100, reader=stuck != "reader", publisher=stuck != "publisher")
        marks.append(asyncio.get_running_loop().time())
        await bench.live(20)

    bench = play(tmp_path, scenario)
    began, ended = marks
    fed = bench.times("WATCHDOG=1")

    # From the last message on systemd waits for 30 s: the task was stuck for less than that and our own 15 s.
    assert max(at for at in fed if at < ended) - began <= 16
    assert fed[-1] > ended
    assert caplog.messages == [f"stuck: {stuck}; the watchdog of systemd will start teleinfo again"]
