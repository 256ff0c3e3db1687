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
        metrology, period = self.metrology, self.metrology.period
        values = {"ADSC": self.model.number, "VTIC": "02", "DATE": ""}
        values |= {"NGTF": self.model.contract.ngtf, "LTARF": period.ltarf}
        # The sum of whole Wh, so that the total and the indexes change together.
        values["EAST"] = format_index(sum(map(int, metrology.supplier)))
        values |= {f"EASF{n:02}": format_index(energy) for n, energy in enumerate(metrology.supplier, 1)}
        values |= {f"EASD{n:02}": format_index(energy) for n, energy in enumerate(metrology.distributor, 1)}
        values |= {f"IRMS{n}": f"{round(amperes):03}" for n, amperes in enumerate(metrology.current, 1)}
        values |= {f"URMS{n}": f"{round(volts):03}" for n, volts in enumerate(metrology.voltage, 1)}
        values |= {"PREF": f"{self.model.kva:02}", "PCOUP": f"{self.model.kva:02}"}
        values["SINSTS"] = f"{round(metrology.drawn):05}"
        if self.model.phases > 1:
            drawn = [max(0, round(apparent)) for apparent in metrology.apparent]
            values |= {f"SINSTS{n}": f"{power:05}" for n, power in enumerate(drawn, 1)}
        if self.model.producer:
            values["EAIT"] = format_index(metrology.injected_energy)
            values |= {f"ERQ{n}": format_index(energy) for n, energy in enumerate(metrology.reactive, 1)}
            values["SINSTI"] = f"{round(metrology.injected):05}"
        values |= {"STGE": f"{self._stge(period):08X}", "MSG1": _MESSAGE, "PRM": "0" * 14}
        values |= {"RELAIS": f"{int(period.off_peak):03}", "NTARF": f"{period.index + 1:02}"}
        values |= {"NJOURF": "00", "NJOURF+1": "00", "PJOURF+1": _profile(self.model.contract.profile)}
        if announced := self._announced(period):
            values["PPOINTE"] = _profile(self.model.contract.peak_profiles[announced.number - 1])
        horodates = {"DATE": horodate(metrology.now)}
        for name, timed in self._timed_values().items():
            values[name] = f"{round(timed.value):0{3 if name.startswith('UMOY') else 5}}"
            horodates[name] = horodate(timed.at)
        for peak in period.peaks:
            for name, at in ((f"DPM{peak.number}", peak.start), (f"FPM{peak.number}", peak.end)):
                values[name] = "00"
                # The horodate of a peak has no season.
                horodates[name] = f" {at:%y%m%d%H%M%S}"
        return order_groups(self.model.mode, values, horodates)

    def _timed_values(self) -> dict[str, TimedValue]:
        """Return the values that have a horodate of their own."""
        metrology = self.metrology
        maxima = {f"SMAXSN{n or ''}": maximum for n, maximum in enumerate(metrology.drawn_maxima)}
        if self.model.phases == 1:
            del maxima["SMAXSN1"]
        means = {"CCASN": metrology.drawn_mean}
        if self.model.producer:
            maxima["SMAXIN"] = metrology.injected_maximum
            means["CCAIN"] = metrology.injected_mean
        values = {name: maximum.today for name, maximum in maxima.items()}
        values |= {f"{name}-1": maximum.yesterday for name, maximum in maxima.items()}
        values |= {name: mean.last for name, mean in means.items()}
        values |= {f"{name}-1": mean.previous for name, mean in means.items()}
        return values | {f"UMOY{n}": mean.last for n, mean in enumerate(metrology.voltage_means, 1)}

    def _announced(self, period: SimulatedPeriod) -> Peak | None:
        announced = [peak for peak in period.peaks if peak.start > self.metrology.now]
        return min(announced, key=lambda peak: peak.start, default=None)

    def _stge(self, period: SimulatedPeriod) -> int:
        """Return the status register (Enedis-NOI-CPT_54E v3, STGE)."""
        metrology = self.metrology
        announced = self._announced(period)
        running = [peak.number for peak in period.peaks if peak.start <= metrology.now]
        fields = (
            (0, not period.off_peak),
            (7, metrology.drawn > self.model.kva * 1000),
            (8, self.model.producer),
            (9, metrology.injected > 0),
            (10, period.index),
            (14, metrology.distributor_index),
            (24, period.today),
            (26, period.tomorrow),
            (28, announced.number if announced else 0),
            (30, running[0] if running else 0),
        )
        return _STGE_ALWAYS | sum(int(value) << bit for bit, value in fields)


def horodate(at: dt.datetime) -> str:
    """Return the 13 characters of a time: season, then yymmddhhmmss (Enedis-NOI-CPT_54E v3, horodate)."""
    # A naive local time; the hour of October that comes again, with `fold=1`, is winter.
    is_summer = at.replace(tzinfo=FRANCE).dst()
    return f"{'E' if is_summer else 'H'}{at:%y%m%d%H%M%S}"


def _profile(blocks: str) -> str:
    """Return a day profile of 98 characters, filled up with unused blocks."""
    used = blocks.split(" ")
    return " ".join(used + ["NONUTILE"] * (_BLOCKS - len(used)))
