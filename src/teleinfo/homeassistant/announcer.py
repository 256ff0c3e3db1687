"""
Readings of one meter to its discovery message and its states, as retained payloads.

Pure: times are arguments. An entity is announced after two frames with its state, since a single frame may
be an accident of the line, and stays announced; a supplier index when it begins to count. Two frames in a row
with another number, or in another mode, start over.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant import discovery
from teleinfo.homeassistant.values import (
    EXPORTED,
    IMPORTED,
    find_entity,
    imported_index,
    running_indexes,
    states_of,
)
from teleinfo.state import words
from teleinfo.state.mean_power import MeanPower
from teleinfo.tic.labels import ALARMS, METER_NUMBERS, NOTICES, Mode
from teleinfo.tic.meter_id import meter_of, number_of
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading, is_left_out

if TYPE_CHECKING:
    from teleinfo.homeassistant.discovery import Sources
    from teleinfo.homeassistant.entities import Entity
    from teleinfo.homeassistant.values import State
    from teleinfo.state.words import Language
    from teleinfo.tic.meter_id import Meter

CONFIRM_WITHIN: Final = 30
"""Frames within which a state must come again: three-phase meters send 20 short frames for each long one."""

ENDED_AFTER: Final = 2
"""Frames in a row without its étiquette after which an alarm or a notice is over."""

NO_NUMBER_AFTER: Final = 10
"""Frames without a number after which the meter is taken for one that sends none (CJE, ICE)."""

EMPTY: Final = b"{}"
"""The states before the first frame: they replace those that an earlier run left on the broker."""

_Identity = tuple[str | None, Mode]


class Announcer:
    """
    Makes the messages of the meter whose readings it takes.

    `prefix` is Home Assistant's discovery prefix, `base` our base topic; étiquettes in `exclude` are neither
    announced nor sent; names and states are in `language`. `announcement` is topic and payload of the
    discovery message (None: nothing is announced yet), `states` the payload of the states. `ended`: the last
    frame showed that an alarm or a notice is over.
    """

    def __init__(
        self, *, prefix: str, base: str, sources: Sources, exclude: frozenset[str], language: Language
    ) -> None:
        self._prefix = prefix
        self._base = base
        self._sources = sources
        self._exclude = exclude
        self._language = language
        self._private = not exclude.isdisjoint(METER_NUMBERS)
        self._identity: _Identity | None = None
        self._candidate: _Identity | None = None
        self._without_number = 0
        self._meter: Meter | None = None
        self._ending = _ending_keys(exclude)
        self.ended = False
        self._reset()

    def _reset(self) -> None:
        """Know nothing of the meter."""
        self._frames = 0
        self._last_frame: dict[str, int] = {}  # number of the last frame with this key
        self._announced: dict[str, Entity] = {}
        self._absences: dict[str, int] = {}
        self._tariff: tuple[str, ...] = ()  # NGTF, NTARF and LTARF of the last frame
        self._contract: str | None = None  # NGTF
        self._periods: dict[str, str] = {}  # LTARF by the supplier index that ran in it
        self._powers: dict[str, tuple[str, MeanPower]] = {}
        self.announcement: tuple[str, bytes] | None = None
        self.states = EMPTY

    @property
    def name(self) -> str:
        """The model of the meter, for the log; it does not identify the meter."""
        return self._meter.model if self._meter is not None else ""

    def take(self, reading: Reading, *, now: float) -> None:
        """Update `announcement`, `states` and `ended` with a reading of the monotonic time `now`, seconds."""
        self.ended = False
        if not self._is_followed(number_of(reading), reading.mode) or self._meter is None:
            return
        kept = self._without_excluded(reading)
        states = states_of(kept, overseas=self._meter.overseas, language=self._language)
        self._add_mean_powers(reading.mode, states, now)
        confirmed = self._confirm(kept, states)
        if self._note_tariff(kept) or confirmed:
            confirmed |= self._name_indexes()
        if confirmed:
            self.announcement = (
                discovery.topic(self._prefix, self._meter.scope),
                discovery.message(self._meter, self._announced.values(), self._sources, self._language),
            )
        states |= self._ended_alarms(reading)
        self.states = json.dumps(
            {discovery.SCOPE: self._meter.scope, **states}, separators=(",", ":")
        ).encode("ascii")

    def _is_followed(self, number: str | None, mode: Mode) -> bool:
        """Return whether a frame is of the followed meter; follow another one from its second frame on."""
        if number is None:
            self._without_number += 1
            if self._identity is None and self._without_number >= NO_NUMBER_AFTER:
                self._follow((None, mode))
            return self._identity is not None and self._identity[1] is mode
        identity = (number, mode)
        if identity != self._identity:
            if self._identity is not None and identity != self._candidate:
                self._candidate = identity
                return False
            self._follow(identity)
        self._candidate = None
        return True

    def _follow(self, identity: _Identity) -> None:
        self._reset()
        self._identity = identity
        self._meter = meter_of(identity[0], topic=self._base, private=self._private)

    def _without_excluded(self, reading: Reading) -> Reading:
        kept = {
            key: value
            for key, value in reading.values.items()
            if not is_left_out(reading.mode, key, self._exclude)
        }
        return Reading(reading.mode, kept)

    def _add_mean_powers(self, mode: Mode, states: dict[str, State], now: float) -> None:
        """Add the mean powers to `states`."""
        exported = states.get("EAIT")
        sources = {
            IMPORTED: imported_index(mode, states),
            EXPORTED: ("EAIT", exported) if isinstance(exported, int) else None,
        }
        for key, source in sources.items():
            if source is not None:
                index, total = source
                if self._powers.get(key, ("", None))[0] != index:
                    self._powers[key] = (index, MeanPower())
                self._powers[key][1].take(total, now=now)
            if key in self._powers:
                states[key] = self._powers[key][1].reported

    def _ended_alarms(self, reading: Reading) -> dict[str, State]:
        """
        Return the states of the alarms that are over (OFF) and of the notices that are withdrawn (None).

        The meter ends them by sending their étiquette no more. A single frame may lack it because its group
        was damaged, and the short frames of three-phase meters never have a notice. Alarms that we never
        saw are over too: Home Assistant may know them from an earlier run, or from the other mode.
        """
        values = reading.values
        short = reading.mode is Mode.HISTORIQUE and "IINST1" in values and "OPTARIF" not in values
        ended: dict[str, State] = {}
        for key, label in self._ending.items():
            if short and label in NOTICES:
                continue
            missing = 0 if label in values else self._absences.get(key, 0) + 1
            self._absences[key] = missing
            if missing >= ENDED_AFTER:
                ended[key] = "OFF" if label in ALARMS else None
                self.ended |= missing == ENDED_AFTER and key in self._announced
        return ended

    def _confirm(self, reading: Reading, states: dict[str, State]) -> bool:
        """Add the entities that this frame confirms to those announced; return whether there are any."""
        grown = False
        self._frames += 1
        running = running_indexes(reading, states)
        for key, state in states.items():
            if key in self._announced:
                continue
            # Linky sends all ten supplier indexes, whatever the contract uses. Home Assistant keeps to what
            # it knew first: one that was announced disabled would stay so when it begins to count.
            if key.startswith("EASF") and state == 0 and key not in running:
                continue
            before, self._last_frame[key] = self._last_frame.get(key), self._frames
            entity = find_entity(reading.mode, key, self._language)
            if entity is None or before is None or self._frames - before > CONFIRM_WITHIN:
                continue
            self._announced[key] = entity
            grown = True
        return grown

    def _note_tariff(self, reading: Reading) -> bool:
        """Note contract and running index if two frames in a row say the same; return whether it is news."""
        tariff = tuple(reading.values.get(label, "").strip() for label in ("NGTF", "NTARF", "LTARF"))
        before, self._tariff = self._tariff, tariff
        if tariff != before:
            return False
        contract, running, period = tariff
        known = self._contract, dict(self._periods)
        if contract and contract != self._contract:
            # The same indexes count something else from now on.
            self._contract, self._periods = contract, {}
        if running and period:
            self._periods[f"EASF{running}"] = period
        return known != (self._contract, self._periods)

    def _name_indexes(self) -> bool:
        """
        Name the announced supplier indexes by what they count; return whether a name changed.

        By the LTARF in which the index ran, else by the contract's table. What would be the name of another
        one is not given twice: Home Assistant makes ids of names.
        """
        indexes = sorted(
            (key for key in self._announced if key.startswith("EASF")),
            key=lambda key: key not in self._periods,
        )
        names: dict[str, str] = {}
        for key in indexes:
            name = self._index_name(key, self._contract, self._periods)
            names[key] = self._index_name(key, None, {}) if name in names.values() else name
        changed = {key: name for key, name in names.items() if self._announced[key].name != name}
        self._announced |= {key: replace(self._announced[key], name=name) for key, name in changed.items()}
        return bool(changed)

    def _index_name(self, key: str, contract: str | None, periods: dict[str, str]) -> str:
        return words.index_name(key, contract=contract, periods=periods, language=self._language)


def _ending_keys(exclude: frozenset[str]) -> dict[str, str]:
    """Return the keys of the alarms and notices of both modes, each with its étiquette."""
    return {
        key: label
        for label in sorted(ALARMS | NOTICES)
        for key in (label, label + HORODATE_SUFFIX)
        for mode in Mode
        if find_entity(mode, key) is not None and not is_left_out(mode, key, exclude)
    }
