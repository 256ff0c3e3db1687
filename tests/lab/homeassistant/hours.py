"""
What real Home Assistants count in an hour while their clocks differ from the daemon's.

    HOMEASSISTANT_VENV=.venv-homeassistant-newest python -m tests.lab.homeassistant.hours

It takes eleven minutes, libfaketime, and 200 MB for each clock. It prints how many Wh the statistics of the
hour before lack, or have too many, against the index that the meter sent last before that hour of Home
Assistant.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.lab.homeassistant.hass_process import START, HassProcess
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon
from tests.support.process import Process
from tests.support.scenario import until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

APART: Final = (0, 2, -2, 4, -4, 10, -10)
"""Seconds by which the clock of Home Assistant is ahead of the daemon's."""
BEFORE: Final = 600.0
"""Seconds from the start to the whole hour of the daemon."""
COMPILED: Final = 40.0
"""Seconds after the hour until the statistics are made, on every clock."""
HOUR: Final = 3600
LIBRARY: Final = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def counted(apart: Sequence[int]) -> dict[int, int]:
    """Return the Wh that the hour of each Home Assistant has too many, by how far its clock is ahead."""
    end = time.time() + BEFORE
    ahead = HOUR - end % HOUR  # a whole hour of the daemon ends then
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = folder / "meter"
        command = [sys.executable, "-m", "teleinfo", "simulate", "--meter", "hc", "--seed", "7"]
        broker = stack.enter_context(MosquittoBroker(folder))
        simulated = [*command, "--start", "2026-01-14T12:00", "--time-lapse", "10", "--link", str(port)]
        stack.enter_context(Process(simulated, folder / "simulate.log"))
        until(port.exists, limit=60, what="the port of the meter")
        settings = {"serial_port": port, "mqtt_host": broker.host, "mqtt_port": broker.port}
        daemon = Daemon(folder, **settings, homeassistant=True, plausibility=False)
        daemon.environ |= {"LD_PRELOAD": LIBRARY, "FAKETIME": f"+{ahead:.3f}s", "TZ": "Europe/Paris"}
        daemon.environ |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        all_of_them = {}
        for seconds in apart:
            (own := folder / str(seconds)).mkdir()
            all_of_them[seconds] = HassProcess(Path(os.environ["HOMEASSISTANT_VENV"]), own, broker)
            all_of_them[seconds].start_later(ahead + seconds)
            stack.callback(all_of_them[seconds].kill)
        for hass in all_of_them.values():
            hass.states()
        stack.enter_context(daemon)
        with Subscriber(broker.host, broker.port, "teleinfo") as subscriber:
            sent: list[tuple[float, int]] = []
            while time.time() < end + COMPILED:
                time.sleep(1)
                sent += [(each.at, int(json.loads(each.payload)["HCHP"])) for each in subscriber.drain()]
        monotonic = end - time.time() + time.monotonic()
        found = {}
        for seconds, hass in all_of_them.items():
            truth = [index for at, index in sent if at < monotonic - seconds][-1]
            found[seconds] = _state(hass, end + ahead) - truth
        return found


def _state(hass: HassProcess, hour: float) -> int:
    """Return the index at the end of the hour before `hour`, by the long-term statistics."""
    [energy] = [
        state["entity_id"]
        for name, state in hass.states().items()
        if name.endswith(("Heures pleines", "Peak hours"))
    ]
    begin = dt.datetime.fromtimestamp(hour - HOUR, dt.UTC).isoformat()
    found: dict[str, Any] = {}

    def is_made() -> bool:
        asked = {"start_time": begin, "statistic_ids": [energy], "period": "hour", "types": ["state"]}
        found.update(hass.ask("recorder/statistics_during_period", **asked))
        return energy in found

    until(is_made, limit=START, what="the statistics of the hour")
    return int(found[energy][0]["state"])


if __name__ == "__main__":
    for seconds, wrong in counted(APART).items():
        sys.stdout.write(f"{seconds:+4d} s: {wrong:+d} Wh\n")
