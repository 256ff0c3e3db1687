"""
Compare values with earlier values: indexes and identifiers, which are stored for ever, and free texts.

- An index never falls, nor rises by more than the meter can have counted since.
- An identifier does not change.
- A new text has another sum, or differs in more characters than a burst of wrong bits can change.

A value that breaks a rule is withheld until the next frames agree with it: then the meter was replaced, its
counter began anew, or the earlier value was wrong.

Indexes with their unit behind them (ICE, PME-PMI, SAPHIR) are not compared: they belong to the tariff period
in force, or restart with a new contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import ne, sub
from typing import TYPE_CHECKING, Final

from teleinfo.tic import labels
from teleinfo.tic.labels import TARIFF_LABELS, Charset, Kind, Label, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FRAMES_FOR_INDEX: Final = 3
FRAMES_FOR_IDENTIFIER: Final = 2
"""Frames in a row after which an implausible value is believed."""

MARGIN: Final = 1
"""Wh by which an index may rise more than the energy: it is cut off to whole Wh."""

REFRESH: Final = 1.0
"""
Seconds by which an index may be older than its frame: meters refresh it once a second.

These margins are no larger than needed, since they can hide an error.
"""

_OVERLOAD: Final = 1.5  # times the subscribed power
# VA of the largest meter, by phases: 90 A on one phase, 60 A on each of three, at 230 V + 10 %.
_LARGEST: Final = {1: 90 * 253, 3: 3 * 60 * 253}
# The subscribed power does not limit injected and reactive energy.
_NOT_DRAWN: Final = frozenset({"EAIT", "ERQ1", "ERQ2", "ERQ3", "ERQ4"})
_UNBOUNDED: Final = frozenset({"GAZ", "AUTRE"})  # counted by meters of any size
_IDENTIFIERS: Final = frozenset({*labels.METER_NUMBERS, "PRM"})


def _names(table: Mapping[str, Label], kind: Kind, charset: Charset) -> frozenset[str]:
    """Return the étiquettes of a table whose values are of this kind, in this class of characters."""
    return frozenset(
        label.name for label in table.values() if label.kind is kind and label.charset is charset
    )


# The indexes without a unit behind them.
_INDEXES_OF: Final = {
    Mode.HISTORIQUE: _names(labels.HISTORIQUE, Kind.INDEX, Charset.DIGITS),
    Mode.STANDARD: _names(labels.STANDARD, Kind.INDEX, Charset.DIGITS),
}
_INDEXES: Final = _INDEXES_OF[Mode.HISTORIQUE] | _INDEXES_OF[Mode.STANDARD]
# Free texts may hold any printable character. Neither sum nor parity detects o in place of /, where bit 6 and
# the parity bit are wrong, nor 56q in place of EIN.
_TEXTS_OF: Final = {
    Mode.HISTORIQUE: _names(labels.HISTORIQUE, Kind.TEXT, Charset.TEXT),
    Mode.STANDARD: _names(labels.STANDARD, Kind.TEXT, Charset.TEXT),
}
_TEXTS: Final = _TEXTS_OF[Mode.HISTORIQUE] | _TEXTS_OF[Mode.STANDARD]
_BURST: Final = 4
"""The most characters that a burst of 20 wrong bits can change."""
# Labels that only three-phase meters send.
_THREE_PHASES: Final = ("IINST2", "IRMS2")
# The keys whose values are compared with earlier values.
_COMPARED: Final = {
    Mode.HISTORIQUE: _IDENTIFIERS | _INDEXES_OF[Mode.HISTORIQUE] | _TEXTS,
    Mode.STANDARD: _IDENTIFIERS | _INDEXES_OF[Mode.STANDARD] | _TEXTS,
}
# The labels of the subscribed power, in historique and in standard.
_POWER_LABELS: Final = {Mode.HISTORIQUE: "ISOUSC", Mode.STANDARD: "PREF"}
# `Plausibility.check` also receives the keys that limit the power, and those of the tariff, to whose change
# `Judge.judge` reacts.
_NOT_COMPARED: Final = frozenset({*_POWER_LABELS.values(), *_THREE_PHASES, *TARIFF_LABELS})
_WATCHED: Final = {mode: compared | _NOT_COMPARED for mode, compared in _COMPARED.items()}


@dataclass(slots=True)
class _Seen:
    """A value, the time at which it came (seconds), and the number of frames in a row that agree with it."""

    text: bytes
    at: float
    frames: int = 1


def watched_keys(mode: Mode, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of a reading that `Plausibility.check` receives, the indexes last."""
    watched = [key for key in keys if key in _WATCHED[mode]]
    others = [key for key in watched if key not in _INDEXES]
    indexes = [key for key in watched if key in _INDEXES]
    return (*others, *indexes)


