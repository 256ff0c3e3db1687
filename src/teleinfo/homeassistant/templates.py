"""
Templates that read the state of one entity in the message of the state, and never log an error.

Pure. Home Assistant and openHAB run them as Jinja. Domoticz (its MQTTAutoDiscover.cpp) cuts them at the first
`|`, and understands `value_json.a.b`, `value_json['a']['b']` and `{'x': 'y'}[value_json.a]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _
from teleinfo.state.declaration import StateType

if TYPE_CHECKING:
    from teleinfo.homeassistant.entities import Entity

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# An entity without a state yet is "unknown", which is no option of a closed list, and no date.
_AS_BEFORE: Final = "this.state if this.state not in ('unknown', 'unavailable') else none"


def state_template(entity: Entity) -> str:
    """
    Return the template of an entity's state, its words in the language of the locale.

    JSON's null becomes None: unknown. Where the message lacks the state, the entity keeps its state: for a
    number or a switch the template gives an empty text, for any other type the present state again. An entity
    whose state is not published any more is unknown.
    """
    if not entity.path:
        return "{{ none }}"
    value, guard = _value(entity.path), _guard(entity.path)
    before = "''" if entity.state_type in {StateType.NUMBER, StateType.SWITCH} else _AS_BEFORE
    words = ", ".join(f"{code!r}: {_(shown)!r}" for code, shown in entity.words)
    match entity.state_type:
        case StateType.SWITCH:
            # JSON's true is True in Jinja, and "true" in Domoticz.
            found = f"{value} | default('') | lower | replace('none', 'None')"
        case StateType.CHOICE:
            found = f"{{{words}, none: none}}[{value}] | default({before})"
        case StateType.TEXT if words:
            found = f"{{{words}}}[{value}] | default({value} | default({before}))"
        case _:
            found = f"{value} | default({before})"
    return f"{{{{ {found}{f' if {guard} else {before}' if guard else ''} }}}}"


def availability(scope: str) -> str:
    """Return the template of the availability: with the state of another meter the device is unavailable."""
    known = "value_json is defined and value_json.meter is defined"
    return f"{{{{ 'online' if {known} and value_json.meter.id == {scope!r} else 'offline' }}}}"


LINE_AVAILABILITY: Final = "{{ 'offline' if value_json.problem in (none, 'stopped') else 'online' }}"
"""
The availability of the entities of the line by `health`, besides that by `status`.

While the meter is silent, `status` is offline, and a daemon that runs publishes the reason in `health`.
"""


def _value(path: tuple[str, ...]) -> str:
    if all(_NAME.fullmatch(name) for name in path):
        return ".".join(("value_json", *path))
    return "value_json" + "".join(f"[{name!r}]" for name in path)


def _guard(path: tuple[str, ...]) -> str:
    """Return the condition that the message has each section of the path."""
    parts = ("value_json", *(_value(path[:end]) for end in range(1, len(path) - 1)))
    return " and ".join(f"{name!r} in {part}" for name, part in zip(path[:-1], parts, strict=True))
