"""
The entities of the line: its quality, its speed, and whether the meter is heard.

Pure. Their states stand on the topics `health` and `status`, and not in the decoded state.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from teleinfo.common.i18n import _
from teleinfo.homeassistant.entities import Entity, words_of
from teleinfo.state.declaration import StateType
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import LineGrade, PortErrorKind
from teleinfo.vocabulary.words import Message


class LineEntity(NamedTuple):
    """An entity, the topic of its state, and the template of its state; None: the whole payload."""

    entity: Entity
    source: Literal["health", "status"]
    template: str | None


_UNPLUGGED: Final = Message("Unplugged")
_UNPLUGGED_PROBLEMS: Final = (PortErrorKind.MISSING.value, PortErrorKind.GONE.value)


def _line(key: str, name: str, state_type: StateType, part: str, **more: Any) -> LineEntity:  # noqa: ANN401 - any field of Entity
    """Return an entity whose state is a part of `health`."""
    entity = Entity(key=key, name=name, state_type=state_type, diagnostic=True, **more)
    return LineEntity(entity, "health", f"{{{{ value_json.{part} }}}}")


_QUALITY: Final = _line(
    "LIGNE_QUALITE",
    Message("Line quality"),
    StateType.CHOICE,
    "line",
    device_class="enum",
    words=(*words_of(LineGrade), ("unplugged", _UNPLUGGED)),
    icon="mdi:signal",
)
_LINE: Final = (
    _line(
        "LIGNE_ERREURS",
        Message("Reading errors"),
        StateType.NUMBER,
        "bad_groups_percent",
        state_class="measurement",
        unit="%",
        precision=2,
        icon="mdi:alert-circle-outline",
    ),
    _line(
        "LIGNE_MODE",
        Message("TIC mode"),
        StateType.CHOICE,
        "mode",
        device_class="enum",
        words=words_of(Mode),
        icon="mdi:serial-port",
    ),
    _line(
        "LIGNE_VITESSE",
        Message("Line speed"),
        StateType.NUMBER,
        "baudrate",
        unit="bauds",
        precision=0,
        icon="mdi:speedometer",
    ),
    # From `status`: the broker retains it, and publishes `offline` for a daemon that is gone.
    LineEntity(
        Entity(
            key="LIGNE_CONNEXION",
            name=Message("Connection to the meter"),
            state_type=StateType.SWITCH,
            device_class="connectivity",
            on="online",
            off="offline",
            diagnostic=True,
        ),
        "status",
        None,
    ),
)


def line_entities() -> list[LineEntity]:
    """Return the entities of the line, the templates in the language of the locale."""
    grades = {grade.value: _(grade.words) for grade in LineGrade}
    template = (
        f"{{{{ {_(_UNPLUGGED)!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r}"
        f" else {grades!r}.get(value_json.line) }}}}"
    )
    return [LineEntity(_QUALITY.entity, "health", template), *_LINE]
