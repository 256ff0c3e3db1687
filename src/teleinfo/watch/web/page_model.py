"""
What the page shows: the live model of the screen, the decoded state, the last hour and the day so far.

Pure: readings, the monotonic time and a clock come in. Whatever comes, what is kept is bounded: a reading may
be of a hostile broker, and only what a meter can send reaches the state.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.tracker import StateTracker
from teleinfo.tic.labels import lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading
from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.power_history import BIN, LONGEST, PowerHistory
from teleinfo.watch.web.day import Day

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from teleinfo.state.fields import Json
    from teleinfo.tic.labels import Mode

_HORODATE_LENGTH: Final = 13


class Period(NamedTuple):
    """A tariff period, as the state has it: name, code where it is a common one, colour of Tempo."""

    name: Json
    code: Json
    colour: Json


class Band(NamedTuple):
    """The points of the last hour with one tariff period: from `first` up to `end`, which is none of them."""

    first: int
    end: int
    period: Period


class PageModel(LiveModel):
    """A live model that also keeps the decoded state; `clock` returns the local time with its offset."""

    def __init__(self, *, patience: float | None, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(patience=patience)
        self.clock = clock
        self.day = Day()
        self._tracker = StateTracker(topic="", exclude=frozenset())
        self._net = PowerHistory()
        self._periods: deque[tuple[int, Period]] = deque(maxlen=LONGEST)

    def add_reading(self, reading: Reading, *, now: float) -> None:
        """Note a reading of the monotonic time `now`."""
        super().add_reading(reading, now=now)
        values = {key: text for key, text in reading.values.items() if _can_be(reading.mode, key, text)}
        time = self.clock()
        self._tracker.update(Reading(reading.mode, values), now=now, time=time.isoformat("T", "seconds"))
        state = self.state(now=now)
        net = part(state, "power").get("net")
        if isinstance(net, int) and "power" in state:
            self._net.add(net, now=now)
        self._note_period(part(state, "tariff"), part(state, "tempo").get("today"), now)
        self.day.note(counters(state), time=time)

    def state(self, *, now: float) -> dict[str, Json]:
        """Return the decoded state (docs/state.md), not yet in words; empty before a reading."""
        return self._tracker.state(now=now)

    def net_history(self, *, now: float) -> list[float | None]:
        """Return the net power of the last hour: see `PowerHistory.means`."""
        return self._net.means(LONGEST, now=now)

    def bands(self, *, now: float) -> list[Band]:
        """Return the tariff periods of the last hour in order, as far as they were heard."""
        first = int(now // BIN) - LONGEST + 1
        found = []
        ends = [*[number for number, _ in self._periods][1:], first + LONGEST]
        for (begin, period), end in zip(self._periods, ends, strict=False):
            if end > first:
                found.append(Band(max(0, begin - first), end - first, period))
        return found

    def _note_period(self, tariff: dict[str, Json], today: Json, now: float) -> None:
        name, code = tariff.get("name"), tariff.get("code")
        if name is None:
            return
        colour = code.colour if isinstance(code, TariffPeriod) else None
        period = Period(name, code, colour or today)
        if not self._periods or self._periods[-1][1] != period:
            self._periods.append((int(now // BIN), period))


def part(state: dict[str, Json], name: str) -> dict[str, Json]:
    """Return the part `name` of a state, empty where it has none."""
    found = state.get(name)
    return found if isinstance(found, dict) else {}


def counters(state: dict[str, Json]) -> dict[str, int]:
    """Return the reading in Wh of each index by its étiquette, and the totals by their name in the state."""
    energy = part(state, "energy")
    values = {name: part(part(energy, "indexes"), name).get("value") for name in part(energy, "indexes")}
    values |= {name: energy.get(name) for name in ("import_total", "export_total")}
    return {name: value for name, value in values.items() if isinstance(value, int)}


def _can_be(mode: Mode, key: str, text: str) -> bool:
    """Whether a meter can send this: the table knows the étiquette, its characters and its length."""
    label = lookup(mode, key)
    if label is None:
        base = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
        return base is not None and len(text) <= _HORODATE_LENGTH
    return text.isascii() and any(
        set(text.encode()) <= set(form.charset.members) and len(text) <= max(form.widths)
        for form in label.forms()
    )
