"""What the decoder remembers changes no reading and no count: only how long they take."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import encode_frame, encode_group, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from teleinfo.tic.memory import Memory
from teleinfo.tic.payload import Options, encode
from teleinfo.tic.reading import Reading
from tests.support.strategies import chunkings

if TYPE_CHECKING:
    from collections.abc import Callable

ETX = b"\x03"


def historique(label: str, value: str) -> Group:
    """Return a group of historique mode."""
    return Group(label, value, None, Mode.HISTORIQUE)


def standard(label: str, value: str, horodate: str | None = None) -> Group:
    """Return a group of standard mode."""
    return Group(label, value, horodate, Mode.STANDARD)


ADCO, PTEC = historique("ADCO", "012345678901"), historique("PTEC", "HP..")
DATE = standard("DATE", "", "H240213083144")


def bytes_of(*groups: Group, parity: bool) -> bytes:
    """Return a frame of these groups as it comes before its ETX."""
    frame = encode_frame(groups)[:-1]
    return with_parity(frame) if parity else frame


def knows(*groups: Group, parity: bool) -> Memory:
    """Return a memory that has learnt the frame of these groups."""
    memory = Memory(parity=parity)
    memory.learn(bytes_of(*groups, parity=parity))
    return memory


@pytest.mark.parametrize("parity", [False, True])
def test_a_frame_that_was_learnt_is_recalled(*, parity: bool) -> None:
    """The reading is the one that the checks gave, in the meter's order."""
    memory = knows(ADCO, PTEC, parity=parity)

    reading = memory.recall(bytes_of(ADCO, PTEC, parity=parity))

    assert reading == Reading(Mode.HISTORIQUE, {"ADCO": "012345678901", "PTEC": "HP"})
    assert list(reading.values) == ["ADCO", "PTEC"]


def test_a_frame_that_was_not_learnt_is_not_recalled() -> None:
    """A memory begins empty, and knows frames by the number of their lines."""
    assert Memory(parity=False).recall(bytes_of(ADCO, parity=False)) is None
    assert knows(ADCO, PTEC, parity=False).recall(bytes_of(ADCO, parity=False)) is None


@pytest.mark.parametrize("parity", [False, True])
def test_a_new_valeur_at_a_known_place_is_checked_and_known_from_then_on(*, parity: bool) -> None:
    """Values change from frame to frame; étiquettes do not."""
    memory = knows(ADCO, historique("PAPP", "00100"), parity=parity)

    for value in ("00200", "00300", "00200"):
        reading = memory.recall(bytes_of(ADCO, historique("PAPP", value), parity=parity))
        assert reading is not None
        assert reading.values["PAPP"] == value


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (historique("PAPP", "00100"), historique("IINST", "001")),
        (standard("DATE", "", "H240213083144"), standard("DATE", "X", "H240213083144")),
        (standard("SINSTS", "00100"), historique("SINSTS", "00100")),
    ],
    ids=["another label", "a valeur beside the horodate", "another mode"],
)
def test_a_line_that_says_something_else_is_not_recalled_at_its_place(first: Group, second: Group) -> None:
    """A place is for one étiquette of one mode, with its horodate or without."""
    assert knows(first, parity=False).recall(bytes_of(second, parity=False)) is None


@pytest.mark.parametrize(
    "groups",
    [
        (ADCO, ADCO),
        (ADCO, standard("SINSTS", "00100")),
        (historique("PREAVIS", "DEP"),),
        (historique("Appli", "INJECTION"),),
    ],
    ids=["a label twice", "two modes", "may repeat", "opens a part"],
)
def test_lines_that_need_one_another_are_not_learnt(groups: tuple[Group, ...]) -> None:
    """What a line means must not depend on the rest of its frame."""
    assert knows(*groups, parity=False).recall(bytes_of(*groups, parity=False)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + b" ",
        lambda raw: b" " + raw,
        lambda raw: raw.replace(b"\n", b"", 1),
        lambda raw: raw.replace(b"HP", b"HC"),
        lambda raw: raw[:0],
    ],
    ids=["more behind the last CR", "more before STX", "no LF", "a wrong sum", "nothing"],
)
def test_what_is_not_quite_a_sound_frame_is_neither_learnt_nor_recalled(
    change: Callable[[bytes], bytes],
) -> None:
    """Such a frame goes the long way, where what is wrong with it is counted."""
    raw = change(bytes_of(ADCO, PTEC, parity=False))
    memory = Memory(parity=False)
    memory.learn(raw)

    assert memory.recall(raw) is None
    assert knows(ADCO, PTEC, parity=False).recall(raw) is None


