"""A real mqtt2prometheus shows the state to a real Prometheus."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.consumers.programs import Program, program
from tests.consumers.site import MODES, Site, block, site
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def metrics(port: int) -> dict[str, float]:
    """Return the numbers of the meter that Prometheus would read."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    found = re.findall(r'^teleinfo_(\w+)\{sensor="teleinfo",.*?\} (\S+)', text, re.MULTILINE)
    return {name: float(value) for name, value in found}


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


def values(port: int, query: str) -> list[float]:
    """Return the answer of Prometheus to a query: the value of each series."""
    arguments = urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/api/v1/query?{arguments}", timeout=10) as answer:
            return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]
    except OSError:
        return []


@pytest.mark.parametrize("meter", MODES)
def test_the_numbers_of_the_state_are_shown(tmp_path: Path, meter: str) -> None:
    """Numbers of the configuration of the page that are unknown are absent."""
    with site(tmp_path, meter) as running, exporter(tmp_path, running) as port:
        until(lambda: metrics(port), what="numbers of the meter")
        state = json.loads(running.subscriber.expect("teleinfo/state").payload)
        shown = metrics(port)
    expected = {
        "power_net_va": state["power"]["net"],
        "power_mean_w": state["power"]["mean"],
        "import_wh_total": state["energy"]["import_total"],
        "export_wh_total": state["energy"].get("export_total"),
        "overrun": state["alerts"]["overrun"]["active"],
    }

    assert shown == {name: value for name, value in expected.items() if value is not None}


def test_prometheus_reads_them(tmp_path: Path) -> None:
    """With the job of the page: the net power of a producer is negative, and the index can be queried."""
    path, port = program("prometheus", "prometheus"), free_port()
    with site(tmp_path, "standard-producer") as running, exporter(tmp_path, running) as exported:
        config = tmp_path / "prometheus.yaml"
        job = block("prometheus.md", "yaml", 1).replace("localhost:9641", f"{HOST}:{exported}")
        config.write_text(f"global:\n  scrape_interval: 1s\n{job}\n", encoding="utf-8")
        command = [path, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        with Program([*command, f"--web.listen-address={HOST}:{port}"], tmp_path / "prometheus.log"):
            until(lambda: values(port, "teleinfo_power_net_va"), what="the net power in Prometheus")
            net = values(port, "teleinfo_power_net_va")
            drawn = values(port, "teleinfo_import_wh_total")
            state = json.loads(running.subscriber.expect("teleinfo/state").payload)

    assert net == [state["power"]["net"]]
    assert net[0] < 0
    assert drawn == [state["energy"]["import_total"]]
