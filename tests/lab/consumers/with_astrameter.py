"""
A real AstraMeter tells a battery the power of the meter.

No registry has it. `TELEINFO_TEST_ASTRAMETER` names its program, after `pip install .` in a clone of its
repository.
"""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.lab.consumers.programs import Program
from tests.lab.consumers.site import Relay, block, scripts, site
from tests.support.scenario import until
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

SHELLY_PRO_3EM = 2220


def answered() -> float | None:
    """Return the power that a Shelly Pro 3EM gives to a battery, in W; None: no answer."""
    question = {"id": 1, "src": "battery", "method": "EM.GetStatus", "params": {"id": 0}}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as battery:
        battery.settimeout(5)
        try:
            battery.sendto(json.dumps(question).encode(), (HOST, SHELLY_PRO_3EM))
            answer = json.loads(battery.recv(4096))
        except OSError:
            return None
    power: float = answer["result"]["total_act_power"]
    return power


def test_a_battery_is_told_the_power_and_zero_when_the_meter_is_gone(tmp_path: Path) -> None:
    """Injected power is negative; after `offline` the battery has nothing to follow."""
    program = os.environ.get("TELEINFO_TEST_ASTRAMETER")
    if program is None:
        pytest.skip("TELEINFO_TEST_ASTRAMETER does not name the program of AstraMeter")
    config = tmp_path / "config.ini"
    [script] = scripts("astrameter.md").values()
    with site(tmp_path, "standard-producer") as running:
        at = {"localhost": running.broker.host, "1883": str(running.broker.port)}
        text = block("astrameter.md", "ini")
        for default, here in at.items():
            text = text.replace(default, here)
        config.write_text(text, encoding="utf-8")
        command = [program, "--config", str(config)]
        log = tmp_path / "astrameter.log"
        with Relay(tmp_path, script, running.broker), Program(command, log, HOME=str(tmp_path)):
            until(lambda: (answered() or 0) < 0, what="a negative power")
            told = answered()
            state = json.loads(running.subscriber.expect("teleinfo/state").payload)
            running.daemon.kill()
            until(lambda: abs(answered() or 1) < 1, what="zero")

    assert told is not None
    assert 0.5 * abs(state["power"]["net"]) <= abs(told) <= abs(state["power"]["net"])
