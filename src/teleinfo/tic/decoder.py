"""
Decode one line: bytes in, readings out; everything that is left out is counted.

A frame passes through `framing`, `groups`, `trust`, `plausibility` and `judge`. A frame of a known `layout`
skips `groups` and `trust`, with the same result. The decoder never raises, needs bounded memory and linear
time, and returns the same readings however the bytes are chunked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from teleinfo.tic import groups
from teleinfo.tic.framing import Framer
from teleinfo.tic.groups import RejectionCause
from teleinfo.tic.judge import Judge
from teleinfo.tic.labels import COMING_AND_GOING, SHORT_FRAME, Group, Mode, lookup
from teleinfo.tic.layout import Layout, LayoutCache
from teleinfo.tic.order import presence
from teleinfo.tic.plausibility import Plausibility, watched_keys
from teleinfo.tic.reading import Reading, build_reading, texts_of
from teleinfo.tic.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet


MAX_TALLIED_LABELS: Final = 100
"""The most labels whose withheld groups are counted: noise can create any number of labels."""

MAX_UNKNOWN_LABELS: Final = 16
"""The most étiquettes outside the table that are named."""

_UNSTEADY: Final = {None, *COMING_AND_GOING}
"""The presences of étiquettes that a frame may lack, and of those without a place in the documents."""

SECONDS_PER_BYTE: Final = {Mode.HISTORIQUE: 10 / 1200, Mode.STANDARD: 10 / 9600}
"""The time of ten bits at the speed of each mode."""


@dataclass(slots=True)
class Counts:
    """Counters of one line."""

    bytes_read: int = 0
    frames: int = 0  # complete and believed
    groups: int = 0  # sound and believed
    parity: int = 0  # rejected: a damaged character
    checksum: int = 0  # rejected: a wrong sum
    malformed: int = 0  # rejected: not the shape of a group, or a value that its étiquette cannot have
    interrupted: int = 0  # frames cut short, or so inconsistent that they must not be believed
    unconfirmed: int = 0  # withheld: next to lost bytes, or in an unknown form
    implausible: int = 0  # withheld: an index or identifier that cannot follow its last value
    unknown_labels: tuple[str, ...] = ()  # believed étiquettes that the table lacks; the first of them
    lost: Mapping[str, int] = field(default_factory=dict)  # by étiquette: damaged frames that lacked it

    @property
    def rejected(self) -> int:
        """Groups that were not sound, whatever the cause."""
        return self.parity + self.checksum + self.malformed


class Decoder:
    """
    A decoder of one line.

    - `counts` is live.
    - `parity` is True if the last complete frame arrived with parity bits, None before the first frame.
    - `unconfirmed` and `implausible` are the numbers of groups that were withheld, by étiquette.

    Without `plausibility`, no index and no identifier is compared with its last value.
    """

    def __init__(self, *, plausibility: bool = True) -> None:
        self.counts = Counts()
        self.parity: bool | None = None
        self.unconfirmed: dict[str, int] = {}
        self.implausible: dict[str, int] = {}
        self._framer = Framer()
        self._layouts = LayoutCache()
        self._trust = Trust()
        self._plausibility = Plausibility() if plausibility else None
        self._judge = Judge()
        self._layout: Layout | None = None  # of the last frame
        self._faults = 0  # groups that were rejected or withheld until the last frame that was judged
        self._whole: list[str] = []  # étiquettes that each frame must have, from the last undamaged frame
        self._is_accepted = False  # by the fast path of `plausibility`: only indexes changed
        self._mode = Mode.HISTORIQUE  # of the last sound frame
        self._time = 0.0  # s since the first byte
        self._clock_start: float | None = None

    @property
    def withheld(self) -> AbstractSet[str]:
        """The étiquettes whose index or identifier is withheld at present."""
        return set() if self._plausibility is None else self._plausibility.withheld

    def feed(self, data: bytes, *, now: float | None = None) -> list[Reading]:
        """
        Return the readings that these bytes of the line complete, oldest first.

        `now` is the time of the bytes, in seconds on a clock that never goes back. It is None for a
        recording: the time is then computed from the speed of the line.
        """
        counts = self.counts
        counts.bytes_read += len(data)
        readings = []
        for segment in self._framer.split(data):
            trust = self._trust
            at_once = self._layouts.read(segment, trust.notices) if trust.is_settled else None
            if at_once is None:
                layout = None
                reading = self._read_by_groups(segment, now)
            else:
                layout = at_once.layout
                self.parity = not segment.isascii()
                counts.groups += len(layout.forms)
                self._advance(len(segment) + 1, layout.mode, now)
                reading = self._without_implausible(at_once, layout.watched_keys, at_once.watched)
            if reading is not None:
                counts.frames += 1
                is_same_layout = layout is not None and layout is self._layout
                if is_same_layout and self._is_accepted:
                    self._judge.judge_again(reading)
                else:
                    self._judge.judge(reading)
                    self._note_lost(reading)
                readings.append(reading)
            self._layout = layout
        counts.interrupted = self._framer.interrupted
        return readings

    def pending(self) -> tuple[Mode | None, int]:
        """
        Return the mode of most sound groups of the frame in progress, and the number of those groups.

        Nothing is counted. The whole frame so far is parsed: call this once a second, not at every byte.
        """
        lines = groups.parse_frame(self._framer.pending())
        modes = [group.mode for group in lines if isinstance(group, Group)]
        if not modes:
            return None, 0
        most_frequent = max(Mode, key=modes.count)
        return most_frequent, modes.count(most_frequent)

    def close(self) -> None:
        """End the line; a frame in progress counts as interrupted."""
        self._framer.close()
        self.counts.interrupted = self._framer.interrupted

    def reset(self) -> None:
        """Forget the frame in progress: the port was opened again, and the next bytes do not continue it."""
        self._framer.reset()

    def _read_by_groups(self, segment: bytes, now: float | None) -> Reading | None:
        """
        Check the frame of a segment character by character and group by group; count what is left out.

        Return its reading without groups that are withheld; None if the segment has no frame, or nothing of
        the frame is believed.
        """
        frame = self._framer.frame(segment)
        if frame is None:
            self._advance(len(segment) + 1, self._mode, now)
            return None
        text, self.parity = frame
        lines = groups.parse_frame(text)
        sound = [group for group in lines if isinstance(group, Group)]
        mode = sound[0].mode if sound else self._mode
        self._advance(len(segment) + 1, mode, now)
        counts = self.counts
        counts.parity += lines.count(RejectionCause.PARITY)
        counts.checksum += lines.count(RejectionCause.CHECKSUM)
        counts.malformed += lines.count(RejectionCause.MALFORMED)
        reading = build_reading(sound)
        if reading is None:
            counts.groups += len(sound)
            if sound:
                self._framer.interrupted += 1  # so inconsistent that it must not be believed
            return None
        believed, withheld = self._believe(lines, sound, parity=self.parity)
        if withheld:
            reading = build_reading(believed)
        if reading is None:
            return None
        values = texts_of(reading)
        keys = watched_keys(reading.mode, values)
        return self._without_implausible(reading, keys, tuple(values[key].encode() for key in keys))

    def _believe(
        self, lines: Sequence[Group | RejectionCause], sound: Sequence[Group], *, parity: bool
    ) -> tuple[list[Group], list[Group]]:
        """
        Return the `sound` groups among the lines that are believed, and those that are withheld; count both.

        The layout of the frame is learned if `trust` would believe every frame like it.
        """
        trust = self._trust
        trust.note(self._layouts.groups_to_note())
        mode_before = trust.mode
        believed, withheld = trust.believe(lines, parity=parity)
        if trust.mode is not mode_before:
            self._layouts.forget()
        if trust.is_settled:
            self._layouts.learn(sound)
        counts = self.counts
        counts.groups += len(believed)
        counts.unconfirmed += len(withheld)
        _tally(self.unconfirmed, (group.label for group in withheld))
        for group in believed:
            if len(counts.unknown_labels) == MAX_UNKNOWN_LABELS:
                break
            if lookup(group.mode, group.label) is None and group.label not in counts.unknown_labels:
                counts.unknown_labels += (group.label,)
        return believed, withheld

    def _without_implausible(
        self, reading: Reading, keys: tuple[str, ...], texts: tuple[bytes, ...]
    ) -> Reading | None:
        """
        Return a reading without its implausible values, which are counted; None if nothing is left of it.

        `keys` are the `watched_keys` of the reading, and `texts` their values. Sets `_is_accepted`.
        """
        if self._plausibility is None:
            return reading
        self._is_accepted = self._plausibility.try_accept(keys, texts, self._time)
        if self._is_accepted:
            return reading
        withheld, is_another_meter = self._plausibility.check(reading.mode, keys, texts, self._time)
        if is_another_meter:
            self._layouts.forget()
            self._trust.forget()
        if not withheld:
            return reading
        self.counts.groups -= len(withheld)
        self.counts.implausible += len(withheld)
        _tally(self.implausible, withheld)
        plausible = {key: text for key, text in reading.values.items() if key not in withheld}
        return Reading(reading.mode, plausible) if plausible else None

    def _note_lost(self, reading: Reading) -> None:
        """Count the étiquettes that a damaged frame lacks, which the last whole frame had."""
        counts = self.counts
        keys = reading.values.keys()
        faults_before = self._faults
        self._faults = counts.rejected + counts.unconfirmed + counts.implausible
        if self._faults == faults_before:
            self._whole = [key for key in keys if presence(reading.mode, key) not in _UNSTEADY]
        elif not keys <= SHORT_FRAME:
            lost = dict(counts.lost)  # a new dict: a shallow copy of `counts` keeps the earlier one
            _tally(lost, (key for key in self._whole if key not in keys))
            counts.lost = lost

    def _advance(self, size: int, mode: Mode, now: float | None) -> None:
        """Advance the time by the duration of `size` bytes on the line, or to `now` if that is later."""
        self._mode = mode
        self._time += size * SECONDS_PER_BYTE[mode]
        if now is not None:
            if self._clock_start is None:
                self._clock_start = now - self._time
            self._time = max(self._time, now - self._clock_start)


def decode(recording: Iterable[bytes]) -> Iterator[Reading]:
    """
    Yield the readings of a recording: a file opened in binary mode, or chunks of bytes of any size.

    To get the counts of what was left out as well, use a `Decoder`.
    """
    decoder = Decoder()
    for data in recording:
        yield from decoder.feed(data)


def _tally(counter: dict[str, int], labels: Iterable[str]) -> None:
    """Add one to the count of each label; a label beyond the first `MAX_TALLIED_LABELS` is not counted."""
    for label in labels:
        if label in counter or len(counter) < MAX_TALLIED_LABELS:
            counter[label] = counter.get(label, 0) + 1