def test_with_parity_a_known_line_without_it_is_not_recalled() -> None:
    """Each bit counts: characters that lost their parity are damaged characters."""
    raw = bytes_of(ADCO, PTEC, parity=True)
    line = with_parity(encode_group(PTEC))

    assert knows(ADCO, PTEC, parity=True).recall(raw.replace(line, encode_group(PTEC))) is None


def test_a_memory_that_is_full_forgets_all_and_begins_again() -> None:
    """It holds a bounded number of bytes, whatever the meter says."""
    frames = [bytes_of(ADCO, historique("PAPP", f"{power:05}"), parity=False) for power in range(9)]
    line = encode_group(historique("PAPP", "00000"))[:-1]
    memory = Memory(parity=False, limit=len(frames[0]) + 8 * len(line))
    memory.learn(frames[0])

    assert [memory.recall(frame) is not None for frame in frames] == [True] * 9
    another = bytes_of(ADCO, historique("PAPP", "00009"), parity=False)
    assert memory.recall(another) is not None
    assert memory.recall(frames[0]) is None


def test_what_is_learnt_when_the_memory_is_full_is_known() -> None:
    """The newest frame has room."""
    memory = Memory(parity=False, limit=50)
    memory.learn(bytes_of(ADCO, PTEC, parity=False))
    memory.learn(bytes_of(ADCO, parity=False))

    assert memory.recall(bytes_of(ADCO, parity=False)) is not None
    assert memory.recall(bytes_of(ADCO, PTEC, parity=False)) is None


def test_what_a_memory_holds_is_counted_from_the_newest_frame_on_when_it_forgot() -> None:
    """After it was full it goes on, and is full again by as much."""
    long, short = bytes_of(ADCO, PTEC, parity=False), bytes_of(ADCO, parity=False)
    memory = Memory(parity=False, limit=len(long) + len(short) - 1)

    for learnt, forgotten in ((long, short), (short, long), (long, short)):
        memory.learn(learnt)
        assert memory.recall(learnt) is not None
        assert memory.recall(forgotten) is None


GROUPS = st.sampled_from(
    [
        ADCO,
        PTEC,
        DATE,
        *(historique("PAPP", value) for value in ("00100", "00200", "     ")),
        historique("PTEC", "HC.."),
        historique("LIBELLE", 'A"B'),
        standard("LTARF", 'HP "\\ BLEU'),
        standard("SMAXSN", "02740", "E220609060531"),
        standard("SMAXSN", "02741", "E220609060532"),
        standard("SINSTS", "00100"),
        historique("PREAVIS", "DEP"),
    ]
)


@st.composite
def lives(draw: st.DrawFn) -> bytes:
    """Draw a stream of a few frames that come again and again, with and without parity, some damaged."""
    frames = draw(st.lists(st.lists(GROUPS, min_size=1, max_size=4), min_size=1, max_size=4))
    parts = []
    for index in draw(st.lists(st.integers(0, len(frames) - 1), max_size=12)):
        raw = encode_frame(frames[index])
        if draw(st.booleans()):
            raw = with_parity(raw)
        if draw(st.integers(0, 3)) == 0:
            raw = flip_bits(raw, 0.01, random.Random(draw(st.integers(0, 1 << 16))))
        if draw(st.integers(0, 9)) == 0:
            place = draw(st.integers(0, len(raw)))
            raw = (
                raw[:place]
                + draw(st.sampled_from([b"", b"\x04", b"\x02", b"\r", b"\n", b"\x8d"]))
                + raw[place + 1 :]
            )
        parts.append(raw)
    return b"".join(parts)


class Nothing(Memory):
    """A memory that never knows anything."""

    def recall(self, raw: bytes) -> Reading | None:
        """Know nothing of `raw`."""


def checks_everything() -> Decoder:
    """Return a decoder with which each frame goes the long way."""
    decoder = Decoder()
    decoder._with_parity, decoder._without_parity = Nothing(parity=True), Nothing(parity=False)
    return decoder


@given(lives(), st.data())
def test_a_decoder_that_remembers_gives_what_one_gives_that_checks_everything(
    stream: bytes, data: st.DataObject
) -> None:
    """Readings, their JSON, every count and the parity are the same, whatever the chunking."""
    remembers, checks = Decoder(), checks_everything()
    readings = []
    for chunk in data.draw(chunkings(stream)):
        readings += remembers.feed(chunk)
    remembers.close()
    expected = checks.feed(stream)
    checks.close()

    assert readings == expected
    assert [encode(each, Options(), now=0) for each in readings] == [
        encode(Reading(each.mode, each.values), Options(), now=0) for each in expected
    ]
    assert remembers.counts == checks.counts
    assert remembers.parity == checks.parity
