"""jq, gojq and the clients of mosquitto do with our messages what the pages say."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.payload import Options, encode
from teleinfo.simulator.catalogue import METERS
from teleinfo.state.facts import STALE_AFTER
from tests.homeassistant.golden import PERIOD, readings_of
from tests.lab.consumers.programs import RECONNECTION, output, program
from tests.lab.consumers.site import MODES, Relay, Site, block, scripts, site
from tests.state.golden import TIME, tracker
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.support.broker import MosquittoBroker

FROM_STATE, ENERGY = re.findall(r"^ *jq: (.*)$", block("evcc.md", "yaml", 0), re.MULTILINE)
GLADYS = "gladys/master/device/mqtt:teleinfo/feature/mqtt:teleinfo"
[FROM_READINGS] = re.findall(r"^ *jq: (.*)$", block("evcc.md", "yaml", 1), re.MULTILINE)


def results(tool: str, expression: str, messages: Sequence[str]) -> list[list[float]]:
    """Return what an expression yields for each message, as a list: one number, or nothing."""
    # The brackets keep the results of one message on one line.
    printed = output([program(tool, tool), "-c", f"[{expression}]"], "\n".join(messages))
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("tool", ["jq", "gojq"])
@pytest.mark.parametrize("meter", METERS)
def test_evcc_gets_the_net_power_of_each_reading(meter: str, tool: str) -> None:
    """Power drawn less injected, from the étiquettes; nothing where a short frame has neither."""
    messages: list[str] = []
    expected: list[list[float]] = []
    for reading in readings_of(meter, frames=30):
        payload = encode(reading, Options(), now=0) or b"{}"
        messages.append(payload.decode())
        values = json.loads(payload)
        drawn = values.get("SINSTS", values.get("PAPP"))
        injected = values.get("SINSTI", "0")
        if drawn is None:
            expected.append([])
        else:
            expected.append([int(drawn) - int(injected)])

    assert results(tool, FROM_READINGS, messages) == expected
    assert any(expected)


@pytest.mark.parametrize("tool", ["jq", "gojq"])
@pytest.mark.parametrize("meter", METERS)
def test_evcc_gets_power_and_energy_of_each_state(meter: str, tool: str) -> None:
    """The active power, else the apparent power; nothing while both are unknown."""
    messages = []
    followed = tracker()
    now = 0.0
    for reading in readings_of(meter, frames=30):
        now += PERIOD
        followed.update(reading, moment(now, TIME))
        messages.append(json.dumps(followed.state(moment(now))))
    messages.append(json.dumps(followed.state(moment(now + STALE_AFTER + 1))))
    states: list[dict[str, Any]] = [json.loads(message) for message in messages]
    expected = []
    for state in states:
        power = state["power"].get("active")
        if power is None:
            power = state["power"]["apparent_net"]
        expected.append([] if power is None else [power])
    last_kwh = states[-2]["energy"]["import_total"] / 1000

    assert results(tool, FROM_STATE, messages) == expected
    # In the last message, after the silence, nothing is known.
    assert expected[-1] == []
    assert results(tool, ENERGY, messages[-2:]) == [[last_kwh], []]


@pytest.fixture(params=MODES)
def meter_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Yield the daemon with a meter of each mode."""
    with site(tmp_path, request.param) as running:
        yield running


def relay(folder: Path, script: str, broker: MosquittoBroker) -> Relay:
    """Return a relay that is not started, or skip the test."""
    for name, package in (("jq", "jq"), ("mosquitto_sub", "mosquitto-clients")):
        program(name, package)
    return Relay(folder, script, broker)


def shown(running: Site, line: str) -> list[str]:
    """Return the output of a line of a page for two messages."""
    for name, package in (("jq", "jq"), ("mosquitto_sub", "mosquitto-clients")):
        program(name, package)
    command = running.connected(line).replace("mosquitto_sub", "mosquitto_sub -C 2 -W 30")
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stderr.strip() in ("", "Timed out"), ran.stderr
    return ran.stdout.splitlines()


def test_the_lines_to_look_with_show_what_the_page_says(meter_site: Site) -> None:
    """
    Each line of the page shows the power, or what it is about.

    All but the first, which waits for a change, are run as they stand.
    """
    change, topics, states, powers, readings, csv = block("mosquitto-jq.md", "sh", 1).splitlines()
    net = json.loads(meter_site.subscriber.expect("teleinfo/state").payload)["power"]["apparent_net"]
    drawn = max(net, 0)

    assert shown(meter_site, f"{change} -W 2") == [str(net)]
    for line in shown(meter_site, topics):
        assert re.match(r"teleinfo/state/power/\S+ ", line)
    # The meter repeats one frame, so that both messages have the same power.
    assert [json.loads(line)[1] for line in shown(meter_site, states)] == [net, net]
    assert [int(line) for line in shown(meter_site, powers)] == [drawn, drawn]
    for line in shown(meter_site, readings):
        dated = json.loads(line)
        assert re.match(r"\d{4}-\d\d-\d\dT", dated["at"])
        assert dated["reading"].keys() & {"PAPP", "SINSTS"}
    assert [line.split(",")[1] for line in shown(meter_site, csv)] == [str(net), str(net)]


@pytest.mark.parametrize(
    ("page", "name", "topic"),
    [
        ("domoticz.md", "domoticz", "domoticz/in"),
        ("pv-router.md", "pv-router", "pvrouter/power"),
        ("gladys.md", "gladys-power", f"{GLADYS}:power/state"),
        ("gladys.md", "gladys-energy", f"{GLADYS}:energy/state"),
    ],
)
def test_the_relays_publish_what_their_program_reads(
    meter_site: Site, tmp_path: Path, page: str, name: str, topic: str
) -> None:
    """The script of the page, between the daemon and the topic of the program, for both modes."""
    with relay(tmp_path, scripts(page)[name], meter_site.broker):
        converted = json.loads(meter_site.subscriber.expect(topic, limit=30).payload)
    state = json.loads(meter_site.subscriber.expect("teleinfo/state").payload)
    net = state["power"]["apparent_net"]
    imported = state["energy"]["import_total"]
    exported = state["energy"].get("export_total", 0)
    drawn = max(net, 0)
    injected = max(-net, 0)
    # Wh drawn in two tariffs, Wh injected in two tariffs, both powers; 42 is the number on the page.
    of_domoticz = {"idx": 42, "nvalue": 0, "svalue": f"{imported};0;{exported};0;{drawn};{injected}"}
    expected = {
        "domoticz": of_domoticz,
        "pv-router": {"Pva": net},
        "gladys-power": net,
        "gladys-energy": imported,
    }

    if name == "pv-router":
        # The active power, or the net power in the first seconds.
        assert 0.5 * abs(net) <= abs(converted.pop("Pw")) <= abs(net)
    assert converted == expected[name]


def test_a_battery_is_told_zero_when_the_power_is_unknown(meter_site: Site, tmp_path: Path) -> None:
    """The script of AstraMeter gives the power, and 0 once `teleinfo` is killed."""
    [script] = scripts("astrameter.md").values()
    with relay(tmp_path, script, meter_site.broker):
        power = json.loads(meter_site.subscriber.expect("astrameter/power", limit=30).payload)
        net = json.loads(meter_site.subscriber.expect("teleinfo/state").payload)["power"]["apparent_net"]
        meter_site.daemon.kill()
        meter_site.subscriber.expect("astrameter/power", b"0", limit=RECONNECTION)
    # The active power, which has the sign of the net power and is at most as great.
    assert 0.5 * abs(net) <= abs(power) <= abs(net)
    assert power * net > 0
