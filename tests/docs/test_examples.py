"""What docs/examples says to other programs agrees with what is published."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

from paho.mqtt.client import topic_matches_sub

from teleinfo.mqtt.config import Topics
from teleinfo.settings import DEFAULTS
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.tic.tables.reader import TABLES
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
