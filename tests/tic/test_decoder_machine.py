"""
The decoder on any sequence of frames and damage, compared with a simple model.

A hypothesis state machine sends sound and damaged frames in any order and any chunking. The same few groups
come again and again, with one thing changed: a decoder whose cache were wrong would fail here first.
"""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, assume, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from teleinfo.simulator.encode import encode_group, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from tests.fuzz.model import LIMIT, Decoded, decode_by_model

HIST, STD = Mode.HISTORIQUE, Mode.STANDARD


def line(label: str, value: str, mode: Mode = HIST, horodate: str | None = None) -> bytes:
    """Return a sound group between its LF and its CR."""
    return encode_group(Group(label, value, horodate, mode))[1:-1]


# The same étiquettes with other values, in both modes, and what two of them make together.
SOUND = [
    line("ADCO", "041961123456"),
    line("PTEC", "HP.."),  # its sum is a blank
    line("PTEC", "HC.."),
    line("PAPP", "00750"),
    line("PAPP", "00760"),
    line("PAPP", "     "),
    line("BASE", "010151175"),
    line("PREAVIS", "DEP"),  # may come several times
    line("PREAVIS", "EJP"),
    line("DATECOUR", "01/02/17 12/34/56"),
    line("EA", "12Wh"),  # says another thing behind Appli
    line("EA", "7Wh"),
    line("Appli", "INJECTION"),
    line("Appli", "SOUTIRAGE"),
    line("EAST", "012345678", STD),
    line("EAST", "012345679", STD),
    line("LTARF", "   HP  BLEU     ", STD),
    line("DATE", "", STD, "H240213083144"),
    line("DATE", "", STD, "h240213083145"),
    line("DATE", "0", STD, "H240213083144"),  # with a value it has two keys
    line("DATE_HORODATE", "H240213083144", STD),  # which nobody sends, and which would be one of them
    line("DATE_HORODATE", "0", STD),
    line("DATE", "01/02/17 12:34:56"),  # another family says it in historique
    line("SMAXSN", "02740", STD, "E220609060531"),
    line("SMAXSN", "02740", STD, "E220609060532"),
    line("SMAXSN_HORODATE", "E220609060531", STD),
    line("DPM1", "00", STD, " 230213060000"),
    line("TDYND", "d-01", STD),
    line("TDYND", "d-02", STD),
    line("NEW", "1"),  # unknown to the table: believed behind an LF only
    line("NEW", "1", STD),
    line("APAPP", "00750"),  # unknown, and a known one behind its first character
    b"SC 45 ?",  # the rest of ISOUSC, with the same sum
    b"JPAPP 00750 -",  # an LF of which bit 6 is wrong
]
# The sums are right and the groups are not, or the other way round.
UNSOUND = [
    line("PAPP", "00750")[:-1] + b"\r",
    line("PAPP", "00750")[:-1] + b".",
    line("PAPP", "00u50"),
    line("papp", "00750"),
    line("EAST", "012345678", STD)[:-1] + bytes([line("EAST", "012345678", STD)[-1] ^ 9]),
    line("EAST", "0123v5678", STD),
    line("SMAXSN", "02740", STD, "X220609060531"),
    line("SMAXSN", "02740", STD, "E2206090605"),
    line("PAPP", "007\x0150"),
    line("PAPP", "", HIST),
    line("EAST", "", STD),
    b"PAPP\t00750 -",
    b"\xff",
    b" ",
    b"  ",
    b"\t",
]

