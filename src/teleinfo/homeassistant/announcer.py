"""
What is announced of one meter, and when.

Pure: times are arguments. An entity is announced after two frames with its étiquettes, since a single frame
may be an accident of the line, and stays announced. A change of mode or of contract keeps the device and
every entity that the new one has too; what only the old mode had is removed, unless it has statistics.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.state_entities import entities_of
from teleinfo.tic.meter_id import number_of

if TYPE_CHECKING:
    from teleinfo.homeassistant.discovery import Discovery
    from teleinfo.homeassistant.entities import Entity
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

CONFIRM_WITHIN: Final = 30
"""Frames within which an étiquette must come again: of 21 frames of a three-phase meter 20 are short."""

LOOK_INTERVAL: Final = 10.0
"""Seconds after which the state is looked through again, for an index that has begun to count."""

_TARIFF: Final = ("OPTARIF", "NGTF", "NTARF", "LTARF")


class Announcer:
    """
    Makes the messages of the meter that `tracker` follows.

    `messages` are topics and payloads, all retained; an empty payload clears its topic. They are of the meter
    of this `scope`.
    """

    def __init__(self, discovery: Discovery, tracker: StateTracker) -> None:
        self._discovery = discovery
        self._tracker = tracker
        self.scope = ""
        self._reset()

    def _reset(self) -> None:
        """Know nothing of the meter."""
        self.messages: dict[str, bytes] = {}
        self._mode: Mode | None = None
        self._frames = 0
        self._looked = -math.inf
        self._last_frame: dict[str, int] = {}  # number of the last frame with this key
        self._confirmed: set[str] = set()
        self._tariff: tuple[str, ...] = ()  # of the last frame that says it
        self._is_steady = False  # the last two said the same
        self._announced: dict[str, Entity] = {}
        self._removed: dict[str, Entity] = {}
        self._of_other_mode: set[str] = set()
        self._changed_at = 0

    @property
    def is_announced(self) -> bool:
        """Whether the meter of `scope` is announced."""
        return bool(self._announced)

    @property
    def name(self) -> str:
        """The model of the meter, for the log; it does not identify the meter."""
        return self._tracker.meter.identity.model if self.scope else ""

    def take(self, reading: Reading, *, now: float) -> None:
        """Update `messages` after the tracker took a reading of the monotonic time `now`, seconds."""
        tracker = self._tracker
        if reading.mode is not tracker.mode or number_of(reading) not in (None, tracker.number):
            return
        self._follow(reading.mode)
        self._frames += 1
        fresh, confirmed = self._note(reading)
        news = self._note_tariff(reading)
        if not tracker.is_known:
            return
        if fresh and not confirmed:
            self._clear_other_form(reading.mode, now)
        over = bool(self._of_other_mode) and self._frames - self._changed_at >= CONFIRM_WITHIN
        due = now - self._looked >= LOOK_INTERVAL
        if self._is_steady and (confirmed or news or due or over):
            self._looked = now
            self._announce(reading.mode, now, over=over)

    def _follow(self, mode: Mode) -> None:
        """Begin anew with another meter, and take note of another mode."""
        scope = self._tracker.meter.scope
        if scope != self.scope:
            self.scope = scope
            self._reset()
        if mode is not self._mode:
            self._mode = mode
            self._of_other_mode, self._changed_at = set(self._announced), self._frames
            self._last_frame.clear()
            self._confirmed.clear()

    def _note(self, reading: Reading) -> tuple[bool, bool]:
        """Note the étiquettes of a frame; return whether one is new, and whether one is confirmed by it."""
        fresh = confirmed = False
        for key in reading.values:
            before, self._last_frame[key] = self._last_frame.get(key), self._frames
            if key in self._confirmed:
                continue
            if before is not None and self._frames - before <= CONFIRM_WITHIN:
                self._confirmed.add(key)
                confirmed = True
            else:
                fresh = True
        return fresh, confirmed

    def _note_tariff(self, reading: Reading) -> bool:
        """Note contract and running index; return whether a second frame in a row says what is news."""
        tariff = tuple(reading.values.get(label, "") for label in _TARIFF)
        if self._frames > 1 and not any(tariff):  # a short frame
            self._is_steady = True
            return False
        before, self._tariff = self._tariff, tariff
        was_steady, self._is_steady = self._is_steady, tariff == before
        return self._is_steady and not was_steady

    def _clear_other_form(self, mode: Mode, now: float) -> None:
        """Clear the other form of what may be announced with the next frame."""
        state = self._tracker.state_of(self._last_frame, now=now)
        found = entities_of(state, mode)
        fresh = [entity for key, entity in found.items() if key not in self._announced]
        self.messages = self._discovery.cleared(self._tracker.meter, fresh) | self.messages

    def _announce(self, mode: Mode, now: float, *, over: bool) -> None:
        """Compose the messages anew if an entity is new, or has another name or path."""
        before = self._announced, self._removed
        state = self._tracker.state_of(self._confirmed, now=now)
        found = entities_of(state, mode)
        paths = {entity.path for entity in found.values()}
        kept = {
            # What another contract counts on the same étiquette is not its state.
            key: replace(entity, path=()) if entity.path in paths else entity
            for key, entity in self._announced.items()
            if key not in found
        }
        if over:
            gone = self._of_other_mode & kept.keys()
            self._of_other_mode = set()
            # Without its entity Home Assistant would call statistics orphaned.
            self._removed |= {key: kept.pop(key) for key in gone if kept[key].state_class is None}
            kept |= {key: replace(kept[key], path=()) for key in gone & kept.keys()}
        self._announced = kept | found
        self._removed = {key: entity for key, entity in self._removed.items() if key not in found}
        if before != (self._announced, self._removed) and found:
            self.messages = self.messages | self._discovery.messages(
                self._tracker.meter, self._announced.values(), self._removed.values()
            )
