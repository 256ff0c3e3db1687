"""
Many meters in one process: what each further one costs in memory and CPU, and how long its frames take.

Each is a meter in mode standard behind a TCP bridge of its own (see `bridges`), with a frame every 1.5 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.bridges import PERIOD
from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.stage import LIMIT, broker_in
from tests.lab.procfs import Work, resident, work
from tests.support.daemon import Daemon
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.bench.scale import Scale
    from tests.support.broker import MosquittoBroker
    from tests.support.subscriber import Received

MEMORY_GOAL = 2.0
CPU_GOAL = 1000.0
LATENCY_GOAL = 10.0
GROWTH_GOAL = 3.0
"""
MiB for each further meter, ms of CPU a second, ms from a frame's last byte to a subscriber; and how much its
p99 may grow from the fewest meters to the most.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """
    `count` meters in one process: its RSS in MiB, its CPU and the broker's in ms a second.

    `late` has the latency of each frame in ms; `lost` counts frames; `load` is the load average at the end.
    """

    count: int
    rss: float
    cpu: float
    broker: float
    late: list[float]
    lost: int
    load: float


def rows(scale: Scale) -> list[Row]:
    """Measure one meter, for a minute at most, and each of the `meters` of the scale, with the state."""
    one = _measure(1, min(scale.meter_seconds, 60.0))
    several = [_measure(count, scale.meter_seconds) for count in scale.meters]
    found = [row for many in several for row in _rows(many, one)]
    if len(several) > 1:
        fewest, most = (quantile(each.late, 0.99) for each in (several[0], several[-1]))
        what = f"latency, p99, {several[-1].count} meters beside {several[0].count}"
        found.append(Row(what, most, "ms", floor=fewest, goal=GROWTH_GOAL))
    return found


def _rows(many: Measured, one: Measured) -> list[Row]:
    """Return the figures of a process with `many` meters. Noise can make a row `each further` negative."""
    name = f"{many.count} meters"
    others = many.count - one.count
    further = (many.rss - one.rss) / others
    hundred = 100 * (many.cpu - one.cpu) / others
    remark = f"{len(many.late):,} frames, load average {many.load:.2f}"
    return [
        Row(f"RSS, {name}", many.rss, "MiB"),
        Row(f"RSS, {name}, each further", further, "MiB", goal=MEMORY_GOAL, promise=True),
        Row(f"CPU, {name}", many.cpu, "ms/s", goal=CPU_GOAL),
        Row(f"CPU, {name}, each further hundred", hundred, "ms/s"),
        Row(f"CPU of the broker, {name}", many.broker, "ms/s"),
        Row(f"latency, {name}, median", quantile(many.late, 0.5), "ms", remark=remark),
        Row(f"latency, {name}, p99", quantile(many.late, 0.99), "ms", goal=LATENCY_GOAL, remark=remark),
        Row(f"lost frames, {name}", many.lost, "frames", goal=0, promise=True, remark=remark),
    ]


def _measure(count: int, seconds: float) -> Measured:
    """Run `count` meters in one process, and look at it for so many seconds once all of them are at work."""
    with (
        tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as name,
        broker_in(Path(name)) as broker,
        bridges(count) as (sending, ports),
    ):
        daemon = daemon_of(Path(name), broker, ports, "bench", state=True)
        with Subscriber(broker.host, broker.port, "bench/+") as subscriber, daemon:
            _until_all_work(subscriber, count)
            began = time.monotonic_ns()
            before = work(daemon.pid)
            broker_before = work(broker.pid)
            heard = _listen(subscriber, seconds)
            ended = time.monotonic_ns()
            after = work(daemon.pid)
            broker_after = work(broker.pid)
            rss = resident(daemon.pid) / 1024
            load = os.getloadavg()[0]
            heard |= _listen(subscriber, PERIOD)
            daemon.stop()
        report, _ = sending.communicate(timeout=LIMIT)
    sent = {(number, date): at for number, date, at in map(json.loads, report.splitlines())}
    counted = {key: at for key, at in sent.items() if began <= at < ended}
    return Measured(
        count=count,
        rss=rss,
        cpu=_share(before, after),
        broker=_share(broker_before, broker_after),
        late=[1e3 * (heard[key] - at / 1e9) for key, at in counted.items() if key in heard],
        lost=len(counted.keys() - heard.keys()),
        load=load,
    )


@contextlib.contextmanager
def bridges(count: int) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """Yield a process with so many bridges, and their ports."""
    command = [sys.executable, "-m", "tests.lab.bench.bridges", str(count)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def _share(before: Work, after: Work) -> float:
    """Return the CPU between two looks, in ms a second."""
    return 1e3 * (after.cpu - before.cpu) / (after.at - before.at)


def _listen(subscriber: Subscriber, seconds: float) -> dict[tuple[int, str], float]:
    """Return when each frame of the next `seconds` was heard, in monotonic s."""
    heard: dict[tuple[int, str], float] = {}
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        # Often, so that there is little to do while the thread of the subscriber looks at the clock.
        time.sleep(min(left, 0.5))
        heard |= {_key(message): message.at for message in subscriber.drain()}
    return heard


def daemon_of(
    folder: Path, broker: MosquittoBroker, ports: Sequence[int], topic: str, **settings: object
) -> Daemon:
    """Return the program, not started, with a file for each meter, whose base topics are below `topic`."""
    meters = folder / "meters"
    meters.mkdir(parents=True)
    for number, port in enumerate(ports):
        own = {
            "SERIAL_PORT": f"socket://127.0.0.1:{port}",
            "MQTT_TOPIC": f"{topic}/{number}",
            "MQTT_CLIENT_ID": f"{topic}-{number}",
        }
        lines = [f"TELEINFO_{key}={value}\n" for key, value in own.items()]
        (meters / f"{number:04}.env").write_text("".join(lines), encoding="utf-8")
    daemon = Daemon(folder, **settings | {"mqtt_host": broker.host, "mqtt_port": broker.port})
    daemon.command = [sys.executable, "-m", "teleinfo", "run", "--env-file", str(meters)]
    return daemon


def _until_all_work(subscriber: Subscriber, count: int) -> None:
    """Return once each meter was heard twice."""
    end = time.monotonic() + LIMIT
    heard = dict.fromkeys(range(count), 0)
    while min(heard.values()) < 2:
        assert time.monotonic() < end, f"{list(heard.values()).count(0)} of {count} meters are not heard"
        for message in subscriber.drain():
            heard[_key(message)[0]] += 1
        time.sleep(PERIOD / 4)


def _key(message: Received) -> tuple[int, str]:
    """Return the number of the meter, and its DATE."""
    return int(message.topic.rpartition("/")[2]), json.loads(message.payload)["DATE"]
