"""
A field of the state: its path, its type, its étiquettes, and its names.

`declaration` has the fields. Pure.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from teleinfo.state import fields
from teleinfo.state.fields import UNKNOWN, Json, Value
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from teleinfo.state.snapshot import Snapshot
    from teleinfo.vocabulary.codes import Contract, Phase


class StateType(enum.Enum):
    """The type of a value, and of the state of an entity."""

    NUMBER = "number"
    TEXT = "text"
    ENUM = "enum"  # one of its codes
    TIME = "time"  # ISO 8601 with the offset
    BOOLEAN = "boolean"
    LIST = "list"  # texts
    SLOTS = "slots"  # the profile of a day
    ANY = "any"  # a number, a text or a time


FieldPath: TypeAlias = tuple[str, ...]
"""The path of a value, part by part."""

FieldReader: TypeAlias = "Callable[[Snapshot], Value]"
"""The function that returns the value of a field: None to leave the field out, or `UNKNOWN` for null."""

ANY_LABEL: Final = "*"
"""The part of a path that stands for any étiquette; such a field has a value for each étiquette."""


Unit: TypeAlias = Literal["", "%", "A", "Bd", "EUR", "EUR/kWh", "V", "VA", "W", "Wh", "s"]
"""The units of the fields; a number without a unit has the empty one."""

DeviceClass: TypeAlias = Literal["connectivity", "power_factor", "problem"]
"""The device classes of Home Assistant that neither a unit nor a type implies."""


@dataclass(frozen=True)
class Field:
    """
    A field of the state.

    - `path`: its place in the message. `*` is any key, and there is a value for each.
    - `meaning`: what it means, where its name does not say it.
    - `unit`: that of a number, empty if it has none. `signed`: it may be negative.
    - `codes`: the codes among its values: all of an enum, false and true of a boolean, some of a text.
    - `nullable=False`: it is never unknown.
    - `sources`: the étiquettes that are published as this field, and not under their own name.
    - `read` reads it; without it, the first number of the sources counts.
    - `read_site` reads it from an older meter of a business.
    - `name`: its name for people, without its `phase`. With a name, it is an entity of Home Assistant.

    Of the entity:

    - `key`: the end of its id, which is frozen; else it is the path with underscores.
    - `momentary=False`: a number that is not of the present, whose course is not worth statistics.
    - `precision`: the decimals of a number.
    - `enabled`: False, or the only contract with which it is enabled.
    - `beside`: there is no entity unless this field is in the message as well.
    - `without`: it is not enabled if this field is in the message.
    - `icon`, `device_class` and `diagnostic` are as in Home Assistant.

    The texts have their French in locale/fr/state.po.
    """

    path: str
    type: StateType
    meaning: str = ""
    _: KW_ONLY
    unit: Unit | None = None
    codes: tuple[enum.StrEnum, ...] = ()
    signed: bool = False
    nullable: bool = True
    sources: tuple[str, ...] = ()
    read: FieldReader | None = None
    read_site: FieldReader | None = None
    name: str = ""
    phase: Phase | None = None
    key: str = ""
    icon: str | None = None
    device_class: DeviceClass | None = None
    momentary: bool = True
    precision: int | None = 0
    diagnostic: bool = False
    enabled: bool | Contract = True
    beside: Field | None = None
    without: Field | None = None

    @cached_property
    def parts(self) -> FieldPath:
        """The path, part by part."""
        return tuple(self.path.split("."))

    @property
    def id(self) -> str:
        """The end of the id of its entity."""
        return self.key or self.path.replace(".", "_")

    def title(self, *, single: bool = False) -> Message:
        """Return its name for people, with its phase unless the meter has a `single` phase."""
        text = self.name or self.meaning
        name = text if isinstance(text, Message) else Message(text)
        if single or self.phase is None:
            return name
        return Message("{name}, phase {phase}", name=name, phase=self.phase.number)


def read(now: Snapshot, declared: Iterable[Field]) -> dict[FieldPath, Json]:
    """Return the values of these fields by path; a path with `*` becomes a path for each étiquette."""
    values: dict[FieldPath, Json] = {}
    is_site = now.contract.site is not None
    for entry in declared:
        if is_site and entry.read_site is not None:
            value = entry.read_site(now)
        elif entry.read is not None:
            value = entry.read(now)
        else:
            value = fields.number(now.values, *entry.sources)
        parts = entry.parts
        if isinstance(value, dict):
            place = parts.index(ANY_LABEL)
            before = parts[:place]
            behind = parts[place + 1 :]
            for label, value_of_label in value.items():
                values[(*before, label, *behind)] = value_of_label
        elif value is UNKNOWN:
            values[parts] = None
        elif value is not None:
            values[parts] = value
    return values


def message(values: Mapping[FieldPath, Json], state: dict[str, Json]) -> dict[str, Json]:
    """Add these values to the message `state`, nested as the parts of their paths; return `state`."""
    for path, value in values.items():
        *sections, name = path
        content: Any = state
        for section in sections:
            content = content.setdefault(section, {})
        content[name] = value
    return state
