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
    """Return the values of `state`, which is at `path`, by their names in the message."""
    if not isinstance(state, dict):
        return {"_".join(path): _SWITCHED[state] if isinstance(state, bool) else state}
    found: dict[str, Json] = {}
    for name, value in state.items():
        found |= flat(value, (*path, name))
    return found


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
    words = ", ".join(f"{code!r}: {_(shown)!r}" for code, shown in words_of(entity).items())
    match entity.type:
        case StateType.NUMBER | StateType.BOOLEAN:
            return f"{{{{ {value}|default(value_json.{MISSING}) }}}}"
        case StateType.TEXT if words:
            return f"{{{{ {{{words}}}[{value}]|default({value})|default(none) }}}}"
        case StateType.ENUM:
            return f"{{{{ {{{words}}}[{value}]|default(none) }}}}"
        case _:
            return f"{{{{ {value}|default(none) }}}}"


def attributes_template(entity: Field) -> str | None:
    """
    Return the template of the attributes of an entity in words; None if it has none.

    `code` is that of an enum, the same in each language; `index` the key of the index of a tariff period.
    """
    values = {}
    if entity.type is StateType.ENUM and entity.path:
        values["code"] = _value(entity)
    index = FIELD_OF_PATH.get(f"{entity.path.rpartition('.')[0]}.index")
    if index is not None and entity.parts[-1] in {"code", "name"}:
        values["index"] = _value(index)
    if not values:
        return None
    members = ", ".join(f"'{name}': {value}|default(none)" for name, value in values.items())
    return f"{{{{ {{{members}}}|to_json }}}}"


def last_reset_template(entity: Field) -> str | None:
    """Return the template of the time since which a cost counts; Home Assistant ignores an empty text."""
    if state_class(entity) != "total" or not entity.path:
        return None
    return f"{{{{ value_json.{'_'.join(entity.parts[:-1])}_start|default('', true) }}}}"


def availability(scope: str) -> str:
    """Return the template of the availability: the device is unavailable if the state is another meter's."""
    known = "value_json is defined and value_json.meter_id is defined"
    return f"{{{{ 'online' if {known} and value_json.meter_id == {scope!r} else 'offline' }}}}"


LINE_AVAILABILITY: Final = "{{ 'offline' if value_json.problem in (none, 'stopped') else 'online' }}"
"""
Availability of the entities of the line according to `health`; `status` is their second source.

While the meter is silent, `status` is offline, but a running daemon publishes the reason in `health`.
"""


EVENT_TEMPLATE: Final = "{{ dict(value_json, event_type=value_json.event) | to_json }}"
"""The message of an event, as Home Assistant wants it: what is not its type becomes an attribute."""


def _value(entity: Field) -> str:
    name = "_".join(entity.parts)
    return f"value_json.{name}" if _NAME.fullmatch(name) else f"value_json[{name!r}]"
