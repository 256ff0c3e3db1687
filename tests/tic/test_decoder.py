"""Bytes in, readings out: the whole way, with everything that is thrown away counted."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from teleinfo.simulator.encode import encode_frame, encode_group, flip_bits, with_parity
from teleinfo.tic.decoder import MAX_TALLIED_LABELS, MAX_UNKNOWN_LABELS, Counts, Decoder, decode
from teleinfo.tic.judge import CERTAIN_FRAMES
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.layout import LayoutReading
from tests.support.frames import values_of, whole

GROUPS = whole(PTEC="HP..")
VALUES = values_of(PTEC="HP..")
FRAME = encode_frame(GROUPS)
PTEC = encode_group(Group("PTEC", "HP..", None, Mode.HISTORIQUE))
WRONG_SUM = PTEC.replace(b"HP", b"HC")


@pytest.mark.parametrize("parity", [False, True])
def test_a_frame_becomes_a_reading(*, parity: bool) -> None:
    """A complete frame gives one reading, and its groups are counted."""
    decoder = Decoder()
    line = with_parity(FRAME) if parity else FRAME

    [reading] = decoder.feed(line)

    assert reading.values == VALUES
    assert decoder.counts == Counts(bytes_=len(line), frames=1, groups=len(GROUPS))
    assert decoder.parity is parity


@pytest.mark.parametrize("parity", [False, True])
def test_a_frame_of_a_known_layout_is_read_at_once(*, parity: bool) -> None:
    """It says and counts the same."""
    decoder = Decoder()
    line = with_parity(FRAME) if parity else FRAME

    first, *_, at_once = decoder.feed(line * 5)

    assert not isinstance(first, LayoutReading)
    assert isinstance(at_once, LayoutReading)
    assert at_once == first
    assert decoder.counts == Counts(bytes_=5 * len(line), frames=5, groups=5 * len(GROUPS))
    assert decoder.parity is parity


@pytest.mark.parametrize(("mode", "speed"), [(Mode.HISTORIQUE, 1200), (Mode.STANDARD, 9600)])
def test_without_a_clock_the_bytes_give_the_time(mode: Mode, speed: int) -> None:
    """Each byte takes ten bits on the line, whether its frame is read at once or group by group."""
    decoder, stream = Decoder(), encode_frame(whole(mode)) * 6
    decoder.feed(stream)

    assert decoder._time == pytest.approx(len(stream) * 10 / speed)


def test_at_the_end_of_the_line_a_frame_in_progress_is_counted_as_interrupted() -> None:
    """A frame that ended before is not."""
    decoder = Decoder()
    decoder.feed(FRAME + FRAME[:-1])
    decoder.close()

    assert (decoder.counts.frames, decoder.counts.interrupted) == (1, 1)


def test_a_bad_group_is_left_out_and_counted_by_cause() -> None:
    """A group that fails a check costs no other group."""
    decoder = Decoder()

    [reading] = decoder.feed(FRAME.replace(PTEC, WRONG_SUM + b"\nPTEC\r"))

    assert reading.values == {key: value for key, value in VALUES.items() if key != "PTEC"}
    assert (decoder.counts.checksum, decoder.counts.malformed, decoder.counts.parity) == (1, 1, 0)
    assert decoder.counts.rejected == 2


def test_two_frames_that_ran_into_one_another_are_no_reading() -> None:
    """Lost bytes between two frames show by a label with two values: nothing is published, one is counted."""
    decoder = Decoder()
    other = encode_frame(whole(PAPP="01950"))

    assert decoder.feed((FRAME[:-1] + other[1:]) * 2) == []
    assert (decoder.counts.frames, decoder.counts.groups) == (0, 4 * len(GROUPS))
    assert decoder.counts.interrupted == 2


def test_a_reset_forgets_the_piece_in_hand() -> None:
    """After the port was opened again, two halves do not make a frame, and no fault is counted."""
    decoder = Decoder()
    decoder.feed(FRAME[:20])
    decoder.reset()

    assert decoder.feed(FRAME[20:]) == []
    assert decoder.counts.interrupted == 0


def test_the_sound_groups_of_the_frame_in_progress_can_be_asked_for() -> None:
    """Before its ETX, a frame already tells the mode of its groups."""
    decoder = Decoder()
    nothing = decoder.pending()
    decoder.feed(FRAME[:-1])

    assert nothing == (None, 0)
    assert decoder.pending() == (Mode.HISTORIQUE, len(GROUPS))
    assert decoder.counts.groups == 0


@pytest.mark.no_cover  # much work that reaches no branch of its own
@pytest.mark.parametrize("kind", ["noise", "endless frame", "endless line of frames without ETX"])
def test_ten_mebibytes_that_are_no_frames_leave_nothing_behind(kind: str) -> None:
    """Noise, a stream without ETX and one endless line are held within a bound."""
    rng = random.Random(1)
    block = {
        "noise": rng.randbytes(1 << 16),
        "endless frame": b"\x02" + b"A" * 0xFFFF,
        "endless line of frames without ETX": (FRAME[:-1] * 2000)[: 1 << 16],
    }[kind]
    decoder = Decoder()
    decoder.feed(block)
    tracemalloc.start()
    for _ in range(160):
        decoder.feed(block)
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 32 * 1024
    assert decoder.counts.bytes_ == 161 << 16


def test_with_parity_noise_never_gives_a_value_that_the_meter_did_not_send() -> None:
    """At three wrong bits in a thousand, whatever comes out is true."""
    rng = random.Random(2)
    decoder = Decoder()
    line = with_parity(FRAME)
    for _ in range(3000):
        for reading in decoder.feed(flip_bits(line, 0.003, rng)):
            assert reading.values.items() <= VALUES.items()
    counts = decoder.counts

    assert counts.parity > 1000
    assert counts.frames > 2000


def test_noise_that_invents_labels_does_not_grow_the_count_by_label() -> None:
    """Every withheld group is counted, but only the first labels by name: noise has no end of them."""
    decoder = Decoder()
    names = [f"N{number:03}" for number in range(MAX_TALLIED_LABELS + 20)]
    for name in names:
        decoder.feed(encode_frame([Group(name, "1", None, Mode.HISTORIQUE)]))

    assert decoder.counts.unconfirmed == len(names)
    assert set(decoder.unconfirmed) == set(names[:MAX_TALLIED_LABELS])


def test_a_reading_of_another_layout_than_the_last_one_is_judged() -> None:
    """An overrun may be all that is new in a frame of a known layout."""
    overrun = encode_frame(whole(PTEC="HP..", ADPS="047"))
    [*_, last] = Decoder().feed((FRAME * 5 + overrun * 5) * 2 + FRAME * 5 + overrun)

    assert isinstance(last, LayoutReading)
    assert last.belief is not None
    assert last.belief.sending == {"ADPS"}


def test_without_plausibility_each_reading_is_judged() -> None:
    """A frame of the layout before it may still have the number of another meter."""
    other = encode_frame(whole(PTEC="HP..", ADCO="012345678902"))
    [*_, foreign] = Decoder(plausibility=False).feed(FRAME * 2 * CERTAIN_FRAMES + other)

    assert foreign.belief is not None
    assert foreign.belief.is_foreign


def test_a_recording_in_pieces_gives_its_readings() -> None:
    """`decode` takes the bytes as they come, and yields what a decoder makes of them."""
    readings = list(decode([FRAME[:5], FRAME[5:] + FRAME]))

    assert [reading.values for reading in readings] == [VALUES] * 2


def test_the_labels_that_no_document_has_are_named() -> None:
    """Only those that are believed, so noise names none; and no more than a few of a meter that has many."""
    decoder = Decoder()
    names = [f"N{number:02}" for number in range(MAX_UNKNOWN_LABELS + 2)]
    decoder.feed(encode_frame(whole(NEW="1")) * 4 + encode_frame(whole(NOISE="1")))
    named = decoder.counts.unknown_labels
    decoder.feed(encode_frame(whole(**dict.fromkeys(names, "1"))) * 3)

    assert named == ("NEW",)
    assert decoder.counts.unknown_labels == ("NEW", *names[: MAX_UNKNOWN_LABELS - 1])


def test_another_meter_is_learned_anew() -> None:
    """Two frames with another number are another meter: a label that was known is new again."""
    decoder = Decoder()
    decoder.feed(encode_frame(whole(NEW="1")) * 3)
    readings = decoder.feed(encode_frame(whole(ADCO="012345678902", NEW="1")) * 4)

    assert ["ADCO" in reading.values for reading in readings] == [False, True, True, True]
    assert ["NEW" in reading.values for reading in readings] == [True, True, False, True]
    assert (decoder.unconfirmed, decoder.implausible) == ({"NEW": 2}, {"ADCO": 1})
