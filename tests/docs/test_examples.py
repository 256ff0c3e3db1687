"""What docs/examples says to other programs agrees with what is published."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

from teleinfo.mqtt.config import Topics
from teleinfo.settings import Settings
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.tic.tables.reader import TABLES

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LABELS = (*TABLES["BLEU"], *TABLES["CONCENTRATEUR"], *TABLES["LINKY"])
NUMBERS = {label.name for label in LABELS if label.is_number}
KEYS = {label.name for label in LABELS} | {label.name + HORODATE_SUFFIX for label in LABELS if label.horodate}
TOPICS = Topics(Settings.model_fields["mqtt_topic"].default)


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
    """By the pattern of its function. It listens to our topics, and every wire leads to a node."""
    nodes = json.loads((EXAMPLES / "node-red-flow.json").read_text(encoding="utf-8"))
    [function] = [node for node in nodes if node.get("name") == "quantities to numbers"]
    found = re.search(r"const quantity = /(.*)/;", function["func"])
    heard = [node["topic"] for node in nodes if node["type"] == "mqtt in"]
    ends = {end for node in nodes for wires in node.get("wires", []) for end in wires}

    assert found is not None
    assert {key for key in KEYS if re.search(found[1], key)} == NUMBERS
    assert heard == [TOPICS.readings, TOPICS.status, TOPICS.health]
    assert ends <= {node["id"] for node in nodes}
