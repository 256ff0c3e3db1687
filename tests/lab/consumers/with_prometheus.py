"""A real mqtt2prometheus shows state and health to a real Prometheus and a real VictoriaMetrics."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.state.metrics import METRICS
from teleinfo.vocabulary.line import LineGrade
from tests.lab.consumers.programs import Program, program
from tests.lab.consumers.site import MODES, Site, block, site
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


GRADES = [str(grade) for grade in LineGrade]


def metrics(port: int) -> dict[str, float]:
    """Return the numbers of the meter that Prometheus would read, by name and label."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    found = {}
    for name, labels, value in re.findall(r"^teleinfo_(\w+)\{(.*?)\} (\S+)", text, re.MULTILINE):
        own = [label for label in labels.split(",") if not label.startswith(("sensor=", "topic="))]
        found[" ".join((name, *own))] = float(value)
    return found


@contextlib.contextmanager
def exporter(folder: Path, running: Site) -> Iterator[int]:
    """Yield the port of an mqtt2prometheus with the configuration of the page."""
    path, port = program("prometheus-mqtt-exporter", "prometheus-mqtt-exporter"), free_port()
    config = folder / "exporter.yaml"
    here = f"{HOST}:{running.broker.port}"
    config.write_text(block("prometheus.md", "yaml").replace("localhost:1883", here), encoding="utf-8")
    command = [path, "-config", str(config), "-listen-address", HOST, "-listen-port", str(port)]
    with Program(command, folder / "exporter.log"):
        yield port


def answer(port: int, path: str) -> dict[str, Any]:
    """Return the data of an answer of the database."""
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=10) as answered:
        data: dict[str, Any] = json.load(answered)["data"]
        return data


def values(port: int, query: str) -> list[float]:
    """Return the value of each series that a query finds."""
    try:
        found = answer(port, f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    except OSError:
        return []
    return [float(each["value"][1]) for each in found["result"]]


def evaluated(port: int) -> list[str]:
    """Return the result of the last evaluation of each rule."""
    return [rule["health"] for group in answer(port, "/api/v1/rules")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("meter", MODES)
def test_the_numbers_of_state_and_health_are_shown(tmp_path: Path, meter: str) -> None:
    """Numbers of the configuration of the page that are unknown are absent."""
    with site(tmp_path, meter) as running, exporter(tmp_path, running) as port:
        until(
            lambda: {"power_apparent_net_volt_amperes", "frames_total"} <= metrics(port).keys(),
            what="numbers of the meter",
        )
        state = json.loads(running.subscriber.expect("teleinfo/state").payload)
        broker = running.broker
        with Subscriber(broker.host, broker.port, "teleinfo/health") as kept:
            line = json.loads(kept.expect("teleinfo/health").payload)
        shown = metrics(port)
    mapping = ", ".join(f"{grade}: {number}" for number, grade in enumerate(GRADES))
    expected = {
        "power_apparent_net_volt_amperes": state["power"]["apparent_net"],
        "power_active_watts": state["power"]["active"],
        "energy_imported_joules_total": _times(state["energy"]["import_total"], 3600),
        "energy_exported_joules_total": _times(state["energy"].get("export_total"), 3600),
        "headroom_used_ratio": _times(state["headroom"]["used_percent"], 0.01),
        'alert_active alert="overrun"': state["alerts"]["overrun"]["active"],
        "line_quality": GRADES.index(line["line_quality"]),
        "bad_groups_ratio": _times(line["bad_groups_percent"], 0.01),
        "frames_total": line["frames"],
        "groups_total": line["groups"],
        "interrupted_frames_total": line["interrupted"],
        **{f'rejected_groups_total cause="{cause}"': count for cause, count in line["rejected"].items()},
        **{f'withheld_groups_total cause="{cause}"': count for cause, count in line["withheld"].items()},
        "uptime_seconds": line["uptime"],
    }

    assert f"map: {{{mapping}}}" in block("prometheus.md", "yaml")
    assert shown == {name: value for name, value in expected.items() if value is not None}
    names = {name.partition(" ")[0] for name in shown}
    assert names - {"line_quality"} <= {metric.name for metric in METRICS}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


OPTIONS = {
    "prometheus": ["--config.file={config}", "--storage.tsdb.path={data}", "--web.listen-address={address}"],
    "victoria-metrics": [
        *("-promscrape.config={config}", "-storageDataPath={data}", "-httpListenAddr={address}"),
        "-search.latencyOffset=0s",
    ],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_both_databases_read_them(tmp_path: Path, name: str) -> None:
    """With the job of the page, and Prometheus with its rules: a producer injects, frames are counted."""
    path, port = program(name, name), free_port()
    with site(tmp_path, "standard-producer") as running, exporter(tmp_path, running) as exported:
        config, rules = tmp_path / "scrape.yaml", tmp_path / "rules.yaml"
        job = block("prometheus.md", "yaml", 1).replace("localhost:9641", f"{HOST}:{exported}")
        named = f"  evaluation_interval: 1s\nrule_files: [{rules}]\n" if name == "prometheus" else ""
        config.write_text(f"global:\n  scrape_interval: 1s\n{named}{job}\n", encoding="utf-8")
        rules.write_text(block("prometheus.md", "yaml", 2), encoding="utf-8")
        given = {"config": config, "data": tmp_path / "data", "address": f"{HOST}:{port}"}
        command = [path, *(option.format(**given) for option in OPTIONS[name])]
        with Program(command, tmp_path / f"{name}.log"):
            until(lambda: values(port, "teleinfo_power_apparent_net_volt_amperes"), what="the net power")
            until(lambda: values(port, "teleinfo_frames_total"), what="the frames")
            net = values(port, 'teleinfo_power_apparent_net_volt_amperes{topic="teleinfo"}')
            drawn = values(port, 'teleinfo_energy_imported_joules_total{topic="teleinfo"}')
            of_the_line = values(port, 'teleinfo_line_quality{topic="teleinfo"}')
            others = values(port, 'count({topic!="teleinfo", topic!=""} or {sensor!=""})')
            state = json.loads(running.subscriber.expect("teleinfo/state").payload)
            if name == "prometheus":
                until(lambda: evaluated(port) == ["ok"] * 3, what="an evaluation of the rules")

    assert net == [state["power"]["apparent_net"]]
    assert net[0] < 0
    assert drawn == [state["energy"]["import_total"] * 3600]
    assert of_the_line == [GRADES.index("good")]
    assert others == []
