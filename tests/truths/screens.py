"""
The texts that a person reads in this household, compared with its truth: terminal, plain output and page.

They are in French. Terminal and page read what the daemon publishes; they begin anew at each restart of it,
and the history of the page, which begins with the first of the days, remains. A text shows what its field
says, as far as its digits go.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, Final, Self

from rich.console import ConsoleDimensions

from teleinfo.common.i18n import use_language
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.declared import remembered, title
from teleinfo.live.model import LiveModel
from teleinfo.tic.labels import Mode, lookup
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.watch import layout
from teleinfo.watch.plain import PlainLines
from teleinfo.web import view
from tests.truths.days import FIRST, World, local, prices_of
from tests.truths.judge import is_right
from tests.truths.table import ABSENT, TRUTHS, AnyOf, Between, Truth, share_of_month

if TYPE_CHECKING:
    from pathlib import Path

FIGURE: Final = r"(−?\d{1,3}(?:\s\d{3})*(?:,\d+)?)"
SCREEN: Final = ConsoleDimensions(300, 300)
SINCE = 10.0
PAUSE = 3000.0
PROVED = 300.0
"""
Seconds from a restart until the texts are compared, between two comparisons, and until watts are proved.
"""

DERIVED: Final = (
    *(f"energy.{day}.{way}" for day in ("today", "yesterday") for way in ("imported", "exported")),
    *(f"energy.{month}.{way}" for month in ("this_month", "last_month") for way in ("imported", "exported")),
    *(f"cost.{span}.value" for span in ("today", "yesterday", "this_month", "last_month")),
    *("cost.price", "headroom.used_percent", "headroom.power"),
)
"""The fields that the terminal shows without an étiquette."""


def _number(text: str) -> float:
    return float(re.sub(r"\s", "", text).replace("−", "-").replace(",", "."))


def _truth(path: str) -> Truth:
    truth = TRUTHS[path]
    assert isinstance(truth, Truth)
    return truth


def _figure_of(label: str, lines: list[str]) -> str | None:
    """Return the figure with a unit in the line of an étiquette; None without one."""
    pattern = re.compile(rf"[•! ]*{re.escape(label)} .*?{FIGURE} (?:VA|W|Wh|V|A|kVA|varh|min)\b")
    for line in lines:
        match = pattern.match(line)
        if match is not None:
            return match[1]
    return None


class Screens:
    """Terminal and page of a household, with the history in `folder`, and what is `wrong` on them."""

    _world: World

    def __init__(self, folder: Path) -> None:
        self._path = folder / "history.sqlite"
        self._runs = -1
        self._begun = 0.0
        self._compared_at = 0.0
        self._store, self._chronicle = Store(self._path), Chronicle()
        self.compared: set[str] = set()
        self.wrong: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def show(self, world: World, state: dict[str, Any]) -> None:
        """Show a frame and the state that was published after it; compare the texts now and then."""
        self._world = world
        if world.runs != self._runs:
            self._begin()
        self._model.remembered = remembered(json.loads(json.dumps(state)))
        self._model.add_reading(Reading(world.reading.mode, world.reading.values), now=world.instant)
        disturbed = max(world.disturbed, self._begun)
        due = self._compared_at + PAUSE if self._compared_at > disturbed else disturbed + SINCE
        is_long = world.mode is Mode.STANDARD or "PTEC" in world.sent
        if is_long and world.instant > due:
            self._compared_at = world.instant
            self._write()
            with use_language(Language.FR):
                self._compare()

    def _begin(self) -> None:
        if self._runs >= 0:
            self._write()
            self._store.close()
        self._runs = self._world.runs
        self._begun = self._world.instant
        self._store = Store(self._path)
        self._prices = PriceSource(None)
        self._prices.loaded = self._prices.loaded._replace(prices=prices_of(self._world))
        self._chronicle, self._model = Chronicle(), LiveModel(patience=None, clock=self._clock)
        self._model.on_state = self._chronicle.add
        self._model.online = True
        self._write()

    def _write(self) -> None:
        self._store.write(self._chronicle.take(), now=int(self._world.instant))

    def _clock(self) -> dt.datetime:
        return local(self._world.instant)

    def _compare(self) -> None:
        now = self._world.instant
        page = layout.compose(self._model, layout.RecentPower(), SCREEN, page=0, now=now, clock="")
        screen = [line.plain for line in page.lines]
        self._derived(" ".join(" ".join(screen).split()))
        for lines in (screen, PlainLines().new(self._model.rows())):
            self._etiquettes(lines)
        self._page(json.loads(json.dumps(view.now_part(self._model, now=now))))
        for part, days_back in (("days", (0, 1)), ("months", (0, self._clock().day))):
            for back in days_back:
                self._span(part, self._world.day - dt.timedelta(back))

    def _note(self, what: str, *, right: bool, shown: object, truth: object) -> None:
        self.compared.add(what)
        if not right:
            self.wrong.append(
                f"{self._world.name} {self._clock():%d %H:%M:%S}: {what}: {shown}, in truth {truth}"
            )

    def _check(self, what: str, text: str | None, truth: Any, tolerance: float, unit: float = 1.0) -> None:  # noqa: ANN401
        """Compare the figure in a text, None if there is no text, with its truth in a smaller unit."""
        shown = None if text is None else _number(text) * unit
        wide = tolerance + 0.5 * unit / 10 ** len((text or "").partition(",")[2])
        right = False
        for each in truth.values if isinstance(truth, AnyOf) else (truth,):
            wider = Between(each.least - wide, each.most + wide) if isinstance(each, Between) else each
            right |= shown is None if each in (None, ABSENT) else is_right(wider, shown, wide)
        self._note(what, right=right, shown=text, truth=truth)

    def _field(self, place: str, path: str, text: str, unit: float = 1.0) -> None:
        """Compare the first figure of a text with the truth of a field."""
        found = re.search(FIGURE, text)
        self._check(
            f"{place} {path}", found and found[1], _truth(path).of(self._world), _truth(path).tolerance, unit
        )

    def _derived(self, screen: str) -> None:
        for path in DERIVED:
            found = re.search(
                rf"{re.escape(title(path))} ({FIGURE} ([^ ·,]+)(?:, abonnement compris)?"
                r"(?: \(valeur incomplète\))?)",
                screen,
            )
            text, _figure, unit = found.groups() if found else ("", "", "")
            self._field("terminal", path, text, 1000.0 if unit == "kWh" else 1.0)
            if text and not path.startswith(("headroom", "cost.price")):
                truth = _truth(f"{path.rpartition('.')[0]}.complete").of(self._world)
                self._note(f"{path} is marked", right="(" not in text or not truth, shown=text, truth=truth)

    def _etiquettes(self, lines: list[str]) -> None:
        """Compare each number that was sent with the line of its étiquette."""
        for label, text in self._world.sent.items():
            known = lookup(self._world.mode, label)
            value = text.split("\t")[-1]  # a horodate may stand before it
            if known is not None and known.is_number and value.isdigit():
                self._check(label, _figure_of(label, lines), int(value), 0.0)

    def _page(self, now: Any) -> None:  # noqa: ANN401
        world = self._world
        power = now["power"]
        facts = dict(now["facts"])
        self._field("page", "power.apparent_net", power["figure"])
        self._field("page", "headroom.used_percent", power["limit"]["text"])
        if power["limit"]["left"]:  # nothing in an overrun
            self._field("page", "headroom.power", power["limit"]["left"])
        self._field("page", "cost.price", dict(now["tariff"])[title("cost.price")])
        for path in (
            f"max_power.{day}.{way}.value"
            for day in ("today", "yesterday")
            for way in ("imported", "exported")
        ):
            truth = _truth(path).of(world)
            if truth is not ABSENT and round(truth):  # a zero has no row, and the former mode's stay
                self._field("page", path, facts.get(title(path), ""))
        if (watts := re.fullmatch(rf"{FIGURE} ± {FIGURE} W", power["watts"])) and self._is_proved:
            middle, error = map(_number, watts.groups())
            self._check("page power.active", watts[1], world.watts, error + abs(middle) / 1000)

    @property
    def _is_proved(self) -> bool:
        return self._world.instant - max(self._world.disturbed, self._world.paced) > PROVED

    def _span(self, part: str, day: dt.date) -> None:
        """Compare the day or the month of a day: what a gap over a midnight has may be of either side."""
        world = self._world
        now = int(self._world.instant)
        begin = day if part == "days" else day.replace(day=1)
        length = 1 if part == "days" else calendar.monthrange(day.year, day.month)[1]
        first = max(begin, local(FIRST).date())
        end = begin + dt.timedelta(length)
        if end <= first:
            return
        before = world.boundaries[first]
        after = world.boundaries.get(end, world.recent[-1][1])
        counted = [each for each in world.boundaries if first <= each < end]
        shares = sum(map(share_of_month, counted))
        wide = 60 + world.slack.get(first, 0.0) + world.slack.get(end, 0.0)
        totals = tables.table(
            self._store, self._chronicle.peek(), world.model.number, "totals", prices=self._prices, now=now
        )
        assert totals is not None
        table = totals[part]
        [row] = [row for row in table["rows"] if begin.isoformat().startswith(row[0])]
        shown = dict(zip(table["columns"], row, strict=True))
        gaps = [gap for gap in table["gaps"] if gap[0] < end.isoformat() and gap[1] > begin.isoformat()]
        drawn = sum(shown[code] or 0 for code in table["columns"][1 : table["columns"].index("exported")])
        in_gaps = sum(sum(energies.values()) for _since, _until, energies, _cost in gaps)
        cost = sum(cost for *_, cost in gaps)
        injected = after.injected - before.injected if world.model.producer else 0.0
        for what, value, truth, more, error in (
            ("drawn", drawn, after.drawn - before.drawn, in_gaps, wide),
            ("injected", shown["exported"] or 0, injected, in_gaps, wide),
            ("cost", shown["cost"], after.cost - before.cost + shares, cost, 0.01 + wide / 2000),
        ):
            right = value - error <= truth <= value + more + error
            self._note(f"page {part} {what}", right=right, shown=(value, more), truth=truth)
