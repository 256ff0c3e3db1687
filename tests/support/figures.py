"""The times and sizes that the tests measure, in a table at the end of the run."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PROPERTY = "figure"
FIGURES: list[tuple[str, float, float, str]] = []
"""The figures of the test that runs; its report takes them to the process that prints the table."""


def promise(what: str, measured: float, *, at_most: float, unit: str = "s") -> None:
    """Record a figure, then fail if it breaks its promise."""
    FIGURES.append((what, measured, at_most, unit))
    assert measured <= at_most, f"{what}: {measured:.2f} {unit}, promised {at_most:g}"


def table(figures: Iterable[tuple[str, float, float, str]]) -> list[str]:
    """Return a line for each promise with its figures."""
    found: dict[tuple[str, float, str], list[float]] = {}
    for what, measured, at_most, unit in figures:
        found.setdefault((what, at_most, unit), []).append(measured)
    return [
        f"{what:<66} {len(values):>3} × median {median(values):7.2f}  worst {max(values):7.2f}"
        f"  promised {at_most:g} {unit}"
        for (what, at_most, unit), values in sorted(found.items())
    ]
