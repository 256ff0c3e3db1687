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
    """Return the result of an expression for each message: one number, or none."""
    printed = output([program(tool, tool), "-c", f"[{expression}]"], "\n".join(messages))
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("tool", ["jq", "gojq"])
@pytest.mark.parametrize("meter", METERS)
def test_evcc_gets_the_net_power_of_each_reading(meter: str, tool: str) -> None:
    """Power drawn less injected, from the étiquettes; nothing where a short frame has neither."""
    messages = [
        (encode(reading, Options(), now=0) or b"{}").decode() for reading in readings_of(meter, frames=30)
    ]
    expected = []
    for values in map(json.loads, messages):
        drawn = values.get("SINSTS", values.get("PAPP"))
        expected.append([] if drawn is None else [int(drawn) - int(values.get("SINSTI", "0"))])

    assert results(tool, FROM_READINGS, messages) == expected
    assert any(expected)


@pytest.mark.parametrize("tool", ["jq", "gojq"])
@pytest.mark.parametrize("meter", METERS)
def test_evcc_gets_power_and_energy_of_each_state(meter: str, tool: str) -> None:
    """The active power, else the apparent power; nothing while both are unknown."""
    states: list[dict[str, Any]] = []
    followed, now = tracker(), 0.0
    for reading in readings_of(meter, frames=30):
        now += PERIOD
        followed.update(reading, moment(now, TIME))
        states.append(json.loads(json.dumps(followed.state(moment(now)))))
    states.append(json.loads(json.dumps(followed.state(moment(now + STALE_AFTER + 1)))))
    messages = [json.dumps(state) for state in states]
    powers = [[state["power"].get("active"), state["power"]["apparent_net"]] for state in states]
    expected = [[power for power in both if power is not None][:1] for both in powers]

    assert results(tool, FROM_STATE, messages) == expected
    assert expected[-1] == []
    assert results(tool, ENERGY, messages[-2:]) == [[states[-2]["energy"]["import_total"] / 1000], []]


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
    """Each line but the first, which waits for a change, is run as it stands."""
    change, topics, states, powers, readings, csv = block("mosquitto-jq.md", "sh", 1).splitlines()
    net = json.loads(meter_site.subscriber.expect("teleinfo/state").payload)["power"]["apparent_net"]
    drawn = max(net, 0)

    assert shown(meter_site, f"{change} -W 2") == [str(net)]
    assert all(re.match(r"teleinfo/state/power/\S+ ", line) for line in shown(meter_site, topics))
    assert [json.loads(line)[1] for line in shown(meter_site, states)] == [net, net]
    assert [int(line) for line in shown(meter_site, powers)] == [drawn, drawn]
    for line in map(json.loads, shown(meter_site, readings)):
        assert re.match(r"\d{4}-\d\d-\d\dT", line["at"])
        assert line["reading"].keys() & {"PAPP", "SINSTS"}
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
    net, energy = state["power"]["apparent_net"], state["energy"]
    injected = energy.get("export_total", 0)
    expected = {
        "domoticz.md": {
            "idx": 42,
            "nvalue": 0,
            "svalue": f"{energy['import_total']};0;{injected};0;{max(net, 0)};{max(-net, 0)}",
        },
        "pv-router.md": {"Pva": net},
        "gladys.md": energy["import_total"] if name == "gladys-energy" else net,
    }

    if page == "pv-router.md":
        # The active power, or the net power in the first seconds.
        assert 0.5 * abs(net) <= abs(converted.pop("Pw")) <= abs(net)
    assert converted == expected[page]


def test_a_battery_is_told_zero_when_the_power_is_unknown(meter_site: Site, tmp_path: Path) -> None:
    """The script of AstraMeter gives the power, and 0 once `teleinfo` is killed."""
    [script] = scripts("astrameter.md").values()
    with relay(tmp_path, script, meter_site.broker):
        told = json.loads(meter_site.subscriber.expect("astrameter/power", limit=30).payload)
        net = json.loads(meter_site.subscriber.expect("teleinfo/state").payload)["power"]["apparent_net"]
        meter_site.daemon.kill()
        meter_site.subscriber.expect("astrameter/power", b"0", limit=RECONNECTION)
    assert 0.5 * abs(net) <= abs(told) <= abs(net)
    assert told * net > 0
