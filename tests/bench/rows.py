"""The rows that a part returns, and their table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADINGS = ("what", "measured", "floor", "ratio", "goal", "", "remark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One figure, `measured` in `unit`, beside its `floor` in the same unit, None where there is none.

    `goal` is what the ratio of the two shall be at most, or at least where `more_is_better`; without a floor,
    what `measured` shall be. `promise` says that it does not depend on the machine: to miss it is a fault.
    """

    what: str
    measured: float
    unit: str
    floor: float | None = None
    goal: float | None = None
    more_is_better: bool = False
    promise: bool = False
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured over floor, None without a floor."""
        return self.measured / self.floor if self.floor else None

    @property
    def reached(self) -> bool | None:
        """True if the goal is reached, None without a goal."""
        if self.goal is None:
            return None
        figure = self.measured if self.floor is None else self.ratio
        if figure is None:  # a floor of zero
            return False
        return figure >= self.goal if self.more_is_better else figure <= self.goal

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row, one for each of HEADINGS."""
        goal = "" if self.goal is None else f"{'≥' if self.more_is_better else '≤'} {self.goal:.3g}"
        return (
            self.what,
            f"{_figure(self.measured)} {self.unit}",
            "" if self.floor is None else f"{_figure(self.floor)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            goal if self.floor is not None or not goal else f"{goal} {self.unit}",
            {True: "yes", False: "no", None: ""}[self.reached],
            self.remark,
        )


def _figure(value: float) -> str:
    """Return three digits that mean something, and no exponent."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def text(rows: Iterable[Row]) -> str:
    """Return the rows as a table for a terminal."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = [HEADINGS, ("---", "--:", "--:", "--:", "--:", "---", "---"), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least of `values` that `share` (0 to 1) of them do not exceed; IndexError without any."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
