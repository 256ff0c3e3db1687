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
SKIPPED = ("_min", "_max")


class RefusedError(ValueError):
    """Domoticz drops a message; the text says why."""


def read_topic(topic: str, prefix: str = "homeassistant") -> tuple[str, str]:
    """Return platform and object id of `<prefix>/<component>/<object>/config`; raise RefusedError."""
    parts = topic.removeprefix(f"{prefix}/").split("/")
    if parts[0] not in COMPONENTS:
        raise RefusedError("not a component that it knows")
    if len(parts) != 3 or parts[-1] != "config":
        raise RefusedError("not such a topic")
    name = parts[1]
    if parts[0] == "sensor" and (name.endswith(SKIPPED) or name.startswith(("min_", "max_"))):
        raise RefusedError("a sensor that it takes for a setting")
    if re.search(r"_address|_ssid|_signal_sensor", name) or (parts[0] == "sensor" and "_alarm" in name):
        raise RefusedError("a sensor that it skips")
    return parts[0], name


def availability(message: dict[str, Any]) -> str:
    """Return the topic that says whether the device is available: the last of the list."""
    topics: list[dict[str, str]] = message.get("availability", [{"topic": ""}])
    return topics[-1]["topic"]


def value(message: dict[str, Any], payload: dict[str, Any]) -> str:
    """Return the value that it reads in `payload` by the template of the message; empty for none."""
    template = clean(message["value_template"])
    options: dict[str, str] = {}
    if "[value_json" in template:
        before, _, template = template.partition("[")
        template = template.replace("]", "")
        pairs = (pair.split(":") for pair in before.split(","))
        options = {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}
    if "value_json." in template:
        keys = template.partition("value_json.")[2].split(".")
        if any("[" in key for key in keys):
            raise RefusedError("an index where there is no list")
    elif "value_json[" in template:
        keys = [key.strip("[]") for key in template.removeprefix("value_json").split("]") if key]
    else:
        keys = [template]
    found: Any = payload
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if found is None or isinstance(found, dict):
        return ""
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return options.get(text, text)


def clean(template: str) -> str:
    """Return the template without the parts that it ignores."""
    template = re.sub(r"[{}'\"]", "", template)
    for end in ("|", ".split(", "if value_json."):
        template = template.partition(end)[0]
    return template.strip()
