"""Simulated mode standard (contents, order and registers: Enedis-NOI-CPT_54E v3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.simulator.meter import SimulatedMeter, format_index, order_groups
from teleinfo.simulator.tariff import FRANCE, Peak, SimulatedPeriod

if TYPE_CHECKING:
    import datetime as dt

    from teleinfo.simulator.metrology import TimedValue
    from teleinfo.tic.tables.reader import Group

_MESSAGE = "PAS DE          MESSAGE         "
_BLOCKS = 11  # of a day profile
# STGE: TIC in standard mode, Euridis on with security, CPL New/Lock.
_STGE_ALWAYS = 1 << 17 | 0b11 << 19 | 0b01 << 21


class Standard(SimulatedMeter):
    """A Linky in standard mode: one or three phases, consumer or producer, any tariff."""

    def _groups(self) -> list[Group]:
        metrology = self.metrology
        period = metrology.period
        values = {
            "ADSC": self.model.number,
            "VTIC": "02",
            "DATE": "",
            "NGTF": self.model.contract.ngtf,
            "LTARF": period.ltarf,
            "PREF": f"{self.model.kva:02}",
            "PCOUP": f"{self.model.kva:02}",
            "SINSTS": f"{round(metrology.drawn):05}",
            "STGE": f"{self._stge(period):08X}",
            "MSG1": _MESSAGE,
            "PRM": "0" * 14,
            "RELAIS": f"{int(period.off_peak):03}",
            "NTARF": f"{period.index + 1:02}",
            "NJOURF": "00",
            "NJOURF+1": "00",
            "PJOURF+1": _profile(self.model.contract.profile),
        }
        values |= self._indexes()
        for number, amperes in enumerate(metrology.current, 1):
            values[f"IRMS{number}"] = f"{round(amperes):03}"
        for number, volts in enumerate(metrology.voltage, 1):
            values[f"URMS{number}"] = f"{round(volts):03}"
        if self.model.phases > 1:
            for number, apparent in enumerate(metrology.apparent, 1):
                drawn = max(0, round(apparent))
                values[f"SINSTS{number}"] = f"{drawn:05}"
        if self.model.producer:
            values["SINSTI"] = f"{round(metrology.injected):05}"
        announced = self._announced(period)
        if announced is not None:
            values["PPOINTE"] = _profile(self.model.contract.peak_profiles[announced.number - 1])
        horodates = {"DATE": horodate(metrology.now)}
        for name, timed in self._timed_values().items():
            width = 3 if name.startswith("UMOY") else 5
            values[name] = f"{round(timed.value):0{width}}"
            horodates[name] = horodate(timed.at)
        for peak in period.peaks:
            for name, at in ((f"DPM{peak.number}", peak.start), (f"FPM{peak.number}", peak.end)):
                values[name] = "00"
                # The horodate of a peak has no season.
                horodates[name] = f" {at:%y%m%d%H%M%S}"
        return order_groups(self.model.mode, values, horodates)

    def _indexes(self) -> dict[str, str]:
        metrology = self.metrology
        # The sum of whole Wh, so that the total and the indexes change together.
        indexes = {"EAST": format_index(sum(map(int, metrology.supplier)))}
        for number, energy in enumerate(metrology.supplier, 1):
            indexes[f"EASF{number:02}"] = format_index(energy)
        for number, energy in enumerate(metrology.distributor, 1):
            indexes[f"EASD{number:02}"] = format_index(energy)
        if self.model.producer:
            indexes["EAIT"] = format_index(metrology.injected_energy)
            for number, energy in enumerate(metrology.reactive, 1):
                indexes[f"ERQ{number}"] = format_index(energy)
        return indexes

    def _timed_values(self) -> dict[str, TimedValue]:
        """Return the values that have a horodate of their own."""
        metrology = self.metrology
        of_all_phases, *of_phases = metrology.drawn_maxima
        maxima = {"SMAXSN": of_all_phases}
        if self.model.phases > 1:
            for number, maximum in enumerate(of_phases, 1):
                maxima[f"SMAXSN{number}"] = maximum
        means = {"CCASN": metrology.drawn_mean}
        if self.model.producer:
            maxima["SMAXIN"] = metrology.injected_maximum
            means["CCAIN"] = metrology.injected_mean
        values = {}
        for name, maximum in maxima.items():
            values[name] = maximum.today
            values[f"{name}-1"] = maximum.yesterday
        for name, mean in means.items():
            values[name] = mean.last
            values[f"{name}-1"] = mean.previous
        for number, voltage in enumerate(metrology.voltage_means, 1):
            values[f"UMOY{number}"] = voltage.last
        return values

    def _announced(self, period: SimulatedPeriod) -> Peak | None:
        announced = [peak for peak in period.peaks if peak.start > self.metrology.now]
        return min(announced, key=lambda peak: peak.start, default=None)

    def _stge(self, period: SimulatedPeriod) -> int:
        """Return the status register (Enedis-NOI-CPT_54E v3, STGE)."""
        metrology = self.metrology
        announced = self._announced(period)
        announced_peak = 0
        if announced is not None:
            announced_peak = announced.number
        running_peak = 0
        for peak in reversed(period.peaks):  # the first one counts
            if peak.start <= metrology.now:
                running_peak = peak.number
        value_by_bit = {
            0: not period.off_peak,
            7: metrology.drawn > self.model.kva * 1000,
            8: self.model.producer,
            9: metrology.injected > 0,
            10: period.index,
            14: metrology.distributor_index,
            24: period.today,
            26: period.tomorrow,
            28: announced_peak,
            30: running_peak,
        }
        register = _STGE_ALWAYS
        for bit, value in value_by_bit.items():
            register |= int(value) << bit
        return register


def horodate(at: dt.datetime) -> str:
    """Return the 13 characters of a time: season, then yymmddhhmmss (Enedis-NOI-CPT_54E v3, horodate)."""
    # A naive local time; the hour of October that comes again, with `fold=1`, is winter.
    is_summer = at.replace(tzinfo=FRANCE).dst()
    season = "E" if is_summer else "H"
    return f"{season}{at:%y%m%d%H%M%S}"


def _profile(blocks: str) -> str:
    """Return a day profile of 98 characters, filled up with unused blocks."""
    used = blocks.split(" ")
    return " ".join(used + ["NONUTILE"] * (_BLOCKS - len(used)))
