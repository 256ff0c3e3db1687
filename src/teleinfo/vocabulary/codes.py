"""
The codes of the decoded state: contracts, tariff periods, colours, alerts, breaker, dry contact, phases.

Sources of the codes: Enedis-NOI-CPT_02E v6 and Enedis-NOI-CPT_54E v3; English codes are our own.
"""

from __future__ import annotations

from typing import Final

from teleinfo.vocabulary.words import Code


class Contract(Code):
    """The common contracts, from OPTARIF (02E) or NGTF (54E)."""

    BASE = "BASE", "Base"
    HC = "HC", "Peak and off-peak"
    EJP = "EJP", "EJP"
    TEMPO = "TEMPO", "Tempo"
    PRODUCER = "PRODUCER", "Producer"


class Colour(Code):
    """The colours of the days of Tempo."""

    BLUE = "blue"
    WHITE = "white"
    RED = "red"


class TariffPeriod(Code):
    """The tariff periods, from PTEC of every meter (02E) or from LTARF (54E §6.2)."""

    TH = "TH", "All hours"
    HC = "HC", "Off-peak hours"
    HP = "HP", "Peak hours"
    HN = "HN", "Normal hours"
    PM = "PM", "Mobile peak hours"
    HSC = "HSC", "Super off-peak hours"
    WE = "WE", "Weekend"
    HCWE = "HCWE", "Off-peak hours, weekend"
    HPWE = "HPWE", "Peak hours, weekend"
    PRODUCER = "PRODUCER", "Drawn by the producer"
    HCJB = "HCJB", "Off-peak hours, blue day"
    HCJW = "HCJW", "Off-peak hours, white day"
    HCJR = "HCJR", "Off-peak hours, red day"
    HPJB = "HPJB", "Peak hours, blue day"
    HPJW = "HPJW", "Peak hours, white day"
    HPJR = "HPJR", "Peak hours, red day"
    P = "P", "Peak of the day"
    HPH = "HPH", "Winter peak hours"
    HCH = "HCH", "Winter off-peak hours"
    HPD = "HPD", "Mid-season peak hours"
    HCD = "HCD", "Mid-season off-peak hours"
    HPE = "HPE", "Summer peak hours"
    HCE = "HCE", "Summer off-peak hours"
    JA = "JA", "July and August"
    HH = "HH", "Winter hours"
    HD = "HD", "Mid-season hours"
    HM = "HM", "Mobile winter"
    DSM = "DSM", "Mobile mid-season"
    SCM = "SCM", "Mobile off-season"

    @property
    def colour(self) -> Colour | None:
        """The colour of its days; None outside Tempo."""
        return _COLOURS.get(self[-2:])


_COLOURS: Final = {"JB": Colour.BLUE, "JW": Colour.WHITE, "JR": Colour.RED}


class Alert(Code):
    """Conditions that the user should know of at once."""

    OVERRUN = "overrun", "Overrun of the subscribed power"
    OVERVOLTAGE = "overvoltage"
    BREAKER_OPEN = "breaker_open", "Breaker open"
    TERMINAL_COVER_OPEN = "terminal_cover_open", "Terminal cover open"
    CLOCK_DEGRADED = "clock_degraded", "Clock degraded"
    MOBILE_PEAK_NOTICE = "mobile_peak_notice", "Mobile peak notice"
    MOBILE_PEAK = "mobile_peak", "Mobile peak"
    PHASE_MISSING = "phase_missing", "Phase missing"


class Breaker(Code):
    """The breaker in the meter (54E, "organe de coupure")."""

    OPEN = "open"
    CLOSED = "closed"


class BreakerReason(Code):
    """The reason why the breaker is open, by its number in STGE, from 1 (54E, "organe de coupure")."""

    OVERLOAD = "overload"
    OVERVOLTAGE = "overvoltage"
    LOAD_SHEDDING = "load_shedding", "Load shedding"
    DISTRIBUTOR = "distributor", "Order of the distributor"
    OVERHEATED_UNDER_LOAD = "overheated_under_load", "Overheated, current too high to cut"
    OVERHEATED = "overheated"


class Event(Code):
    """Things that begin or end at a meter."""

    OVERRUN_STARTED = "overrun_started", "Overrun of the subscribed power: began"
    OVERRUN_ENDED = "overrun_ended", "Overrun of the subscribed power: ended"
    MODE_CHANGED = "mode_changed", "Mode of the meter changed"
    CONTRACT_CHANGED = "contract_changed", "Contract changed"
    TARIFF_CHANGED = "tariff_changed", "Tariff period changed"
    TOMORROW_KNOWN = "tomorrow_known", "Colour of tomorrow known"
    MOBILE_PEAK_ANNOUNCED = "mobile_peak_announced", "Mobile peak: announced"
    MOBILE_PEAK_STARTED = "mobile_peak_started", "Mobile peak: began"
    MOBILE_PEAK_ENDED = "mobile_peak_ended", "Mobile peak: ended"
    BREAKER_OPENED = "breaker_opened", "Breaker opened"
    BREAKER_CLOSED = "breaker_closed", "Breaker closed"
    PHASE_MISSING_STARTED = "phase_missing_started", "Phase missing: began"
    PHASE_MISSING_ENDED = "phase_missing_ended", "Phase missing: ended"
    SILENCE_STARTED = "silence_started", "Silence of the meter: began"
    SILENCE_ENDED = "silence_ended", "Silence of the meter: ended"
    METER_REPLACED = "meter_replaced", "Meter replaced"


class DryContact(Code):
    """The dry contact, in the order of the numbers in a day profile (54E, PJOURF+1)."""

    UNCHANGED = "unchanged"
    TEMPO = "tempo", "By Tempo"
    OPEN = "open"
    CLOSED = "closed"


class Phase(Code):
    """The phases of a meter."""

    ONE = "l1", "Phase 1"
    TWO = "l2", "Phase 2"
    THREE = "l3", "Phase 3"

    @property
    def number(self) -> str:
        """Its number, as étiquettes end with it, and for people."""
        return self.removeprefix("l")
