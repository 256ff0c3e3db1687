"""Text that is fit for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.terminal_text import REPLACEMENT, printable, printable_lines

TEXTS = st.text(st.characters(codec=None))


@given(TEXTS)
def test_nothing_is_left_that_a_terminal_would_obey(text: str) -> None:
    """No control, no formatting character, no separator of lines; each is one `REPLACEMENT`."""
    shown = printable(text)
    categories = {unicodedata.category(char) for char in shown}

    assert not categories & {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
    assert len(shown) == len(text)
    assert all(new in {old, REPLACEMENT} for old, new in zip(text, shown, strict=True))
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("online\x1b]0;owned\a\x1b[2J", "online\ufffd]0;owned\ufffd\ufffd[2J"),
        ("\x9b31mred", "\ufffd31mred"),
        ("abc\u202edcba\u2066", "abc\ufffddcba\ufffd"),
        ("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd"),
        ("one\ntwo\r\tthree\x7f", "one\ufffdtwo\ufffd\ufffdthree\ufffd"),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_what_a_hostile_broker_would_send_is_harmless(text: str, shown: str) -> None:
    """Escape sequences, C1 controls, bidirectional marks, zero-width characters, new lines, surrogates."""
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["", "Index Heures Creuses", "dûment vérifié : 1 940 VA", "▁█ • … ✓ ✗"])
def test_what_is_fit_for_a_terminal_stays(text: str) -> None:
    """Accents, the blanks of French typography, our own marks."""
    assert printable(text) == text


def test_a_text_of_several_lines_keeps_them() -> None:
    """But for what each of them holds."""
    assert printable_lines("one\ntwo\x1b\n") == "one\ntwo\ufffd\n"
