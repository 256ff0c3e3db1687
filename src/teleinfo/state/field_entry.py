"""
A field of the state: its path, its type, the étiquettes that it comes from, and its names.

The entries are in `declaration`. Pure.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from teleinfo.state.fields import UNKNOWN, number
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from teleinfo.state.fields import Json, Value
    from teleinfo.state.snapshot import Snapshot
    from teleinfo.vocabulary.codes import Contract, Phase


class StateType(enum.Enum):
    """The type of a value, and of the state of an entity."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"  # one of its codes
    TIME = "time"  # ISO 8601 with the offset
    SWITCH = "switch"
    SLOTS = "slots"  # the profile of a day
    ANY = "any"  # a number, a text or a time


Form: TypeAlias = "StateType | str | type[enum.StrEnum] | tuple[enum.StrEnum, enum.StrEnum]"
"""A type; the unit of a number; the codes of a choice; or the codes of a switch, off and on."""

Path: TypeAlias = tuple[str, ...]
"""The path of a value, part by part."""

Reader: TypeAlias = "Callable[[Snapshot], Value]"

ANY_LABEL: Final = "*"
"""The part of a path that stands for any étiquette; such a field has a value for each étiquette."""


@dataclass(frozen=True, slots=True)
class Field:
    """
    A field of the state, at `path` in the message; `read_from` and `named` explain the other attributes.

    `meaning` explains it in the documentation where its name does not. `signed`: it may be negative.
    `nullable`: it may be unknown.
    """

    path: str
    form: Form
    meaning: str = ""
    _: KW_ONLY
    signed: bool = False
    nullable: bool = True
    sources: tuple[str, ...] = ()
    read: Reader | None = None
    read_site: Reader | None = None
    name: str = ""
    phase: Phase | None = None
    key: str = ""
    icon: str | None = None
    momentary: bool = True
    precision: int = 0
    diagnostic: bool = False
    enabled: bool | Contract = True
    beside: str = ""
    without: str = ""

    def read_from(self, *sources: str, by: Reader | None = None, site: Reader | None = None) -> Self:
        """
        Return this field with the étiquettes that it comes from, and the function that reads its value.

        `sources` are published as this field, and not under their own name. `by` returns the value, None to
        leave the field out, or `UNKNOWN` for null; without `by`, the value is the first number among
        `sources`. `site` replaces `by` for an older meter of a business.
        """
        return replace(self, sources=sources, read=by, read_site=site)

    def named(self, name: str, **more: Any) -> Self:  # noqa: ANN401 - the parts that the docstring names
        """
        Return this field with a name for people, which does not contain its `phase`, and with an entity.

        - `key`: the end of the id of the entity, which is frozen; by default the path with underscores.
        - `momentary`: a number of the present, whose course is worth statistics.
        - `precision`: the decimals of a number.
        - `enabled`: True, False, or the only contract with which the entity is enabled.
        - `beside`: a path; there is no entity unless the field at this path is in the message as well.
        - `without`: a path; the entity is not enabled if the field at this path is in the message.
        - `icon`, `diagnostic`: as in Home Assistant.
        """
        return replace(self, name=name, **more)

    @property
    def parts(self) -> Path:
        """The path, part by part."""
        return tuple(self.path.split("."))

    @property
    def type(self) -> StateType:
        """The type of its values."""
        if isinstance(self.form, StateType):
            return self.form
        if isinstance(self.form, str):
            return StateType.NUMBER
        return StateType.SWITCH if isinstance(self.form, tuple) else StateType.CHOICE

    @property
    def unit(self) -> str | None:
        """The unit of a number."""
        return self.form if isinstance(self.form, str) else None

    @property
    def codes(self) -> tuple[enum.StrEnum, ...]:
        """The closed list of its values, empty for any other value."""
        return () if isinstance(self.form, StateType | str) else tuple(self.form)

    def title(self, *, single: bool = False) -> Message:
        """Return its name for people, with its phase unless the meter has a `single` phase."""
        text = self.name or self.meaning
        name = text if isinstance(text, Message) else Message(text)
        if single or self.phase is None:
            return name
        return Message("{name}, phase {phase}", name=name, phase=self.phase)

    def value(self, now: Snapshot) -> Value:
        """Return the value of this field in the snapshot `now`."""
        read = self.read_site if now.site is not None and self.read_site is not None else self.read
        return number(now, *self.sources) if read is None else read(now)


def read(now: Snapshot, declared: Iterable[Field]) -> dict[Path, Json]:
    """Return the values of these fields by path; a path with `*` becomes a path for each étiquette."""
    values: dict[Path, Json] = {}
    for field in declared:
        value, parts = field.value(now), field.parts
        if isinstance(value, dict):
            at = parts.index(ANY_LABEL)
            values |= {(*parts[:at], label, *parts[at + 1 :]): inner for label, inner in value.items()}
        elif value is not None:
            values[parts] = None if value is UNKNOWN else value
    return values


def message(values: Mapping[Path, Json], state: dict[str, Json] | None = None) -> dict[str, Json]:
    """Return the message `state`, by default empty, with these values, nested as the parts of their paths."""
    state = {} if state is None else state
    for (*sections, name), value in values.items():
        within: Any = state
        for section in sections:
            within = within.setdefault(section, {})
        within[name] = value
    return state
