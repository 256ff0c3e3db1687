"""
The entities of the line: its quality, its mode and speed, and the connection to the meter.

Pure. Their states come from the topics `health` and `status`, and not from the decoded state.
"""

from __future__ import annotations

from typing import Any, Final

from teleinfo.common.i18n import _
from teleinfo.homeassistant.entities import Entity, words_of
from teleinfo.state.declaration import StateType
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import LineGrade, PortErrorKind
from teleinfo.vocabulary.words import Message

_UNPLUGGED: Final = Message("Unplugged")
_UNPLUGGED_PROBLEMS: Final = (PortErrorKind.MISSING.value, PortErrorKind.GONE.value)


def line_entities() -> list[tuple[Entity, str | None]]:
    """
    Return each entity of the line with the template of its state in `health`, in the language of the locale.

    The state of an entity without a template is the payload of `status`.
    """
    grades = {grade.value: _(grade.words) for grade in LineGrade}
    unplugged = f"{_(_UNPLUGGED)!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r}"
    return [
        _line(
            "LIGNE_QUALITE",
            Message("Line quality"),
            StateType.CHOICE,
            f"{{{{ {unplugged} else {grades!r}.get(value_json.line) }}}}",
            device_class="enum",
            words=(*words_of(LineGrade), ("unplugged", _UNPLUGGED)),
            icon="mdi:signal",
        ),
        _line(
            "LIGNE_ERREURS",
            Message("Reading errors"),
            StateType.NUMBER,
            "{{ value_json.bad_groups_percent }}",
            state_class="measurement",
            unit="%",
            precision=2,
            icon="mdi:alert-circle-outline",
        ),
        _line(
            "LIGNE_MODE",
            Message("TIC mode"),
            StateType.CHOICE,
            "{{ value_json.mode }}",
            device_class="enum",
            words=words_of(Mode),
            icon="mdi:serial-port",
        ),
        _line(
            "LIGNE_VITESSE",
            Message("Line speed"),
            StateType.NUMBER,
            "{{ value_json.baudrate }}",
            unit="bauds",
            precision=0,
            icon="mdi:speedometer",
        ),
        # From `status`: the broker retains it, and publishes `offline` for a daemon that is gone.
        _line(
            "LIGNE_CONNEXION",
            Message("Connection to the meter"),
            StateType.SWITCH,
            None,
            device_class="connectivity",
            on="online",
            off="offline",
        ),
    ]


def _line(
    key: str,
    name: str,
    state_type: StateType,
    template: str | None,
    **more: Any,  # noqa: ANN401 - any field of Entity
) -> tuple[Entity, str | None]:
    return Entity(key=key, name=name, state_type=state_type, diagnostic=True, **more), template
