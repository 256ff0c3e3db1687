"""
Lay the live model out on a screen of any size, in columns where it is wide, on pages where it is small.

Pure but for the library that draws (rich): a model, a size and a page come in, lines of text go out.
"""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, inline
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch import sentences
from teleinfo.watch.describe import number
from teleinfo.watch.drawing import ALERT, BARS, STRONG, TITLE, Glyphs, chart
from teleinfo.watch.power_history import BIN
from teleinfo.watch.row import NARROW, format_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.watch.live_model import LiveModel

COLUMN: Final = 78
"""The least width of a column of rows."""

_GAP: Final = 2
_CHART_ROWS: Final = 3
_LEFT: Final = 26  # beside the chart
_LEFT_NARROW: Final = 16
_RIGHT: Final = 11
_FOOT: Final = 3
_FOOT_NARROW: Final = 6


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the screen, in characters."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """The `lines` of page `number`, from 0, of `pages`: as many as the screen has."""

    lines: list[Text]
    number: int
    pages: int


def compose(
    model: LiveModel, size: Size, *, page: int, now: float, clock: str, glyphs: Glyphs, keys: bool
) -> Page:
    """Return a page of the model at the monotonic time `now`; `page` is taken modulo their number."""
    top = _chart(model, size.width, now=now, glyphs=glyphs)
    free = size.height - len(top) - 2  # the title and the quality of the line
    foot = _help(model, size.width, many=False, keys=keys, glyphs=glyphs)
    pages = _pages(model, Size(size.width, max(1, free - len(foot))), now=now, glyphs=glyphs)
    if len(pages) > 1:
        foot = _help(model, size.width, many=True, keys=keys, glyphs=glyphs)
        pages = _pages(model, Size(size.width, max(1, free - len(foot))), now=now, glyphs=glyphs)
    space = max(1, free - len(foot))
    shown_page = page % len(pages)
    body = pages[shown_page][:space]
    body += [Text()] * (space - len(body))
    lines = [
        _title(model, size.width, page=(shown_page, len(pages)), now=now, clock=clock),
        *top,
        *body,
        _quality(model, size.width, glyphs),
        *foot,
    ]
    for line in lines:
        line.truncate(size.width)
    return Page(lines[: size.height], shown_page, len(pages))


def _title(model: LiveModel, width: int, *, page: tuple[int, int], now: float, clock: str) -> Text:
    left = f" teleinfo  {sentences.meter(model)}"
    silence = model.silence(now=now)
    alarm = "" if silence is None else " " + _("silent for {time}").format(time=duration(silence)) + " "
    right = (f"{page[0] + 1}/{page[1]}  " if page[1] > 1 else "") + f"{clock} "
    # The name of the meter is cut short rather than the alarm.
    title = Text(left, TITLE)
    title.truncate(max(0, width - len(alarm) - len(right) - 1), pad=True)
    return title.append(" ").append(alarm, f"{ALERT} reverse").append(right, TITLE)


def _chart(model: LiveModel, width: int, *, now: float, glyphs: Glyphs) -> list[Text]:
    """Return the present power and a chart of the last minutes; nothing where the meter sends no power."""
    power = model.power
    if power is None:
        return []
    narrow = width < NARROW
    left_width, right_width = (_LEFT_NARROW, 0) if narrow else (_LEFT, _RIGHT)
    columns = max(10, width - left_width - right_width - 2)
    history = model.history(columns, now=now)
    known = [value for value in history if value is not None]
    highest = max([*known, 1.0])
    drawn = chart(history, height=_CHART_ROWS, top=highest, levels=glyphs.levels)
    left = [Text.assemble((f" {number(power)} VA", STRONG)), Text(" " + sentences.period(model)), Text()]
    seconds = columns * BIN
    right = [
        _("max {figure}").format(figure=number(max(known, default=power))),
        _("min {figure}").format(figure=number(min(known, default=power))),
        _("in {time}").format(time=duration(seconds)),
    ]
    lines = []
    for side, bars, note in zip(left, drawn, right, strict=True):
        side.truncate(left_width, pad=True)
        lines.append(Text.assemble(side, (bars, BARS), "" if narrow else f" {note}"))
    return lines


def _waiting(model: LiveModel, width: int) -> list[Text]:
    note = "" if model.note is None else model.note.text
    return [
        Text(),
        *(Text(line, style=STRONG) for line in _wrap(sentences.waiting(model), width)),
        Text(),
        *(Text(line) for line in _wrap(note, width)),
    ]


def _wrap(text: str, width: int) -> list[str]:
    """Return the text in lines, each with a blank before it; a hyphen may be part of a command."""
    return textwrap.wrap(
        text, max(10, width - 1), initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False
    )


def _pages(model: LiveModel, space: Size, *, now: float, glyphs: Glyphs) -> list[list[Text]]:
    """Return the lines of each page: as many columns as fit, filled one after the other."""
    if model.mode is None:
        return [_waiting(model, space.width)]
    count = max(1, (space.width + _GAP) // (COLUMN + _GAP))
    width = (space.width - _GAP * (count - 1)) // count
    columns: list[list[Text]] = [[]]
    for row in model.rows(now=now):
        lines = format_row(row, width, glyphs)
        if columns[-1] and len(columns[-1]) + len(lines) > space.height:
            columns.append([])
        columns[-1] += lines
    return [_side_by_side(columns[at : at + count], width) for at in range(0, len(columns), count)]


def _side_by_side(columns: Sequence[list[Text]], width: int) -> list[Text]:
    lines = []
    for cells in itertools.zip_longest(*columns):
        line = Text()
        for column, cell in enumerate(cells):
            part = Text() if cell is None else cell.copy()
            part.truncate(width, pad=True)
            line.append(" " * _GAP if column else "")
            line.append_text(part)
        lines.append(line)
    return lines


def _quality(model: LiveModel, width: int, glyphs: Glyphs) -> Text:
    """Return the quality of the line in one line of text: as much of it as fits."""
    health = model.health
    if health is None or health.line is None:
        return Text()
    text = Text.assemble(
        " " + _("Line") + " ",
        (
            inline(sentences.grade(health.line)),
            STRONG if health.line in {LineGrade.GOOD, LineGrade.FAIR} else ALERT,
        ),
    )
    if health.reason is not None:
        return text.append(glyphs.dot + _(health.reason))
    bad, frames = sentences.bad_groups(health), sentences.frames(model)
    causes, withheld = sentences.causes(health), sentences.withheld(health)
    for parts in (
        (bad, frames, causes, withheld),
        (bad, causes, withheld),
        (causes, withheld),
        (causes,),
        (bad,),
    ):
        rest = "".join(glyphs.dot + part for part in parts if part)
        if text.cell_len + len(rest) <= width:
            break
    return text.append(rest)


def _help(model: LiveModel, width: int, *, many: bool, keys: bool, glyphs: Glyphs) -> list[Text]:
    """Return the keys and the note behind them, in as many lines as it takes, up to a limit."""
    parts = [_("q: quit") if keys else _("Ctrl-C: quit")]
    if many and keys:
        parts.insert(0, _("space: next page"))
    if model.note is not None and model.mode is not None:  # before the first frame it stands above, whole
        parts.append(model.note.text)
    most = _FOOT_NARROW if width < NARROW else _FOOT
    return [Text(line) for line in _wrap(glyphs.dot.join(parts), width)[:most]]
