"""
Draw figures with the blocks of Unicode, or with ASCII where the terminal has no others.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
ASCII: Final = " .:-=+*%#"


def chart(values: Sequence[float | None], *, height: int, top: float, levels: str = BLOCKS) -> list[str]:
    """
    Return `height` lines, the uppermost first, with a column for each value, from 0 to `top`.

    None is an empty column; every other value shows at least the lowest mark.
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
