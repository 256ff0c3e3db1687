"""A real mqtt2prometheus shows the state to Prometheus."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.consumers.pages import block
from tests.consumers.programs import Process, eventually, program
from tests.consumers.site import MODES, site
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
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


@pytest.mark.parametrize("meter", MODES)
def test_the_numbers_of_the_state_are_shown(tmp_path: Path, meter: str) -> None:
    """Those of the configuration of the page which are known; the others are absent."""
    exporter = program("prometheus-mqtt-exporter", "prometheus-mqtt-exporter")
    port = free_port()
    with site(tmp_path, meter) as running:
        config = tmp_path / "exporter.yaml"
        config.write_text(
            block("prometheus.md", "yaml").replace("localhost:1883", f"{HOST}:{running.broker.port}"),
            encoding="utf-8",
        )
        command = [exporter, "-config", str(config), "-listen-address", HOST, "-listen-port", str(port)]
        with Process(command, tmp_path / "exporter.log"):
            eventually(lambda: metrics(port), "numbers of the meter")
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
