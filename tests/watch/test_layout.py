"""The picture: everything fits, in any size, on pages that are together the whole meter."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import re

import pytest
from rich.console import ConsoleDimensions as Size
from rich.style import Style
from rich.text import Span

from teleinfo.live import describe, sentences
from teleinfo.live.declared import integer, number
from teleinfo.live.model import LiveModel, Note
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.words import Message
from teleinfo.watch.layout import BIN, BLOCKS, DOT, MARK, Page, RecentPower, chart, compose
from tests.support.parts import part_of

START = dt.datetime(2026, 1, 14, 18, 30)  # noqa: DTZ001 - a meter knows local time only
HEALTH = Health(
    mode=Mode.STANDARD,
    baudrate=9600,
    frames=12345,
    groups=99,
    rejected={"parity": 1, "checksum": 2, "malformed": 3},
    interrupted=4,
    bad_groups_percent=0.02,
    line_quality=LineGrade.GOOD,
)
USUAL = Size(80, 24)
NARROW = Size(40, 24)

meters = pytest.mark.parametrize(
    "name", part_of(METERS, played=("tri-tempo", "standard-tri", "standard-producer"))
)
languages = pytest.mark.parametrize("language", ["C", "fr_FR.UTF-8"])


def note(text: str) -> Note:
    """Return a note with this text, in whatever language."""
    return Note("x", Message(text))


def model_of(name: str) -> LiveModel:
    """Return a model that has heard two frames of a simulated meter."""
    meter = build(name, start=START, rng=random.Random(1))
    model = LiveModel(patience=10.0)
    decoder = Decoder()
    for second in (0, 60):
        frame = meter.emit(START + dt.timedelta(seconds=second))
        for reading in decoder.feed(frame, now=float(second)):
            model.add_reading(reading, now=float(second))
    model.told_health = HEALTH
    return model


def picture(model: LiveModel, size: Size = USUAL, page: int = 0, *, now: float = 61.0) -> Page:
    """Return a page of the model, by default a second after its last frame."""
    return compose(model, RecentPower(), size, page=page, now=now, clock="18:31:01")


def pages(model: LiveModel, size: Size = USUAL, *, now: float = 61.0) -> list[Page]:
    """Return every page of the model."""
    count = picture(model, size, now=now).pages
    return [picture(model, size, number, now=now) for number in range(count)]


def some_pages(model: LiveModel, size: Size) -> list[Page]:
    """Return at most seven pages, the first and the last among them: a tiny screen has hundreds."""
    last = picture(model, size).pages - 1
    return [picture(model, size, number) for number in sorted({*range(0, last, last // 6 + 1), last})]


def text_of(*shown: Page) -> str:
    """Return pages as plain text."""
    return "\n".join(line.plain for page in shown for line in page.lines)


@pytest.mark.parametrize("size", [USUAL, Size(170, 45), Size(60, 15), Size(20, 5), Size(1, 1)], ids=str)
@meters
def test_every_line_fits(name: str, size: Size) -> None:
    """No more lines than the screen has, none longer than it is wide."""
    for page in some_pages(model_of(name), size):
        assert len(page.lines) == size.height
        assert max(line.cell_len for line in page.lines) <= size.width


@meters
def test_the_pages_together_show_every_value(name: str) -> None:
    """80×24: nothing of the meter is left out, nor shown twice, and no name is shortened."""
    model = model_of(name)
    shown = pages(model)
    lines = [line.plain for page in shown for line in page.lines[4:-2]]
    keys = [line[2:12].strip() for line in lines if line[1:2] == " "]  # derived fields begin there
    words = " ".join(text_of(*shown).split())
    rows = model.rows()

    assert [key for key in keys if key] == [row.key for row in rows]
    assert "…" not in words
    assert all(row.label is None or row.label.title.split()[-1] in words for row in rows)
    assert name != "standard" or "Import load curve, last complete point" in words


@pytest.mark.parametrize("language", ["C", "fr_FR.UTF-8"])
def test_a_value_that_changed_stands_out_and_the_clock_does_not(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock changes with each frame: it would stand out all the time."""
    monkeypatch.setenv("LC_ALL", language)
    model = model_of("standard")
    changed = {row.key for row in model.rows() if row.changed is not None}
    lines = [line.plain for page in pages(model) for line in page.lines]
    marked = {line[2:12].strip() for line in lines if line.startswith(MARK)}

    assert "DATE" in changed
    assert marked == changed - {"DATE"}
    assert marked


