"""
The MQTT service of a real Gladys reads the discovery, and what the relays of the page publish.

No registry has it. `TELEINFO_TEST_GLADYS` names the folder `server` of a checkout, after `npm install` there.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.markdown import ROOT
from tests.lab.consumers.programs import Program, program
from tests.lab.consumers.site import Relay, scripts, site
from tests.support.scenario import until

if TYPE_CHECKING:
    from pathlib import Path

OF_RELAYS = {"mqtt:teleinfo:power", "mqtt:teleinfo:energy"}


def found(log: Path, kind: str) -> dict[str, list[Any]]:
    """Return what Gladys printed of its features, or their last states; an entity has its short name."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    named = [line[kind] for line in lines if kind in line]
    return {re.sub(r"^homeassistant:.*teleinfo_\d+[:_]", "", name): rest for name, *rest in named}


@pytest.mark.parametrize("discovery", ["device", "components"])
def test_the_meter_is_discovered_and_its_values_come(tmp_path: Path, discovery: str) -> None:
    """Powers and indexes are features of an energy sensor; the two relays give the same values."""
    server = os.environ.get("TELEINFO_TEST_GLADYS")
    if server is None:
        pytest.skip("TELEINFO_TEST_GLADYS does not name the folder of Gladys")
    log = tmp_path / "gladys.log"
    given = {"homeassistant": True, "homeassistant_discovery": discovery, "state_interval": 1}
    power, energy = scripts("gladys.md").values()
    for name in ("power", "energy"):
        (tmp_path / name).mkdir()

    with site(tmp_path, "standard-producer", **given) as running:
        broker, script = running.broker, ROOT / "tests/lab/consumers/gladys.js"
        command = [program("node", "nodejs"), str(script), server, f"mqtt://{broker.host}:{broker.port}"]
        with (
            Relay(tmp_path / "power", power, broker),
            Relay(tmp_path / "energy", energy, broker),
            Program(command, log, NODE_ENV="production"),
        ):
            wanted = OF_RELAYS | {"power_net", "energy_import"}
            until(lambda: wanted <= found(log, "state").keys(), what="the states")
        state = json.loads(running.subscriber.expect("teleinfo/state").payload)
    features, states = found(log, "feature"), found(log, "state")
    net, drawn = state["power"]["net"], state["energy"]["import_total"]

    assert features["power_net"][:2] == ["energy-sensor", "power"]
    assert features["energy_import"] == ["energy-sensor", "index", "watt-hour"]
    assert states["power_net"] == states["mqtt:teleinfo:power"] == [net]
    assert states["energy_import"] == states["mqtt:teleinfo:energy"] == [drawn]
