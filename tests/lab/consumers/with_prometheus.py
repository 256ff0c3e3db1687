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
"""The grades of the line; the number of each in Prometheus is its place."""
JOULES_PER_WH = 3600


def metrics(port: int) -> dict[str, float]:
    """
    Return the numbers of the meter that Prometheus would read, by name and label.

    Such as `frames_total` and `rejected_groups_total cause="checksum"`. Empty before the exporter answers.
    """
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    numbers = {}
    for name, labels, value in re.findall(r"^teleinfo_(\w+)\{(.*?)\} (\S+)", text, re.MULTILINE):
        # Every metric has these two, which the page does not give.
        own = [label for label in labels.split(",") if not label.startswith(("sensor=", "topic="))]
        numbers[" ".join([name, *own])] = float(value)
    return numbers


@contextlib.contextmanager
def exporter(folder: Path, running: Site) -> Iterator[int]:
    """Yield the port of an mqtt2prometheus with the configuration of the page."""
    path = program("prometheus-mqtt-exporter", "prometheus-mqtt-exporter")
    port = free_port()
    config = folder / "exporter.yaml"
    broker = f"{HOST}:{running.broker.port}"
    config.write_text(block("prometheus.md", "yaml").replace("localhost:1883", broker), encoding="utf-8")
    command = [path, "-config", str(config), "-listen-address", HOST, "-listen-port", str(port)]
    with Program(command, folder / "exporter.log"):
        yield port


def answer(port: int, path: str) -> dict[str, Any]:
    """Return the data of an answer of the database."""
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=10) as answered:
        data: dict[str, Any] = json.load(answered)["data"]
        return data


def values(port: int, query: str) -> list[float]:
    """Return the latest value of each series that a query finds; none before the database answers."""
    arguments = urllib.parse.urlencode({"query": query})
    try:
        found = answer(port, f"/api/v1/query?{arguments}")
    except OSError:
        return []
    numbers = []
    for series in found["result"]:
        _time, value = series["value"]
        numbers.append(float(value))
    return numbers


def evaluated(port: int) -> list[str]:
    """Return the result of the last evaluation of each rule: "ok", "err" or "unknown"."""
    groups = answer(port, "/api/v1/rules")["groups"]
    return [rule["health"] for group in groups for rule in group["rules"]]


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
        with Subscriber(broker.host, broker.port, "teleinfo/health") as late:  # health is retained
            line = json.loads(late.expect("teleinfo/health").payload)
        shown = metrics(port)
    expected = {
        "power_apparent_net_volt_amperes": state["power"]["apparent_net"],
        "power_active_watts": state["power"]["active"],
        "energy_imported_joules_total": _times(state["energy"]["import_total"], JOULES_PER_WH),
        "energy_exported_joules_total": _times(state["energy"].get("export_total"), JOULES_PER_WH),
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

    assert shown == {name: value for name, value in expected.items() if value is not None}
    names = {name_and_label.partition(" ")[0] for name_and_label in shown}
    # The grade of the line is a word, which only this exporter makes a number of.
    assert names - {"line_quality"} <= {metric.name for metric in METRICS}


def test_the_page_numbers_the_grades_of_the_line_in_their_order() -> None:
    numbered = ", ".join(f"{grade}: {number}" for number, grade in enumerate(GRADES))

    assert f"map: {{{numbered}}}" in block("prometheus.md", "yaml")


def _times(value: float | None, factor: float) -> float | None:
    """Return a value in the unit of the metric; None for an unknown value."""
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
    path = program(name, name)
    port = free_port()
    config = tmp_path / "scrape.yaml"
    rules = tmp_path / "rules.yaml"
    rules.write_text(block("prometheus.md", "yaml", 2), encoding="utf-8")
    settings = "global:\n  scrape_interval: 1s\n"
    if name == "prometheus":  # VictoriaMetrics leaves the rules to vmalert
        settings += f"  evaluation_interval: 1s\nrule_files: [{rules}]\n"
    places = {"config": config, "data": tmp_path / "data", "address": f"{HOST}:{port}"}
    command = [path, *(option.format(**places) for option in OPTIONS[name])]
    with site(tmp_path, "standard-producer") as running, exporter(tmp_path, running) as exported:
        job = block("prometheus.md", "yaml", 1).replace("localhost:9641", f"{HOST}:{exported}")
        config.write_text(f"{settings}{job}\n", encoding="utf-8")
        with Program(command, tmp_path / f"{name}.log"):
            until(lambda: values(port, "teleinfo_power_apparent_net_volt_amperes"), what="the net power")
            until(lambda: values(port, "teleinfo_frames_total"), what="the frames")
            net = values(port, 'teleinfo_power_apparent_net_volt_amperes{topic="teleinfo"}')
            drawn = values(port, 'teleinfo_energy_imported_joules_total{topic="teleinfo"}')
            of_the_line = values(port, 'teleinfo_line_quality{topic="teleinfo"}')
            # The job of the page leaves one topic, and no label of the exporter's own.
            others = values(port, 'count({topic!="teleinfo", topic!=""} or {sensor!=""})')
            state = json.loads(running.subscriber.expect("teleinfo/state").payload)
            if name == "prometheus":
                until(lambda: evaluated(port) == ["ok"] * 3, what="an evaluation of the rules")

    assert net == [state["power"]["apparent_net"]]
    assert net[0] < 0  # the producer injects
    assert drawn == [state["energy"]["import_total"] * JOULES_PER_WH]
    assert of_the_line == [GRADES.index("good")]
    assert others == []
