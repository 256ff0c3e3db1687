"""Text that is fit for a terminal."""

from __future__ import annotations

import io
import os
import pty
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.terminal_text import LEGIBLE, REPLACEMENT, printable, printable_lines
from teleinfo.console.output import wrapped

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
    assert printable_lines(f"{text}\n") == "\n".join(map(printable, [*text.split("\n"), ""]))


def test_what_is_fit_for_a_terminal_stays() -> None:
    """Accents, the blanks of French typography, our own marks."""
    text = "dûment vérifié\u00a0: 1\u202f940 VA ▁█ • … ✓ ✗"

    assert printable(text) == text


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "réglé : l’un… → « œuvre » ✓"),
        ("iso-8859-1", "réglé : l'un... -> « oeuvre » +"),
        ("ascii", 'r?gl? : l\'un... -> " oeuvre " +'),
    ],
)
def test_what_an_encoding_lacks_is_spelt_otherwise(encoding: str, shown: str) -> None:
    """LC_ALL=fr_FR is ISO-8859-1: no apostrophe of ours, no ellipsis, no arrow; nothing is raised."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=LEGIBLE)
    stream.write("réglé\u00a0: l’un… → «\u00a0œuvre\u00a0» ✓")
    stream.flush()
    text = stream.buffer.getvalue().decode(encoding)

    assert text.replace("\u00a0", " ") == shown


@given(TEXTS, st.sampled_from(("ascii", "iso-8859-1", "iso-8859-15", "cp1252", "utf-8")))
def test_any_text_can_be_written_in_any_encoding(text: str, encoding: str) -> None:
    """Whatever stands in it."""
    assert isinstance(text.encode(encoding, errors=LEGIBLE), bytes)


def test_on_a_terminal_long_lines_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its width, between words; elsewhere they stay whole, for other programs."""
    monkeypatch.setenv("COLUMNS", "40")
    text = "  one long line " + "of many words " * 8 + "end\n"
    far, near = pty.openpty()
    with open(near, "w") as terminal:  # noqa: PTH123 - of a descriptor
        lines = wrapped(text, terminal).split("\n")
    os.close(far)

    assert max(map(len, lines)) <= 40
    assert lines[1].startswith("    ")
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    assert wrapped(text, io.StringIO()) == text
