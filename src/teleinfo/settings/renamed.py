"""
Former names of settings: they work beside the present ones until the next major version.

The daemon warns of each at its start, and the doctor lists it. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

RENAMED: Final[dict[str, str]] = {}
"""The present name by each former one, in the form of the fields of `Settings`: "mqtt_host"."""


def by_present_name(given: Mapping[str, T]) -> dict[str, T]:
    """Return settings by their present names; where a setting is given by both, the present one counts."""
    by_former_names = {RENAMED[name]: value for name, value in given.items() if name in RENAMED}
    by_present_names = {name: value for name, value in given.items() if name not in RENAMED}
    return by_former_names | by_present_names


def warning(former: str, present: str) -> Message:
    """Return the warning about a name, of a variable or of a flag."""
    return Message(
        "{former}: is called {present} now; the former name works until 2.0", former=former, present=present
    )
