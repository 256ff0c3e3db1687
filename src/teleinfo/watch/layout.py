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

# Widths in the row of an étiquette: `• SINSTS    Apparent power, import          1 234 VA`.
_KEY: Final = 10
_VALUE: Final = 28
_FIGURE: Final = 13  # of a value that is a number, which ends there
_LEAST_NAME: Final = 8
_INDENT: Final = " " * (len(f"{MARK} ") + _KEY)

_COLUMN_SPACE: Final = 2
"""Blanks between two columns of rows."""

_CHART_HEIGHT: Final = 3
_LEAST_CHART: Final = 10
"""Width of the chart on a screen that is too narrow for it."""

_FOOT_HEIGHT: Final = 6
"""The most lines of the foot: a long note must leave space for values."""


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
        means: list[float | None] = []
        for interval in range(last - points + 1, last + 1):
            powers = self._bins.get(interval)
            means.append(None if powers is None else fmean(powers))
        return means


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
    power = integer(model.state(now=now), "power.apparent_import")
    if power is not None:
        recent.add(power, now=now)
    top = _chart(model, recent, size.width, now=now)
    foot = _foot(model, size.width, has_next_page=False)
    space = _space(size, top, foot)
    pages = _pages(model, space, now=now)
    is_paged = len(pages) > 1
    if is_paged:
        # The key of the next page may take one more line of the foot.
        foot = _foot(model, size.width, has_next_page=True)
        space = _space(size, top, foot)
        pages = _pages(model, space, now=now)
    page %= len(pages)
    page_of_pages = f"{page + 1}/{len(pages)}  " if is_paged else ""
    body = pages[page][: space.height]
    while len(body) < space.height:
        body.append(Text())
    title = _title(model, size.width, page_of_pages, now=now, clock=clock)
    lines = [title, *top, *body, _quality(model, size.width), *foot][: size.height]
    for line in lines:
        line.truncate(size.width)
    return Page(lines, page, len(pages))


def _space(size: ConsoleDimensions, top: Sequence[Text], foot: Sequence[Text]) -> ConsoleDimensions:
    """Return the space between top and foot, without the title and the line of the quality."""
    return ConsoleDimensions(size.width, max(1, size.height - len(top) - len(foot) - 2))


def _title(model: LiveModel, width: int, page: str, *, now: float, clock: str) -> Text:
    silence = model.silence(now=now)
    alarm = ""
    if silence is not None:
        alarm = f" {_('silent for {time}').format(time=duration(silence))} "
    right = f"{page}{clock} "
    # The name of the meter gives way to the alarm.
    title = Text(f" teleinfo  {sentences.meter(model)}", TITLE)
    title.truncate(max(0, width - len(alarm) - len(right) - 1), pad=True)
    return title.append(" ").append(alarm, f"{ALERT} reverse").append(right, TITLE)


def _chart(model: LiveModel, recent: RecentPower, width: int, *, now: float) -> list[Text]:
    """
    Return the lines of the present power, a chart of the last minutes, and its bounds: left, middle, right.

    A narrow screen has no bounds. There are no lines if the meter sends no power.
    """
    state = model.state()
    power = integer(state, "power.apparent_import")
    if power is None:
        return []
    has_bounds = width >= NARROW
    left_width = 26 if has_bounds else 16
    right_width = 11 if has_bounds else 0
    blanks = 2  # before the bounds, and at the edge of the screen
    intervals = max(_LEAST_CHART, width - left_width - right_width - blanks)  # one in each column
    means = recent.means(intervals, now=now)
    known_means = [mean for mean in means if mean is not None]
    # None is known if the meter has been silent for longer than the chart shows.
    greatest = max(known_means, default=power)
    least = min(known_means, default=power)
    left = [Text(f" {number(power)} VA", STRONG), Text(f" {text(state, 'tariff.name')}"), Text()]
    bars = chart(means, height=_CHART_HEIGHT, top=max(greatest, 1.0))  # a power of 0 is no division by 0
    right = [
        _("max {figure}").format(figure=number(greatest)),
        _("min {figure}").format(figure=number(least)),
        _("in {time}").format(time=duration(intervals * BIN)),
    ]
    lines = []
    for figure, bar, bound in zip(left, bars, right, strict=True):
        figure.truncate(left_width, pad=True)
        line = Text.assemble(figure, (bar, BARS))
        if has_bounds:
            line.append(f" {bound}")
        lines.append(line)
    return lines


def chart(values: Sequence[float | None], *, height: int, top: float) -> list[str]:
    """
    Return `height` lines of bars, the uppermost first; `top` is the value that fills them all.

    The bar of a value has at least the lowest block, also that of 0; None has no bar.
    """
    blocks = len(BLOCKS) - 1  # heights of the bar in one line, besides the blank
    bars = []  # the height of each bar, in blocks
    for value in values:
        if value is None:
            bars.append(0)
        else:
            bars.append(max(1, round(value / top * height * blocks)))
    lines = []
    for lines_below in reversed(range(height)):
        line = ""
        for bar in bars:
            above = bar - lines_below * blocks
            line += BLOCKS[min(blocks, max(0, above))]
        lines.append(line)
    return lines


def _wrap(note: str, width: int) -> list[str]:
    """Return the note in lines with a leading blank; do not break at hyphens, as a command may have them."""
    return textwrap.wrap(
        note, max(10, width - 1), initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False
    )


