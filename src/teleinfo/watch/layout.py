"""
Layout of the live model on a screen of any size, in columns where it is wide, on pages where it is small.

Terminals choose their own sixteen colours, on a light or on a dark background. Only red is readable on both;
green is barely visible. So words are in the default colour of the terminal or in red, which may be bold or
reversed; green is for bars only; and nothing is shown by colour alone.
"""

from __future__ import annotations

import itertools
import textwrap
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import ConsoleDimensions
from rich.text import Text

from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, inline
from teleinfo.live import sentences
from teleinfo.live.declared import integer, number, rows, text
from teleinfo.live.describe import describe

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from teleinfo.live.model import LiveModel, Row

ALERT: Final = "bold red"
STRONG: Final = "bold"
TITLE: Final = "reverse"
BARS: Final = "green"

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
MARK: Final = "•"
DOT: Final = " · "

COLUMN: Final = 78
"""Least width of a column of rows."""

BIN: Final = 5.0
"""Seconds between two points of the chart."""

FRESH: Final = 3.0
"""Seconds for which a value that changed stands out."""

NARROW: Final = 60
"""Width in columns below which values have no column of their own."""

_KEY: Final = 10
_VALUE: Final = 28
_FIGURE: Final = 13
_LEAST_NAME: Final = 8
_INDENT: Final = " " * (len("• ") + _KEY)
_GAP: Final = 2


