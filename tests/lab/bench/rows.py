"""The rows that a part returns, and their table."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADINGS = ("what", "measured", "floor", "ratio", "goal", "", "remark")


@dataclass(frozen=True, slots=True)
class Row:
    """
    One figure, `measured` in `unit`, beside its `floor` in the same unit, None where there is none.

    `goal` is what the ratio of the two shall be at most, or at least where `more_is_better`; without a floor,
    what `measured` shall be. `promise` says that it does not depend on the machine: to miss it is a fault.
    """

    what: str
    measured: float
    unit: str
    _: KW_ONLY
    floor: float | None = None
    goal: float | None = None
    more_is_better: bool = False
    promise: bool = False
    remark: str = ""

    @property
    def reached(self) -> bool | None:
        """True if the goal is reached, None without a goal."""
        if self.goal is None:
            return None
        figure = self.measured / (self.floor or 1)
        return figure >= self.goal if self.more_is_better else figure <= self.goal

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row, one for each of HEADINGS."""
        goal = "" if self.goal is None else f"{'≥' if self.more_is_better else '≤'} {_figure(self.goal)}"
        return (
            self.what,
            f"{_figure(self.measured)} {self.unit}",
            f"{_figure(self.floor)} {self.unit}" if self.floor else "",
            f"{self.measured / self.floor:.2f}" if self.floor else "",
            goal if self.floor or not goal else f"{goal} {self.unit}",
            {True: "yes", False: "no", None: ""}[self.reached],
            self.remark,
        )


def _figure(value: float) -> str:
    """Return three digits that mean something, and no exponent."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown that a terminal shows in columns too."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    widths[-1] = 3  # the remarks are long
    cells.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in cells
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile `share` (0 to 1) of `values`. Raise IndexError if there are no values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
