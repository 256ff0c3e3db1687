"""
The AsyncAPI document of the topics, docs/asyncapi.yaml: `make generated` writes it.

A topic that is not in CHANNELS is a KeyError: describe it there.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import yaml

from teleinfo import __version__
from teleinfo.mqtt.config import OFFLINE, ONLINE, Topics
from tests.docs.markdown import ROOT

FILE = ROOT / "docs" / "asyncapi.yaml"
JSON = "application/json"
TEXT = "text/plain"
NOT_PROMISED = {"homeassistant"}
"""Topics that may change in any version."""


class Channel(NamedTuple):
    """
    A topic: what is published there, and its JSON Schema, which may be a file beside the document.

    The broker keeps the last message of a topic that is retained.
    """

    description: str
    payload: dict[str, Any]
    content_type: str = JSON
    is_retained: bool = True


def _file(name: str) -> dict[str, Any]:
    return {"$ref": f"./{name}.schema.json"}


READINGS = {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "number"}]}}
STATUS = {"type": "string", "enum": [ONLINE.decode(), OFFLINE.decode()]}

CHANNELS = {
    "readings": Channel(
        "A message for each frame of the meter: étiquette and value, as the meter sends them.",
        READINGS,
        is_retained=False,
    ),
    "status": Channel("Whether readings come.", STATUS, TEXT),
    "health": Channel(
        "The quality of the line, and why no frame comes; each minute and at each change.", _file("health")
    ),
    "state": Channel("What the meter means, in one form for both modes.", _file("state")),
    "field": Channel(
        "One field of the state; nothing while it is unknown. With TELEINFO_STATE_TOPICS=true.",
        {"type": "string"},
        TEXT,
    ),
    "meta": Channel("Kind, unit and meaning of each field and étiquette of this meter.", _file("meta")),
    "event": Channel("What began or ended at the meter.", _file("event"), is_retained=False),
}
"""The topics by their name in `Topics`, and the topics of the fields."""

BASE = {
    "description": "The base topic (TELEINFO_MQTT_TOPIC); it may have several levels.",
    "default": "teleinfo",
}
PATH = {"description": "The path of the field, with / between its parts and _ in place of +."}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document, version 3.0."""
    addresses = {name: topic for name, topic in vars(Topics("{base}")).items() if name not in NOT_PROMISED}
    addresses["field"] = f"{addresses['state']}/{{path}}"
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, address in addresses.items():
        channel = CHANNELS[name]
        message = {"contentType": channel.content_type, "payload": channel.payload}
        parameters = {"base": BASE} | ({"path": PATH} if "{path}" in address else {})
        channels[name] = {
            "address": address,
            "description": channel.description,
            "parameters": parameters,
            "messages": {name: message},
        }
        operations[name] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "bindings": {"mqtt": {"qos": 1, "retain": channel.is_retained, "bindingVersion": "0.2.0"}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "teleinfo",
            "version": __version__,
            "description": "What teleinfo publishes of a French electricity meter: see docs/topics.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": JSON,
        "servers": {"broker": {"host": "localhost:1883", "protocol": "mqtt"}},
        "channels": channels,
        "operations": operations,
    }


def text() -> str:
    """Return the document as YAML."""
    # Copied, since YAML makes an alias of what occurs twice, and few readers of the document know those.
    copied = json.loads(json.dumps(document()))
    body: str = yaml.safe_dump(copied, sort_keys=False, allow_unicode=True, width=110)
    return f"# What is published, for programs: made by `make generated`.\n{body}"
