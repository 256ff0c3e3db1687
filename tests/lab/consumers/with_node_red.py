"""A real Node-RED runs docs/examples/node-red-flow.json, and the flow of docs/events.md."""

from __future__ import annotations

import json
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo.vocabulary.codes import Event
from tests.docs.markdown import PAGES, ROOT, blocks
from tests.lab.consumers.programs import Program, npm_folder, program
from tests.lab.consumers.site import MODES, Site, site

if TYPE_CHECKING:
    from pathlib import Path

FLOW = (ROOT / "docs" / "examples" / "node-red-flow.json").read_text(encoding="utf-8")
[EVENTS] = blocks(PAGES["events.md"], "json")


def watched(folder: Path, running: Site, flow: str) -> Path:
    """Write a flow with this broker, and with each of its debug nodes publishing below `seen/`."""
    nodes = json.loads(flow)
    [broker] = [node for node in nodes if node["type"] == "mqtt-broker"]
    broker |= {"broker": running.broker.host, "port": str(running.broker.port)}
    for node in nodes:
        if node["type"] == "debug":
            node |= {"type": "mqtt out", "topic": f"seen/{node['name']}", "qos": "1", "retain": "false"}
            node["broker"] = broker["id"]
    path = folder / "flow.json"
    path.write_text(json.dumps(nodes), encoding="utf-8")
    return path


def node_red(folder: Path, running: Site, flow: str = FLOW) -> Program:
    """Return a Node-RED that is not started, without an editor and without a web server for others."""
    settings = folder / "settings.js"
    values = {"uiHost": "127.0.0.1", "uiPort": 0, "httpAdminRoot": False}
    values |= {"userDir": str(folder / "node-red"), "flowFile": str(watched(folder, running, flow))}
    settings.write_text(f"module.exports = {json.dumps(values)}", encoding="utf-8")
    command = [program("node", "nodejs"), str(npm_folder("node-red") / "node-red" / "red.js")]
    return Program([*command, "--settings", str(settings)], folder / f"node-red-{random.random()}.log")


@pytest.mark.parametrize("numbers", ["none", "quantities"])
@pytest.mark.parametrize("meter", MODES)
def test_the_nodes_give_what_the_page_says(tmp_path: Path, meter: str, numbers: str) -> None:
    """Quantities are numbers, all else is as it was; the power is net; the status passes."""
    with site(tmp_path, meter, payload_numbers=numbers) as running, node_red(tmp_path, running) as runtime:
        runtime.expect_log("Connected to broker")
        seen = running.subscriber
        # Both are retained: the flow starts later.
        assert seen.expect("seen/online or offline", limit=30).payload == b"online"
        reading = json.loads(seen.expect("seen/reading", limit=30).payload)
        power = json.loads(seen.expect("seen/power (VA)").payload)
        published = json.loads(seen.expect("teleinfo").payload)
        net = json.loads(seen.expect("teleinfo/state").payload)["power"]["apparent_net"]

    assert power == net
    assert reading.keys() == published.keys()
    for key in ("PAPP", "IINST", "HCHC", "SINSTS", "SINSTI", "EAST"):
        if key in published:
            assert reading[key] == int(published[key])
            assert isinstance(reading[key], int)
    for key in ("ADCO", "ADSC", "PRM", "STGE", "PTEC", "LTARF"):
        assert reading.get(key) == published.get(key)


def test_the_flow_of_the_events_lets_those_of_an_overrun_pass(tmp_path: Path) -> None:
    with site(tmp_path, "hc") as running, node_red(tmp_path, running, EVENTS) as runtime:
        runtime.expect_log("Connected to broker")
        publish = running.connected("mosquitto_pub -t teleinfo/event -q 1 -s").split()
        for event in (
            Event.TARIFF_CHANGED,
            Event.OVERRUN_STARTED,
            Event.SILENCE_STARTED,
            Event.OVERRUN_ENDED,
        ):
            message = json.dumps({"event": event, "name": event.words})
            subprocess.run(publish, input=message.encode(), check=True, timeout=30)
        names = [json.loads(running.subscriber.expect("seen/name").payload)["name"] for _ in range(2)]

    assert names == [Event.OVERRUN_STARTED.words, Event.OVERRUN_ENDED.words]
