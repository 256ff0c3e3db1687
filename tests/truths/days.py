"""
Days of a simulated meter, known from inside, and of the daemon that reads it, in a time-lapse.

The bytes of the meter pass through the decoder and the state publisher of the daemon. What is known from
inside shares no code with them: the household, the measurements, the timetable, the prices.

The daemon starts the day before (a week before, where it learns the hours of the tariff). The days themselves
are a Tuesday, a Wednesday and a Thursday, the first of October:

- Tuesday: each alert in turn; three minutes of silence; a restart over midnight, from which on other prices
  count.
- Wednesday: an overrun at night; a restart while an alert lasts.
- Thursday: the day of an EJP peak, which is announced and begins in an hour and a half in the other mode; the
  line is silent over the last midnight.
- Friday: another meter at 1:10, with another contract from 1:12 on.

At each of these times, at the changes of tariff, at midnight and for twenty minutes at noon every frame
comes as on a real line; at other times, one frame in `pause` seconds.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from teleinfo.daemon.state_publisher import StatePublisher
from teleinfo.mqtt.outbox import Outbox
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import with_parity
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.households import SimulatedHousehold
from teleinfo.simulator.standard import Standard
from teleinfo.simulator.tariff import BASE, HC, PRODUCER
from teleinfo.state.memory import encode, from_json
from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.moment import Moment
from teleinfo.vocabulary.words import Language
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.simulator.tariff import SimulatedPeriod

PARIS: Final = ZoneInfo("Europe/Paris")
MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
_SEPTEMBER: Final = dt.datetime(2026, 9, 1, tzinfo=PARIS).timestamp()


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float:
    """Return the instant of a time in September 2026; its 31st is the first of October."""
    return _SEPTEMBER + (day - 1) * DAY + hour * HOUR + minute * MINUTE + second


def local(instant: float) -> dt.datetime:
    """Return an instant in the time of France."""
    return dt.datetime.fromtimestamp(instant, PARIS)


FIRST = at(29)
END = at(32, 1, 14)
FAULTS: Final = {
    "overvoltage": (at(29, 10), 90.0, 1 << 6),
    "breaker_open": (at(29, 10, 4), 90.0, 2 << 1),
    "terminal_cover_open": (at(29, 10, 8), 90.0, 1 << 4),
    "clock_degraded": (at(29, 10, 12), 90.0, 1 << 16),
    "phase_missing": (at(29, 10, 16), 90.0, 0),
    "overvoltage during a restart": (at(30, 10, 58), 300.0, 1 << 6),
}
"""Begin and seconds of each fault, and its bits in STGE (54E)."""
OVERRUN: Final = (at(30, 5), at(30, 5, 3, 30))
SILENCES: Final = ((at(29, 14), at(29, 14, 3, 20)), (at(31, 23, 50), at(32, 0, 20)))
RESTARTS: Final = ((at(29, 23, 58), at(30, 0, 1)), (at(30, 11), at(30, 11, 0, 20)))
MODES: Final = (at(31, 6, 15), at(31, 7, 45))
REPLACED = at(32, 1, 10)
NEW_CONTRACT = at(32, 1, 12)
NEW_NUMBER: Final = "041961654321"
PRICES: Final = ((0.0, 0.20, 15.5), (at(30), 0.31, 21.7))
"""From when, the price of the first period in EUR/kWh, and of the month; each further period is 0.03 more."""
KEPT = 120.0
SILENT_AFTER = 10.0
GAP = 300.0
"""Seconds until a value is null, until the meter is silent, and until a midnight is in a gap."""
SPEEDS: Final = {Mode.HISTORIQUE: 120.0, Mode.STANDARD: 960.0}  # characters in a second

_CONTRACTS: Final = {"BASE": "BASE", "HC..": "HC", "EJP.": "EJP", "BBR(": "TEMPO"}
HOUSEHOLDS: Final = {
    "base": "convectors",
    "hc": "kitchen",
    "ejp": "heat-pump",
    "tempo": "electronics",
    "tri": "kitchen",
    "tri-tempo": "convectors",
    "tri-76": "electronics",
    "standard": "kitchen",
    "standard-tri": "convectors",
    "standard-producer": "panels",
    "standard-cacsi": "router",
    "standard-tempo": "electronics",
}
LEARNING: Final = {"hc"}
AHEAD: Final = {"standard-tri": 40.0}
"""Seconds by which the clock of the meter is ahead."""


def prices_at(instant: float) -> tuple[float, float, float]:
    """Return the entry of `PRICES` that counts at an instant."""
    begun = [prices for prices in PRICES if prices[0] <= instant]
    return begun[-1]


class Counted(NamedTuple):
    """Energies in Wh since the start of the meter, and the cost in EUR since the first frame."""

    supplier: tuple[float, ...]
    injected: float
    cost: float

    @property
    def drawn(self) -> float:
        """All that was drawn."""
        return sum(self.supplier)


class Change(NamedTuple):
    """The tariff, or what is announced of it, from an instant of the clock of the meter on."""

    at: float
    period: SimulatedPeriod


class Note(NamedTuple):
    """A frame: when it was received, and the meter as it showed it; `power` is the last one sent, VA."""

    instant: float
    mode: Mode
    contract: str
    period: SimulatedPeriod
    alerts: dict[str, bool]
    power: int
    current: int


class Faulty(Standard):
    """A meter in mode standard that reports `faults`, as bits of STGE."""

    faults = 0
    ppot = ""

    def _stge(self, period: Any) -> int:  # noqa: ANN401
        return super()._stge(period) | self.faults


class FaultyPhases(Historique):
    """A meter in mode historique that reports missing phases in PPOT."""

    faults = 0
    ppot = "00"

    def _long_frame(self) -> list[Group]:
        groups = super()._long_frame()
        for place, group in enumerate(groups):
            if group.label == "PPOT":
                groups[place] = group._replace(value=self.ppot)
        return groups


@dataclass
class World:
    """
    The meter `name` and its household, as they are in truth.

    `pause`: see the module. A state is published every `interval` seconds, alerts and tariffs at once.
    """

    name: str
    pause: float
    interval: float = 0.0
    seed: int = 1
    instant: float = 0.0  # of the last frame, when it was received
    mode: Mode = Mode.HISTORIQUE
    sent: dict[str, str] = field(default_factory=dict)
    boundaries: dict[dt.date, Counted] = field(default_factory=dict)
    gaps: set[dt.date] = field(default_factory=set)  # whose midnight no frame is near
    slack: dict[dt.date, float] = field(default_factory=dict)
    """Wh between the last frame before a midnight and the first after it."""
    recent: deque[tuple[float, Counted]] = field(default_factory=lambda: deque(maxlen=400))
    lost: list[str] = field(default_factory=list)  # étiquettes whose group was damaged in the last frame
    since: dict[str, float] = field(default_factory=dict)
    since_before: dict[str, float] = field(default_factory=dict)
    disturbed: float = 0.0  # start, restart, end of a silence, change of mode
    paced: float = 0.0  # since when every frame comes
    mode_changed: float = 0.0
    is_silent: bool = False
    runs: int = 0
    injected_at: float = 0.0
    emitted: float = 0.0  # when the last frame began
    alerts_now: dict[str, bool] = field(default_factory=dict)
    alerts_before: dict[str, bool] = field(default_factory=dict)  # in the frame before
    notes: list[Note] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        usual = METERS[self.name]
        self.model = replace(usual, kva=18 if usual.phases > 1 else 12)
        first_day = 21 if self.name in LEARNING else 28
        self.start = at(first_day, 12)
        rng = random.Random(self.seed)
        house = SimulatedHousehold(HOUSEHOLDS[self.name], rng=rng, phases=usual.phases)
        self.metrology = build(
            self.name, start=self.wall(self.start), rng=rng, load_profile=partial(self._power, house)
        ).metrology
        self.changes = list(self._changes())
        self._supplier = tuple(self.metrology.supplier)
        self._cost = 0.0
        self.reading = Reading(usual.mode, {})  # the last one that the daemon believed
        self.use(usual.mode)

    def _changes(self) -> Iterator[Change]:
        """Yield the changes of tariff, to the minute, until two days after the end."""
        contract = self.model.contract
        minute = self.start
        before = contract.period(local(minute).replace(tzinfo=None))
        while minute + MINUTE < END + 2 * DAY:
            minute += MINUTE
            after = contract.period(local(minute).replace(tzinfo=None))
            if after != before:
                yield Change(minute, after)
            before = after

    def use(self, mode: Mode) -> None:
        """Change the mode of the meter."""
        self.mode = mode
        model = replace(self.model, mode=mode)
        self.meter: Faulty | FaultyPhases
        if mode is Mode.STANDARD:
            self.meter = Faulty(model, self.metrology)
        else:
            self.meter = FaultyPhases(model, self.metrology)

    def change(self, instant: float) -> None:
        """Change the mode, the number and the contract (to HC, or from HC to Base) when it is time."""
        mode = self.model.mode
        is_other_mode = MODES[0] <= instant < MODES[1]
        if is_other_mode and not self.model.producer:  # a producer has mode standard only
            mode = Mode.HISTORIQUE if self.model.mode is Mode.STANDARD else Mode.STANDARD
        if mode is not self.mode:
            self.use(mode)
            self.disturbed = self.mode_changed = instant
        if instant >= REPLACED:
            self.meter.model = replace(self.meter.model, number=NEW_NUMBER)
        if instant >= NEW_CONTRACT:
            self.metrology.contract = BASE if self.model.contract is HC else HC
            self.meter.model = replace(self.meter.model, contract=self.metrology.contract)

    def wall(self, instant: float) -> dt.datetime:
        """Return what the clock of the meter shows."""
        return local(instant + AHEAD.get(self.name, 0.0)).replace(tzinfo=None)

    def _power(self, house: SimulatedHousehold, now: dt.datetime) -> tuple[complex, ...]:
        """Return the power of each phase; in the overrun, the first one draws too much, for 40 s of 70 s."""
        first, *others = house.power(now)
        begin, end = map(self.wall, OVERRUN)
        if begin <= now < end and (now - begin).seconds % 70 < 40:
            if others:
                first = 7800
            elif self.mode is Mode.STANDARD:
                first = 12500
            else:
                first = 14300
        return (complex(first), *others)

    @property
    def day(self) -> dt.date:
        """The day of the machine."""
        return local(self.instant).date()

    @property
    def periods(self) -> list[str]:
        """The code of the tariff period of each index of the contract."""
        if self.model.producer:
            return ["PRODUCER"]
        codes = {"BASE": "TH", "EJPHN": "HN", "EJPHPM": "PM"}
        periods = []
        for label in self.labels():
            without_contract = label.removeprefix("HC").removeprefix("BBR")  # of HCHP or BBRHPJB
            periods.append(codes.get(label, without_contract))
        return periods

    def labels(self, mode: Mode = Mode.HISTORIQUE) -> list[str]:
        """Return the étiquette of each index of the contract."""
        names = self.model.contract.indexes
        if mode is Mode.STANDARD:
            return [f"EASF{number:02}" for number in range(1, len(names) + 1)]
        return [*names]

    def price(self, index: int, instant: float) -> float:
        """Return the price of an index in EUR/kWh; the first `index` is 0."""
        _since, first_price, _month_price = prices_at(instant)
        return first_price + 0.03 * index

    def count(self, instant: float) -> Counted:
        """Measure until an instant, and return what was counted and what it cost."""
        self.metrology.advance(self.wall(instant))
        supplier = tuple(self.metrology.supplier)
        for index, (before, after) in enumerate(zip(self._supplier, supplier, strict=True)):
            self._cost += (after - before) / 1000 * self.price(index, instant)
        self._supplier = supplier
        return Counted(supplier, self.metrology.injected_energy, self._cost)

    def faults(self, instant: float) -> set[str]:
        """Return the faults that last at an instant."""
        return {name for name, (begin, seconds, _) in FAULTS.items() if begin <= instant < begin + seconds}

    @property
    def alerts(self) -> dict[str, bool]:
        """Each alert that this meter can have in this mode, True if it is active by the last frame."""
        now = self.metrology.now
        contract = self.metrology.contract
        alerts = {"overrun": self.is_overrun}
        if self.mode is Mode.STANDARD or contract.optarif.startswith("EJP"):
            peaks = contract.period(now).peaks
            alerts["mobile_peak_notice"] = any(peak.start > now for peak in peaks)
            alerts["mobile_peak"] = any(peak.start <= now for peak in peaks)
        # The first word of a fault is its alert, as in "overvoltage during a restart".
        faulty = {name.split()[0] for name in self.faults(self.emitted)}
        if self.mode is Mode.STANDARD:
            for alert in ("overvoltage", "breaker_open", "terminal_cover_open", "clock_degraded"):
                alerts[alert] = alert in faulty
        elif self.model.phases > 1:
            alerts["phase_missing"] = "phase_missing" in faulty
        return alerts

    @property
    def contract(self) -> str:
        """The code of the contract."""
        contract = self.metrology.contract
        if contract is PRODUCER:
            return "PRODUCER"
        return _CONTRACTS[contract.optarif]

    @property
    def subscribed_current(self) -> int:
        """The subscribed current of each phase, A: 200 VA each (54E)."""
        return self.model.kva * 1000 // 200 // self.model.phases

    @property
    def watts(self) -> float:
        """The active power of all phases in the last whole second, W."""
        return sum(self.metrology.power).real

    @property
    def sends_short_frames(self) -> bool:
        """True if this meter sends short frames in an overrun."""
        return self.mode is Mode.HISTORIQUE and self.model.phases > 1 and self.model.short_frames

    @property
    def injects(self) -> bool:
        """True if the household has panels."""
        return HOUSEHOLDS[self.name] in {"panels", "router"}

    @property
    def is_overrun(self) -> bool:
        """True if more is drawn than was subscribed to, as this mode of the meter judges it."""
        if self.mode is Mode.STANDARD:
            return self.metrology.drawn > self.model.kva * 1000
        return round(max(self.metrology.current)) > self.subscribed_current

    def pass_midnight(self, instant: float) -> None:
        """Note what was counted at midnight: after a gap, what was counted at the last frame before it."""
        day = local(instant).date()
        if day in self.boundaries:
            return
        midnight = dt.datetime.combine(day, dt.time(), PARIS).timestamp()
        self.boundaries[day] = self.count(max(midnight, self.start))
        before = self.boundaries[day]
        if self.recent:
            _instant, before = self.recent[-1]
        self.slack[day] = self.count(instant).drawn - before.drawn
        if instant - self.instant <= GAP:
            return
        self.gaps.add(day)
        if self.recent:
            self.boundaries[day] = before
            self.slack[day] = 0.0

    def _note(self) -> Note:
        """Return the meter as its last frame showed it."""
        metrology = self.metrology
        if "SINSTS" in self.sent:
            power = round(metrology.drawn)
        elif "PAPP" in self.sent:
            power = int(round(metrology.drawn, -1))
        else:  # a short frame
            power = self.notes[-1].power
        current = round(max(metrology.current))
        return Note(self.instant, self.mode, self.contract, metrology.period, self.alerts, power, current)

    def emit(self, instant: float) -> bytes:
        """Return the bytes of the next frame, with parity."""
        counted = self.count(instant)
        faults = self.faults(instant)
        self.meter.faults = 0
        for name in faults:
            _begin, _seconds, bits = FAULTS[name]
            self.meter.faults |= bits
        self.meter.ppot = "02" if "phase_missing" in faults else "00"
        data = self.meter.emit(self.wall(instant))
        is_calm = instant - max(self.disturbed, self.mode_changed, self.paced) > MINUTE / 2
        self.emitted = instant
        self.instant = instant + len(data) / SPEEDS[self.mode]
        self.recent.append((instant, counted))
        self.sent = self._texts(data)
        self.notes.append(self._note())
        if self.watts < 0:
            self.injected_at = self.instant
        self.alerts_before = self.alerts_now
        self.since_before = self.since
        self.alerts_now = self.alerts
        self.since = {}
        for alert, is_active in self.alerts_now.items():
            if is_active:
                self.since[alert] = self.since_before.get(alert, self.instant)
        label = "VTIC" if self.mode is Mode.STANDARD else "MOTDETAT"
        is_ninth_second = int(instant) % 9 == 0
        self.lost = []
        if is_calm and is_ninth_second and label in self.sent:
            self.lost = [label]
            # Another character: its checksum is wrong.
            data = data.replace(f"\n{label}".encode(), f"\n{label[:-1]}X".encode())
        return with_parity(data)

    def _texts(self, data: bytes) -> dict[str, str]:
        """Return the text of each group of the last frame in the bytes: horodate, if any, and value."""
        separator = "\t" if self.mode is Mode.STANDARD else " "
        begin = data.rindex(b"\x02")
        _stx, *groups = data[begin:].decode().split("\n")
        texts = {}
        for group in groups:
            label, rest = group.split(separator, 1)
            texts[label] = rest.rstrip("\r\x03")[:-2]  # without separator and checksum
        return texts


def prices_of(world: World) -> DatedPrices:
    """Return the prices of a household by their day."""
    dated = []
    for since, first, month in PRICES:
        periods = {code: first + 0.03 * n for n, code in enumerate(world.periods)}
        dated.append((local(since).date(), Prices(periods, month)))
    return DatedPrices(tuple(dated))


class DaemonSide:
    """The derivation of the daemon: bytes in, states and events out; `memory` is what it left on the disk."""

    def __init__(self, world: World, memory: bytes | None) -> None:
        self.state: dict[str, Any] = {}
        self.decoder = Decoder()
        prices = prices_of(world)
        self._tracker = StateTracker(topic="teleinfo", exclude=frozenset(), prices=prices)
        self.publisher = StatePublisher(
            self._tracker,
            Outbox(1),
            topic="teleinfo/state",
            meta_topic="teleinfo/meta",
            language=Language.EN,
            interval=world.interval,
            fields=False,
            bands={},
            on_state=lambda state, _now: self.state.update(new=state),
            on_event=lambda event: world.events.append(json.loads(event)),
        )
        self._world = world
        self.publisher.restore(None if memory is None else from_json(json.loads(memory)))

    def hear(self, data: bytes, instant: float) -> dict[str, Any] | None:
        """Return the state that is published when these bytes have come."""
        self.state.clear()
        for reading in self.decoder.feed(data, now=instant):
            self._world.reading = reading
            time = local(instant).isoformat("T", "seconds")
            self.publisher.update(reading, moment(instant, time))
        return self.state.get("new")

    def silence(self, world: World) -> Iterator[dict[str, Any]]:
        """Note the silence; yield the state when all is too old."""
        self.publisher.silence(Moment(world.instant + SILENT_AFTER, local(world.instant + SILENT_AFTER)))
        self.publisher.check(moment(world.instant + KEPT + 1))
        world.is_silent = True
        yield self.state["new"]
        world.is_silent = False

    def end(self) -> bytes | None:
        """Return the memory that is written at the end."""
        memory = self.publisher.memory()
        return None if memory is None else encode(memory)


def windows_of(world: World) -> list[tuple[float, float]]:
    """Return the times at which every frame comes, in order."""
    edges = [REPLACED, NEW_CONTRACT]
    for begin, seconds, _bits in FAULTS.values():
        edges += [begin, begin + seconds]
    for span in (*SILENCES, *RESTARTS, MODES):
        edges += span
    edges += [FIRST + DAY * number for number in range(-8, 4)]  # midnights, from those of a week of learning
    edges += [change.at - AHEAD.get(world.name, 0.0) for change in world.changes]
    windows = [(edge - 4, edge + 14) for edge in edges]
    windows.append((OVERRUN[0] - 20, OVERRUN[1] + 140))
    over_midnight, _short = RESTARTS
    windows.append((over_midnight[0] - 60, over_midnight[1] + 80))
    windows += [(edge - 30, edge + 30) for edge in MODES]
    windows.append((at(29, 12), at(29, 12, 20)))
    windows.sort()
    return _joined(windows)


def _joined(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return windows, which are in order of their begins, with those that overlap as one."""
    joined: list[tuple[float, float]] = []
    for begin, end in windows:
        if joined and begin <= joined[-1][1]:
            last_begin, last_end = joined.pop()
            joined.append((last_begin, max(last_end, end)))
        else:
            joined.append((begin, end))
    return joined