def test_the_first_page_has_what_a_person_wants_to_see() -> None:
    """80×24: all of a meter with peak and off-peak in historique; power, status and index of a Linky."""
    first = picture(model_of("standard"))
    shown = text_of(first)

    assert picture(model_of("hc")).pages == 1
    assert first.pages > 1
    assert picture(model_of("standard"), page=first.pages).number == 0  # after the last page comes the first
    assert " VA" in shown.splitlines()[1]
    assert "Breaker closed" in shown
    assert "EAST" in shown


def test_a_change_and_an_alarm_are_marked_and_not_by_colour_alone() -> None:
    """The power differs between the two frames, the contract does not; an overrun stands first."""
    marks = {line.plain[2:12].strip(): line.plain[:1] for line in picture(model_of("standard")).lines[4:-2]}
    model = model_of("hc")
    model.add_reading(Reading(Mode.HISTORIQUE, {"OPTARIF": "HC", "ADPS": "047"}), now=60.5)

    assert (marks["SINSTS"], marks["LTARF"]) == ("•", " ")
    assert picture(model).lines[4].plain.startswith("! ADPS")


WORDS = {None, "red"}
"""The colours of words: that of the terminal, and red. No other is readable on light and on dark."""


@meters
def test_words_are_readable_on_a_light_and_on_a_dark_terminal(name: str) -> None:
    """Their colour is the terminal's own or red, without background, never dim; green is for bars only."""
    model = model_of(name)
    model.add_reading(Reading(model.mode or Mode.HISTORIQUE, {"ADPS": "047", "STGE": "FFFFFFFF"}), now=60.5)
    used = set()
    shown = [*pages(model), *pages(model, now=90.0)]
    for grade in LineGrade:  # it stands below each page
        model.told_health = dataclasses.replace(HEALTH, line_quality=grade)
        shown += [picture(model), picture(model, now=90.0)]
    for line in (line for page in shown for line in page.lines):
        for span in (*line.spans, Span(0, len(line), line.style)):
            style = Style.parse(str(span.style))
            bars = not set(line.plain[span.start : span.end]) - set(BLOCKS)
            colour = None if style.color is None else style.color.name
            assert bars or colour in WORDS, line.plain
            assert (style.bgcolor, bool(style.dim)) == (None, False)
            used.add(colour)

    assert used >= WORDS


