"""Run the soak: `python -m tests.lab.soak [--hours N] [--speed N]`. Exit status 0 if all is flat, else 1."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.mqtt.publisher import STABLE_AFTER
from tests.lab.procfs import descriptors, resident
from tests.lab.soak.soak_meters import SoakMeters
from tests.lab.soak.soak_page import SoakPage
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, settings_for
from tests.support.procfs import number
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator

    Claim = tuple[bool, str]

HOUR, TEN_MINUTES = 3600.0, 600.0  # simulated s
BETWEEN_KILLS = STABLE_AFTER + 5  # real s: to be found again, and to be steady
OUTAGE_COSTS = 2.0  # real s of readings lost with a broker: the subscriber, too, must connect again
UNDER_WAY = 5.0  # real s for what has not arrived at the end
RSS_LIMIT = 1024  # KiB
PAGE_GROWTH_LIMIT = 4096  # KiB
HISTORY_LIMIT = 1 << 20  # bytes: a quarter of an hour of powers, and the log of SQLite
PREFIX = "teleinfo-soak-"
# Where the link to the port belongs, as those of /dev, and the log, as in a journal: on a disk each line, and
# the time of each access to the link, counts as written by the daemon.
IN_MEMORY = Path("/dev/shm")


class Sample(NamedTuple):
    """Use of the system by a process: memory in KiB, `written` to disk in bytes since it began."""

    descriptors: int
    threads: int
    rss: int
    written: int


def sample(pid: int) -> Sample:
    """Look at a process (proc(5)); raise OSError where it is gone."""
    return Sample(
        len(descriptors(pid)), number(pid, "Threads"), resident(pid), number(pid, "write_bytes", "io")
    )


class Soak:
    """
    One life of `daemon`, between `meters` and `broker`, and of `page`.

    `subscriber` gets all that is published.
    """

    def __init__(
        self,
        *,
        meters: SoakMeters,
        broker: MosquittoBroker,
        daemon: Daemon,
        page: SoakPage,
        subscriber: Subscriber,
    ) -> None:
        self._meters = meters
        self._broker = broker
        self._daemon = daemon
        self._page = page
        self._subscriber = subscriber
        self._began = self._last_kill = time.monotonic()
        self._kills = self._changes = self._received = 0
        self._early: list[Sample] = []
        self._late: list[Sample] = []
        self._early_page: list[Sample] = []
        self._late_page: list[Sample] = []

    async def run(self, hours: int) -> bool:
        """Live through so many simulated hours, and return True if nothing grew."""
        self._meters.change("hc")
        self._daemon.start()
        await asyncio.to_thread(self._page.start)
        first_size = self._page.bytes_of_history
        for hour in range(hours):
            if hour and hour == hours // 2:
                self._meters.change("standard")
                self._changes += 1
            for tens in range(6):
                await self._ten_minutes(hour * HOUR + tens * TEN_MINUTES)
                now = sample(self._daemon.process.pid)
                (self._late if hour else self._early).append(now)
                of_page = sample(self._page.process.pid)
                (self._late_page if hour else self._early_page).append(of_page)
                if self._meters.is_heard:
                    await self._meters.hang_up()
            seconds = time.monotonic() - self._began
            baudrate = self._meters.line.baudrate
            say(f"hour {hour + 1}, real second {seconds:.0f}, {baudrate} baud: {now}; page: {of_page}")
        await asyncio.sleep(UNDER_WAY)
        self._count()
        status, _ = await asyncio.to_thread(self._daemon.stop)
        page_status, _ = await asyncio.to_thread(self._page.process.stop)
        return self._verdict(
            [
                *self._claims(),
                (status == 0, f"process: one from beginning to end, exit status {status}"),
                *self._page_claims(page_status, first_size),
            ]
        )

    async def _ten_minutes(self, begin: float) -> None:
        await self._meters.play(until=begin + TEN_MINUTES / 4)
        if time.monotonic() - self._last_kill >= BETWEEN_KILLS:
            self._kills += 1
            self._last_kill = time.monotonic()
            bouncing = asyncio.create_task(asyncio.to_thread(self._bounce), name="soak.bounce")
            await self._meters.play(until=begin + TEN_MINUTES / 2)
            await bouncing
        looking = asyncio.create_task(asyncio.to_thread(self._look, begin), name="soak.look")
        await self._meters.play(until=begin + TEN_MINUTES)
        await looking
        assert self._daemon.process.poll() is None, f"the daemon ended: {self._daemon.log}"
        self._count()

    def _bounce(self) -> None:
        self._broker.kill()
        self._broker.start()

    def _look(self, begin: float) -> None:
        """Look at the page; once a simulated hour the household has a file, too."""
        self._page.ask()
        if begin % HOUR == 0:
            self._page.bring()

    def _count(self) -> None:
        self._received += sum(message.topic == "teleinfo" for message in self._subscriber.drain())

    def _verdict(self, claims: list[Claim]) -> bool:
        """Print each claim, and return True if all of them hold."""
        for holds, text in claims:
            say(f"{'ok  ' if holds else 'FAIL'}  {text}")
        return all(holds for holds, _ in claims)

    def _claims(self) -> Iterator[Claim]:
        early = self._early
        late = self._late or self._early[-1:]
        yield from flat("", early, late, RSS_LIMIT)
        # From the first sample on: reading a program that was just installed writes times of access.
        written = late[-1].written - early[0].written
        yield written == 0, f"disk: {written} bytes written since the start"
        outages = self._kills + self._meters.hang_ups + self._changes
        # Two an outage; start, connection, mode, end; a change of mode is a line, its silence may be two.
        lines = self._daemon.log.count("\n")
        limit = 2 * outages + 4 + 3 * self._changes
        yield lines <= limit, f"log: {lines} lines about {outages} outages (limit {limit})"
        sent = self._meters.sent
        lost = self._meters.sent - self._received
        a_second = sent / (time.monotonic() - self._began)
        # A port that opens throws away what has arrived: a frame each time.
        limit = int(self._kills * OUTAGE_COSTS * a_second) + self._meters.hang_ups + self._changes
        yield lost <= limit, f"readings: {lost} of {sent} lost (limit {limit})"

    def _page_claims(self, status: int, first_size: int) -> Iterator[Claim]:
        early = self._early_page
        late = self._late_page or self._early_page[-1:]
        # Each batch and each table has a thread for a moment.
        yield from steady("page, ", early, late, leaving=2, working=1)
        growth = growth_when_warm([*self._early_page, *self._late_page])
        limit = PAGE_GROWTH_LIMIT
        yield growth <= limit, f"page, RSS: {growth:+.0f} KiB after the warm-up (limit {limit})"
        page = self._page
        lost = len(page.unanswered)
        yield not lost, f"page, requests: {page.asked} tables, {lost} not answered {page.unanswered[:3]}"
        yield page.imports > 0, f"page, imports: {page.imports}, each undone"
        growth = page.bytes_of_history - first_size
        yield growth <= HISTORY_LIMIT, f"page, history: {growth:+} bytes (limit {HISTORY_LIMIT})"
        # Of an outage the loss and the return.
        outages = self._kills + self._meters.hang_ups + self._changes
        lines = page.process.log.count("\n")
        limit = 4 + 2 * outages
        yield lines <= limit, f"page, log: {lines} lines about {outages} outages (limit {limit})"
        yield "Traceback" not in page.process.log, "page, log: no traceback"
        yield status == 0, f"page, process: one from beginning to end, exit status {status}"


def flat(who: str, early: list[Sample], late: list[Sample], rss_limit: int) -> Iterator[Claim]:
    """Yield what of a process must not grow after the first hour."""
    yield from steady(who, early, late)
    growth = max(each.rss for each in late) - early[-1].rss
    yield growth <= rss_limit, f"{who}RSS: at most {growth:+} KiB after the first hour (limit {rss_limit})"


def steady(
    who: str, early: list[Sample], late: list[Sample], *, leaving: int = 0, working: int = 0
) -> Iterator[Claim]:
    """
    Yield what must be no more than in the first hour: the descriptors and the threads of a process.

    So many connections of clients may be `leaving` at a look, and so many threads `working` for a moment.
    """
    for what, passing in (("descriptors", leaving), ("threads", working)):
        first, later = (max(getattr(each, what) for each in part) for part in (early, late))
        first += passing
        yield later <= first, f"{who}{what}: at most {first} in the first hour, {later} later"


def growth_when_warm(samples: list[Sample]) -> float:
    """
    Return by how many KiB the memory of the last half exceeds that of the second quarter, in the median.

    A table is made in a thread of its own, and the C library keeps several heaps for threads: each of them
    grows to what the largest table needs, mostly in the first quarter, and then stays.
    """
    half = len(samples) // 2
    warm = samples[half // 2 : half] or samples[:1]
    return median(each.rss for each in samples[half:]) - median(each.rss for each in warm)


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def soak(folder: Path, memory: Path, *, hours: int, speed: float) -> bool:
    """Run it all, port and log in `memory`; raise TimeoutError if it takes half as long again as planned."""
    real = hours * HOUR / speed
    say(
        f"{hours} simulated hours, {speed:g} times faster than the line: {real / 60:.0f} real minutes."
        f" A hang-up each {TEN_MINUTES / speed:.1f} real s, a killed broker at most each {BETWEEN_KILLS:.0f}."
    )
    meters = SoakMeters(memory / "meter", speed=speed)
    async with asyncio.timeout(1.5 * real + 60):
        with MosquittoBroker(folder) as broker, Subscriber(broker.host, broker.port) as subscriber:
            # Long enough for the readings of an outage, so that none is dropped.
            daemon = Daemon(memory, **settings_for(broker, meters.line), mqtt_queue=1000)
            # Python's own cache of what it compiled belongs to the installation.
            daemon.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            page = SoakPage(folder, broker)
            life = Soak(meters=meters, broker=broker, daemon=daemon, page=page, subscriber=subscriber)
            try:
                return await life.run(hours)
            finally:
                daemon.__exit__()
                page.process.__exit__()
                meters.line.close()


def main() -> int:
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.soak", description="See that nothing grows.")
    parser.add_argument("--hours", type=int, default=24, help="simulated hours (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=96.0, help="times faster (default: %(default)s)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as folder,
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as memory,
    ):
        running = soak(Path(folder), Path(memory), hours=arguments.hours, speed=arguments.speed)
        return not asyncio.run(running)


if __name__ == "__main__":
    sys.exit(main())
