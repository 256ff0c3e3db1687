"""Run the soak: `python -m tests.soak [--hours N] [--speed N]`. Exit status 0 where all is flat, else 1."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.mqtt.publisher import STABLE_AFTER
from tests.soak.soak_meters import SoakMeters
from tests.support.broker import MosquittoBroker
from tests.support.daemon import PipedDaemon, settings_for
from tests.support.procfs import descriptors, facts
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    Claim = tuple[bool, str]

HOUR, TEN_MINUTES = 3600.0, 600.0  # simulated s
BETWEEN_KILLS = STABLE_AFTER + 5  # real s: to be found again, and to be steady
OUTAGE_COSTS = (
    2.0  # real s of readings that a killed broker may cost: the subscriber, too, must connect again
)
UNDER_WAY = 5.0  # real s for what has not arrived at the end
RSS_LIMIT = 1024  # KiB
PREFIX = "teleinfo-soak-"
# Where the link to the port belongs, as those of /dev: on a disk the time of each access to the link is noted
# in its inode, and counts as written by the daemon.
IN_MEMORY = Path("/dev/shm")

HEADINGS = (
    "hour mode       real s  fds threads RSS KiB growth PSS KiB  log written    sent received unheard"
    " broker port"
)


class Sample(NamedTuple):
    """Use of the system by a process: memory in KiB, `written` to disk in bytes since it began."""

    descriptors: int
    threads: int
    rss: int
    pss: int
    written: int


def sample(pid: int) -> Sample:
    """Look at a process (proc(5)); raise OSError where it is gone."""
    known = facts(pid) | facts(pid, "smaps_rollup") | facts(pid, "io")
    keys = ("Threads", "VmRSS", "Pss", "write_bytes")
    return Sample(len(descriptors(pid)), *(int(known[key].removesuffix(" kB")) for key in keys))


class Soak:
    """One life of `daemon`, between `meters` and `broker`; `subscriber` gets all that it publishes."""

    def __init__(
        self, *, meters: SoakMeters, broker: MosquittoBroker, daemon: PipedDaemon, subscriber: Subscriber
    ) -> None:
        self._meters = meters
        self._broker = broker
        self._daemon = daemon
        self._subscriber = subscriber
        self._began = self._last_kill = time.monotonic()
        self._kills = self._changes = 0
        self._received = self._foreign = 0
        self._health: dict[str, object] = {}
        self._early: list[Sample] = []
        self._late: list[Sample] = []

    async def run(self, hours: int) -> bool:
        """Live through so many simulated hours, and return True if nothing grew."""
        self._meters.change("hc")
        self._daemon.start()
        for hour in range(hours):
            if hour and hour == hours // 2:
                self._meters.change("standard")
                self._changes += 1
            for number in range(6):
                await self._ten_minutes(hour * HOUR + number * TEN_MINUTES)
                now = sample(self._daemon.process.pid)
                (self._late if hour else self._early).append(now)
                if self._meters.is_heard:
                    await self._meters.hang_up()
            say(self._line_of(hour + 1, now))
        await asyncio.sleep(UNDER_WAY)
        self._count()
        status, _ = await asyncio.to_thread(self._daemon.stop)
        return self._verdict(status)

    async def _ten_minutes(self, begin: float) -> None:
        await self._meters.play(until=begin + TEN_MINUTES / 4)
        if time.monotonic() - self._last_kill >= BETWEEN_KILLS:
            self._kills += 1
            self._last_kill = time.monotonic()
            bouncing = asyncio.create_task(asyncio.to_thread(self._bounce), name="soak.bounce")
            await self._meters.play(until=begin + TEN_MINUTES / 2)
            await bouncing
        await self._meters.play(until=begin + TEN_MINUTES)
        assert self._daemon.process.poll() is None, f"the daemon ended: {self._daemon.log}"
        self._count()

    def _bounce(self) -> None:
        self._broker.kill()
        self._broker.start()

    def _count(self) -> None:
        """Count the messages that the subscriber received."""
        for message in self._subscriber.drain():
            if message.topic == "teleinfo":
                self._received += 1
                self._foreign += hash(message.payload) not in self._meters.payloads
            elif message.topic == "teleinfo/health":
                self._health = json.loads(message.payload)

    def _line_of(self, hour: int, now: Sample) -> str:
        meters, log = self._meters, self._daemon.log
        mode = "historique" if meters.line.baudrate == 1200 else "standard"
        return (
            f"{hour:4} {mode:10} {time.monotonic() - self._began:6.0f}"
            f" {now.descriptors:4} {now.threads:7} {now.rss:7} {now.rss - self._early[-1].rss:+6} {now.pss:7}"
            f" {log.count(chr(10)):4} {now.written:7} {meters.sent:7} {self._received:8} {meters.unheard:7}"
            f" {log.count(f':{self._broker.port} again after'):6} {log.count('is open again after'):4}"
        )

    def _verdict(self, status: int) -> bool:
        """Print each claim, and return True if all of them hold."""
        claims = [
            *self._about_the_process(),
            *self._about_the_log(),
            *self._about_the_readings(),
            (status == 0, f"process: one from beginning to end, exit status {status}"),
        ]
        say(f"health: {json.dumps(self._health)}")
        for holds, text in claims:
            say(f"{'ok  ' if holds else 'FAIL'}  {text}")
        flat = all(holds for holds, _ in claims)
        say("flat" if flat else "NOT flat")
        return flat

    def _about_the_process(self) -> list[Claim]:
        early, late = self._early, self._late or self._early[-1:]
        growth = max(each.rss for each in late) - early[-1].rss
        fds, more_fds = (max(each.descriptors for each in part) for part in (early, late))
        threads, more_threads = (max(each.threads for each in part) for part in (early, late))
        # From the first sample on: reading a program that was just installed writes times of access.
        written = late[-1].written - early[0].written
        return [
            (more_fds <= fds, f"descriptors: at most {fds} in the first hour, {more_fds} later"),
            (more_threads <= threads, f"threads: at most {threads} in the first hour, {more_threads} later"),
            (growth <= RSS_LIMIT, f"RSS: at most {growth:+} KiB after the first hour (limit {RSS_LIMIT})"),
            (written == 0, f"disk: {written} bytes written since the start"),
        ]

    def _about_the_log(self) -> list[Claim]:
        log, secrets = self._daemon.log, self._meters.secrets
        outages = self._kills + self._meters.hang_ups + self._changes
        # Two an outage; start, connection, mode, end; a change of mode is a line, its silence may be two.
        lines, limit = log.count("\n"), 2 * outages + 4 + 3 * self._changes
        leaked = sum(secret in log for secret in secrets)
        return [
            (lines <= limit, f"log: {lines} lines about {outages} outages (limit {limit})"),
            (leaked == 0, f"log: {leaked} of the {len(secrets)} identifiers of the meters stand in it"),
        ]

    def _about_the_readings(self) -> list[Claim]:
        sent, received, foreign = self._meters.sent, self._received, self._foreign
        a_second = sent / (time.monotonic() - self._began)
        # A port that opens throws away what has arrived: a frame each time.
        limit = int(self._kills * OUTAGE_COSTS * a_second) + self._meters.hang_ups + self._changes
        rejected = self._health.get("rejected")
        return [
            (foreign == 0, f"truth: {foreign} of {received} readings are not what a meter sent"),
            (sent - received <= limit, f"readings: {sent - received} of {sent} lost (limit {limit})"),
            (
                self._health.get("baudrate") == self._meters.line.baudrate,
                f"mode: {self._health.get('mode')} at last; groups rejected: {rejected}",
            ),
        ]


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def soak(folder: Path, link: Path, *, hours: int, speed: float) -> bool:
    """Run it all, the port at `link`; raise TimeoutError where it takes half as long again as it should."""
    real = hours * HOUR / speed
    say(
        f"{hours} simulated hours, {speed:g} times faster than the line: {real / 60:.0f} real minutes."
        f" A hang-up each {TEN_MINUTES / speed:.1f} real s, a killed broker at most each {BETWEEN_KILLS:.0f}."
    )
    say(HEADINGS)
    meters = SoakMeters(link, speed=speed)
    async with asyncio.timeout(1.5 * real + 60):
        with MosquittoBroker(folder) as broker, Subscriber(broker.host, broker.port) as subscriber:
            # Long enough for the readings of an outage, so that none is dropped.
            daemon = PipedDaemon(folder, **settings_for(broker, meters.line), mqtt_queue=1000)
            life = Soak(meters=meters, broker=broker, daemon=daemon, subscriber=subscriber)
            try:
                return await life.run(hours)
            finally:
                daemon.__exit__()
                meters.line.close()


def main() -> int:
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="See that nothing grows.")
    parser.add_argument("--hours", type=int, default=24, help="simulated hours (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=96.0, help="times faster (default: %(default)s)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as folder,
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as devices,
    ):
        running = soak(Path(folder), Path(devices, "meter"), hours=arguments.hours, speed=arguments.speed)
        return not asyncio.run(running)


if __name__ == "__main__":
    sys.exit(main())
