"""The monitor publishes how it goes with the meter and the line, and tells systemd; in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from teleinfo import __version__
from teleinfo.common.durations import FIRST_TICKS
from teleinfo.common.i18n import use_language
from teleinfo.daemon.monitor import Monitor
from teleinfo.daemon.other_meter import OtherMeter
from teleinfo.doctor.case import complaint_of
from teleinfo.mqtt.config import Broker, Topics
from teleinfo.mqtt.publisher import Publisher
from teleinfo.port.errors import PortError
from teleinfo.port.link_status import LinkStatus
from teleinfo.tic.decoder import Counts, Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Language, Message
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOW = 1000.0
"""The time at which virtual time begins."""

OPENING = LinkStatus(url="/dev/ttyUSB0", baudrate=1200, searching=False)
BUSY = replace(OPENING, error=PortError(PortErrorKind.BUSY, Message("busy")))
SEARCHING = replace(OPENING, connected=True)
WELL = replace(SEARCHING, mode=Mode.HISTORIQUE, last_frame=NOW - 1.4, last_sound=NOW - 1.4)
AWAY = replace(WELL, last_frame=NOW - 3725, last_sound=NOW - 3725)
BAD = Counts(frames=4321, groups=75, parity=25)  # 25 of 100 groups are bad
GOOD = Counts(frames=4321, groups=9996, parity=4)  # 4 of 10,000: 0.0 %


class Bench:
    """A monitor between the state of a line and an outbox."""

    def __init__(self, link: LinkStatus = OPENING) -> None:
        self.said: list[tuple[float, str, bytes]] = []
        self.silent: list[float] = []  # the times at which the monitor reported a silence
        self.publisher = Publisher(
            Broker("localhost", 1883, "id"),
            Topics("teleinfo"),
            qos=1,
            queue=1,
            lifetimes={},
            rng=Random(1),
            heartbeat=lambda: None,
        )
        self.link = replace(link)
        self.decoder = Decoder()
        self.monitor = Monitor(
            link=self.link,
            decoder=self.decoder,
            publisher=self.publisher,
            state=None,
            other=OtherMeter("teleinfo", is_private=False, is_pushed_out=self.publisher.is_pushed_out),
            on_silence=self._note_silence,
            ticks=FIRST_TICKS,
        )

    async def live(self, seconds: int, *, frames: bool = False) -> None:
        """Let so many seconds pass, with a frame every 1.1 s; the monitor looks before its state comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if frames:
                self.link.note_bytes(loop.time())
                self.link.note_frame(loop.time())
            await asyncio.sleep(1.1)
            if frames:
                self.monitor.frame_came()
            self._listen()

    def _note_silence(self) -> None:
        self.silent.append(asyncio.get_running_loop().time())

    def _listen(self) -> None:
        now = asyncio.get_running_loop().time()
        outbox = self.publisher.outbox
        while (state := outbox.pop()) is not None:
            outbox.settle(state, delivered=True)
            self.said.append((now, state.topic, state.payload))


def play(scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run a scenario beside a running monitor, and return the bench."""

    async def together() -> Bench:
        bench = Bench()
        async with asyncio.TaskGroup() as tasks:
            monitor = tasks.create_task(bench.monitor.run())
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
        await bench.live(30)
        bench.monitor.frame_came()  # the state of the last frame comes 30 s late
        await bench.live(30)
        await bench.live(60, frames=True)

    bench = play(scenario)
    published = [(at, payload) for at, topic, payload in bench.said if topic == "teleinfo/status"]

    assert [payload for _, payload in published] == [b"offline", b"online", b"offline", b"online"]
    [last_frame] = moments
    offline_at, _payload = published[2]
    assert 9 <= offline_at - last_frame <= 12


def test_a_silence_is_reported_as_long_as_it_lasts() -> None:
    """In the first minute, in which the speed is searched, only if the meter was heard before."""

    async def unheard(bench: Bench) -> None:
        await bench.live(50)
        assert bench.silent == []
        await bench.live(20)

    async def heard(bench: Bench) -> None:
        await bench.live(5, frames=True)
        await bench.live(45)

    assert play(unheard).silent
    bench = play(heard)
    assert NOW + 14 <= bench.silent[0] <= NOW + 17
    assert len(bench.silent) >= 30


def test_health_comes_every_minute_and_at_each_change() -> None:
    """1. Nothing happens: one message a minute. 2. The broker, the meter: one message more for each."""

    async def scenario(bench: Bench) -> None:
        await bench.live(600)
        bench.publisher.is_connected = True
        await bench.live(1)
        await bench.live(1, frames=True)

    bench = play(scenario)
    published = [(at, payload) for at, topic, payload in bench.said if topic == "teleinfo/health"]
    times = [at for at, _payload in published]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    messages = [json.loads(payload) for _at, payload in published]
    of_broker, of_meter = messages[-2:]

    # Ten or eleven in ten minutes, and two.
    assert len(messages) in (12, 13)
    assert all(59 <= pause <= 62 for pause in pauses[:8])
    assert {message["version"] for message in messages} == {__version__}
    assert of_broker["last_frame"] is None
    assert of_meter["last_frame"] is not None
    assert of_meter["uptime"] >= 600


def status_text(link: LinkStatus, counts: Counts, *, connected: bool = True) -> str:
    """Return the line of `systemctl status`."""

    async def shown() -> str:
        bench = Bench(link)
        bench.decoder.counts = counts
        bench.publisher.is_connected = connected
        bench.monitor._publish_health(NOW)  # it samples the quality of the line, which the text tells
        return bench.monitor.status_text(NOW)

    return virtual.run(shown())


@pytest.mark.parametrize(
    ("link", "counts", "words"),
    [
        (WELL, GOOD, "mode historique at 1200 baud; 4321 frames, the last 1 s ago; 0.0% of the groups bad"),
        (
            AWAY,
            BAD,
            (
                "mode historique at 1200 baud; the meter is silent, frames: 4321, the last 1 h 02 min ago; "
                "25.0% of the groups bad"
            ),
        ),
        (SEARCHING, Counts(), "listening for a meter at 1200 baud; no frame yet"),
        (OPENING, Counts(), "opening the serial port; no frame yet"),
        (BUSY, Counts(), "another program reads the serial port; no frame yet"),
        (replace(WELL, baudrate=None), Counts(frames=1), "mode historique; 1 frame, the last 1 s ago"),
        (replace(SEARCHING, baudrate=None), Counts(), "listening for a meter; no frame yet"),
    ],
    ids=["well", "away", "searching", "starting", "busy", "bridge", "silent bridge"],
)
def test_each_state_of_the_line_has_its_words(link: LinkStatus, counts: Counts, words: str) -> None:
    """The port, the meter, the quality of the line, the broker: in this order, in one line."""
    assert status_text(link, counts) == f"{words}; connected to the broker at localhost:1883"
    away = status_text(link, counts, connected=False)
    assert away.endswith("; no connection to the broker at localhost:1883")
    with use_language(Language.FR):
        in_french = status_text(link, counts, connected=False)
    assert in_french.endswith("; pas de connexion au broker à localhost:1883")
    assert complaint_of(away).endswith("no connection to the broker at localhost:1883")
    assert complaint_of(in_french).endswith("pas de connexion au broker à localhost:1883")
