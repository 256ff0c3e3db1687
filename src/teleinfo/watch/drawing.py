"""
The characters and the styles of the screen, and the chart that is drawn with them. Pure.

Terminals choose their own sixteen colours, on a light or on a dark background. Of all of them only red can be
read on both; green is just seen. So words are in the colour of the terminal itself or in red, which may be
bold or reversed; green is for bars only; and nothing is shown by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGED: Final = "bold"
ALERT: Final = "bold red"
STRONG: Final = "bold"
TITLE: Final = "reverse"
BARS: Final = "green"

BLOCKS: Final = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that this terminal can show; `levels` are those of a bar, from empty to full."""

    levels: str = BLOCKS
    mark: str = "•"
    dot: str = " · "
    more: str = "…"


ASCII: Final = Glyphs(levels=" .:-=+*%#", mark="*", dot=" - ", more="~")


def chart(values: Sequence[float | None], *, height: int, top: float, levels: str = BLOCKS) -> list[str]:
    """
    Return `height` lines, the uppermost first, with a column for each value, from 0 to `top`.

    None is an empty column; every other value shows at least the lowest bar.
    """
    steps = len(levels) - 1
    filled = [
        0 if value is None else max(1, min(height * steps, round(value / top * height * steps)))
        for value in values
    ]
    return [
        "".join(levels[max(0, min(steps, fill - row * steps))] for fill in filled)
        for row in reversed(range(height))
    ]
