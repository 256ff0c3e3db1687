"""
The signs and the styles of the screen.

Terminals choose their own sixteen colours, on a light or on a dark background. Of all of them only red can be
read on both; green is just seen. So words are in the colour of the terminal itself or in red, which may be
bold or reversed; green is for bars only; and nothing is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from teleinfo.watch import chart

CHANGED: Final = "bold"
ALERT: Final = "bold red"
STRONG: Final = "bold"
TITLE: Final = "reverse"
BARS: Final = "green"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that this terminal can show."""

    levels: str = chart.BLOCKS
    mark: str = "•"
    dot: str = " · "
    more: str = "…"


ASCII: Final = Glyphs(levels=chart.ASCII, mark="*", dot=" - ", more="~")
