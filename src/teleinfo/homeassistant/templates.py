"""
The message that Home Assistant reads, and the templates that read an entity's state from it.

Pure. The message is the decoded state without sections: the name of a value is its path with underscores, so
that a template is short, and never causes an error in the log. Home Assistant and openHAB run templates as
Jinja. Domoticz (its MQTTAutoDiscover.cpp) cuts them at the first `|`, and understands `value_json.a`,
`value_json['a']` and `{'x': 'y'}[value_json.a]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _
from teleinfo.homeassistant.entities import state_class, words_of
from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.state.field_entry import Field, FieldPath, StateType

if TYPE_CHECKING:
    from teleinfo.state.fields import Json

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING: Final = "missing"
"""Name of the payload for each number or boolean that the message lacks: empty, later null."""
_SWITCHED: Final = {True: "ON", False: "OFF"}
"""The payloads of a boolean, which are the default of each program."""


def flat(state: Json, path: FieldPath = ()) -> dict[str, Json]:
    """
    Return the values of a section of the state by their names in the message: `power_active`.

    `path` is that of the section; `state` may be a single value, too. A boolean becomes ON or OFF.
    """
    if isinstance(state, dict):
        values: dict[str, Json] = {}
        for name, inner in state.items():
            values |= flat(inner, (*path, name))
        return values
    if isinstance(state, bool):
        return {"_".join(path): _SWITCHED[state]}
    return {"_".join(path): state}


def state_template(entity: Field) -> str:
    """
    Return the template of an entity's state, its words in the language of the locale.

    JSON's null becomes None: unknown. If the message lacks the state, a number or a boolean keeps its present
    state in the first two minutes of a run, and is unknown then. Any other entity is unknown at once, as is
    an entity whose state is no longer published.
    """
    if not entity.path:
        return "{{ none }}"
    value = _value(entity)
    words_of_code = {code: _(words) for code, words in words_of(entity).items()}
    match entity.type:
        case StateType.NUMBER | StateType.BOOLEAN:
            return _template(f"{value}|default(value_json.{MISSING})")
        case StateType.ENUM:
            return _template(f"{words_of_code!r}[{value}]|default(none)")
        case StateType.TEXT if words_of_code:
            # A value that is none of the codes is the text of the meter.
            return _template(f"{words_of_code!r}[{value}]|default({value})|default(none)")
        case _:
            return _template(f"{value}|default(none)")


def attributes_template(entity: Field) -> str | None:
    """
    Return the template of the attributes of an entity in words; None if it has none.

    `code` is that of an enum, the same in each language; `index` the key of the index of a tariff period.
    """
    attributes = []
    if entity.type is StateType.ENUM and entity.path:
        attributes.append(f"'code': {_value(entity)}|default(none)")
    section, _dot, name = entity.path.rpartition(".")
    index = FIELD_OF_PATH.get(f"{section}.index")
    if index is not None and name in {"code", "name"}:
        attributes.append(f"'index': {_value(index)}|default(none)")
    if not attributes:
        return None
    return _template("{" + ", ".join(attributes) + "}|to_json")


def last_reset_template(entity: Field) -> str | None:
    """Return the template of the time since which a cost counts; Home Assistant ignores an empty text."""
    if state_class(entity) != "total" or not entity.path:
        return None
    span = "_".join(entity.parts[:-1])  # cost_today
    return _template(f"value_json.{span}_start|default('', true)")


def availability(scope: str) -> str:
    """Return the template of the availability: the device is unavailable if the state is another meter's."""
    known = "value_json is defined and value_json.meter_id is defined"
    return _template(f"'online' if {known} and value_json.meter_id == {scope!r} else 'offline'")


LINE_AVAILABILITY: Final = "{{ 'offline' if value_json.problem in (none, 'stopped') else 'online' }}"
"""
Availability of the entities of the line according to `health`; `status` is their second source.

While the meter is silent, `status` is offline, but a running daemon publishes the reason in `health`.
"""


EVENT_TEMPLATE: Final = "{{ dict(value_json, event_type=value_json.event) | to_json }}"
"""The message of an event, as Home Assistant wants it: what is not its type becomes an attribute."""


def _value(entity: Field) -> str:
    """Return the expression for an entity's value in the message."""
    name = "_".join(entity.parts)
    if _NAME.fullmatch(name):
        return f"value_json.{name}"
    return f"value_json[{name!r}]"


def _template(expression: str) -> str:
    """Return the template whose result is that of this expression."""
    return "{{ " + expression + " }}"
