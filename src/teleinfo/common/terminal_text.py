"""
Make text fit for a terminal: harmless, and in its encoding.

Text from the broker, the line, another process or a file name may hold control characters (ECMA-48: C0, C1,
DEL), which can retitle, clear or reprogram the terminal, and formatting characters of Unicode, which change
its order. All text that is not a literal of the sources goes through `printable` before it is printed.
"""

from __future__ import annotations

import codecs
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
"""Printed in place of each character that is not printable."""

LEGIBLE: Final = "teleinfo.legible"
"""Error handler of our streams (`codecs.register_error`): it respells characters that an encoding lacks."""

# Python calls these blanks not printable; French puts them before : ; ! ? and into numbers.
_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
# Replacements of our typography and of the bars of a chart for ISO-8859-1 and ASCII.
_SPELLINGS = str.maketrans(
    {
        "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "–": "-", "—": "-", "→": "->",
        "œ": "oe", "Œ": "OE", "•": "*", "·": "-", "✓": "+", "✗": "x", "−": "-", "€": "EUR",
        "▁": ".", "▂": ":", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%", "█": "#",
        **dict.fromkeys(_BLANKS, " "),
    }
)  # fmt: skip


def printable(text: str) -> str:
    """
    Return `text` with every character that is not printable replaced by one `REPLACEMENT`.

    Not printable: controls, including tab and newline, formatting characters, surrogates, unassigned and
    private characters (Unicode categories Cc, Cf, Cs, Cn, Co), line and paragraph separators. The length
    stays the same, so that positions in the text keep their meaning.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _BLANKS else REPLACEMENT for char in text)


def printable_lines(text: str) -> str:
    """Return `text` made printable line by line, for our own multi-line texts."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Return the ASCII spelling of the characters that cannot be encoded, and the place behind them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    spelling = characters.translate(_SPELLINGS)
    # What has no spelling of ours becomes "?", as with the handler "replace".
    ascii_spelling = "".join(char if char.isascii() else "?" for char in spelling)
    return ascii_spelling, error.end


codecs.register_error(LEGIBLE, _spell)
