"""
The text of each declared field, as the terminal, the page, its CSV and Home Assistant show it.

Each simulated meter is heard on the last days of two months, so that today, yesterday and both months have
energy. A text is read back as a person reads it: figure, decimals, unit, uncertainty. They are compared with
the value in the message of the daemon, and with the forms that are listed here by hand.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from teleinfo.common.i18n import _, in_words, use_language
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.homeassistant.announcer import Announcer
from teleinfo.homeassistant.discovery import Discovery
from teleinfo.homeassistant.templates import MISSING, flat
from teleinfo.live.declared import remembered
from teleinfo.live.model import LiveModel
from teleinfo.mqtt.config import Topics
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state.declaration import FIELD_OF_PATH, FIELDS
from teleinfo.state.field_entry import ANY_LABEL, Field, StateType
from teleinfo.state.prices import Prices
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.codes import Alert, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.moment import Moment
from teleinfo.vocabulary.words import Code, Language
from teleinfo.watch import layout
from teleinfo.web import view
from tests.homeassistant.golden import read
from tests.support.parts import part_of
from tests.truths.screens import FIGURE, SCREEN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.no_cover

PLAYED: Final = ("tri-tempo", "standard-producer")
"""The meters of `make test`: both modes, one phase and three, prices by colour, what is injected."""

PERIOD: Final = 1.5
"""Seconds from frame to frame."""

NOON: Final = dt.datetime(2026, 8, 30, 12)  # noqa: DTZ001 - the time of the meter
BURSTS: Final = (
    (NOON, 30),
    (NOON + dt.timedelta(hours=35, minutes=58), 120),
    (NOON + dt.timedelta(days=30, hours=11, minutes=59), 60),
    (NOON + dt.timedelta(days=31), 30),
    (NOON + dt.timedelta(days=31, hours=11, minutes=59), 60),
    (NOON + dt.timedelta(days=32, hours=1, minutes=30), 500),
)
"""
The times at which the meter is heard, each with the number of frames.

Two are at the ends of August and of September, the last one is on the first of October.
"""

PRICES: Final = Prices({code.value: 0.1871 + 0.01 * n for n, code in enumerate(TariffPeriod)}, 15.47)
SOURCE: Final = PriceSource(None, PRICES)
NO_PERIODS: Final = {"time", "exported", "cost", "complete", "subscription"}


class Form(NamedTuple):
    """How a number is written: its unit, the divisor from the unit of the message, its decimals."""

    unit: str
    divisor: int = 1
    decimals: int = 0


FORMS: Final = {
    "Wh": Form("kWh", 1000, 2),
    "EUR": Form("€", 1, 2),
    "EUR/kWh": Form("€/kWh", 1, 4),
    **{unit: Form(unit) for unit in ("VA", "W", "A", "V", "%", "s", "")},
    "power.factor": Form("", 1, 2),
}
"""By unit of the field, or by its path."""

HIDDEN: Final = {
    "meter.phases": "each phase has its rows",
    "energy.import_index": "the étiquettes show it",
    "energy.import_offset": "it explains the total to a program",
    **dict.fromkeys(
        (f"power.{name}_{bound}" for name in ("active", "factor") for bound in ("lower", "upper")),
        "behind the ± of the value",
    ),
}
"""The numbers that no person is shown, and why."""

NOT_ON_PAGE: Final = {
    "energy.import_total": "its indexes are shown",
    "energy.export_total": "it is a row of its étiquette",
    "power.apparent_export": "the net power shows it",
    "power.active_import_mean": "only in place of an unknown active power",
    "tariff.next.learning_days_left": "the time of the next change is missing until then",
    "mean_voltage": "rows of their étiquettes",
    "load_curve": "rows of their étiquettes",
    "contract": "the gauge has the limit; its étiquettes are rows",
}
"""Numbers with a name that have no text of their own on the page: paths or sections, and why."""

QUANTITY: Final = re.compile(
    rf"(?:au plus )?{FIGURE}(?: ± {FIGURE})?(?: (kWh|VA|W|A|V|%|s|€/kWh|€))?"
    r"(?: à (?:\d\d/\d\d )?\d\d:\d\d)?(?: \([^)]+\))?"
)


@dataclass
class Shown:
    """A meter as it is shown in French: the message of the daemon, and what each medium makes of it."""

    state: dict[str, Any]
    terminal: list[str]
    now: dict[str, Any]
    rows: list[dict[str, Any]]
    csv: dict[str, list[dict[str, str]]]  # by span of a row: days, months
    components: dict[str, dict[str, Any]]
    entity_states: dict[str, str]

    def value(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the value at a path of the message, None if it is unknown."""
        found: Any = self.state
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def known(self, *types: StateType) -> Iterator[tuple[Field, Any]]:
        """Yield each declared field of these types whose value is known."""
        for field in FIELDS:
            value = self.value(field.path)
            if field.type in types and ANY_LABEL not in field.parts and value is not None:
                yield field, value

    def title(self, field: Field) -> str:
        """Return the French name of a field."""
        with use_language(Language.FR):
            return _(field.title(single=self.value("meter.phases") == 1))


