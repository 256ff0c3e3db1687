"""Hypothesis strategies: groups that a meter might send, lines as they arrive, any chunking of them."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from teleinfo.simulator.encode import EOT, encode_frame, encode_group, flip_bits, with_parity
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Charset, Group, Kind, Label, Mode

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

LABELS = [(Mode.HISTORIQUE, label) for label in HISTORIQUE.values()] + [
    (Mode.STANDARD, label) for label in STANDARD.values()
]


def values(charset: Charset, *, min_size: int = 1) -> SearchStrategy[str]:
    """Return texts that the table allows behind an étiquette."""
    return st.text(charset.value.decode("ascii"), min_size=min_size, max_size=20)


def horodates() -> SearchStrategy[str]:
    """Return thirteen characters: a season and twelve digits."""
    moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31))  # noqa: DTZ001 - the meter's time
    digits = moments.map(lambda moment: f"{moment:%y%m%d%H%M%S}") | st.just("0" * 12)
    return st.builds(str.__add__, st.sampled_from("EHeh "), digits)


@st.composite
def groups_of(draw: DrawFn, mode: Mode, label: Label) -> Group:
    """Draw a group of this étiquette, as the wire has it."""
    horodate = draw(horodates()) if label.horodate else None
    empty = label.horodate and label.kind is Kind.HORODATE
    return Group(label.name, "" if empty else draw(values(label.charset)), horodate, mode)


@st.composite
def groups(draw: DrawFn) -> Group:
    """Draw a group of any étiquette of the table."""
    return draw(groups_of(*draw(st.sampled_from(LABELS))))


def frames() -> SearchStrategy[bytes]:
    """Return whole frames of a few groups, STX to ETX, without parity."""
    return st.lists(groups(), min_size=1, max_size=6).map(encode_frame)


@st.composite
def streams(draw: DrawFn) -> bytes:
    """Draw a stretch of a line: frames, cut frames, loose groups, noise, bit errors, with parity or not."""
    pieces = st.one_of(
        frames(),
        st.lists(groups(), max_size=3).map(partial(encode_frame, end=EOT)),
        groups().map(encode_group),
        st.binary(max_size=40),
        st.sampled_from([b"\x02", b"\x03", b"\x04", b"\n", b"\r", b"\x00"]),
    )
    stream = b"".join(draw(st.lists(pieces, max_size=8)))
    if draw(st.booleans()):
        stream = with_parity(stream)
    return flip_bits(stream, draw(st.sampled_from([0.0, 0.001, 0.02])), random.Random(draw(st.integers())))


@st.composite
def chunkings(draw: DrawFn, stream: bytes) -> list[bytes]:
    """Draw a way to cut `stream` into chunks."""
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
