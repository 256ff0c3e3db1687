"""Simulated mode historique (Enedis-NOI-CPT_54E v3 §6.1; short frames: Enedis-NOI-CPT_02E v6, CBETM)."""

from __future__ import annotations

import datetime as dt

from teleinfo.simulator.meter import SimulatedMeter, format_index, order_groups
from teleinfo.tic.tables.reader import Group

_DEMAIN = ("----", "BLEU", "BLAN", "ROUG")
_PHASE_VOLTAGE = 200  # V, to convert kVA into amperes (Enedis-NOI-CPT_54E v3, ISOUSC)
# During an overrun and for a minute after it, a long frame follows this many short frames.
_SHORT_FRAMES = 20
_AFTER_OVERRUN = dt.timedelta(minutes=1)


class Historique(SimulatedMeter):
    """
    A meter in mode historique.

    A single-phase meter sends ADPS while the current exceeds the subscribed current. A three-phase meter
    interrupts its long frame (EOT) if the current of a phase exceeds it. It then sends cycles of twenty short
    frames and a long frame, until a minute after the overrun. Without `short_frames` it sends long frames
    only, without ADIR, as some Linky of type 76 do.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._subscribed = self.model.kva * 1000 // (_PHASE_VOLTAGE * self.model.phases)
        self._short_until = self.metrology.now
        self._short = 0  # short frames since the last long frame

    def _groups(self) -> list[Group]:
        if self.model.phases == 1 or not self.model.short_frames:
            return self._long_frame()
        now = self.metrology.now
        was_long = now >= self._short_until
        if max(self._currents().values()) > self._subscribed:
            self._short_until = now + _AFTER_OVERRUN
        if now >= self._short_until:
            return self._long_frame()
        if was_long:
            self._interrupted = self._long_frame()[: 3 + now.second % 10]
            self._short = 0
        self._short = (self._short + 1) % (_SHORT_FRAMES + 1)
        if not self._short:
            return self._long_frame()
        currents = self._currents()
        # Not in the order of the table: the warnings come first (Enedis-NOI-CPT_02E v6, trame courte).
        over = {n: amperes for n, amperes in currents.items() if amperes > self._subscribed}
        values = {f"ADIR{n}": f"{amperes:03}" for n, amperes in over.items()}
        values["ADCO"] = self.model.number
        values |= {f"IINST{n}": f"{amperes:03}" for n, amperes in currents.items()}
        return [Group(label, value, None, self.model.mode) for label, value in values.items()]

    def _currents(self) -> dict[str, int]:
        """Return the current of each phase in A, by the suffix of its étiquettes: 1 to 3, or empty."""
        ends = ("",) if self.model.phases == 1 else ("1", "2", "3")
        return dict(zip(ends, map(round, self.metrology.current), strict=True))

    def _long_frame(self) -> list[Group]:
        metrology = self.metrology
        contract = self.model.contract
        period = self.metrology.period
        values = {"ADCO": self.model.number, "OPTARIF": contract.optarif, "ISOUSC": f"{self._subscribed:02}"}
        for label, energy in zip(contract.indexes, metrology.supplier, strict=False):
            values[label] = format_index(energy)
        if contract.optarif == "EJP." and period.peaks:
            values["PEJP"] = "30"
        values["PTEC"] = period.ptec
        if period.today:
            values["DEMAIN"] = _DEMAIN[period.tomorrow]
        for end, amperes in self._currents().items():
            values[f"IINST{end}"] = f"{amperes:03}"
            values[f"IMAX{end}"] = "060" if end else "090"
            if not end and amperes > self._subscribed:
                values["ADPS"] = f"{amperes:03}"
        if self.model.phases > 1:
            values |= {"PMAX": f"{round(metrology.drawn_maxima[0].yesterday.value):05}", "PPOT": "00"}
        # PAPP is rounded to 10 VA; it has no injected power.
        values["PAPP"] = f"{int(round(metrology.drawn, -1)):05}"
        return order_groups(self.model.mode, values | {"HHPHC": "A", "MOTDETAT": "000000"}, {})