@languages
@meters
def test_every_figure_is_shown_in_40_columns(
    name: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    model = model_of(name)
    lines = [line.rstrip() for line in text_of(*pages(model, NARROW)).splitlines()]

    for row in model.rows():
        if row.label is not None and row.label.is_number:
            [line] = [each for each in lines if each[2:12].strip() == row.key]
            assert describe.shown(row.label, row.value) in line
    assert f"{number(integer(model.state(), 'power.apparent_import') or 0)} VA" in lines[1]
    assert {"▁", "█"} & set("".join(lines[1:4]))


def test_the_line_is_reported_below() -> None:
    """The verdict, every cause of a loss, and the sound groups that were not believed, if there are any."""
    model = model_of("hc")
    shown = text_of(picture(model, Size(90, 24)))
    model.told_health = dataclasses.replace(HEALTH, withheld={"unconfirmed": 2, "implausible": 3})

    assert "Line good · 0.02 % bad groups · parity 1, checksum 2, form 3, cut 4 · 12 345 frames" in shown
    assert "withheld" not in shown
    assert "cut 4 · withheld 5" in text_of(picture(model, Size(110, 24)))


@languages
@pytest.mark.parametrize("width", [60, 70, 80, 90])
def test_a_detail_of_the_line_is_shown_whole_or_not_at_all(
    width: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    model = model_of("hc")
    details = [detail for detail in sentences.line_details(HEALTH) if detail]
    [line] = [each.plain for each in picture(model, Size(width, 24)).lines if details[0] in each.plain]

    _grade, *shown = line.rstrip().split(DOT)
    assert shown == details[: len(shown)]


def test_a_long_note_is_shown_whole() -> None:
    """The last line becomes two or three, and the page still holds it."""
    model = model_of("hc")
    model.note = note("there is no serial port at /dev/ttyAMA0: " + "switch it on, " * 8 + "or else")
    page = picture(model)

    assert len(page.lines) == 24
    assert page.lines[-1].plain.endswith("or else")
    assert [row for row in model.rows() if row.key not in text_of(page)] == []


@meters
def test_a_silence_is_reported_whole_in_80_columns(name: str) -> None:
    """In the title, however long the name of the meter is."""
    title = picture(model_of(name), now=90.0).lines[0].plain

    assert "silent for 30 s" in title
    assert "18:31:01" in title


def test_a_chart_reaches_from_nothing_to_its_top() -> None:
    assert chart([None, 0.0, 50.0, 100.0], height=2, top=100.0) == ["   █", " ▁██"]


@pytest.mark.parametrize("size", [USUAL, NARROW, Size(10, 5)], ids=str)
def test_whatever_a_broker_published_is_drawn(size: Size) -> None:
    model = LiveModel(patience=None)
    for key in ("PAPP", "HCHC", "PJOURF+1", "STGE", "DATE", "PTEC", "ADSC", "NOVELTY\x1b[2J\u202e"):
        for value in ("9" * 128, "x" * 128, "", "\x1b[2J\x9b\u202e\n", "٣" * 8, "E٣٣٣٣٣٣٣٣٣٣٣٣"):
            model.add_reading(Reading(Mode.HISTORIQUE, {key: value}), now=1.0)
            for page in pages(model, size, now=1.0):
                assert max(line.cell_len for line in page.lines) <= size.width
                assert all(char.isprintable() for line in page.lines for char in line.plain)


@pytest.mark.parametrize(
    ("online", "problem", "waiting", "silent"),
    [
        (None, "no_data", "Waiting for a message of teleinfo", ".*no byte comes from the meter *"),
        (False, "missing", "says “offline” on the broker: no serial port", ".*no serial port *"),
        (False, "something new", "it was stopped, or hears no meter", " Line silent · parity.*"),
    ],
)
def test_behind_a_broker_the_reason_of_a_silence_is_that_of_health(
    online: bool | None,  # noqa: FBT001 - a case
    problem: str | None,
    waiting: str,
    silent: str,
) -> None:
    """It is shown before the first reading, where no speed is searched, and after it."""
    model = LiveModel(patience=None)
    model.online = online
    model.told_health = Health(line_quality=LineGrade.SILENT, problem=problem)

    assert waiting in " ".join(text_of(picture(model)).split())
    model.add_reading(Reading(Mode.HISTORIQUE, {"PAPP": "00100"}), now=1.0)
    assert re.fullmatch(silent, picture(model).lines[-2].plain)


def test_the_recent_power_is_the_mean_of_each_interval_of_an_hour() -> None:
    """An interval without a power is unknown; the first one is forgotten after an hour."""
    recent = RecentPower()
    for power in range(721):
        recent.add(power, now=power * BIN)
        recent.add(power + 2, now=power * BIN + 1)

    assert recent.means(722, now=720 * BIN) == [None, None, *range(2, 722)]
