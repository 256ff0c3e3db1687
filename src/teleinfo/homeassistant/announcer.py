"""
Follow one meter, and keep what Home Assistant is to be told: the discovery message and the states.

Readings go in; `announcement` and `states` are the payloads to be retained. Pure: time comes in.

An entity is announced once two frames of this meter have had its state: one frame alone may be an accident of
the line. From then on it stays. Two frames in a row with another number, or in another mode, begin anew.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant import discovery
from teleinfo.homeassistant.values import EXPORTED, IMPORTED, drawn, find_entity, running_indexes, states_of
from teleinfo.state.mean_power import MeanPower
from teleinfo.tic.labels import ALARMS, METER_NUMBERS, NOTICES, Mode
from teleinfo.tic.meter_id import meter_of, number_of
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading, is_left_out

if TYPE_CHECKING:
    from teleinfo.homeassistant.discovery import Sources
    from teleinfo.homeassistant.entities import Entity
    from teleinfo.homeassistant.values import State
    from teleinfo.tic.meter_id import Meter

WITHIN: Final = 30
"""Frames within which the second one must come: three phases send 20 short frames for each long one."""

ABSENCES: Final = 2
"""Frames in a row without its étiquette that end an alarm or a notice."""

NAMELESS: Final = 10
"""Frames without a number after which a meter says none: CJE and ICE do not."""

EMPTY: Final = b"{}"
"""States of nothing: what is to be retained before the first frame, in place of those of an earlier run."""


_Identity = tuple[str | None, Mode]


class Announcer:
    """
    Speaks for the meter whose readings it is given.

    `prefix` is Home Assistant's discovery prefix, `sources` the topics, `base` our base topic; étiquettes in
    `exclude` are neither announced nor sent. `ended` tells whether the last frame showed that an alarm or a
    notice is over.
    """

    def __init__(self, *, prefix: str, base: str, sources: Sources, exclude: frozenset[str]) -> None:
        self._prefix = prefix
        self._base = base
        self._sources = sources
        self._exclude = exclude
        self._private = not exclude.isdisjoint(METER_NUMBERS)
        self._identity: _Identity | None = None
        self._other: _Identity | None = None
        self._nameless = 0
        self._meter: Meter | None = None
        self._passing = _passing(exclude)
        self.ended = False
        self._forget()

    def _forget(self) -> None:
        """Begin anew: nothing is known of the meter."""
        self._frames = 0
        self._seen: dict[str, int] = {}  # in which frame
        self._announced: dict[str, Entity] = {}
        self._absences: dict[str, int] = {}
        self._powers: dict[str, tuple[str, MeanPower]] = {}
        self.announcement: tuple[str, bytes] | None = None
        self.states = EMPTY

    @property
    def name(self) -> str:
        """What the meter is, for people."""
        return self._meter.model if self._meter is not None else ""

    def take(self, reading: Reading, *, now: float) -> None:
        """Note a reading that came at the monotonic time `now`, in seconds."""
        self.ended = False
        if not self._is_ours(number_of(reading), reading.mode) or self._meter is None:
            return
        kept = self._without_excluded(reading)
        states = states_of(kept, island=self._meter.island)
        self._measure(reading.mode, states, now)
        if self._believe(kept, states):
            self.announcement = (
                discovery.topic(self._prefix, self._meter),
                discovery.message(self._meter, self._announced.values(), self._sources),
            )
        states |= self._over(reading)
        self.states = json.dumps(
            {discovery.SCOPE: self._meter.scope, **states}, separators=(",", ":")
        ).encode("ascii")

    def _is_ours(self, number: str | None, mode: Mode) -> bool:
        """Whether a frame is of the meter that we follow; perhaps follow another one."""
        if number is None:
            self._nameless += 1
            if self._identity is None and self._nameless >= NAMELESS:
                self._follow((None, mode))
            return self._identity is not None and self._identity[1] is mode
        identity = (number, mode)
        if identity != self._identity:
            if self._identity is not None and identity != self._other:
                self._other = identity
                return False
            self._follow(identity)
        self._other = None
        return True

    def _follow(self, identity: _Identity) -> None:
        self._forget()
        self._identity = identity
        self._meter = meter_of(identity[0], topic=self._base, private=self._private)

    def _without_excluded(self, reading: Reading) -> Reading:
        kept = {
            key: value
            for key, value in reading.values.items()
            if not is_left_out(reading.mode, key, self._exclude)
        }
        return Reading(reading.mode, kept)

    def _measure(self, mode: Mode, states: dict[str, State], now: float) -> None:
        """Add the mean powers to `states`."""
        exported = states.get("EAIT")
        sources = {
            IMPORTED: drawn(mode, states),
            EXPORTED: ("EAIT", exported) if isinstance(exported, int) else None,
        }
        for key, source in sources.items():
            if source is not None:
                index, total = source
                if self._powers.get(key, ("", None))[0] != index:
                    self._powers[key] = (index, MeanPower())
                self._powers[key][1].take(total, now=now)
            if key in self._powers:
                states[key] = self._powers[key][1].watts

    def _over(self, reading: Reading) -> dict[str, State]:
        """
        Return the alarms that are over (OFF) and the notices that are withdrawn (None: unknown).

        Their étiquette is then missing. But it may be missing as well because its group was damaged, so that
        two frames in a row must lack it; and the short frames of three phases never have a notice. Those that
        we never saw are over too: Home Assistant may know them from before this process, or this mode.
        """
        values = reading.values
        short = reading.mode is Mode.HISTORIQUE and "IINST1" in values and "OPTARIF" not in values
        over: dict[str, State] = {}
        for key, label in self._passing.items():
            if short and label in NOTICES:
                continue
            missing = 0 if label in values else self._absences.get(key, 0) + 1
            self._absences[key] = missing
            if missing >= ABSENCES:
                over[key] = "OFF" if label in ALARMS else None
                self.ended |= missing == ABSENCES and key in self._announced
        return over

    def _believe(self, reading: Reading, states: dict[str, State]) -> bool:
        """Count what this frame has; return whether it made an entity believed."""
        grown = False
        self._frames += 1
        running = running_indexes(reading, states)
        for key, state in states.items():
            if key in self._announced:
                continue
            before, self._seen[key] = self._seen.get(key), self._frames
            entity = find_entity(reading.mode, key)
            if entity is None or before is None or self._frames - before > WITHIN:
                continue
            # A supplier index at zero that the contract does not use: it is there, for whoever looks for it.
            idle = key.startswith("EASF") and state == 0 and key not in running
            self._announced[key] = replace(entity, enabled=False) if idle else entity
            grown = True
        return grown


def _passing(exclude: frozenset[str]) -> dict[str, str]:
    """Return the keys of the entities of alarms and notices, in any mode, each with its étiquette."""
    return {
        key: label
        for label in sorted(ALARMS | NOTICES)
        for key in (label, label + HORODATE_SUFFIX)
        for mode in Mode
        if find_entity(mode, key) is not None and not is_left_out(mode, key, exclude)
    }
