"""
The quality of the line: its grade in one word, and the JSON of the topic `health`, written and read.

Pure: counts and times come in, text goes out.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types of `Health`
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, get_type_hints

from teleinfo.common.i18n import N_
from teleinfo.common.untrusted_json import parse_object
from teleinfo.tic.decoder import Counts
from teleinfo.tic.labels import Mode  # noqa: TC001 - as above
from teleinfo.vocabulary.line import PROBLEMS, LineGrade
from teleinfo.vocabulary.typed_json import from_json

if TYPE_CHECKING:
    from teleinfo.vocabulary.words import Message

WINDOW = 300.0
"""Seconds over which the share of bad groups is computed."""

HOUR = 3600.0
"""Seconds between two sets of counts that are kept."""

HOURS = 24
"""Sets of counts that are kept, which is as many hours."""

MAX_LOST = 16
"""The most étiquettes whose losses are published."""

HEALTH_INTERVAL = 60
"""Seconds between two messages, at most."""

STALE_AFTER = 3 * HEALTH_INTERVAL
"""Seconds after which a message is stale: its daemon must be gone."""


DIGITS = 4
"""Last digits of the number of a meter that are published in `health`."""


OTHER_METER = N_(
    "another meter, whose number ends in {other}, is published on our topic {topic}, too; the number of ours "
    "ends in {own}. Give one of the two another TELEINFO_MQTT_TOPIC"
)
"""Line of the log about `Health.other_meter`; the doctor looks for it."""


class _Sample(NamedTuple):
    """The groups since the start of the daemon at a monotonic `time`, s."""

    time: float
    sound: int
    bad: int


class Quality:
    """Share of bad groups over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        # The first is of the start, when nothing had come, however long ago that is.
        self._samples = deque([_Sample(float("-inf"), 0, 0)])
        self._hours: deque[tuple[float, Counts]] = deque(maxlen=HOURS)

    def sample(self, counts: Counts, *, now: float) -> None:
        """Remember the `counts` at `now` (monotonic, in seconds). Call this at a steady rhythm."""
        self._samples.append(_Sample(now, counts.groups, counts.rejected))
        # Keep the last sample from before the window: the share is that of the groups counted since then.
        while len(self._samples) > 1 and self._samples[1].time <= now - WINDOW:
            self._samples.popleft()

        if not self._hours or now - self._hours[-1][0] >= HOUR:
            copy = replace(counts)  # the decoder goes on counting in `counts`
            self._hours.append((now, copy))

    @property
    def a_day_ago(self) -> Counts:
        """The counts of 24 hours ago, to the hour, or of the first sample; zeros before it."""
        if not self._hours:
            return Counts()
        _time, counts = self._hours[0]
        return counts

    @property
    def bad_share(self) -> float | None:
        """The share of bad groups in the window, 0 to 1; None where no group came at all."""
        first = self._samples[0]
        last = self._samples[-1]
        sound = last.sound - first.sound
        bad = last.bad - first.bad
        if sound + bad == 0:
            return None
        return bad / (sound + bad)

    @property
    def grade(self) -> LineGrade:
        """The grade for `bad_share`."""
        share = self.bad_share
        if share is None:
            return LineGrade.SILENT
        if share < 0.001:  # noqa: PLR2004 - one group in a thousand, as the next two are shares
            return LineGrade.GOOD
        if share < 0.01:  # noqa: PLR2004
            return LineGrade.FAIR
        if share < 0.1:  # noqa: PLR2004
            return LineGrade.POOR
        return LineGrade.BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """
    What was counted in the last 24 hours, to the hour; the attributes are those of the whole run in `Health`.

    None means, after `parse`, missing or invalid.

    - `frames`: frames that were published.
    - `groups`: sound groups.
    - `rejected`: groups that were not sound, by cause.
    - `withheld`: sound groups that were not believed, by cause.
    - `interrupted`: frames that were cut short.
    - `lost`: damaged frames that lacked an étiquette, by étiquette; those that were lost most often.
    """

    frames: int | None = None
    groups: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, int] = field(default_factory=dict)
    interrupted: int | None = None
    lost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """
    The fields of the topic `health`. None means unknown or, after `parse`, missing or invalid.

    - `version`: version of the daemon.
    - `time`: when it was published, in ISO 8601.
    - `mode`: mode of the output of the meter.
    - `baudrate`: speed of the line, in bauds.
    - `parity_checked`: true if the characters arrive with their parity bit, and it is checked.
    - `frames`: frames that were published, since the start of the daemon.
    - `groups`: sound groups, since the start.
    - `rejected`: groups that were not sound, by cause, since the start.
    - `withheld`: sound groups that were not believed, by cause, since the start.
    - `interrupted`: frames that were cut short, since the start.
    - `lost`: damaged frames that lacked an étiquette, by étiquette; those that were lost most often.
    - `last_24h`: the same counters over the last 24 hours, to the hour.
    - `unknown_labels`: the first étiquettes of the meter that no document names.
    - `bad_groups_percent`: share of the rejected groups over five minutes, 0 to 100; None if no group came.
    - `line_quality`: quality of the line, judged from that share; silent while no frame comes.
    - `problem`: the reason for the lack of frames; None if frames come.
    - `last_frame`: when the last frame came, in ISO 8601.
    - `uptime`: seconds since the start of the daemon.
    - `source`: a random name of the process that published it.
    - `meter`: the last digits of the number of its meter; None if the number is unknown or not published.
    - `fingerprint`: a hash of that number, for two meters with the same last digits.
    - `other_meter`: the last digits of another meter that is published on the same topics; None without one.
    """

    version: str | None = None
    time: str | None = None
    mode: Mode | None = None
    baudrate: int | None = None
    parity_checked: bool | None = None
    frames: int | None = None
    groups: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, int] = field(default_factory=dict)
    interrupted: int | None = None
    lost: Mapping[str, int] = field(default_factory=dict)
    last_24h: LastDay | None = None
    unknown_labels: tuple[str, ...] = ()
    bad_groups_percent: float | None = None
    line_quality: LineGrade | None = None
    problem: str | None = None
    last_frame: str | None = None
    uptime: int | None = None
    source: str | None = None
    meter: str | None = None
    fingerprint: str | None = None
    other_meter: str | None = None

    @property
    def reason(self) -> Message | None:
        """The words for `problem`; None if frames come, or if this version does not know the problem."""
        problem = PROBLEMS.get(self.problem or "")
        return None if problem is None else problem.words


