"""
Hold values against those before: indexes and identifiers, which are kept for ever, and free texts.

An index never falls, nor rises by more than the meter can have counted since; an identifier does not change,
nor does a text in bits that no check sees.
A value that does is withheld, until the frames that follow agree with it: the meter was replaced, its counter
began anew, or what was believed before was wrong.

Indexes with their unit behind them (ICE, PME-PMI, SAPHIR) are left alone: they are those of the tariff period
in force, or begin anew with a contract.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from operator import sub
from typing import TYPE_CHECKING, Final

from teleinfo.tic.labels import (
    DIGITS,
    HISTORIQUE,
    METER_NUMBERS,
    STANDARD,
    TARIFF_LABELS,
    Charset,
    Kind,
    Mode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FRAMES_FOR_INDEX: Final = 3
FRAMES_FOR_IDENTIFIER: Final = 2
"""Frames in a row that must agree before an implausible value is believed."""

MARGIN: Final = 2
"""Wh by which an index may rise at any time: no more, since an error may hide in it."""

_OVERLOAD: Final = 1.5  # times the subscribed power
# What the largest meters carry, VA: 90 A on one phase, 60 A on each of three, at 230 V + 10 %.
_LARGEST: Final = {1: 90 * 253, 3: 3 * 60 * 253}
_SECONDS: Final = 3600  # of an hour
# Energies that the subscribed power bounds: those that are drawn.
_NOT_DRAWN: Final = frozenset({"EAIT", "ERQ1", "ERQ2", "ERQ3", "ERQ4"})
_UNBOUNDED: Final = frozenset({"GAZ", "AUTRE"})  # nobody knows what the other meters can count
_IDENTIFIERS: Final = frozenset({*METER_NUMBERS, "PRM"})
# The keys whose values are held against those before.
_KEPT: Final = {
    mode: _IDENTIFIERS
    | {label.name for label in table.values() if label.kind is Kind.INDEX and label.charset is Charset.DIGITS}
    for mode, table in ((Mode.HISTORIQUE, HISTORIQUE), (Mode.STANDARD, STANDARD))
}
_INDEXES: Final = frozenset().union(*_KEPT.values()) - _IDENTIFIERS
# Free texts may hold any printable character. Neither sum nor parity sees it where bit 6 of one is wrong and
# its parity bit too: of / it makes o.
_TEXTS: Final = frozenset(
    label.name
    for table in (HISTORIQUE, STANDARD)
    for label in table.values()
    if label.kind is Kind.TEXT and label.charset is Charset.TEXT
)
_WITHOUT_BIT_6: Final = bytes(byte & ~0x40 for byte in range(256))
# Labels of three-phase meters alone.
_THREE_PHASES: Final = ("IINST2", "IRMS2")
# The keys that `Plausibility.check` gets: those above, those of the power that the meter can carry, and those
# whose change `judge` must see.
_WATCHED: Final = {
    mode: keys | _TEXTS | {"ISOUSC", "PREF", *_THREE_PHASES, *TARIFF_LABELS} for mode, keys in _KEPT.items()
}


class Implausible(enum.StrEnum):
    """Why a value is withheld."""

    FELL = "fell"  # an index is lower than before
    ROSE = "rose"  # an index rose by more than the meter can count in the time
    CHANGED = "changed"  # an identifier is another one, or of a text only bits are that nothing else checks


@dataclass(slots=True)
class _Seen:
    """
    A value and when it came, in seconds.

    `number` is that of an index, None of anything else; `frames` is how many frames in a row agree with it.
    """

    text: bytes
    at: float
    number: int | None
    frames: int = 1

    def take(self, text: bytes, at: float) -> None:
        """Take the next text."""
        if self.number is not None and text != self.text:
            self.number = _number(text)
        self.text, self.at = text, at


def watched_keys(mode: Mode, keys: Iterable[str]) -> tuple[str, ...]:
    """Return those of the keys of a reading that `Plausibility.check` looks at, the indexes last."""
    return tuple(sorted((key for key in keys if key in _WATCHED[mode]), key=_INDEXES.__contains__))


class Plausibility:
    """
    What is believed of the indexes and identifiers of one line.

    `withheld` has the keys whose last value was not believed, and why.
    """

    def __init__(self) -> None:
        self.withheld: dict[str, Implausible] = {}
        self._believed: dict[str, _Seen] = {}
        self._doubted: dict[str, _Seen] = {}
        # The last frame, and the numbers of its indexes. What it says is written down when it is needed.
        self._keys: tuple[str, ...] = ()
        self._texts: tuple[bytes, ...] = ()
        self._numbers: list[int] = []
        self._indexes = 0  # where they begin
        self._least_power = 0.0  # VA that any of them may count
        self._at = 0.0
        self._phases = 1
        self._said = b""  # the subscribed power by the last frame that says it
        self._must_be_said_again = False
        self._subscribed = 0  # VA, by two frames in a row; 0 where it is not known

    def forget(self) -> None:
        """Forget everything: another meter."""
        for known in (self.withheld, self._believed, self._doubted):
            known.clear()
        self._keys, self._texts, self._numbers = (), (), []
        self._phases, self._said, self._must_be_said_again, self._subscribed = 1, b"", False, 0

    def follows(self, keys: tuple[str, ...], texts: tuple[bytes, ...], at: float) -> bool:
        """
        Take a frame, given as to `check`, in which nothing but indexes differs from the last one.

        Return False, and take nothing, where another text differs, or an index fell or rose too much.
        """
        if keys != self._keys or self.withheld or self._must_be_said_again:
            return False
        if texts != self._texts:
            indexes = self._indexes
            if texts[:indexes] != self._texts[:indexes]:
                return False
            try:
                numbers = list(map(int, texts[indexes:]))
            except ValueError:  # padding alone, or no number of a meter
                return False
            rises = list(map(sub, numbers, self._numbers))
            if min(rises) < 0 or max(rises) > MARGIN + self._least_power * (at - self._at) / _SECONDS:
                return False
            self._texts, self._numbers = texts, numbers
        self._at = at
        return True

    def check(
        self, mode: Mode, keys: tuple[str, ...], texts: tuple[bytes, ...], at: float
    ) -> tuple[list[str], bool]:
        """
        Return the keys whose texts in a frame are not believed, and whether the meter is another one.

        `keys` are the `watched_keys` of the frame, with a text each. `at` is the time of the frame in
        seconds, on any clock that does not go back.
        """
        self._write_down()
        implausible = []
        is_another = False
        for key, text in zip(keys, texts, strict=True):
            before = self._believed.get(key)
            if before is None:
                self._begin(mode, key, text, at)
                continue
            reason = self._reason(key, before, text, at)
            if reason is not None:
                if not self._confirmed(key, text, at):
                    self.withheld[key] = reason
                    implausible.append(key)
                    continue
                if key in METER_NUMBERS:
                    self.forget()
                    is_another = True
                    self._believed[key] = before
            before.take(text, at)
            self.withheld.pop(key, None)
            self._doubted.pop(key, None)
        if self._must_be_said_again:
            self._note_power(mode, dict(zip(keys, texts, strict=True)))
        if is_another:
            keys, texts = (), ()
        self._note_frame(keys, texts, at)
        return implausible, is_another

    def _note_frame(self, keys: tuple[str, ...], texts: tuple[bytes, ...], at: float) -> None:
        """Keep what the last frame says."""
        if keys != self._keys:
            self._indexes = sum(key not in _INDEXES for key in keys)
        self._keys, self._texts, self._at = keys, texts, at
        self._numbers = list(map(_number, texts[self._indexes :]))
        self._least_power = min(self._subscribed * _OVERLOAD or math.inf, _LARGEST[self._phases])

    def _write_down(self) -> None:
        """Give what was believed of the last frame its text and its time."""
        for key, text in zip(self._keys, self._texts, strict=False):
            if key in self._believed and key not in self.withheld:
                self._believed[key].take(text, self._at)

    def _begin(self, mode: Mode, key: str, text: bytes, at: float) -> None:
        """Take a text of which nothing is known that it must follow."""
        if key in _KEPT[mode] or key in _TEXTS:
            self._believed[key] = _seen(key, text, at)
        elif key in _THREE_PHASES:
            self._phases = 3
        else:
            self._must_be_said_again = True

    def _confirmed(self, key: str, text: bytes, at: float) -> bool:
        """Count a value that is not plausible, and return whether enough frames in a row agree with it."""
        doubted = self._doubted.get(key)
        agrees = doubted is not None and self._reason(key, doubted, text, at) is None
        frames = doubted.frames + 1 if doubted is not None and agrees else 1
        self._doubted[key] = _seen(key, text, at, frames)
        return frames >= (FRAMES_FOR_IDENTIFIER if key in _IDENTIFIERS else FRAMES_FOR_INDEX)

    def _reason(self, key: str, before: _Seen, text: bytes, at: float) -> Implausible | None:
        """Return why a value is not plausible after the one `before`, if it is not."""
        if text == before.text:
            return None
        if key in _TEXTS:
            same = text.translate(_WITHOUT_BIT_6) == before.text.translate(_WITHOUT_BIT_6)
            return Implausible.CHANGED if same else None
        if key in _IDENTIFIERS:
            return Implausible.CHANGED
        rise = _number(text) - (before.number or 0)
        if rise < 0:
            return Implausible.FELL
        if rise <= MARGIN or rise <= MARGIN + self._power(key) * (at - before.at) / _SECONDS:
            return None
        return Implausible.ROSE

    def _power(self, key: str) -> float:
        """Return the most that an index can count, in VA."""
        if key in _UNBOUNDED:
            return math.inf
        if self._subscribed and key not in _NOT_DRAWN:
            return self._subscribed * _OVERLOAD
        return _LARGEST[self._phases]

    def _note_power(self, mode: Mode, values: Mapping[str, bytes]) -> None:
        """Take the subscribed power from a frame that says the same of it as the one before."""
        said = values.get("ISOUSC") or values.get("PREF") or b""
        self._must_be_said_again = said not in {b"", self._said}
        if self._must_be_said_again:
            self._said = said
        elif said:
            # A on each phase, at 200 V (Enedis-NOI-CPT_02E v6), or kVA.
            unit = 1000 if mode is Mode.STANDARD else 200 * self._phases
            self._subscribed = int(said[:DIGITS]) * unit


def _number(text: bytes) -> int:
    """Return the number of an index: what the table gives digits is digits, or padding alone."""
    return int(text[:DIGITS] or 0)  # no meter has more of them


def _seen(key: str, text: bytes, at: float, frames: int = 1) -> _Seen:
    return _Seen(text, at, _number(text) if key in _INDEXES else None, frames)
