"""
Lay the board out on a screen of any size: what is wanted first comes first, in columns where it is wide.

Pure but for the library that draws (rich): a board, a size and a page come in, lines of text go out. Nothing
is told by colour alone, and no colour is used that is hard to read on a light or on a dark background.
"""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.durations import duration
from teleinfo.homeassistant.meters import meter_of
from teleinfo.i18n import _
from teleinfo.tic.labels import Kind
from teleinfo.watch import chart
from teleinfo.watch.model import BIN
from teleinfo.watch.sections import Section
from teleinfo.watch.words import VERDICTS, facts, meaning, moment, number, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from teleinfo.watch.line import Line
    from teleinfo.watch.model import Board, Row
    from teleinfo.watch.words import Fact

FRESH: Final = 3.0
"""Seconds for which a value that changed stands out."""

COLUMN: Final = 78
"""The least width of a column of rows."""

_GAP: Final = 2
_CHART_ROWS: Final = 3
_LEFT: Final = 26  # of the chart
_RIGHT: Final = 11
_KEY: Final = 10
_VALUE: Final = 28
_FIGURE: Final = 13

CHANGED, ALERT, GOOD, STRONG, TITLE = "bold green", "bold red", "green", "bold", "reverse"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that this terminal can show."""

    levels: str = chart.BLOCKS
    mark: str = "•"
    dot: str = " · "
    more: str = "…"


ASCII: Final = Glyphs(levels=chart.ASCII, mark="*", dot=" - ", more="~")


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the screen, in characters."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown: `lines`, as many as the screen has, of page `number` of `pages`, from 0."""

    lines: list[Text]
    number: int
    pages: int


def compose(
    board: Board, size: Size, *, page: int, now: float, clock: str, glyphs: Glyphs, keys: bool
) -> Page:
    """Return a page of the board at the monotonic time `now`; `page` may be any number, they go round."""
    top = [*_chart(board, size.width, now=now, glyphs=glyphs)]
    room = max(1, size.height - len(top) - 3)  # but for the title, the line's quality and the help
    if board.mode is None:
        pages = [_waiting(board, size.width)]
    else:
        pages = _pages(board.rows(now=now), Size(size.width, room), glyphs)
    shown_page = page % len(pages)
    body = pages[shown_page][:room]
    body += [Text()] * (room - len(body))
    lines = [
        _title(board, size.width, page=(shown_page, len(pages)), now=now, clock=clock),
        *top,
        *body,
        _quality(board.line, glyphs),
        _help(None if board.mode is None else board.note, many=len(pages) > 1, keys=keys, glyphs=glyphs),
    ]
    for line in lines:
        line.truncate(size.width)
    return Page(lines[: size.height], shown_page, len(pages))


def _title(board: Board, width: int, *, page: tuple[int, int], now: float, clock: str) -> Text:
    left = " teleinfo"
    if board.mode is not None:
        left += f"  {meter_of(board.number, topic='', private=False).model}, {board.mode}"
    if board.line is not None and board.line.baudrate is not None:
        left += _(", {baudrate} baud").format(baudrate=board.line.baudrate)
    silence = board.silence(now=now)
    alarm = "" if silence is None else " " + _("silent for {time}").format(time=duration(silence)) + " "
    right = (f"{page[0] + 1}/{page[1]}  " if page[1] > 1 else "") + f"{clock} "
    space = " " * max(1, width - len(left) - len(alarm) - len(right))
    return Text.assemble((left, TITLE), (space, TITLE), (alarm, f"{ALERT} reverse"), (right, TITLE))


def _chart(board: Board, width: int, *, now: float, glyphs: Glyphs) -> list[Text]:
    """Return the power of now and of the last minutes, nothing where the meter tells none."""
    power = board.power
    if power is None:
        return []
    columns = max(10, width - _LEFT - _RIGHT - 2)
    history = board.history(columns, now=now)
    known = [value for value in history if value is not None]
    highest = max([*known, 1.0])
    drawn = chart.chart(history, height=_CHART_ROWS, top=highest, levels=glyphs.levels)
    left = [Text.assemble((f" {number(power)} VA", STRONG)), Text(" " + _period(board)), Text()]
    seconds = columns * BIN
    right = [
        _("max {figure}").format(figure=number(max(known, default=power))),
        _("min {figure}").format(figure=number(min(known, default=power))),
        _("in {time}").format(time=duration(seconds)),
    ]
    lines = []
    for side, bars, note in zip(left, drawn, right, strict=True):
        side.truncate(_LEFT, pad=True)
        lines.append(Text.assemble(side, (bars, GOOD), f" {note}"))
    return lines


def _period(board: Board) -> str:
    if board.period is None:
        return ""
    key, value = board.period
    return meaning(key, value) or " ".join(value.split())


