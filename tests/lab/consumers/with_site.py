"""The files of docs/examples/site, with Debian's programs in place of the images."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.markdown import ROOT
from tests.lab.bench.several import bridges, daemon_of
from tests.lab.consumers.programs import Program, output, program
from tests.lab.consumers.with_prometheus import answer, evaluated, values
from tests.support.broker import MosquittoBroker
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = ROOT / "docs" / "examples" / "site"
PROBLEMS = ("ALERTS", "teleinfo_line_quality == 0")
"""How the queries begin that find nothing while all is well."""


def services(*names: str) -> dict[str, Any]:
    """Return the services of these files together; docker-compose checks them against the schema."""
    command = ["env", "GRAFANA_PASSWORD=secret", program("docker-compose", "docker-compose")]
    for name in names:
        command += ["--file", str(SITE / name)]
    command += ["config", "--format", "json"]
    described: dict[str, Any] = json.loads(output(command))["services"]
    return described


@pytest.mark.parametrize("names", [["compose.yaml"], ["compose.yaml", "compose.cluster.yaml"]])
def test_the_files_that_are_mounted_are_there(names: list[str]) -> None:
    """The folder of the meters is the user's own; every image but ours has its version."""
    absent = set()
    without_version = []
    for service in services(*names).values():
        if ":" not in service["image"]:
            without_version.append(service["image"])
        for volume in service.get("volumes", []):
            source = Path(volume["source"])
            if volume["type"] == "bind" and not source.is_file():
                folder, *_rest = source.relative_to(SITE).parts
                absent.add(folder)

    assert absent == {"meters"}
    assert without_version == ["localhost/teleinfo"]


def test_each_alert_fires_in_its_time() -> None:
    """Meter, process, broker and exporter go one after the other: the unit tests of Prometheus."""
    cases = Path(__file__).with_name("site_rules.yaml")
    assert "SUCCESS" in output([program("promtool", "prometheus"), "test", "rules", str(cases)])


@contextlib.contextmanager
def metrics(folder: Path, broker: MosquittoBroker) -> Iterator[tuple[int, int]]:
    """Yield the ports of a VictoriaMetrics and a vmalert with the files of the site, changed to be quick."""
    exported = free_port()
    stored = free_port()
    ruled = free_port()
    local_by_original = {
        "mosquitto:1883": f"{HOST}:{broker.port}",
        "exporter:9641": f"{HOST}:{exported}",
        "15s": "1s",  # the interval of the scrapes
        "for: 1m": "for: 0s",  # an alert fires at once
    }
    for name in ("exporter.yaml", "scrape.yaml", "rules.yaml"):
        text = (SITE / name).read_text(encoding="utf-8")
        for original, local in local_by_original.items():
            text = text.replace(original, local)
        (folder / name).write_text(text, encoding="utf-8")
    commands = {
        "prometheus-mqtt-exporter": f"-config exporter.yaml -listen-address {HOST} -listen-port {exported}",
        "victoria-metrics": "-promscrape.config=scrape.yaml -storageDataPath=data -search.latencyOffset=0s"
        f" -httpListenAddr={HOST}:{stored}",
        "vmalert": "-rule=rules.yaml -evaluationInterval=1s -rule.evalDelay=0s -notifier.blackhole"
        f" -datasource.url=http://{HOST}:{stored} -httpListenAddr={HOST}:{ruled}",
    }
    with contextlib.ExitStack() as stack:
        for name, options in commands.items():
            package = "victoria-metrics" if name == "vmalert" else name
            command = ["env", f"--chdir={folder}", program(name, package), *options.split()]
            stack.enter_context(Program(command, folder / f"{name}.log"))
        yield stored, ruled


def alerts(port: int) -> set[str]:
    """Return the names of the alerts that fire, or will."""
    return {alert["name"] for alert in answer(port, "/api/v1/alerts")["alerts"]}


def queries() -> list[str]:
    """Return the queries of the dashboard that find something while all is well, for every meter."""
    text = (SITE / "grafana" / "teleinfo.json").read_text(encoding="utf-8")
    # Grafana puts what the user chooses in the place of these variables.
    panels = json.loads(text.replace("$process", ".*").replace("$meter", ".*"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [query for query in expressions if not query.startswith(PROBLEMS)]


def test_the_dashboard_finds_the_meters_and_the_broker_is_missed(tmp_path: Path) -> None:
    """Two processes of two meters, with the settings of the site, up to the queries; then the broker goes."""
    environment = services("compose.yaml")["teleinfo-a"]["environment"]
    settings = {}
    for name, value in environment.items():
        if name.startswith("TELEINFO_"):
            settings[name.removeprefix("TELEINFO_").lower()] = value
    with (
        MosquittoBroker(tmp_path) as broker,
        bridges(4) as (_, ports),
        metrics(tmp_path, broker) as (stored, ruled),
    ):
        a = daemon_of(tmp_path / "a", broker, ports[:2], "teleinfo/a", **settings)
        b = daemon_of(tmp_path / "b", broker, ports[2:], "teleinfo/b", **settings)
        with a, b:
            for query in queries():
                until(partial(values, stored, query), what=query)
            good = 'count(teleinfo_line_quality{process=~"a|b", meter=~"0|1"} == 1)'
            until(lambda: values(stored, good) == [4], what="the four meters", limit=30)
            until(lambda: set(evaluated(ruled)) == {"ok"}, what="the rules")
            until(lambda: alerts(ruled) == set(), what="no alert")
            broker.stop()
            until(lambda: alerts(ruled) == {"BrokerGone"}, what="an alert")
