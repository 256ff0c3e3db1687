"""
Many meters in one process: what each further one costs in memory and CPU, and how long its frames take.

Each is a meter in mode standard behind a TCP bridge of its own (see `bridges`), with a frame every 1.5 s.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.bridges import PERIOD
from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.stage import LIMIT, broker_in
from tests.lab.procfs import resident, work
from tests.support.daemon import Daemon
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from tests.lab.bench.scale import Scale
    from tests.support.broker import MosquittoBroker
    from tests.support.subscriber import Received

MEMORY_GOAL, CPU_GOAL, LATENCY_GOAL = 2.0, 1000.0, 10.0
"""MiB for each further meter, ms of CPU a second, and ms from a frame's last byte to a subscriber."""


def rows(scale: Scale) -> list[Row]:
    """Measure one meter and the `meters` of the scale, with the state."""
    one, *_ = _measure(1, scale.meter_seconds)
    many, cpu, late = _measure(scale.meters, scale.meter_seconds)
    name, further = f"{scale.meters} meters", max(0.0, many - one) / (scale.meters - 1)
    remark = f"{len(late)} frames"
    return [
        Row(f"RSS, {name}", many, "MiB"),
        Row(f"RSS, {name}, each further", further, "MiB", goal=MEMORY_GOAL, promise=True),
        Row(f"CPU, {name}", cpu, "ms/s", goal=CPU_GOAL),
        Row(f"latency, {name}, median", quantile(late, 0.5), "ms", remark=remark),
        Row(f"latency, {name}, p99", quantile(late, 0.99), "ms", goal=LATENCY_GOAL, remark=remark),
    ]


def _measure(count: int, seconds: float) -> tuple[float, float, list[float]]:
    """
    Run `count` meters in one process, and look at it for so many seconds once all of them are at work.

    Return its RSS in MiB, its CPU in ms a second, and the latencies of the frames in ms.
    """
    with (
        tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as name,
        broker_in(Path(name)) as broker,
        subprocess.Popen(
            [sys.executable, "-m", "tests.lab.bench.bridges", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        ) as bridges,
    ):
        assert bridges.stdout is not None
        try:
            daemon = _daemon(Path(name), broker, json.loads(bridges.stdout.readline()))
            with Subscriber(broker.host, broker.port, "bench/+") as subscriber, daemon:
                _until_all_work(subscriber, count)
                before, began = work(daemon.pid), time.monotonic_ns()
                time.sleep(seconds)
                after, rss = work(daemon.pid), resident(daemon.pid) / 1024
                daemon.stop()
            report, _ = bridges.communicate(timeout=LIMIT)
        finally:
            bridges.kill()
    sent = {(number, date): at for number, date, at in map(json.loads, report.splitlines())}
    heard = {_key(message): message.at for message in subscriber.drain()}
    cpu = 1e3 * (after.cpu - before.cpu) / (after.at - before.at)
    late = [1e3 * (heard[key] - at / 1e9) for key, at in sent.items() if at >= began and key in heard]
    return rss, cpu, late


def _daemon(folder: Path, broker: MosquittoBroker, ports: list[int]) -> Daemon:
    """Return the program, not started, with a file for each meter."""
    meters = folder / "meters"
    meters.mkdir()
    for number, port in enumerate(ports):
        settings = {
            "SERIAL_PORT": f"socket://127.0.0.1:{port}",
            "MQTT_HOST": broker.host,
            "MQTT_PORT": broker.port,
            "MQTT_TOPIC": f"bench/{number}",
            "MQTT_CLIENT_ID": f"bench-{number}",
            "STATE": True,
        }
        lines = [f"TELEINFO_{key}={value}\n" for key, value in settings.items()]
        (meters / f"{number:04}.env").write_text("".join(lines), encoding="utf-8")
    daemon = Daemon(folder)
    daemon.command = [sys.executable, "-m", "teleinfo", "run", "--env-file", str(meters)]
    return daemon


def _until_all_work(subscriber: Subscriber, count: int) -> None:
    """Return once each meter was heard twice."""
    end, heard = time.monotonic() + LIMIT, dict.fromkeys(range(count), 0)
    while min(heard.values()) < 2:
        assert time.monotonic() < end, f"{list(heard.values()).count(0)} of {count} meters are not heard"
        for message in subscriber.drain():
            heard[_key(message)[0]] += 1
        time.sleep(PERIOD / 4)


def _key(message: Received) -> tuple[int, str]:
    """Return the number of the meter, and its DATE."""
    return int(message.topic.rpartition("/")[2]), json.loads(message.payload)["DATE"]
