"""
Make text fit for a terminal: escape sequences and bidirectional marks in it do nothing.

What comes from the broker, the line, another process or a file name may hold a terminal's control characters
(ECMA-48: C0, C1, DEL) or Unicode's formatting characters (bidirectional marks, zero-width characters). The
first can retitle, clear or reprogram the terminal, the second show a text in another order than it has. All
text that is not a literal of the sources goes through here before it is printed.
"""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands in for each character that is not printed; a terminal of another encoding shows "?"."""

# Python calls no blank printable but the space; French puts these before : ; ! ? and into numbers.
_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


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
    """Return `text` made printable line by line: a text of our own that has several lines keeps them."""
    return "\n".join(printable(line) for line in text.split("\n"))
