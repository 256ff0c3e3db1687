"""Bytes in, readings out: the whole way, with everything that is thrown away counted."""

from __future__ import annotations

import random

import pytest

from teleinfo.simulator.encode import encode_frame, flip_bits, with_parity
from teleinfo.tic.decoder import MAX_TALLIED_LABELS, MAX_UNKNOWN_LABELS, Counts, Decoder, decode
from teleinfo.tic.judge import CERTAIN_FRAMES
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.layout import LayoutReading
from tests.support.frames import values_of, whole

GROUPS = whole(PTEC="HP..")
VALUES = values_of(PTEC="HP..")
FRAME = encode_frame(GROUPS)


@pytest.mark.parametrize("parity", [False, True])
def test_a_frame_of_a_known_layout_is_read_at_once(*, parity: bool) -> None:
    """It says and counts the same."""
    decoder = Decoder()
    line = with_parity(FRAME) if parity else FRAME

    first, *_, at_once = decoder.feed(line * 5)

    assert not isinstance(first, LayoutReading)
    assert isinstance(at_once, LayoutReading)
    assert at_once == first
    assert decoder.counts == Counts(bytes_read=5 * len(line), frames=5, groups=5 * len(GROUPS))
    assert decoder.parity is parity


@pytest.mark.parametrize(("mode", "speed"), [(Mode.HISTORIQUE, 1200), (Mode.STANDARD, 9600)])
def test_without_a_clock_the_bytes_give_the_time(mode: Mode, speed: int) -> None:
    """Each byte takes ten bits on the line, whether its frame is read at once or group by group."""
    decoder = Decoder()
    stream = encode_frame(whole(mode)) * 6
    decoder.feed(stream)

    assert decoder._time == pytest.approx(len(stream) * 10 / speed)


def test_a_reset_forgets_the_piece_in_hand() -> None:
    """After the port was opened again, two halves do not make a frame, and no fault is counted."""
    decoder = Decoder()
    decoder.feed(FRAME[:20])
    decoder.reset()

    assert decoder.feed(FRAME[20:]) == []
    assert decoder.counts.interrupted == 0


def test_with_parity_noise_never_gives_a_value_that_the_meter_did_not_send() -> None:
    """At three wrong bits in a thousand, whatever comes out is true."""
    rng = random.Random(2)
    decoder = Decoder()
    line = with_parity(FRAME)
    for _ in range(600):
        for reading in decoder.feed(flip_bits(line, 0.003, rng)):
            assert reading.values.items() <= VALUES.items()
    counts = decoder.counts

    assert counts.parity > 200
    assert counts.frames > 400


def test_noise_that_invents_labels_does_not_grow_the_count_by_label() -> None:
    """Every withheld group is counted, but only the first labels by name: noise has no end of them."""
    decoder = Decoder()
    names = [f"N{number:03}" for number in range(MAX_TALLIED_LABELS + 20)]
    for name in names:
        decoder.feed(encode_frame([Group(name, "1", None, Mode.HISTORIQUE)]))

    assert decoder.counts.unconfirmed == len(names)
    assert set(decoder.unconfirmed) == set(names[:MAX_TALLIED_LABELS])


def test_without_plausibility_each_reading_is_judged() -> None:
    """A frame of the layout before it may still have the number of another meter."""
    other = encode_frame(whole(PTEC="HP..", ADCO="012345678902"))
    [*own, foreign] = Decoder(plausibility=False).feed(FRAME * 2 * CERTAIN_FRAMES + other)

    assert [reading.foreign for reading in own] == [False] * len(own)
    assert foreign.foreign


def test_a_recording_in_pieces_gives_its_readings() -> None:
    """`decode` takes the bytes as they come, and yields what a decoder makes of them."""
    readings = list(decode([FRAME[:5], FRAME[5:] + FRAME]))

    assert [reading.values for reading in readings] == [VALUES] * 2


def test_the_labels_that_no_document_has_are_named() -> None:
    decoder = Decoder()
    names = [f"N{number:02}" for number in range(MAX_UNKNOWN_LABELS + 2)]
    decoder.feed(encode_frame(whole(NEW="1")) * 4 + encode_frame(whole(NOISE="1")))
    named = decoder.counts.unknown_labels
    decoder.feed(encode_frame(whole(**dict.fromkeys(names, "1"))) * 3)

    assert named == ("NEW",)
    assert decoder.counts.unknown_labels == ("NEW", *names[: MAX_UNKNOWN_LABELS - 1])


def test_what_a_damaged_frame_lacks_is_counted_by_etiquette() -> None:
    """1. Whole frames. 2. Three without PAPP, one of them without PTEC too. 3. A whole frame again."""
    decoder = Decoder()
    damaged = FRAME.replace(b"PAPP", b"PAPQ")
    decoder.feed(FRAME * 5)
    assert decoder.counts.lost == {}
    decoder.feed(damaged * 2 + damaged.replace(b"PTEC", b"PTED") + FRAME)

    assert decoder.counts.lost == {"PAPP": 3, "PTEC": 1}


def test_nothing_is_lost_with_what_comes_and_goes_or_in_a_short_frame() -> None:
    """1. An alarm, and an étiquette outside the table, end with a damaged frame. 2. A damaged short frame."""
    decoder = Decoder()
    long = whole(PTEC="HP..", ADPS="035", NEW="1")
    short = encode_frame(
        [Group(label, "001", None, Mode.HISTORIQUE) for label in ("IINST1", "IINST2", "IINST3")]
    )
    decoder.feed(encode_frame(long) * 5)
    decoder.feed(FRAME.replace(b"PAPP", b"PAPQ") + short.replace(b"IINST2", b"IINST4"))

    assert decoder.counts.lost == {"PAPP": 1}
