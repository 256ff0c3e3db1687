"""A real Node-RED runs docs/examples/node-red-flow.json."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.consumers.programs import Program, npm_folder, program
from tests.consumers.site import MODES, Site, site
from tests.docs.markdown import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FLOW = ROOT / "docs" / "examples" / "node-red-flow.json"


def watched(folder: Path, running: Site) -> Path:
    """Write the flow with this broker, and with each of its debug nodes publishing below `seen/`."""
    nodes = json.loads(FLOW.read_text(encoding="utf-8"))
    [broker] = [node for node in nodes if node["type"] == "mqtt-broker"]
    broker |= {"broker": running.broker.host, "port": str(running.broker.port)}
    for node in nodes:
        if node["type"] == "debug":
            node |= {"type": "mqtt out", "topic": f"seen/{node['name']}", "qos": "1", "retain": "false"}
            node["broker"] = broker["id"]
    path = folder / "flow.json"
    path.write_text(json.dumps(nodes), encoding="utf-8")
    return path


def node_red(folder: Path, running: Site) -> Program:
    """Return a Node-RED that is not started, without an editor and without a web server for others."""
    settings = folder / "settings.js"
    values = {"uiHost": "127.0.0.1", "uiPort": 0, "httpAdminRoot": False}
    values |= {"userDir": str(folder / "node-red"), "flowFile": str(watched(folder, running))}
    settings.write_text(f"module.exports = {json.dumps(values)}", encoding="utf-8")
    command = [program("node", "nodejs"), str(npm_folder("node-red") / "node-red" / "red.js")]
    return Program([*command, "--settings", str(settings)], folder / f"node-red-{random.random()}.log")


@pytest.mark.parametrize("numbers", ["false", "true"])
@pytest.mark.parametrize("meter", MODES)
def test_the_nodes_give_what_the_page_says(tmp_path: Path, meter: str, numbers: str) -> None:
    """Quantities are numbers, all else is as it was; the power is net; status and health pass."""
    with site(tmp_path, meter, payload_numbers=numbers) as running, node_red(tmp_path, running) as runtime:
        runtime.expect_log("Connected to broker")
        seen = running.subscriber
        reading = json.loads(seen.expect("seen/reading", limit=30).payload)
        power = json.loads(seen.expect("seen/power (VA)").payload)
        published = json.loads(seen.expect("teleinfo").payload)
        net = json.loads(seen.expect("teleinfo/state").payload)["power"]["net"]

    assert power == net
    assert reading.keys() == published.keys()
    for key in ("PAPP", "IINST", "HCHC", "SINSTS", "SINSTI", "EAST"):
        if key in published:
            assert reading[key] == int(published[key])
            assert isinstance(reading[key], int)
    for key in ("ADCO", "ADSC", "PRM", "STGE", "PTEC", "LTARF"):
        assert reading.get(key) == published.get(key)


def test_a_flow_that_starts_later_gets_status_and_health(tmp_path: Path) -> None:
    """Both are retained."""
    with site(tmp_path, "hc") as running, node_red(tmp_path, running):
        status = running.subscriber.expect("seen/online or offline", limit=30)
        health = running.subscriber.expect("seen/how the line fares", limit=30)

    assert status.payload == b"online"
    assert json.loads(health.payload)["mode"] == "historique"
