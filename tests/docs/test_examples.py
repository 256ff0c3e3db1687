"""What docs/examples says to other programs agrees with what is published."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml
from paho.mqtt.client import topic_matches_sub

from teleinfo.mqtt.config import Topics
from teleinfo.settings import DEFAULTS
from teleinfo.state.metrics import METRICS
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.tic.tables.reader import TABLES
from tests.docs.markdown import EVERY_PAGE, blocks
from tests.state.documents import schema

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LABELS = (*TABLES["BLEU"], *TABLES["CONCENTRATEUR"], *TABLES["LINKY"])
NUMBERS = {label.name for label in LABELS if label.is_number}
KEYS = {label.name for label in LABELS} | {label.name + HORODATE_SUFFIX for label in LABELS if label.horodate}
TOPICS = Topics(DEFAULTS["mqtt_topic"])


def test_telegraf_makes_numbers_of_the_quantities_and_of_nothing_else() -> None:
    """
    Each étiquette and horodate of a household; a conversion to integer would read 0123 as octal.

    It listens to the topics of the default settings.
    """
    telegraf = tomllib.loads((EXAMPLES / "telegraf.conf").read_text(encoding="utf-8"))
    [converter] = telegraf["processors"]["converter"]
    globs = converter["fields"]["float"]

    assert set(converter["fields"]) == {"float"}
    assert {key for key in KEYS if any(fnmatchcase(key, glob) for glob in globs)} == NUMBERS
    assert [glob for glob in globs if not any(fnmatchcase(key, glob) for key in KEYS)] == []
    topics = [consumer["topics"] for consumer in telegraf["inputs"]["mqtt_consumer"]]
    assert topics == [[TOPICS.readings], [TOPICS.health]]


def test_node_red_makes_numbers_of_the_quantities_and_of_nothing_else() -> None:
    nodes = json.loads((EXAMPLES / "node-red-flow.json").read_text(encoding="utf-8"))
    [function] = [node for node in nodes if node.get("name") == "quantities to numbers"]
    found = re.search(r"const quantity = /(.*)/;", function["func"])
    heard = [node["topic"] for node in nodes if node["type"] == "mqtt in"]
    ends = {end for node in nodes for wires in node.get("wires", []) for end in wires}

    assert found is not None
    assert {key for key in KEYS if re.search(found[1], key)} == NUMBERS
    assert heard == [TOPICS.readings, TOPICS.status, TOPICS.health]
    assert ends <= {node["id"] for node in nodes}


def test_the_template_of_jeedom_reads_topics_of_the_state() -> None:
    """
    Each of its six commands has a field of its type and unit, which the topic of the equipment matches.

    0 Wh is what Jeedom makes of an unknown energy, and is ignored.
    """
    [equipment] = json.loads((EXAMPLES / "jeedom-template.json").read_text(encoding="utf-8")).values()
    subscription = equipment["configuration"]["auto_add_topic"] % "teleinfo"
    kinds = {"number": "numeric", "integer": "numeric", "string": "string", "boolean": "binary"}

    assert equipment["configuration"]["auto_add_cmd"] == "0"
    assert len(equipment["commands"]) == 6
    for command in equipment["commands"]:
        topic = command["configuration"]["topic"] % "teleinfo"
        field = schema()
        for name in topic.removeprefix(f"{TOPICS.state}/").split("/"):
            field = field["properties"][name]
        given = field.get("type") or ["string"]

        assert topic_matches_sub(subscription, topic)
        assert {kinds[kind] for kind in given if kind != "null"} == {command["subType"]}
        assert command.get("unite") == field.get("unit")
        assert ("minValue" in command["configuration"]) == (command.get("unite") == "Wh")


PROMETHEUS = ("docs/consumers/prometheus.md", "docs/fr/consumers/prometheus.md")
EXPORTERS = {
    **{page: blocks(EVERY_PAGE[page], "yaml")[0] for page in PROMETHEUS},
    "exporter.yaml": (EXAMPLES / "site" / "exporter.yaml").read_text(encoding="utf-8"),
}
QUERIES = {
    **{page: EVERY_PAGE[page] for page in PROMETHEUS},
    "rules.yaml": (EXAMPLES / "site" / "rules.yaml").read_text(encoding="utf-8"),
    "teleinfo.json": (EXAMPLES / "site" / "grafana" / "teleinfo.json").read_text(encoding="utf-8"),
}
OF_EXPORTERS = {"teleinfo_line_quality": "Quality of the line, from 1 (good) to 4 (bad), or 0 (silent)."}
"""A metric that is a text in the message, of which only the exporter makes a number."""


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_metric_has_one_name_wherever_it_comes_from(name: str) -> None:
    """Name, type, factor and meaning in mqtt2prometheus are those of /metrics."""
    metrics = {f"teleinfo_{metric.name}": metric for metric in METRICS}
    for entry in yaml.safe_load(EXPORTERS[name])["metrics"]:
        if entry["prom_name"] in OF_EXPORTERS:
            assert entry["help"] == OF_EXPORTERS[entry["prom_name"]]
            continue
        metric = metrics[entry["prom_name"]]
        _section, _, path = metric.path.partition(".")
        for label, key in entry.get("const_labels", {}).items():
            path = path.replace(f"{{{label}}}", key)

        assert entry["mqtt_name"] == path
        assert entry["help"] == metric.help
        assert entry["type"] == ("counter" if metric.name.endswith("_total") else "gauge")
        assert entry.get("mqtt_value_scale", 1) == metric.factor


@pytest.mark.parametrize("name", QUERIES)
def test_queries_and_rules_name_metrics_that_there_are(name: str) -> None:
    there = {f"teleinfo_{metric.name}" for metric in METRICS} | set(OF_EXPORTERS)

    assert set(re.findall(r"\bteleinfo_\w+", QUERIES[name])) <= there
