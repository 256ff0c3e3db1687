"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

import pytest

from teleinfo.common.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"), [(3540, "59 min"), (3600, "1 h 00 min"), (3660, "1 h 01 min"), (7200, "2 h 00 min")]
)
def test_an_hour_is_sixty_minutes(seconds: float, words: str) -> None:
    """From the sixtieth minute on, hours are said."""
    assert duration(seconds) == words