@cache
def show(name: str) -> Shown:
    """
    Let a simulated meter be heard, and return how it is shown after its last frame.

    Once in a process: a fixture of the module would end whenever a test of another module comes between.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _show(name, Path(folder))


def _show(name: str, folder: Path) -> Shown:
    """Let a simulated meter be heard, with its history in `folder`."""
    first = BURSTS[0][0]
    meter = build(name, start=first, rng=random.Random(7))
    meter.metrology.step = 30
    clock = start = first.replace(tzinfo=PARIS)
    tracker = StateTracker(topic="teleinfo", exclude=frozenset(), prices=SOURCE.loaded.prices)
    announcer = Announcer(Discovery("homeassistant", Topics("teleinfo")), tracker)
    chronicle = Chronicle()
    store = Store(folder / "history.sqlite")
    decoder = Decoder()
    model = LiveModel(patience=None, clock=lambda: clock)
    model.online = True
    model.on_state = chronicle.add
    model.told_health = Health(baudrate=9600, frames=5, bad_groups_percent=0.0, line_quality=LineGrade.GOOD)
    store.write([], now=int(start.timestamp()))
    for begin, frames in BURSTS:
        for number in range(frames):
            at = begin + dt.timedelta(seconds=PERIOD * number)
            clock = at.replace(tzinfo=PARIS)
            moment = Moment((clock - start).total_seconds(), clock.replace(microsecond=0))
            for reading in decoder.feed(meter.emit(at), now=moment.monotonic):
                tracker.update(reading, moment)
                announcer.update(reading, moment)
                announcer.delivered(announcer.messages)
                model.add_reading(reading, now=moment.monotonic)
        store.write(chronicle.take(), now=int(clock.timestamp()))
    with use_language(Language.FR):
        state = json.loads(json.dumps(in_words(tracker.state(moment))))
        model.remembered = remembered(state)
        page = layout.compose(model, layout.RecentPower(), SCREEN, page=0, now=moment.monotonic, clock="")
        now_part = json.loads(json.dumps(view.now_part(model, now=moment.monotonic)))
        rows_part = json.loads(json.dumps(view.rows_part(model)))
    now = int(clock.timestamp())
    names = {"days": "days30", "months": "months13"}
    found = {
        span: tables.table(store, [], meter.model.number, name, prices=SOURCE, now=now)
        for span, name in names.items()
    }
    store.close()
    [announced] = [read(payload)["components"] for payload in announcer.messages.values()]
    message = {**flat(state), MISSING: None}
    return Shown(
        state,
        [line.plain for line in page.lines],
        now_part,
        rows_part["rows"],
        {
            span: [*csv.DictReader(tables.as_csv(table).splitlines())]
            for span, table in found.items()
            if table is not None
        },
        announced,
        {key: rendered(each, message) for key, each in announced.items() if "state_topic" not in each},
    )


def rendered(component: dict[str, Any], message: dict[str, Any]) -> str:
    """Return the state of an entity, by its template and the message, as Home Assistant renders them."""
    environment = ImmutableSandboxedEnvironment()
    return environment.from_string(component["value_template"]).render(value_json=message)


@pytest.fixture(scope="module", params=part_of(METERS, played=PLAYED))
def shown(request: pytest.FixtureRequest) -> Shown:
    """Return a meter as it is shown; of the module, so that the tests of a meter follow each other."""
    return show(request.param)


def figure(text: str) -> float:
    """Return a number that is written in French."""
    return float(re.sub(r"\s", "", text).replace("−", "-").replace(",", "."))


def decimals(text: str) -> int:
    """Return the decimals of a number that is written in French."""
    return len(text.partition(",")[2])


def check_quantity(shown: Shown, field: Field, text: str) -> None:
    """Compare the whole text of a number with its value, and with its bounds if it has some."""
    value = shown.value(field.path)
    form = FORMS.get(field.path) or FORMS[field.unit or ""]
    match = QUANTITY.fullmatch(text)
    assert match is not None, (field.path, text)
    said, error, unit = match.groups()
    assert (unit or "", decimals(said)) == (form.unit, form.decimals), (field.path, text)
    half = 0.5 / 10**form.decimals + 1e-9
    assert abs(figure(said) - value / form.divisor) <= half, (field.path, text, value)
    bounds = [shown.value(f"{field.path}_{bound}") for bound in ("lower", "upper")]
    assert (error is None) == (None in bounds), (field.path, text, bounds)
    if error is None:
        return
    assert decimals(error) == form.decimals, (field.path, text)
    for bound in bounds:
        assert abs(bound - value) <= figure(error) + half, (field.path, text, bound)


def check_etiquette(shown: Shown, field: Field, text: str) -> None:
    """
    Compare the number and the unit in the row of an étiquette with the value of its field.

    The subscription is sent in A of a phase or in kVA of the meter; 1 kVA allows 5 A (02E, "ISOUSC").
    """
    match = re.search(rf"{FIGURE} (kVA|VA|Wh|W|A|V)(?: |$)", text)
    assert match is not None, (field.path, text)
    said, unit = match.groups()
    factor = 1.0
    if unit != field.unit:
        phases = shown.value("meter.phases")
        factor = {("kVA", "VA"): 1000, ("kVA", "A"): 5 / phases, ("A", "VA"): 200 * phases}[
            unit, field.unit or ""
        ]
    assert figure(said) * factor == pytest.approx(shown.value(field.path)), (field.path, text)


def is_hidden(path: str, reasons: dict[str, str]) -> bool:
    """True if a path or its section is among those with a reason."""
    return path in reasons or path.partition(".")[0] in reasons


def test_the_terminal_shows_each_number(shown: Shown) -> None:
    """It is in the row of an étiquette, in the unit of the meter, or in the text above those rows."""
    text = " ".join(shown.terminal)
    for field, _value in shown.known(StateType.NUMBER):
        of_labels = [
            line
            for line in shown.terminal
            for label in field.sources
            if re.match(rf". {re.escape(label)} ", line)
        ]
        derived = re.search(
            rf" {re.escape(shown.title(field))} ({QUANTITY.pattern})(?=(?:, abonnement compris)?(?: +·|  ))",
            text,
        )
        if of_labels:
            check_etiquette(shown, field, of_labels[0][12:])
        elif derived is not None:
            check_quantity(shown, field, derived[1])
        else:
            assert field.path in HIDDEN or field.beside or field.without, field.path


def page_texts(shown: Shown) -> dict[str, str]:
    """Return the text of each number that has a place of its own on the page, by its path."""
    power = shown.now["power"]
    now = shown.now
    of_title = dict((*now["facts"], *now["tariff"]))
    of_title |= dict(detail.split(": ", 1) for detail in now["line"]["details"] if ": " in detail)
    found = {
        "power.apparent_net": f"{power['figure']} VA",
        "power.active": power["watts"],
        "headroom.used_percent": re.sub(r" des .*", "", power["limit"]["text"]),
        "headroom.power": power["limit"]["left"].removeprefix("reste "),
    }
    for phase, row in zip(Phase, now["phases"], strict=False):
        found[f"power.apparent_import_{phase}"] = row["power"]
        found[f"current.{phase}"] = row["current"]
        found[f"headroom.current.{phase}"] = row["left"]
        found[f"voltage.{phase}"] = row["voltage"]
    for field, _value in shown.known(StateType.NUMBER):
        if shown.title(field) in of_title:
            found.setdefault(field.path, of_title[shown.title(field)])
    return {path: text.replace("\N{NO-BREAK SPACE}", " ") for path, text in found.items() if text}


def test_the_page_shows_each_number(shown: Shown) -> None:
    """Days and months are in its tables, see below; a zero, and what an overrun leaves, has no row."""
    texts = page_texts(shown)
    labels = {row["key"]: row["value"] for row in shown.rows}
    for field, value in shown.known(StateType.NUMBER):
        if field.path in texts:
            check_quantity(shown, field, texts[field.path])
        elif field.name and value > 0 and not field.path.startswith(("energy.", "cost.")):
            is_row = any(label in labels for label in field.sources)
            assert is_row or is_hidden(field.path, NOT_ON_PAGE), field.path
        for label in field.sources:
            if label in labels:
                check_etiquette(shown, field, labels[label])
                break


def test_the_csv_of_the_page_has_the_energies_and_the_costs(shown: Shown) -> None:
    """Each code of a tariff period in Wh, the cost in €: the last rows are today and this month."""
    pairs = ("today", "days", -1), ("yesterday", "days", -2), ("this_month", "months", -1)
    for span, table, place in (*pairs, ("last_month", "months", -2)):
        row = shown.csv[table][place]
        periods = [column for column in row if column not in NO_PERIODS]
        drawn = sum(int(row[column] or 0) for column in periods)
        # The first frame of a day is not that of midnight.
        assert abs(drawn - shown.value(f"energy.{span}.imported")) <= 10, span
        assert abs(float(row["cost"]) - shown.value(f"cost.{span}.value")) <= 0.0151, span
        injected = shown.value(f"energy.{span}.exported")
        assert (row["exported"] == "") == (injected is None), span
        if injected is not None:
            assert abs(int(row["exported"]) - injected) <= 10, span


def test_home_assistant_shows_each_number(shown: Shown) -> None:
    """Its state is the value itself, in the unit of the message; as many decimals are shown as it has."""
    for field, value in shown.known(StateType.NUMBER):
        if not field.name or (field.beside and shown.value(field.beside.path) is None):
            continue
        component = shown.components[field.id]
        form = FORMS.get(field.path) or FORMS[field.unit or ""]
        displayed = 0 if field.unit == "Wh" else form.decimals
        assert float(shown.entity_states[field.id]) == value, field.path
        assert component.get("unit_of_measurement", "") == field.unit, field.path
        # By itself, Home Assistant shows a current with two decimals, and takes a bare number for a text.
        default = None if field.unit in {"Wh", "VA", "W", "V", "%", "s"} else 0
        assert component.get("suggested_display_precision", default) == (displayed or default), field.path


def test_words_and_times_are_shown(shown: Shown) -> None:
    """Terminal, page and Home Assistant say a text, the words of a code, and the time of day of a time."""
    terminal = " ".join(" ".join(shown.terminal).split())
    page = json.dumps([shown.now, shown.rows], ensure_ascii=False)
    for field, value in shown.known(StateType.TEXT, StateType.ENUM, StateType.TIME):
        if not field.name:
            continue
        words = value
        if field.type is StateType.TIME:
            words = f"{dt.datetime.fromisoformat(value):%H:%M}"
        elif field.type is StateType.ENUM:
            code = next(code for code in field.codes if code == value)
            assert isinstance(code, Code)
            with use_language(Language.FR):
                words = _(code.words)
        # Within a sentence words begin with a small letter.
        assert words.lower() in terminal.lower(), (field.path, words)
        assert words.lower() in page.lower(), (field.path, words)
        expected = words
        if field.type is StateType.TIME:
            expected = value
        assert shown.entity_states[field.id] == expected, field.path


def test_switches_are_shown(shown: Shown) -> None:
    """The page lists the alerts that are active; Home Assistant has a switch for each."""
    listed = [name for name, _since in shown.now["alerts"]]
    for field, value in shown.known(StateType.BOOLEAN):
        if field.name and field.id in shown.entity_states:
            component = shown.components[field.id]
            if isinstance(value, str):
                expected = value
            elif value:
                expected = component.get("payload_on", "ON")
            else:
                expected = component.get("payload_off", "OFF")
            assert shown.entity_states[field.id] == expected, field.path
    with use_language(Language.FR):
        active = [_(alert.words) for alert in Alert if shown.value(f"alerts.{alert}.active")]
    assert set(listed) <= set(active)
    assert len(listed) == len(active) or shown.value("contract.code") == "TEMPO"


def test_each_declared_number_has_a_form() -> None:
    """A form is listed for the unit of each, and none is in the list of forms in vain."""
    for field in FIELDS:
        if field.type is StateType.NUMBER:
            assert (field.unit or "") in FORMS, field.path
    assert FORMS.keys() - {field.unit or "" for field in FIELDS} <= FIELD_OF_PATH.keys()
