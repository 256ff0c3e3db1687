"""
Frames of a simulated Linky in mode historique, single-phase and three-phase.

Pure. Contents and order: Enedis-NOI-CPT_54E v3 §6.1; short frames: also Enedis-NOI-CPT_02E v6 (CBETM).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from teleinfo.simulator.meter import SimulatedMeter, format_index, order_groups
from teleinfo.tic.labels import Group, Mode

if TYPE_CHECKING:
    from teleinfo.simulator.metrology import Metrology
    from teleinfo.simulator.tariff import SimulatedContract

_DEMAIN = ("----", "BLEU", "BLAN", "ROUG")
_PHASE_VOLTAGE = 200  # V, by which kVA become amperes (Enedis-NOI-CPT_54E v3, ISOUSC)
# In overrun and for a minute after it, a long frame follows this many short ones.
_SHORT_FRAMES = 20
_AFTER_OVERRUN = dt.timedelta(minutes=1)


class _Historique(SimulatedMeter):
    """What meters of this mode have in common; `kva` is the subscribed power of all phases."""

    mode = Mode.HISTORIQUE

    def __init__(self, metrology: Metrology, *, contract: SimulatedContract, number: str, kva: int) -> None:
        super().__init__(metrology)
        self._contract = contract
        self._number = number
        self._subscribed = kva * 1000 // (_PHASE_VOLTAGE * len(metrology.current))

    @property
    def _currents(self) -> list[int]:
        """The current of each phase in A."""
        return [round(amperes) for amperes in self.metrology.current]

    def _head(self) -> dict[str, str]:
        """Return the first groups of a long frame: the meter, the contract, the indexes, the period."""
        metrology, period = self.metrology, self.metrology.period
        values = {
            "ADCO": self._number,
            "OPTARIF": self._contract.optarif,
            "ISOUSC": f"{self._subscribed:02}",
        }
        for label, energy in zip(self._contract.indexes, metrology.supplier, strict=False):
            values[label] = format_index(energy)
        if period.notice:
            values["PEJP"] = "30"
        values["PTEC"] = period.ptec
        if self._contract.tempo:
            values["DEMAIN"] = _DEMAIN[period.tomorrow]
        return values

    def _tail(self) -> dict[str, str]:
        """Return the last groups of a long frame; the apparent power is rounded to 10 VA."""
        apparent = round(sum(map(abs, self.metrology.apparent)), -1)
        return {"PAPP": f"{int(apparent):05}", "HHPHC": "A", "MOTDETAT": "000000"}


class HistoriqueMono(_Historique):
    """A single-phase meter, which sends ADPS while the current exceeds the subscribed one."""

    def _groups(self) -> list[Group]:
        [current] = self._currents
        values = self._head() | {"IINST": f"{current:03}", "IMAX": "090"} | self._tail()
        if current > self._subscribed:
            values["ADPS"] = f"{current:03}"
        return order_groups(self.mode, values)


class HistoriqueTri(_Historique):
    """
    A three-phase meter.

    While the current of a phase exceeds the subscribed one, and for a minute after, it sends cycles of twenty
    short frames and a long one. The first overrun interrupts the long frame that is being sent (EOT). Without
    `short_frames` it sends long ones only: some Linky of type 76 do, and have no ADIR.
    """

    def __init__(
        self,
        metrology: Metrology,
        *,
        contract: SimulatedContract,
        number: str,
        kva: int,
        short_frames: bool = True,
    ) -> None:
        super().__init__(metrology, contract=contract, number=number, kva=kva)
        self._has_short_frames = short_frames
        self._short_until: dt.datetime | None = None
        self._short = 0  # short frames since the last long one

    def _groups(self) -> list[Group]:
        if not self._has_short_frames:
            return self._long_frame()
        now = self.metrology.now
        began = self._short_until is None
        if max(self._currents) > self._subscribed:
            self._short_until = now + _AFTER_OVERRUN
        elif self._short_until is not None and now >= self._short_until:
            self._short_until = None
        if self._short_until is None:
            return self._long_frame()
        if began:
            self._interrupted = self._long_frame()[: 3 + now.second % 10]
            self._short = 0
        if self._short == _SHORT_FRAMES:
            self._short = 0
            return self._long_frame()
        self._short += 1
        return self._short_frame()

    def _long_frame(self) -> list[Group]:
        values = self._head()
        for phase, amperes in enumerate(self._currents, 1):
            values[f"IINST{phase}"] = f"{amperes:03}"
            values[f"IMAX{phase}"] = "060"
        values["PMAX"] = f"{round(self.metrology.drawn_maxima[0].yesterday.value):05}"
        values |= self._tail()
        values["PPOT"] = "00"
        return order_groups(self.mode, values)

    def _short_frame(self) -> list[Group]:
        currents = dict(enumerate(self._currents, 1))
        # Not in the order of the table: the warnings come first (Enedis-NOI-CPT_02E v6, trame courte).
        values = {f"ADIR{n}": f"{a:03}" for n, a in currents.items() if a > self._subscribed}
        values["ADCO"] = self._number
        values |= {f"IINST{n}": f"{a:03}" for n, a in currents.items()}
        return [Group(label, value, None, self.mode) for label, value in values.items()]
