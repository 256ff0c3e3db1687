"""
Rows that a meter costs a real Home Assistant's recorder, in real time, with the load of an evening.

    HOMEASSISTANT_VENV=.venv-homeassistant-newest python -m tests.lab.homeassistant.recorder hc 20

The arguments are the meter and the minutes, which begin when all has started. `rows` counts the same by a
model, in seconds.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.lab.homeassistant.hass_process import HassProcess
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon
from tests.support.process import Process
from tests.support.scenario import until

EVENING: Final = "2026-01-14T18:00"
SETTLED: Final = 120
"""Seconds until every entity has had its first states."""
_ROWS: Final = """
SELECT states_meta.entity_id, count(*) FROM states JOIN states_meta USING (metadata_id)
WHERE last_updated_ts BETWEEN ? AND ? AND states_meta.entity_id LIKE '%linky%'
GROUP BY states_meta.entity_id ORDER BY 2 DESC
"""


def rows(meter: str, minutes: float) -> dict[str, float]:
    """Return the rows in an hour by entity, counted for so many minutes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = folder / "meter"
        command = [sys.executable, "-m", "teleinfo", "simulate", "--meter", meter, "--start", EVENING]
        simulator = Process([*command, "--seed", "7", "--link", str(port)], folder / "simulate.log")
        with MosquittoBroker(folder) as broker, simulator:
            until(port.exists, limit=60, what="the port of the meter")
            settings = {"serial_port": port, "mqtt_host": broker.host, "mqtt_port": broker.port}
            hass = HassProcess(Path(os.environ["HOMEASSISTANT_VENV"]), folder, broker)
            with hass, Daemon(folder, **settings, homeassistant=True):
                hass.states()
                time.sleep(SETTLED)
                begin = time.time()
                time.sleep(60 * minutes)
                database = folder / "hass" / "home-assistant_v2.db"
                with closing(sqlite3.connect(database)) as connection:
                    found = dict(connection.execute(_ROWS, (begin, begin + 60 * minutes)).fetchall())
    return {entity: count * 60 / minutes for entity, count in found.items()}


if __name__ == "__main__":
    counted = rows(sys.argv[1], float(sys.argv[2]))
    for entity, each in counted.items():
        sys.stdout.write(f"{each:8.0f} {entity}\n")
    sys.stdout.write(f"{sum(counted.values()):8.0f} rows an hour\n")