def _pages(model: LiveModel, space: ConsoleDimensions, *, now: float) -> list[list[Text]]:
    """
    Return the lines of each page: as many columns as fit, filled one after the other.

    Before the first frame there is one page, which says what is waited for.
    """
    if model.mode is None:
        waiting = [Text(line, STRONG) for line in _wrap(sentences.waiting(model), space.width)]
        note = "" if model.note is None else model.note.text
        return [[Text(), *waiting, Text(), *map(Text, _wrap(note, space.width))]]
    columns_of_page = max(1, (space.width + _COLUMN_SPACE) // (COLUMN + _COLUMN_SPACE))
    width = (space.width - _COLUMN_SPACE * (columns_of_page - 1)) // columns_of_page
    columns = _columns(model, ConsoleDimensions(width, space.height), now=now)
    blank = Text(" " * width)
    pages = []
    for first in range(0, len(columns), columns_of_page):
        columns_side_by_side = columns[first : first + columns_of_page]
        rows = itertools.zip_longest(*columns_side_by_side, fillvalue=blank)
        pages.append([Text(" " * _COLUMN_SPACE).join(cells) for cells in rows])
    return pages


def _columns(model: LiveModel, size: ConsoleDimensions, *, now: float) -> list[list[Text]]:
    """
    Return the lines of each column of this size: the alarms, the derived fields, the other rows.

    The lines of a row stay in one column. A row that is higher than a column has a longer column of its own.
    """
    rows_of_model = model.rows()
    labels = {row.key for row in rows_of_model}
    alarms = [_row(row, size.width, now=now) for row in rows_of_model if row.is_alarm]
    others = [_row(row, size.width, now=now) for row in rows_of_model if not row.is_alarm]
    columns: list[list[Text]] = [[]]
    for lines_of_row in [*alarms, _derived(model, labels, size.width), *others]:
        is_column_empty = not columns[-1]
        height = len(columns[-1]) + len(lines_of_row)
        if height > size.height and not is_column_empty:
            columns.append([])
        for line in lines_of_row:
            line.truncate(size.width, pad=True)
            columns[-1].append(line)
    return columns


def _derived(model: LiveModel, labels: Container[str], width: int) -> list[Text]:
    """Return the lines of the fields that no étiquette says, such as the headroom, in the flow of a text."""
    indent = " "
    items: list[Text] = []
    for field, name, value in rows(model.state()):
        if any(label in labels for label in field.sources):
            continue
        space = max(0, width - len(indent) - len(f" {value}"))
        items.append(Text.assemble(name[:space], " ", (value, STRONG)))
    return _flow(items, indent, width)


def _row(row: Row, width: int, *, now: float) -> list[Text]:
    """Return the lines of one étiquette: the row itself, the rest of a long name, and its facts below it."""
    words = describe(row, short=True)
    has_just_changed = row.changed is not None and now - row.changed < FRESH
    if row.is_alarm:
        mark = "!"
        style = ALERT
    elif has_just_changed and not row.is_clock:
        mark = MARK
        style = STRONG
    else:
        mark = " "
        style = ""
    value = words.value
    if row.label is not None and row.label.is_number:
        value = value.rjust(_FIGURE)
    if words.note:
        value += f"  {words.note}"
    if words.facts and len(value) > _VALUE:
        value = ""  # too long for the line, and the facts below repeat it
    longest_name = width - len(_INDENT) - len(value) - 1  # up to a value that ends at the right edge
    before_column = longest_name - max(0, _VALUE - len(value))  # up to the column in which values begin
    if width < NARROW:
        name_width = longest_name
    elif before_column < len(words.name) <= longest_name:
        name_width = longest_name  # the value moves to the right, which saves a line
    else:
        name_width = before_column  # a name that is longer continues below
    name_lines = [""]
    if words.name and longest_name >= _LEAST_NAME:
        name_lines = textwrap.wrap(words.name, max(_LEAST_NAME, name_width))
    first_line = name_lines[0].ljust(name_width)
    lines = [Text.assemble((f"{mark} {row.key:<{_KEY}}", style), f"{first_line} ", (value, style))]
    for further_line in name_lines[1:]:
        lines.append(Text(_INDENT + further_line))
    facts = []
    for fact in words.facts:
        facts.append(Text(fact.text, ALERT if fact.alert else ""))
    return lines + _flow(facts, _INDENT, width)


def _flow(items: Iterable[Text], indent: str, width: int) -> list[Text]:
    """Return the items in as few lines as they need, each line indented, with a dot between two items."""
    lines: list[Text] = []
    for item in items:
        if lines and len(lines[-1]) + len(DOT) + len(item) <= width:
            lines[-1].append(DOT)
        else:
            lines.append(Text(indent))
        lines[-1].append_text(item)
    return lines


def _quality(model: LiveModel, width: int) -> Text:
    """
    Return the quality of the line in one line of text, and the reason if no readings come.

    Without such a reason, the details follow, the most important first, up to the one that does not fit.
    """
    health = model.health
    if health is None or health.line_quality is None:
        return Text()
    style = STRONG if sentences.is_good(health.line_quality) else ALERT
    shown = Text(f" {_('Line')} ")
    shown.append(inline(sentences.grade(health.line_quality)), style)
    if health.reason is not None:
        return shown.append(DOT).append(_(health.reason))
    for detail in sentences.line_details(health):
        if not detail:
            continue
        if len(shown) + len(DOT) + len(detail) > width:
            break
        shown.append(DOT).append(detail)
    return shown


def _foot(model: LiveModel, width: int, *, has_next_page: bool) -> list[Text]:
    """Return the keys, then the note on the port or the broker, in `_FOOT_HEIGHT` lines at most."""
    parts = []
    if has_next_page:
        parts.append(_("space: next page"))
    parts.append(_("q: quit"))
    is_note_shown_above = model.mode is None  # by `_pages`, which has no values to show
    if model.note is not None and not is_note_shown_above:
        parts.append(model.note.text)
    lines = _wrap(DOT.join(parts), width)
    return [Text(line) for line in lines[:_FOOT_HEIGHT]]