class RecentPower:
    """The mean of the powers in each interval of `BIN` seconds of the last hour."""

    def __init__(self) -> None:
        self._bins: dict[int, list[int]] = {}  # powers by the number of their interval

    def add(self, power: int, *, now: float) -> None:
        """Add the power in VA at the monotonic time `now`."""
        self._bins.setdefault(int(now // BIN), []).append(power)
        if len(self._bins) > 3600 / BIN:
            del self._bins[min(self._bins)]

    def means(self, points: int, *, now: float) -> list[float | None]:
        """Return the mean power of each of the last `points` intervals, VA, the newest last; None: unknown"""
        last = int(now // BIN)
        bins = (self._bins.get(number) for number in range(last - points + 1, last + 1))
        return [None if powers is None else fmean(powers) for powers in bins]


class Page(NamedTuple):
    """The `lines` of page `number`, from 0, of `pages`: as many lines as the screen has."""

    lines: list[Text]
    number: int
    pages: int


def compose(
    model: LiveModel, recent: RecentPower, size: ConsoleDimensions, *, page: int, now: float, clock: str
) -> Page:
    """
    Return a page of the model at the monotonic time `now`; after the last page the first page follows.

    The present power is added to the `recent` one, whose chart stands at the top.
    """
    if (power := integer(model.state(now=now), "power.apparent_import")) is not None:
        recent.add(power, now=now)
    top = _chart(model, recent, size.width, now=now)
    for many in (False, True):
        foot = _foot(model, size.width, many=many)
        space = max(1, size.height - len(top) - len(foot) - 2)  # the title and the quality of the line
        pages = _pages(model, ConsoleDimensions(size.width, space), now=now)
        if len(pages) == 1:
            break
    page %= len(pages)
    body = [*pages[page], *(Text() for _line in range(space))][:space]
    title = _title(model, size.width, f"{page + 1}/{len(pages)}  " if many else "", now=now, clock=clock)
    lines = [title, *top, *body, _quality(model), *foot][: size.height]
    for line in lines:
        line.truncate(size.width)
    return Page(lines, page, len(pages))


def _title(model: LiveModel, width: int, page: str, *, now: float, clock: str) -> Text:
    silence = model.silence(now=now)
    alarm = "" if silence is None else " " + _("silent for {time}").format(time=duration(silence)) + " "
    right = f"{page}{clock} "
    # The name of the meter gives way to the alarm.
    title = Text(f" teleinfo  {sentences.meter(model)}", TITLE)
    title.truncate(max(0, width - len(alarm) - len(right) - 1), pad=True)
    return title.append(" ").append(alarm, f"{ALERT} reverse").append(right, TITLE)


def _chart(model: LiveModel, recent: RecentPower, width: int, *, now: float) -> list[Text]:
    """Return the present power and a chart of the last minutes; nothing if the meter sends no power."""
    state = model.state()
    power = integer(state, "power.apparent_import")
    if power is None:
        return []
    narrow = width < NARROW
    left_width, right_width = (16, 0) if narrow else (26, 11)
    columns = max(10, width - left_width - right_width - 2)
    history = recent.means(columns, now=now)
    known = [value for value in history if value is not None]
    bars = chart(history, height=3, top=max([*known, 1.0]))
    left = [Text(f" {number(power)} VA", STRONG), Text(f" {text(state, 'tariff.name')}"), Text()]
    right = [
        _("max {figure}").format(figure=number(max(known, default=power))),
        _("min {figure}").format(figure=number(min(known, default=power))),
        _("in {time}").format(time=duration(columns * BIN)),
    ]
    for side in left:
        side.truncate(left_width, pad=True)
    return [
        Text.assemble(side, (bar, BARS), "" if narrow else f" {note}")
        for side, bar, note in zip(left, bars, right, strict=True)
    ]


def chart(values: Sequence[float | None], *, height: int, top: float) -> list[str]:
    """Return `height` lines, the uppermost first; a value has at least the lowest bar, None has no bar."""
    steps = len(BLOCKS) - 1
    filled = [0 if value is None else max(1, round(value / top * height * steps)) for value in values]
    return [
        "".join(BLOCKS[max(0, min(steps, fill - row * steps))] for fill in filled)
        for row in reversed(range(height))
    ]


def _wrap(note: str, width: int) -> list[str]:
    """Return the note in lines with a leading blank; do not break at hyphens, as a command may have them."""
    return textwrap.wrap(
        note, max(10, width - 1), initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False
    )


def _pages(model: LiveModel, space: ConsoleDimensions, *, now: float) -> list[list[Text]]:
    """Return the lines of each page: as many columns as fit, filled one after the other."""
    if model.mode is None:
        waiting = [Text(line, STRONG) for line in _wrap(sentences.waiting(model), space.width)]
        note = "" if model.note is None else model.note.text
        return [[Text(), *waiting, Text(), *map(Text, _wrap(note, space.width))]]
    count = max(1, (space.width + _GAP) // (COLUMN + _GAP))
    width = (space.width - _GAP * (count - 1)) // count
    columns: list[list[Text]] = [[]]
    every = model.rows()
    alarms = [_row(row, width, now=now) for row in every if row.is_alarm]
    others = [_row(row, width, now=now) for row in every if not row.is_alarm]
    for lines in [*alarms, _derived(model, {row.key for row in every}, width), *others]:
        if columns[-1] and len(columns[-1]) + len(lines) > space.height:
            columns.append([])
        columns[-1] += lines
    for line in itertools.chain(*columns):
        line.truncate(width, pad=True)
    blank = Text(" " * width)
    pages = []
    for at in range(0, len(columns), count):
        rows = itertools.zip_longest(*columns[at : at + count], fillvalue=blank)
        pages.append([Text(" " * _GAP).join(cells) for cells in rows])
    return pages


def _derived(model: LiveModel, labels: Container[str], width: int) -> list[Text]:
    """Return the lines of the fields that no étiquette says, such as the headroom, in the flow of a text."""
    items = list[Text]()
    for field, name, value in rows(model.state()):
        if any(label in labels for label in field.sources):
            continue
        fitting = name[: max(0, width - len(value) - 2)]
        items.append(Text.assemble(f"{fitting} ", (value, STRONG)))
    return _flow(items, " ", width)


def _row(row: Row, width: int, *, now: float) -> list[Text]:
    """Return the lines of one étiquette: the row itself, the rest of a long name, and its facts below it."""
    words = describe(row, short=True)
    fresh = row.changed is not None and now - row.changed < FRESH and not row.is_clock
    mark, style = (MARK, STRONG) if fresh else (" ", "")
    if row.is_alarm:
        mark, style = "!", ALERT
    value = f"{words.value:>{_FIGURE}}" if row.label is not None and row.label.is_number else words.value
    if words.note:
        value += f"  {words.note}"
    if words.facts and len(value) > _VALUE:
        value = ""  # too long for the line, and the facts below repeat it
    space = width - len(_INDENT) - len(value) - 1
    # Values begin in one column. A long name moves a short value to the right, or continues on the next line.
    least = space if width < NARROW else space - max(0, _VALUE - len(value))
    column = max(0, space if least < len(words.name) <= space else least)
    parts = textwrap.wrap(words.name, max(_LEAST_NAME, column)) if space >= _LEAST_NAME else []
    first, *further = parts or [""]
    line = Text.assemble((f"{mark} {row.key:<{_KEY}}", style), f"{first:<{column}} ", (value, style))
    facts = [Text(fact.text, style=ALERT if fact.alert else "") for fact in words.facts]
    return [line, *(Text(_INDENT + rest) for rest in further), *_flow(facts, _INDENT, width)]


def _flow(items: Iterable[Text], indent: str, width: int) -> list[Text]:
    """Return lines of items with a dot between two of them."""
    lines: list[Text] = []
    for item in items:
        if not lines or len(lines[-1]) + len(DOT) + len(item) > width:
            lines.append(Text(indent))
        else:
            lines[-1].append(DOT)
        lines[-1].append_text(item)
    return lines


def _quality(model: LiveModel) -> Text:
    """Return the quality of the line in one line of text, the most important detail first."""
    health = model.health
    if health is None or health.line_quality is None:
        return Text()
    style = STRONG if sentences.is_good(health.line_quality) else ALERT
    line = Text.assemble(" " + _("Line") + " ", (inline(sentences.grade(health.line_quality)), style))
    if health.reason is not None:
        return line.append(DOT + _(health.reason))
    return line.append("".join(DOT + part for part in sentences.line_details(health) if part))


def _foot(model: LiveModel, width: int, *, many: bool) -> list[Text]:
    """Return the keys and then the note, in six lines at most."""
    parts = [_("space: next page"), _("q: quit")] if many else [_("q: quit")]
    if model.note is not None and model.mode is not None:  # else `_pages` shows it
        parts.append(model.note.text)
    return [Text(line) for line in _wrap(DOT.join(parts), width)[:6]]
