"""
Templates that read an entity's state from the message of the state, and never cause an error in the log.

Pure. Home Assistant and openHAB run them as Jinja. Domoticz (its MQTTAutoDiscover.cpp) cuts them at the first
`|`, and understands `value_json.a.b`, `value_json['a']['b']` and `{'x': 'y'}[value_json.a]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _
from teleinfo.homeassistant.entities import words_of
from teleinfo.state.field_entry import StateType

if TYPE_CHECKING:
    from teleinfo.state.field_entry import Field

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# An entity without a state is "unknown", which is neither an option of a closed list nor a date.
_AS_BEFORE: Final = "this.state if this.state not in ('unknown', 'unavailable') else none"


def state_template(entity: Field) -> str:
    """
    Return the template of an entity's state, its words in the language of the locale.

    JSON's null becomes None: unknown. If the message lacks the state, the entity keeps its present state: the
    template returns an empty text for a number or a switch, and the present state for any other type. An
    entity whose state is no longer published is unknown.
    """
    if not entity.path:
        return "{{ none }}"
    value, sections = _value(entity.parts), entity.parts[:-1]
    # The condition that the message contains each section of the path.
    within = ("value_json", *(_value(sections[:end]) for end in range(1, len(sections))))
    guard = " and ".join(f"{name!r} in {part}" for name, part in zip(sections, within, strict=True))
    before = "''" if entity.type in {StateType.NUMBER, StateType.SWITCH} else _AS_BEFORE
    words = ", ".join(f"{code!r}: {_(shown)!r}" for code, shown in words_of(entity).items())
    match entity.type:
        case StateType.SWITCH:
            # JSON's true is True in Jinja, and "true" in Domoticz.
            found = f"{value} | default('') | lower | replace('none', 'None')"
        case StateType.CHOICE:
            found = f"{{{words}, none: none}}[{value}] | default({before})"
        case StateType.TEXT if words:
            found = f"{{{words}}}[{value}] | default({value} | default({before}))"
        case _:
            found = f"{value} | default({before})"
    return f"{{{{ {found} if {guard} else {before} }}}}"


def availability(scope: str) -> str:
    """Return the template of the availability: the device is unavailable if the state is another meter's."""
    known = "value_json is defined and value_json.meter is defined"
    return f"{{{{ 'online' if {known} and value_json.meter.id == {scope!r} else 'offline' }}}}"


LINE_AVAILABILITY: Final = "{{ 'offline' if value_json.problem in (none, 'stopped') else 'online' }}"
"""
Availability of the entities of the line according to `health`; `status` is their second source.

While the meter is silent, `status` is offline, but a running daemon publishes the reason in `health`.
"""


EVENT_TEMPLATE: Final = "{{ dict(value_json, event_type=value_json.event) | to_json }}"
"""The message of an event, as Home Assistant wants it: what is not its type becomes an attribute."""


def _value(path: tuple[str, ...]) -> str:
    if all(_NAME.fullmatch(name) for name in path):
        return ".".join(("value_json", *path))
    return "value_json" + "".join(f"[{name!r}]" for name in path)