def _pause_at(instant: float) -> tuple[float, float] | None:
    """Return the silence or the restart that lasts at an instant; None if there is none."""
    for begin, end in (*SILENCES, *RESTARTS):
        if begin <= instant < end:
            return begin, end
    return None


def days(world: World) -> Iterator[dict[str, Any]]:
    """Yield each state that is published in the three days; `world` is then as it was at this frame."""
    daemon = DaemonSide(world, None)
    windows = windows_of(world)
    instant = world.start
    world.disturbed = instant
    world.paced = instant
    world.mode_changed = instant
    while instant < END:
        pause = _pause_at(instant)
        if pause is not None:
            _begin, instant = pause
            world.disturbed = instant
            world.paced = instant
            if pause in SILENCES:
                yield from daemon.silence(world)
            else:
                memory = daemon.end()
                daemon = DaemonSide(world, memory)
                world.runs += 1
                if instant - world.instant > KEPT:
                    world.since.clear()
        world.change(instant)
        world.pass_midnight(instant)
        data = world.emit(instant)
        state = daemon.hear(data, world.instant)
        if state and instant > FIRST and world.day in world.boundaries:
            yield state
        while windows and windows[0][1] <= world.instant:
            windows.pop(0)
        next_window = windows[0][0] if windows else END
        instant = world.instant + 0.02
        if world.pause and instant < next_window:
            # A week of learning needs no more than a frame in a quarter of an hour.
            pause_seconds = world.pause if instant > at(28, 12) else 880.0
            instant += pause_seconds
            # No frame comes in the minute before a window.
            if instant >= next_window - MINUTE:
                instant = next_window
            world.paced = instant