class Plausibility:
    """
    The believed indexes, identifiers and texts of one line.

    `withheld` are the keys whose last value was not believed.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget everything, because another meter is on the line."""
        self.withheld: set[str] = set()
        self._believed: dict[str, _Seen] = {}
        self._doubted: dict[str, _Seen] = {}
        # The last frame, with its indexes as numbers. Its texts enter `_believed` only when they are needed.
        self._keys: tuple[str, ...] = ()
        self._texts: tuple[bytes, ...] = ()
        self._numbers: list[int] = []
        self._least_power = 0.0  # VA, the lowest bound on the power that an index counts
        self._at = 0.0
        self._phases = 1
        self._power_text = b""  # the subscribed power of the last frame that has it
        self._power_unconfirmed = False
        self._subscribed = 0  # VA, confirmed by two frames in a row; 0 if unknown

    def try_accept(self, keys: tuple[str, ...], texts: tuple[bytes, ...], at: float) -> bool:
        """
        Fast path: accept the frame if only indexes changed, each within bounds.

        Otherwise return False and change nothing. The arguments are those of `check`.
        """
        if keys != self._keys or self.withheld or self._power_unconfirmed:
            return False
        if texts != self._texts:
            first = len(keys) - len(self._numbers)  # the place of the first index
            if texts[:first] != self._texts[:first]:
                return False
            try:
                numbers = list(map(int, texts[first:]))
            except ValueError:  # only padding, or no number
                return False
            # There are indexes, since texts differ, and the others are equal.
            rises = list(map(sub, numbers, self._numbers))
            seconds = at - self._at + REFRESH
            if min(rises) < 0 or max(rises) > MARGIN + self._least_power * seconds / 3600:
                return False
            self._texts = texts
            self._numbers = numbers
        self._at = at
        return True

    def check(
        self, mode: Mode, keys: tuple[str, ...], texts: tuple[bytes, ...], at: float
    ) -> tuple[list[str], bool]:
        """
        Return the keys whose texts are not believed, and True if the meter was replaced.

        `keys` are the `watched_keys` of the frame, and `texts` their values. `at` is the time of the frame in
        seconds, on any clock that does not go back.
        """
        # The believed texts of the last frame enter `_believed` now that they are needed.
        for key, text in zip(self._keys, self._texts, strict=False):
            believed = self._believed.get(key)
            if believed is None or key in self.withheld:
                continue
            believed.text = text
            believed.at = self._at
        implausible = []
        is_another = False
        for key, text in zip(keys, texts, strict=True):
            before = self._believed.get(key)
            if before is None:
                if key in _COMPARED[mode]:
                    self._believed[key] = _Seen(text, at)
                elif key in _THREE_PHASES:
                    self._phases = 3
                continue
            if not self._is_plausible(key, before, text, at):
                frames_in_a_row = self._count_doubted(key, text, at)
                if frames_in_a_row < _frames_needed(key):
                    self.withheld.add(key)
                    implausible.append(key)
                    continue
                if key in labels.METER_NUMBERS:
                    is_another = True
                    self.forget()
                    self._believed[key] = before  # it gets the new number below
            before.text = text
            before.at = at
            self.withheld.discard(key)
            self._doubted.pop(key, None)
        self._note_power(mode, dict(zip(keys, texts, strict=True)))
        if is_another:
            # The frame as a whole is not the last one: what stands before the number was compared with the
            # former meter, and is forgotten.
            keys = ()
            texts = ()
        self._keys = keys
        self._texts = texts
        self._at = at
        self._numbers = [_number(text) for key, text in zip(keys, texts, strict=True) if key in _INDEXES]
        self._least_power = _LARGEST[self._phases]
        if self._subscribed:
            self._least_power = min(self._least_power, self._subscribed * _OVERLOAD)
        return implausible, is_another

    def _count_doubted(self, key: str, text: bytes, at: float) -> int:
        """Remember a value that is not plausible; return the number of frames in a row that agree with it."""
        frames_in_a_row = 1
        doubted = self._doubted.get(key)
        if doubted is not None and self._is_plausible(key, doubted, text, at):
            frames_in_a_row += doubted.frames
        self._doubted[key] = _Seen(text, at, frames_in_a_row)
        return frames_in_a_row

    def _is_plausible(self, key: str, before: _Seen, text: bytes, at: float) -> bool:
        """True if a value may follow the value `before`."""
        if text == before.text:
            return True
        if key in _TEXTS:
            return _is_another_text(before.text, text)
        if key in _IDENTIFIERS:
            return False
        rise = _number(text) - _number(before.text)  # Wh
        if key in _UNBOUNDED:
            return rise >= 0
        # The greatest power that the index can count, VA.
        if self._subscribed and key not in _NOT_DRAWN:
            power = self._subscribed * _OVERLOAD
        else:
            power = _LARGEST[self._phases]
        seconds = at - before.at + REFRESH
        return 0 <= rise <= MARGIN + power * seconds / 3600

    def _note_power(self, mode: Mode, values: Mapping[str, bytes]) -> None:
        """Set the subscribed power if two frames in a row agree on it; frames that lack it do not count."""
        # The label of the other mode is outside the table of this one: its value may be no number.
        text = values.get(_POWER_LABELS[mode], b"")
        self._power_unconfirmed = text not in {b"", self._power_text}
        if self._power_unconfirmed:
            self._power_text = text
            return
        if not text:
            return
        if mode is Mode.STANDARD:
            volt_amperes = 1000  # PREF is in kVA
        else:
            volt_amperes = 200 * self._phases  # ISOUSC is in A on each phase, at 200 V (02E)
        self._subscribed = _number(text) * volt_amperes


def _frames_needed(key: str) -> int:
    """Return how many frames in a row must agree with a value of this key that is not plausible."""
    if key in _IDENTIFIERS:
        return FRAMES_FOR_IDENTIFIER
    return FRAMES_FOR_INDEX


def _is_another_text(before: bytes, after: bytes) -> bool:
    """True if a text differs in more than a burst of wrong bits can change, or has another sum."""
    # The shorter text gets blanks at its end, as on the line.
    old = before.ljust(len(after))
    new = after.ljust(len(before))
    changed_characters = sum(map(ne, old, new))
    if changed_characters > _BURST:
        return True
    # The sum on the line also has the blanks around the text, 32 each: they do not count modulo 32.
    return sum(before) % 32 != sum(after) % 32


def _number(text: bytes) -> int:
    """Return the number of a value of digits; 0 if it has only padding."""
    digits = text[: labels.DIGITS]  # no meter has more
    return int(digits) if digits else 0