def _waiting(board: Board, width: int) -> list[Text]:
    if not board.remote:
        state = _("Waiting for the meter. It takes a few seconds to find its speed.")
    elif board.online is False:
        state = _("teleinfo says “offline” on the broker: it was stopped, or hears no meter.")
    else:
        state = _("Waiting for a message of teleinfo on the broker.")
    lines = textwrap.wrap(board.note or "", max(10, width - 2))
    return [Text(), Text(f" {state}", style=STRONG), Text(), *(Text(f" {line}") for line in lines)]


def _pages(rows: Sequence[Row], room: Size, glyphs: Glyphs) -> list[list[Text]]:
    """Return the lines of each page: as many columns as fit, filled one after the other."""
    count = max(1, (room.width + _GAP) // (COLUMN + _GAP))
    width = (room.width - _GAP * (count - 1)) // count
    columns: list[list[Text]] = [[]]
    for row in rows:
        block = _block(row, width, glyphs)
        if columns[-1] and len(columns[-1]) + len(block) > room.height:
            columns.append([])
        columns[-1] += block
    return [_side_by_side(columns[at : at + count], width) for at in range(0, len(columns), count)]


def _side_by_side(columns: Sequence[list[Text]], width: int) -> list[Text]:
    lines = []
    for cells in itertools.zip_longest(*columns):
        line = Text()
        for place, cell in enumerate(cells):
            part = Text() if cell is None else cell.copy()
            part.truncate(width, pad=True)
            line.append(" " * _GAP if place else "")
            line.append_text(part)
        lines.append(line)
    return lines


def _block(row: Row, width: int, glyphs: Glyphs) -> list[Text]:
    """Return the lines of one étiquette: the row itself, and its facts below it."""
    fresh = (
        row.age is not None and row.age < FRESH and (row.label is None or row.label.kind is not Kind.HORODATE)
    )
    style = ALERT if row.section is Section.ALARM else CHANGED if fresh else ""
    value = _value(row)
    named = max(8, width - 2 - _KEY - 1 - max(_VALUE, len(value)))
    name = _shortened(row.label.french if row.label is not None else "", named, glyphs)
    line = Text.assemble(
        (f"{glyphs.mark if fresh else ' '} ", style),
        (f"{row.key:<{_KEY}}", style),
        f"{name:<{named}} ",
        (value, style or STRONG),
    )
    return [line, *_fact_lines(facts(row.key, row.value), width, glyphs)]


def _value(row: Row) -> str:
    """Return the value and what it means; figures stand under each other."""
    value = shown(row.label, row.value)
    if row.label is not None and row.label.is_number:
        value = f"{value:>{_FIGURE}}"
    note = meaning(row.key, row.value)
    if row.horodate is not None:
        note = moment(row.horodate, short=True) or row.horodate
    if facts(row.key, row.value) and len(value) > _VALUE:
        return ""  # long, and all of it is told below
    return value if note is None else f"{value}  {note}"


def _shortened(name: str, width: int, glyphs: Glyphs) -> str:
    """Return a désignation that fits: its middle goes, since phase and day stand at its end."""
    if len(name) <= width:
        return name
    end = width // 3
    return f"{name[: width - end - 1]}{glyphs.more}{name[len(name) - end :]}"


def _fact_lines(told: Iterable[Fact], width: int, glyphs: Glyphs) -> list[Text]:
    lines: list[Text] = []
    indent = " " * (2 + _KEY)
    for fact in told:
        part = Text(fact.text, style=ALERT if fact.alert else "")
        if not lines or len(lines[-1]) + len(glyphs.dot) + len(part) > width:
            lines.append(Text(indent))
        else:
            lines[-1].append(glyphs.dot)
        lines[-1].append_text(part)
    return lines


def _quality(line: Line | None, glyphs: Glyphs) -> Text:
    """Return how the line fares, in one line."""
    if line is None:
        return Text()
    verdict = _(VERDICTS.get(line.verdict, line.verdict))
    styles = {"good": f"bold {GOOD}", "fair": STRONG}
    share = line.bad_percent
    parts = [
        "" if share is None else _("{share} % bad").format(share=f"{share:.2g}"),
        _("{count} frames").format(count=number(line.frames)),
        _("parity {parity}, checksum {checksum}, form {form}, cut {cut}").format(
            parity=line.parity, checksum=line.checksum, form=line.malformed, cut=line.interrupted
        ),
    ]
    told = glyphs.dot.join(filter(None, parts))
    return Text.assemble(
        " " + _("Line") + " ", (verdict, styles.get(line.verdict, ALERT)), f"{glyphs.dot}{told}"
    )


def _help(note: str | None, *, many: bool, keys: bool, glyphs: Glyphs) -> Text:
    parts = []
    if keys:
        parts += [_("space: next page")] if many else []
        parts.append(_("q: quit"))
    else:
        parts.append(_("Ctrl-C: quit"))
    return Text(" " + glyphs.dot.join([*parts, *([note] if note else [])]))
