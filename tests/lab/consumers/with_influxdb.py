"""A real InfluxDB 1 stores what the writer of the page sends it."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Self

from tests.lab.consumers.programs import Program, listens, output, program
from tests.lab.consumers.site import Relay, block, scripts, site
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

CREATE = block("influxdb.md", "sh", 1)
[WRITER] = scripts("influxdb.md").values()
CONVERTER = WRITER.partition("|\n")[2]  # makes points of messages, without the subscriber
QUERY = block("influxdb.md", "sql")


class InfluxDB:
    """An InfluxDB on a loopback port, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        config = folder / "influxdb.conf"
        config.write_text(
            f"reporting-disabled = true\n"
            f'bind-address = "{HOST}:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n'
            f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nquery-log-enabled = false\n'
            f'[http]\nbind-address = "{HOST}:{self.port}"\nlog-enabled = false\n'
            "[monitor]\nstore-enabled = false\n",
            encoding="utf-8",
        )
        command = [program("influxd", "influxdb"), "-config", str(config)]
        self._process = Program(command, folder / "influxd.log")

    def query(self, text: str) -> list[list[Any]]:
        """Return the rows of a query."""
        arguments = urllib.parse.urlencode({"db": "teleinfo", "epoch": "ms", "q": text})
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/query?{arguments}", timeout=10) as answer:
            [result] = json.load(answer)["results"]
        assert "error" not in result, result
        return [row for series in result.get("series", []) for row in series["values"]]

    def run(self, line: str, *, points: str = "") -> str:
        """Run a line of the page against it, and return its output."""
        command = line.replace("localhost:8086", f"{HOST}:{self.port}")
        command = command.replace("influx ", f"influx -host {HOST} -port {self.port} ")
        return output(["bash", "-c", command], points)

    def __enter__(self) -> Self:
        self._process.start()
        until(lambda: listens(self.port), what="InfluxDB listens")
        self.run(CREATE)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end(signal.SIGTERM)


def test_each_reading_is_a_point(tmp_path: Path) -> None:
    """The writer of the page, with numbers=all, stores one point for each message, at its time."""
    package_by_program = {
        "influx": "influxdb-client",
        "jq": "jq",
        "curl": "curl",
        "mosquitto_sub": "mosquitto-clients",
    }
    for name, package in package_by_program.items():
        program(name, package)
    settings = {"payload_numbers": "all", "payload_timestamp": True}
    with InfluxDB(tmp_path) as database, site(tmp_path, "hc", **settings) as running:
        script = WRITER.replace("localhost:8086", f"{HOST}:{database.port}")
        with Relay(tmp_path, script, running.broker) as writer:
            until(lambda: database.query('SELECT "PAPP" FROM "teleinfo"'), what="a first point")
            running.subscriber.drain()
            readings = [json.loads(running.subscriber.expect("teleinfo").payload) for _ in range(5)]
            published = [reading["timestamp"] for reading in readings]
            span = f"time >= {published[0]}ms AND time <= {published[-1]}ms"
            stored = f'SELECT "PAPP" FROM "teleinfo" WHERE {span}'
            until(lambda: len(database.query(stored)) >= 5, what="five points")

            assert [row[0] for row in database.query(stored)] == published
            assert writer.log == ""
        rows = database.query(QUERY)
        kinds = dict(database.query('SHOW FIELD KEYS FROM "teleinfo"'))

    assert any(power for _time, power, *_rest in rows)
    assert (kinds["ADCO"], kinds["PAPP"], kinds["PTEC"]) == ("float", "float", "string")


def test_a_database_of_the_flow_takes_our_points(tmp_path: Path) -> None:
    """A database keeps the kind of each field: once it has numbers, it takes numbers, and refuses texts."""
    now = int(time.time() * 1000)
    reading = {"timestamp": now, "ADCO": 41961123456, "PAPP": 1940, "PTEC": "HP", "MOTDETAT": 0}
    texts = {name: value if name == "timestamp" else str(value) for name, value in reading.items()}
    with InfluxDB(tmp_path) as database:
        database.run(CONVERTER, points=json.dumps(reading))
        accepted = database.run(CONVERTER, points=json.dumps(reading | {"timestamp": now + 1}))
        refused = database.run(CONVERTER, points=json.dumps(texts | {"timestamp": now + 2}))
        count = database.query('SELECT count("ADCO") FROM "teleinfo"')

    assert accepted == ""
    assert re.search("field type conflict", refused)
    assert count[0][1] == 2
