"""The times and sizes that the tests measure, in a table at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PROPERTY = "figure"


class Figures:
    """
    Recorder of the figures of a test, in its `properties`.

    They are a part of pytest's report of the test, which comes to the process that prints the table from
    whatever process ran the test.
    """

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def kept(self, what: str, measured: float, *, at_most: float, unit: str = "s") -> None:
        """Record a figure, then fail if it breaks its promise."""
        self._properties.append((PROPERTY, (what, measured, at_most, unit)))
        assert measured <= at_most, f"{what}: {measured:.2f} {unit}, promised {at_most:g}"


def table(properties: Iterable[tuple[str, Any]]) -> list[str]:
    """Return a line for each promise with a figure in these properties."""
    measured: dict[tuple[str, float, str], list[float]] = {}
    for name, value in properties:
        if name == PROPERTY:
            what, figure, at_most, unit = value
            measured.setdefault((what, at_most, unit), []).append(figure)
    return [
        f"{what:<66} {len(values):>3} × worst {max(values):7.2f}  promised {at_most:g} {unit}"
        for (what, at_most, unit), values in sorted(measured.items())
    ]
