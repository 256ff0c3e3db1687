"""
A field of the state: its path, its type, its étiquettes, and its names.

The entries are in `declaration`. Pure.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from teleinfo.state.fields import UNKNOWN, number
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from teleinfo.state.fields import Json, Value, Values
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


ValueForm: TypeAlias = "StateType | str | type[enum.StrEnum] | tuple[enum.StrEnum, enum.StrEnum]"
"""A type; the unit of a number; the codes of a choice; or the codes of a switch, off and on."""

FieldPath: TypeAlias = tuple[str, ...]
"""The path of a value, part by part."""

ValuesReader: TypeAlias = "Callable[[Values], Value]"
SnapshotReader: TypeAlias = "Callable[[Snapshot], Value]"

ANY_LABEL: Final = "*"
"""The part of a path that stands for any étiquette; such a field has a value for each étiquette."""


@dataclass(frozen=True)
class Field:
    """
    A field of the state, at `path` in the message; `read_from` and `named` explain the other attributes.

    `meaning` explains it in the documentation where its name does not. `signed`: it may be negative.
    `nullable`: it may be unknown. `listed` are the codes of a form that lists none.
    """

    path: str
    form: ValueForm
    meaning: str = ""
    _: KW_ONLY
    signed: bool = False
    nullable: bool = True
    listed: tuple[enum.StrEnum, ...] = ()
    sources: tuple[str, ...] = ()
    read: ValuesReader | None = None
    derive: SnapshotReader | None = None
    read_site: ValuesReader | None = None
    name: str = ""
    phase: Phase | None = None
    key: str = ""
    icon: str | None = None
    device_class: str | None = None
    momentary: bool = True
    precision: int | None = 0
    diagnostic: bool = False
    enabled: bool | Contract = True
    beside: str = ""
    without: str = ""

    def read_from(
        self,
        *sources: str,
        by: ValuesReader | None = None,
        of: SnapshotReader | None = None,
        site: ValuesReader | None = None,
    ) -> Self:
        """
        Return this field with the étiquettes that it comes from, and the function that reads its value.

        `sources` are published as this field, and not under their own name. `by` returns the value from the
        texts, `of` from the whole snapshot: None to leave the field out, or `UNKNOWN` for null. Without both,
        the value is the first number among `sources`. `site` replaces them for an older meter of a business.
        """
        return replace(self, sources=sources, read=by, derive=of, read_site=site)

    def named(self, name: str, **more: Any) -> Self:  # noqa: ANN401 - the parts that the docstring names
        """
        Return this field with a name for people, which does not contain its `phase`, and with an entity.

        - `key`: the end of the id of the entity, which is frozen; by default the path with underscores.
        - `momentary`: a number of the present, whose course is worth statistics.
        - `precision`: the decimals of a number, None if they vary.
        - `enabled`: True, False, or the only contract with which the entity is enabled.
        - `beside`: a path; there is no entity unless the field at this path is in the message as well.
        - `without`: a path; the entity is not enabled if the field at this path is in the message.
        - `icon`, `diagnostic`: as in Home Assistant.
        - `device_class`: that of Home Assistant, if neither unit nor type implies it.
        """
        return replace(self, name=name, **more)

    @cached_property
    def parts(self) -> FieldPath:
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
        """The codes among its values: all of a choice, off and on of a switch, some of a text."""
        return self.listed if isinstance(self.form, StateType | str) else tuple(self.form)

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
        return Message("{name}, phase {phase}", name=name, phase=self.phase)

    def value(self, now: Snapshot) -> Value:
        """Return the value of this field in the snapshot `now`."""
        if self.read_site is not None and now.contract.site is not None:
            return self.read_site(now.values)
        if self.derive is not None:
            return self.derive(now)
        return number(now.values, *self.sources) if self.read is None else self.read(now.values)


def read(now: Snapshot, declared: Iterable[Field]) -> dict[FieldPath, Json]:
    """Return the values of these fields by path; a path with `*` becomes a path for each étiquette."""
    values: dict[FieldPath, Json] = {}
    for entry in declared:
        value, parts = entry.value(now), entry.parts
        if isinstance(value, dict):
            at = parts.index(ANY_LABEL)
            values |= {(*parts[:at], label, *parts[at + 1 :]): inner for label, inner in value.items()}
        elif value is not None:
            values[parts] = None if value is UNKNOWN else value
    return values


def message(values: Mapping[FieldPath, Json], state: dict[str, Json] | None = None) -> dict[str, Json]:
    """Return the message `state`, by default empty, with these values, nested as the parts of their paths."""
    state = {} if state is None else state
    for (*sections, name), value in values.items():
        within: Any = state
        for section in sections:
            within = within.setdefault(section, {})
        within[name] = value
    return state
