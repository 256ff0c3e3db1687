"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

import pytest

from teleinfo.settings import env_file


@pytest.mark.parametrize(
    ("text", "number", "value", "fault"),
    [
        ("\nA=b\x0c", 2, "b\x0c", ""),
        ("\n\nA=XbX", 3, "XbX", ""),
        ('\nA="b c"', 2, "b c", ""),
        ('\nA="b', 2, None, "a quote opens the value, so the same quote must end the line"),
        ("\nA='b", 2, None, "a quote opens the value, so the same quote must end the line"),
    ],
)
def test_a_line_of_the_settings_is_numbered_and_stripped_of_blanks_alone(
    text: str, number: int, value: str | None, fault: str
) -> None:
    """Tabs and spaces; a form feed belongs to the value, as it does to systemd."""
    [line] = env_file.parse(text)

    assert (line.number, line.name, line.value, f"{line.fault or ''}") == (number, "A", value, fault)
