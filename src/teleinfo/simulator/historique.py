"""
Frames of a simulated Linky in historique mode, single-phase and three-phase.

Pure. Contents and order: Enedis-NOI-CPT_54E v3 §6.1; short frames: also Enedis-NOI-CPT_02E v6 (CBETM).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from teleinfo.simulator.meter import Meter, format_index, order_groups
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    from teleinfo.simulator.metrology import Metrology
    from teleinfo.simulator.tariff import Contract

_DEMAIN = ("----", "BLEU", "BLAN", "ROUG")
# In overrun and for a minute after it: so many short frames for each long one.
_SHORT_FRAMES = 20
_AFTER_OVERRUN = dt.timedelta(minutes=1)


class HistoriqueMono(Meter):
    """A single-phase meter for `kva` kVA, which sends ADPS while the current exceeds the subscribed one."""

    mode = Mode.HISTORIQUE

    def __init__(self, metrology: Metrology, *, contract: Contract, address: str, kva: int) -> None:
        super().__init__(metrology)
        self._contract = contract
        self._address = address
        self._subscribed = kva * 1000 // 200

    def _groups(self) -> list[Group]:
        current = round(self.metrology.current[0])
        values = _head(self.metrology, self._contract, self._address, self._subscribed)
        values["IINST"] = f"{current:03}"
        if current > self._subscribed:
            values["ADPS"] = f"{current:03}"
        values["IMAX"] = "090"
        values |= _tail(self.metrology)
        return order_groups(self.mode, values)


class HistoriqueTri(Meter):
    """
    A three-phase meter for `kva` kVA.

    While the current of a phase exceeds the subscribed one, and for a minute after, it sends cycles of twenty
    short frames and a long one. The first overrun cuts the long frame that is being sent (EOT).
    """

    mode = Mode.HISTORIQUE

    def __init__(self, metrology: Metrology, *, contract: Contract, address: str, kva: int) -> None:
        super().__init__(metrology)
        self._contract = contract
        self._address = address
        self._subscribed = kva * 1000 // 600
        self._urgent_until: dt.datetime | None = None
        self._short = 0  # short frames since the last long one

    def _groups(self) -> list[Group]:
        now = self.metrology.now
        currents = [round(amperes) for amperes in self.metrology.current]
        was_urgent = self._urgent_until is not None
        if any(amperes > self._subscribed for amperes in currents):
            self._urgent_until = now + _AFTER_OVERRUN
        elif self._urgent_until is not None and now >= self._urgent_until:
            self._urgent_until = None
        if self._urgent_until is None:
            return self._long_frame(currents)
        if not was_urgent:
            self._interrupted = self._long_frame(currents)[: 3 + now.second % 10]
            self._short = 0
        if self._short == _SHORT_FRAMES:
            self._short = 0
            return self._long_frame(currents)
        self._short += 1
        return self._short_frame(currents)

    def _long_frame(self, currents: list[int]) -> list[Group]:
        values = _head(self.metrology, self._contract, self._address, self._subscribed)
        for phase, amperes in enumerate(currents, 1):
            values[f"IINST{phase}"] = f"{amperes:03}"
            values[f"IMAX{phase}"] = "060"
        values["PMAX"] = f"{round(self.metrology.maxima[0].yesterday.value):05}"
        values |= _tail(self.metrology)
        values["PPOT"] = "00"
        return order_groups(self.mode, values)

    def _short_frame(self, currents: list[int]) -> list[Group]:
        values = {
            f"ADIR{phase}": f"{amperes:03}"
            for phase, amperes in enumerate(currents, 1)
            if amperes > self._subscribed
        }
        values["ADCO"] = self._address
        values |= {f"IINST{phase}": f"{amperes:03}" for phase, amperes in enumerate(currents, 1)}
        # Not in the order of the table: the warnings come first (Enedis-NOI-CPT_02E v6, trame courte).
        return [Group(name, value, None, self.mode) for name, value in values.items()]


def _head(metrology: Metrology, contract: Contract, address: str, subscribed: int) -> dict[str, str]:
    """Return what long frames begin with: the meter, the contract, the indexes, the period."""
    period = metrology.period
    values = {"ADCO": address, "OPTARIF": contract.optarif, "ISOUSC": f"{subscribed:02}"}
    values |= {name: format_index(metrology.supplier[number]) for number, name in enumerate(contract.indexes)}
    if period.notice:
        values["PEJP"] = "30"
    values["PTEC"] = period.ptec
    if contract.tempo:
        values["DEMAIN"] = _DEMAIN[period.tomorrow]
    return values


def _tail(metrology: Metrology) -> dict[str, str]:
    """Return what long frames end with; the apparent power is rounded to 10 VA."""
    apparent = round(sum(map(abs, metrology.apparent)), -1)
    return {"PAPP": f"{int(apparent):05}", "HHPHC": "A", "MOTDETAT": "000000"}
