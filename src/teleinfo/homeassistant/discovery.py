"""
The message by which Home Assistant discovers the meter: one for the whole device.

Pure. The form is that of MQTT device discovery as Home Assistant's own code reads it (2026.2). The ids and
the topic are frozen: with another id every household would lose its history.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from teleinfo import __version__
from teleinfo.homeassistant.entities import Entity, StateType, localized
from teleinfo.homeassistant.translations import state_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.state.words import Language
    from teleinfo.tic.meter_id import Meter

SCOPE: Final = "METER"
"""The key of the meter's scope in the states: with the states of another meter the device is unavailable."""


HEALTH_EXPIRES: Final = 180
"""
Seconds after the last message on `health` (one a minute) until the entities of the line are unavailable.

`status` cannot say whether the daemon runs: it is offline too while only the meter is silent.
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """The topics that the entities subscribe to, and the address of this program's home page."""

    states: str
    status: str
    health: str
    url: str | None = None


def topic(prefix: str, scope: str) -> str:
    """Return the topic of the message; an empty retained message there removes the device of this scope."""
    return f"{prefix}/device/teleinfo_{scope}/config"


def message(meter: Meter, entities: Iterable[Entity], sources: Sources, language: Language = "fr") -> bytes:
    """Return the message, compact JSON in ASCII, of these entities and of those of the line in `language`."""
    device: dict[str, Any] = {
        "ids": [_device_id(meter)],
        # Home Assistant makes the ids of entities from it: two meters of one kind must not share it.
        "name": f"{meter.name} {meter.scope[-4:]}",
        "mf": meter.maker,
        "mdl": meter.model,
        "sn": meter.serial,
        "sw": f"teleinfo {__version__}",
    }
    announced = {entity.key: _component(meter, entity, _state_template(entity)) for entity in entities}
    # An empty list: the device's availability, which goes with the meter's frames, is not theirs.
    announced |= {
        entity.key: _component(meter, localized(entity, language), template)
        | {"stat_t": sources.health, "exp_aft": HEALTH_EXPIRES, "avty": []}
        for entity, template in _line_entities(language)
    }
    announced[_CONNECTED.key] = _component(meter, localized(_CONNECTED, language), _CONNECTED_TEMPLATE) | {
        "stat_t": sources.status,
        "avty": [],
    }
    content = {
        "dev": {key: value for key, value in device.items() if value is not None},
        "o": {"name": "teleinfo", "sw": __version__} | ({"url": sources.url} if sources.url else {}),
        "stat_t": sources.states,
        "avty": [{"t": sources.status}, {"t": sources.states, "val_tpl": _availability(meter)}],
        "avty_mode": "all",
        "cmps": announced,
    }
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def _device_id(meter: Meter) -> str:
    return f"teleinfo_{meter.scope}"


def _availability(meter: Meter) -> str:
    return f"{{{{ 'online' if value_json.{SCOPE} | default('') == '{meter.scope}' else 'offline' }}}}"


def _component(meter: Meter, entity: Entity, template: str) -> dict[str, Any]:
    """Return one component, in Home Assistant's abbreviations, without empty values."""
    component = {
        "p": "binary_sensor" if entity.state_type is StateType.SWITCH else "sensor",
        "uniq_id": f"{_device_id(meter)}_{entity.key}",
        "name": entity.name,
        "dev_cla": entity.device_class,
        "stat_cla": entity.state_class,
        "unit_of_meas": entity.unit,
        "sug_dsp_prc": entity.precision,
        "ops": list(entity.options) or None,
        "ic": entity.icon,
        "ent_cat": "diagnostic" if entity.diagnostic else None,
        "en": None if entity.enabled else False,
        "val_tpl": template,
    }
    return {key: value for key, value in component.items() if value is not None}


def _state_template(entity: Entity) -> str:
    """
    Return the template of `entity`'s state, which logs no error when the message lacks the state.

    The entity then keeps the state that it has. A number or a switch does so when the template gives an
    empty text; any other type needs its own state again, or None before it has one ("unknown" is no option
    of a closed list, and no date). The JSON null becomes None: unknown.
    """
    value = f"value_json['{entity.key}']"
    if entity.state_type in {StateType.NUMBER, StateType.SWITCH}:
        return f"{{{{ {value} | default('') }}}}"
    before = "this.state if this.state not in ('unknown', 'unavailable') else none"
    return f"{{{{ {value} | default({before}) }}}}"


_UNPLUGGED: Final = "Débranchée"
_UNPLUGGED_PROBLEMS: Final = ("missing", "gone")
# The grades of the line in `health`; null there becomes None: unknown.
_GRADES: Final = {
    "silent": "Muette",
    "good": "Bonne",
    "fair": "Correcte",
    "poor": "Médiocre",
    "bad": "Mauvaise",
}


def _line(key: str, name: str, state_type: StateType, **more: Any) -> Entity:  # noqa: ANN401 - any field of Entity
    return Entity(key=key, name=name, state_type=state_type, diagnostic=True, **more)


_QUALITY: Final = _line(
    "LIGNE_QUALITE",
    "Qualité de la ligne",
    StateType.CHOICE,
    device_class="enum",
    options=(*_GRADES.values(), _UNPLUGGED),
    icon="mdi:signal",
)
_LINE: Final = (
    (
        _line(
            "LIGNE_ERREURS",
            "Groupes erronés",
            StateType.NUMBER,
            state_class="measurement",
            unit="%",
            precision=2,
            icon="mdi:alert-circle-outline",
        ),
        "{{ value_json.bad_groups_percent }}",
    ),
    (
        _line(
            "LIGNE_MODE",
            "Mode TIC",
            StateType.CHOICE,
            device_class="enum",
            options=("historique", "standard"),
            icon="mdi:serial-port",
        ),
        "{{ value_json.mode }}",
    ),
    (
        _line(
            "LIGNE_VITESSE",
            "Vitesse de la ligne",
            StateType.NUMBER,
            unit="bauds",
            precision=0,
            icon="mdi:speedometer",
        ),
        "{{ value_json.baudrate }}",
    ),
)
# From `status`, which is always there: the broker keeps it, and says offline for a daemon that is gone.
_CONNECTED: Final = _line(
    "LIGNE_CONNEXION", "Liaison avec le compteur", StateType.SWITCH, device_class="connectivity"
)
_CONNECTED_TEMPLATE: Final = "{{ 'ON' if value == 'online' else 'OFF' }}"


def _line_entities(language: Language) -> tuple[tuple[Entity, str], ...]:
    """Return the entities that are made of `health`, in French, with their templates."""
    grades = {grade: state_in(state, language) for grade, state in _GRADES.items()}
    template = (
        f"{{{{ {state_in(_UNPLUGGED, language)!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r}"
        f" else {grades!r}.get(value_json.line) }}}}"
    )
    return ((_QUALITY, template), *_LINE)