def complete(known: Health, counts: Counts, quality: Quality) -> Health:
    """Return `known` with the fields that follow from `counts` and `quality`."""
    whole_run = _counted(counts, Counts())
    bad_groups_percent = None
    if quality.bad_share is not None:
        bad_groups_percent = round(quality.bad_share * 100, 3)
    line_quality = quality.grade
    if known.problem is not None:
        line_quality = LineGrade.SILENT  # without a frame, the share is that of some minutes ago
    return replace(
        known,
        frames=whole_run.frames,
        groups=whole_run.groups,
        rejected=whole_run.rejected,
        withheld=whole_run.withheld,
        interrupted=whole_run.interrupted,
        lost=whole_run.lost,
        last_24h=_counted(counts, quality.a_day_ago),
        unknown_labels=counts.unknown_labels,
        bad_groups_percent=bad_groups_percent,
        line_quality=line_quality,
    )


def _counted(counts: Counts, before: Counts) -> LastDay:
    """Return what was counted since `before`."""
    return LastDay(
        frames=counts.frames - before.frames,
        groups=counts.groups - before.groups,
        rejected={
            "parity": counts.parity - before.parity,
            "checksum": counts.checksum - before.checksum,
            "malformed": counts.malformed - before.malformed,
        },
        withheld={
            "unconfirmed": counts.unconfirmed - before.unconfirmed,
            "implausible": counts.implausible - before.implausible,
        },
        interrupted=counts.interrupted - before.interrupted,
        lost=_most(counts.lost, before.lost),
    )


def _most(lost: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Return what was lost since `before`: at most `MAX_LOST` étiquettes, the most frequent first."""
    lost_since = Counter(lost) - Counter(before)  # without those of which none was lost
    return dict(lost_since.most_common(MAX_LOST))


def encode(health: Health) -> bytes:
    """Return the JSON of the topic `health`."""
    return json.dumps(asdict(health), separators=(",", ":")).encode("ascii")


def parse(payload: bytes) -> Health | None:
    """
    Return the content of a message of the topic `health`, None where it is no JSON object.

    Anybody may have published it: a field of a wrong type is ignored.
    """
    content = parse_object(payload)
    if content is None:
        return None
    fields = {}
    for name, kind in get_type_hints(Health).items():
        value = from_json(kind, content.get(name))
        if value is not None:  # else the default stays, which is not None for every field
            fields[name] = value
    return Health(**fields)


def is_orphan(health: Health, *, online: bool | None) -> bool:
    """
    True if the daemon that published `health` ended without reporting its end.

    A running daemon names a problem if no frame comes. `online` is the value of the topic `status` (None:
    unknown), which the broker sets to offline when the daemon is gone.
    """
    return health.problem is None and online is False


def is_stale(health: Health, *, now: float) -> bool:
    """True if `health` was published too long before `now`, s since 1970; False if its time is unknown."""
    try:
        published = datetime.fromisoformat(health.time or "").timestamp()
    except (ValueError, OverflowError):
        return False
    return now - published > STALE_AFTER
