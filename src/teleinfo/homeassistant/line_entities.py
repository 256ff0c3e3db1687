"""
The entities of the line: its quality, its speed, and whether the meter is heard.

Pure. Their states stand on the topics `health` and `status`, and not in the decoded state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from teleinfo.homeassistant.entities import Entity, StateType, localized
from teleinfo.homeassistant.translations import state_in

if TYPE_CHECKING:
    from teleinfo.state.words import Language


class LineEntity(NamedTuple):
    """An entity, the topic of its state, and the template that takes it from there (None: all of it)."""

    entity: Entity
    source: Literal["health", "status"]
    template: str | None


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
    words=(*_GRADES.items(), ("unplugged", _UNPLUGGED)),
    icon="mdi:signal",
)
_LINE: Final = (
    LineEntity(
        _line(
            "LIGNE_ERREURS",
            "Erreurs de lecture",
            StateType.NUMBER,
            state_class="measurement",
            unit="%",
            precision=2,
            icon="mdi:alert-circle-outline",
        ),
        "health",
        "{{ value_json.bad_groups_percent }}",
    ),
    LineEntity(
        _line(
            "LIGNE_MODE",
            "Mode TIC",
            StateType.CHOICE,
            device_class="enum",
            words=(("historique", "historique"), ("standard", "standard")),
            icon="mdi:serial-port",
        ),
        "health",
        "{{ value_json.mode }}",
    ),
    LineEntity(
        _line(
            "LIGNE_VITESSE",
            "Vitesse de la ligne",
            StateType.NUMBER,
            unit="bauds",
            precision=0,
            icon="mdi:speedometer",
        ),
        "health",
        "{{ value_json.baudrate }}",
    ),
    # From `status`, which is always there: the broker keeps it, and says offline for a daemon that is gone.
    LineEntity(
        _line(
            "LIGNE_CONNEXION",
            "Liaison avec le compteur",
            StateType.SWITCH,
            device_class="connectivity",
            on="online",
            off="offline",
        ),
        "status",
        None,
    ),
)


def line_entities(language: Language) -> list[LineEntity]:
    """Return the entities of the line."""
    grades = {grade: state_in(state, language) for grade, state in _GRADES.items()}
    template = (
        f"{{{{ {state_in(_UNPLUGGED, language)!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r}"
        f" else {grades!r}.get(value_json.line) }}}}"
    )
    lines = [LineEntity(_QUALITY, "health", template), *_LINE]
    return [LineEntity(localized(line.entity, language), line.source, line.template) for line in lines]
