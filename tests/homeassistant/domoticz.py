"""
A model of Domoticz reading discovery by components, after its hardware/MQTTAutoDiscover.cpp of 2025.

It has the rules that our messages touch, and is no test of Domoticz itself.
"""

from __future__ import annotations

import re
from typing import Any

COMPONENTS = {
    *("binary_sensor", "button", "climate", "cover", "light", "lock", "number", "select", "sensor"),
    *("switch", "fan"),
}
ENDS_OF_SETTINGS = ("_min", "_max")


class RefusedError(ValueError):
    """Domoticz drops a message; the text says why."""


def read_topic(topic: str, prefix: str = "homeassistant") -> tuple[str, str]:
    """Return platform and object id of `<prefix>/<component>/<object>/config`; raise RefusedError."""
    parts = topic.removeprefix(f"{prefix}/").split("/")
    if parts[0] not in COMPONENTS:
        raise RefusedError("not a component that it knows")
    if len(parts) != 3 or parts[-1] != "config":
        raise RefusedError("not such a topic")
    platform, object_id, _config = parts
    is_sensor = platform == "sensor"
    if is_sensor and (object_id.endswith(ENDS_OF_SETTINGS) or object_id.startswith(("min_", "max_"))):
        raise RefusedError("a sensor that it takes for a setting")
    if re.search(r"_address|_ssid|_signal_sensor", object_id):
        raise RefusedError("an entity that it skips")
    if is_sensor and "_alarm" in object_id:
        raise RefusedError("a sensor that it skips")
    return platform, object_id


def availability(message: dict[str, Any]) -> str:
    """Return the topic that says whether the device is available: the last of the list."""
    topics: list[dict[str, str]] = message.get("availability", [{"topic": ""}])
    return topics[-1]["topic"]


def value(message: dict[str, Any], payload: dict[str, Any]) -> str:
    """
    Return the value that it reads in `payload` by the template of the message; empty for none.

    The template is `value_json.a`, `value_json['a']`, or one of them as the key of words: `{'x': 'y'}[…]`.
    """
    template = clean(message["value_template"])
    words: dict[str, str] = {}
    if "[value_json" in template:
        pairs, _bracket, template = template.partition("[")
        template = template.replace("]", "")
        for pair in pairs.split(","):
            parts = pair.split(":")
            if len(parts) == 2:  # it does not understand a colon in a word
                code, word = parts
                words[code.strip()] = word.strip()
    value: Any = payload
    for key in keys_of(template):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict):
        return ""
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    return words.get(text, text)


def keys_of(template: str) -> list[str]:
    """Return the keys, from the outermost one, by which a clean template reads the payload."""
    if "value_json." in template:
        _before, _value_json, path = template.partition("value_json.")
        if "[" in path:
            raise RefusedError("an index where there is no list")
        return path.split(".")
    if "value_json[" in template:
        return [key.strip("[]") for key in template.removeprefix("value_json").split("]") if key]
    return [template]


def clean(template: str) -> str:
    """Return the template without the parts that it ignores: braces, quotes, filters and conditions."""
    template = re.sub(r"[{}'\"]", "", template)
    for end in ("|", ".split(", "if value_json."):
        template = template.partition(end)[0]
    return template.strip()
