"""
Styles and characters of the screen, and the chart. Pure.

Terminals choose their own sixteen colours, on a light or on a dark background. Of all of them only red can be
read on both; green is just seen. So words are in the colour of the terminal itself or in red, which may be
bold or reversed; green is for bars only; and nothing is shown by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ALERT: Final = "bold red"
STRONG: Final = "bold"
TITLE: Final = "reverse"
BARS: Final = "green"

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
MARK: Final = "•"
DOT: Final = " · "
MORE: Final = "…"

ASCII: Final = str.maketrans(BLOCKS + MARK + DOT.strip() + MORE, " .:-=+*%#" + "*-~")
"""Translation of our characters, one by one, for a terminal without Unicode."""


def chart(values: Sequence[float | None], *, height: int, top: float) -> list[str]:
    """
    Return `height` lines, the uppermost first, with a column for each value, from 0 to `top`.

    None is an empty column; every other value shows at least the lowest bar.
    """
    steps = len(BLOCKS) - 1
    filled = [
        0 if value is None else max(1, min(height * steps, round(value / top * height * steps)))
        for value in values
    ]
    return [
        "".join(BLOCKS[max(0, min(steps, fill - row * steps))] for fill in filled)
        for row in reversed(range(height))
    ]
