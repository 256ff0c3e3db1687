"""What the documentation says of each setting."""

from __future__ import annotations

from dataclasses import dataclass

from teleinfo.settings.faults import variable_of
from teleinfo.settings.model import Settings, written


@dataclass(frozen=True, slots=True)
class Row:
    """What the documentation says of one variable; `default` as one would write it, empty if none."""

    variable: str
    default: str
    explanation: str


def rows() -> list[Row]:
    """Return every variable in the order of the model, for `.env-sample` and the README."""
    return [
        Row(variable_of(name), written(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