LINES = st.sampled_from(SOUND) | st.sampled_from(SOUND) | st.sampled_from(SOUND + UNSOUND)
BEFORE = st.sampled_from([b"\n"] * 12 + [b"", b"\x0b", b"J", b"\xff", b"\n\n", b"*\n"])
AFTER = st.sampled_from([b"\r"] * 16 + [b"", b"\x0c", b"\r\r", b"\n", b"\xff"])
MARKS = [b"\x02", b"\x03", b"\x04", b"\n", b"\r", b"\x82", b"\x83", b"\x8d", b"\x00"]
PARITY = st.sampled_from(["none", "none", "all", "all", "some"])


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Draw STX, a few lines and ETX, stripped of the parity or with it, or with it on some lines only."""
    parity = draw(PARITY)
    lines = [draw(BEFORE) + text + draw(AFTER) for text in draw(st.lists(LINES, max_size=7))]
    pieces = [b"\x02", *lines, b"\x03"]
    if parity == "none":
        return b"".join(pieces)
    return b"".join(
        with_parity(piece) if parity == "all" or draw(st.booleans()) else piece for piece in pieces
    )


def _of(label: bytes, texts: list[bytes]) -> list[bytes]:
    return [text for text in texts if text.startswith((label + b" ", label + b"\t"))]


# What a meter does all day: the same étiquettes in the same order, and now and then another value.
SHAPES = [
    [_of(b"ADCO", SOUND), _of(b"PTEC", SOUND), _of(b"PAPP", SOUND)],
    [_of(b"ADCO", SOUND), _of(b"EA", SOUND), _of(b"PAPP", SOUND)],
    [_of(b"EAST", SOUND), _of(b"SMAXSN", SOUND), _of(b"LTARF", SOUND), _of(b"DATE", SOUND)],
    [_of(b"EAST", SOUND), _of(b"SMAXSN", SOUND), _of(b"SMAXSN_HORODATE", SOUND), _of(b"PREAVIS", SOUND)],
    [_of(b"DATE", SOUND), _of(b"NEW", SOUND), _of(b"DPM1", SOUND)],
    [_of(b"DATE", SOUND), _of(b"DATE_HORODATE", SOUND)],
    [_of(b"EA", SOUND), _of(b"Appli", SOUND), _of(b"EA", SOUND)],
]


@st.composite
def plain_frames(draw: st.DrawFn) -> bytes:
    """Draw a frame of one of a few shapes in which nothing is wrong with any line."""
    texts = [draw(st.sampled_from(choice)) for choice in draw(st.sampled_from(SHAPES))]
    frame = b"\x02" + b"".join(b"\n" + text + b"\r" for text in texts) + b"\x03"
    return with_parity(frame) if draw(st.booleans()) else frame


class ALine(RuleBasedStateMachine):
    """A line and what is on it; after each step decoder and model have said the same."""

    sent: Bundle[bytes] = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.decoder = Decoder(plausibility=False)
        self.before = Decoded()  # what the stretches said that are over
        self.line = b""  # the stretch in hand, from its first byte on
        self.bytes = 0
        self.readings: list[tuple[Mode, list[tuple[str, str]]]] = []

    @rule(target=sent, frame=frames(), data=st.data())
    def a_frame(self, frame: bytes, data: st.DataObject) -> bytes:
        """Send a frame of the usual groups, sound or not."""
        self.feed(frame, data)
        return frame

    @rule(target=sent, frame=plain_frames(), data=st.data())
    def a_plain_frame(self, frame: bytes, data: st.DataObject) -> bytes:
        """Send a frame as meters do."""
        self.feed(frame, data)
        return frame

    @rule(frames=st.lists(sent, min_size=1, max_size=4), data=st.data())
    def the_same_frames_again(self, frames: list[bytes], data: st.DataObject) -> None:
        """Send frames that came before, one behind the other."""
        self.feed(b"".join(frames), data)

    @rule(target=sent, frame=sent, data=st.data())
    def a_frame_with_one_byte_changed(self, frame: bytes, data: st.DataObject) -> bytes:
        """Send a frame that came before, after an error of the line."""
        assume(frame)
        place = data.draw(st.integers(0, len(frame) - 1))
        flip = data.draw(st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 3, 0xC0]))
        changed = frame[:place] + bytes([frame[place] ^ flip]) + frame[place + 1 :]
        self.feed(changed, data)
        return changed

    @rule(target=sent, frame=sent, data=st.data())
    def a_frame_with_bytes_lost_or_inserted(self, frame: bytes, data: st.DataObject) -> bytes:
        """Send a frame that came before, without a piece of it or with another one in it."""
        cuts = st.integers(0, len(frame))
        start, end = sorted([data.draw(cuts), data.draw(cuts)])
        piece = data.draw(st.sampled_from([b"", *MARKS, b" ", b"\t"]))
        changed = frame[:start] + piece + frame[end:]
        self.feed(changed, data)
        return changed

    @rule(target=sent, frame=sent)
    def a_frame_with_or_without_its_parity(self, frame: bytes) -> bytes:
        """Send the same characters, of which another end of the line took the parity, or left it."""
        other = bytes(byte & 0x7F for byte in frame)
        if other == frame:
            other = with_parity(frame)
        self.feed(other)
        return other

    @rule(target=sent, first=sent, second=sent, data=st.data())
    def two_frames_that_ran_into_one_another(self, first: bytes, second: bytes, data: st.DataObject) -> bytes:
        """Send the beginning of one frame and the end of another: the mode changed, or bytes were lost."""
        torn = (
            first[: data.draw(st.integers(0, len(first)))] + second[data.draw(st.integers(0, len(second))) :]
        )
        self.feed(torn, data)
        return torn

    @rule(frame=sent, data=st.data())
    def a_frame_that_the_meter_abandons(self, frame: bytes, data: st.DataObject) -> None:
        """Send a part of a frame and EOT."""
        self.feed(frame[: data.draw(st.integers(0, len(frame)))] + b"\x04", data)

    @rule(frame=sent, length=st.integers(LIMIT - 3, LIMIT + 3), data=st.data())
    def a_frame_that_never_ends(self, frame: bytes, length: int, data: st.DataObject) -> None:
        """Send a frame without its ETX, and as much again and again as nobody may hold."""
        endless = frame.replace(b"\x03", b"") or b"A"
        if data.draw(st.booleans()):
            endless = endless.replace(b"\x02", b"").replace(b"\x82", b"") or b"A"
            self.feed(b"\x02")
        end = data.draw(st.sampled_from([b"", b"\x03"]))
        self.feed((endless * (length // len(endless) + 1))[:length] + end, data)

    @rule(noise=st.binary(max_size=60), data=st.data())
    def noise(self, noise: bytes, data: st.DataObject) -> None:
        """Send what is nothing."""
        self.feed(noise, data)

    @rule(mark=st.sampled_from(MARKS))
    def a_mark(self, mark: bytes) -> None:
        """Send a mark that stands where it should not."""
        self.feed(mark)

    @rule()
    def the_port_is_opened_again(self) -> None:
        """Begin another stretch: what is in hand is forgotten, and nothing is counted."""
        self.decoder.reset()
        self.end_stretch(self.decoded_by_model())

    @rule()
    def the_line_ends(self) -> None:
        """End the line: a frame in progress was cut short."""
        self.decoder.close()
        self.end_stretch(decode_by_model(self.line, ended=True))

    def feed(self, data: bytes, source: st.DataObject | None = None) -> None:
        """Give bytes to the decoder, in chunks that `source` draws, and to the model."""
        cuts = [] if source is None else source.draw(st.lists(st.integers(0, len(data)), max_size=3))
        note(f"{data[:300]!r}, cut at {sorted(cuts)}")
        for start, end in itertools.pairwise([0, *sorted(cuts), len(data)]):
            found = self.decoder.feed(data[start:end])
            self.readings += [(one.mode, list(one.values.items())) for one in found]
        self.line += data
        self.bytes += len(data)

    def decoded_by_model(self) -> Decoded:
        """Return what the model says of the stretch in hand."""
        return decode_by_model(self.line)

    def end_stretch(self, expected: Decoded) -> None:
        """Take what a stretch said to what the others did."""
        self.before = added(self.before, expected)
        self.line = b""

    @invariant()
    def decoder_and_model_find_the_same(self) -> None:
        """Require that what passes the checks is that of the model, and the frame in progress too."""
        expected = added(self.before, self.decoded_by_model())
        counts = self.decoder.counts

        assert counts.groups + counts.unconfirmed == expected.groups
        assert counts.frames == len(self.readings) <= expected.frames
        assert (counts.bytes_, counts.interrupted) == (self.bytes, expected.interrupted)
        assert (counts.parity, counts.checksum, counts.malformed) == (
            expected.parity,
            expected.checksum,
            expected.malformed,
        )
        assert self.decoder.parity is expected.with_parity
        self.pending_is_that_of_the_model(expected)
        self.published_passed_the_checks_of_the_model(expected)

    def published_passed_the_checks_of_the_model(self, expected: Decoded) -> None:
        """Require each reading to be one of the model, in their order, perhaps without what is withheld."""
        of_the_model = iter(expected.readings)
        for mode, values in self.readings:
            # A frame of both modes has the mode of its first group, which may be withheld.
            assert any(
                (mode is other or values[0] != whole[0]) and is_part(values, whole)
                for other, whole in of_the_model
            ), values

    def pending_is_that_of_the_model(self, expected: Decoded) -> None:
        """Require the mode that most sound groups have, and how many; where it is a tie, either."""
        modes = [group.mode for group in expected.pending]
        mode, number = self.decoder.pending()

        assert number == max((modes.count(one) for one in Mode), default=0)
        assert (mode is None) == (number == 0)
        assert mode is None or modes.count(mode) == number


def is_part(values: list[tuple[str, str]], whole: list[tuple[str, str]]) -> bool:
    """Return whether the members of one list are members of the other, in the same order."""
    rest = iter(whole)
    return all(value in rest for value in values)


def added(before: Decoded, more: Decoded) -> Decoded:
    """Return what two stretches said together."""
    return Decoded(
        readings=before.readings + more.readings,
        frames=before.frames + more.frames,
        groups=before.groups + more.groups,
        parity=before.parity + more.parity,
        checksum=before.checksum + more.checksum,
        malformed=before.malformed + more.malformed,
        interrupted=before.interrupted + more.interrupted,
        with_parity=before.with_parity if more.with_parity is None else more.with_parity,
        pending=more.pending,
    )


# More steps than usual: what is remembered must have been there before.
ALine.TestCase.settings = settings(
    max_examples=50, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
TestALine = ALine.TestCase
