"""Sets of parameters of which `make test` plays a part, and `make test-long` the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from _pytest.mark.structures import ParameterSet

T = TypeVar("T")


def part_of(every: Iterable[T], *, played: Collection[T]) -> list[T | ParameterSet]:
    """Return every value of a set as a parameter; those that are not `played` have the mark `long`."""
    parameters: list[T | ParameterSet] = []
    for value in every:
        if value in played:
            parameters.append(value)
        else:
            parameters.append(pytest.param(value, marks=pytest.mark.long))
    return parameters
