"""What the page is made of: the state, the day so far, the last hour, and the words of the view."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import in_words, use_language
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.line import LineGrade, LinkProblem
from teleinfo.vocabulary.words import Language
from teleinfo.watch.history import BIN, LONGEST, Day
from teleinfo.watch.shared_model import SharedModel
from teleinfo.watch.web import view
from teleinfo.watch.web.curve import curve_part

START = dt.datetime(2026, 1, 14, 21, 59)  # noqa: DTZ001 - a meter knows local time only


class Clock:
    """A clock that stands where a test sets it."""

    def __init__(self, time: dt.datetime = START) -> None:
        self.time = time.replace(tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        """Return that time."""
        return self.time


def model_of(name: str, *, frames: int = 2, start: dt.datetime = START) -> SharedModel:
    """Return a model that has heard frames of a simulated meter, one each ten seconds."""
    clock = Clock(start)
    model = SharedModel(patience=10.0, clock=clock)
    meter = build(name, start=start, rng=random.Random(1))
    for number in range(frames):
        passed = dt.timedelta(seconds=10 * number)
        clock.time = (start + passed).replace(tzinfo=dt.UTC)
        for reading in Decoder().feed(meter.emit(start + passed)):
            model.add_reading(reading, now=10.0 * number)
    return model


@pytest.mark.parametrize("name", METERS)
def test_the_state_is_that_of_the_daemon(name: str) -> None:
    """Nothing that a meter sends is lost on the way into the state of the page."""
    meter = build(name, start=START, rng=random.Random(1))
    tracker = StateTracker(topic="", exclude=frozenset())
    clock = Clock()
    model = SharedModel(patience=10.0, clock=clock)
    for reading in Decoder().feed(meter.emit(START)):
        tracker.update(reading, now=0.0, time=clock.time.isoformat("T", "seconds"))
        model.add_reading(reading, now=0.0)

    assert model.state(now=0.0) == tracker.state(now=0.0)


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("language", Language)
def test_the_view_says_what_the_state_says(name: str, language: Language) -> None:
    """Power, limit, each index in kWh, and the tariff, of every meter and in both languages."""
    model = model_of(name)
    with use_language(language):
        state = in_words(model.state(now=10.0))
        shown = json.loads(json.dumps(view.now_part(model, now=10.0)))
        curve = json.loads(json.dumps(curve_part(model, now=10.0)))
    text = json.dumps(state)

    net = json.loads(text)["power"]["net"]
    assert shown["power"]["figure"].replace(" ", "") == str(net).replace("-", view.MINUS)
    assert curve["values"][-1] == net
    assert shown["power"]["limit"]["most"] == json.loads(text)["contract"]["subscribed_power"]
    indexes = json.loads(text)["energy"]["indexes"]
    read = {
        row["name"]: float(row["value"].replace(" ", "").replace(",", ".")) for row in shown["energy"]["rows"]
    }
    for index in indexes.values():
        assert read[index["name"]] == pytest.approx(index["value"] / 1000, abs=0.051)
    assert shown["tariff"][0][1] == json.loads(text)["tariff"]["name"]
    assert len(shown["phases"]) == (3 if "tri" in name else 0)
    assert (shown["tempo"] != []) == ("tempo" in name)


def test_tempo_and_its_periods_stand_behind_the_curve() -> None:
    """Peak hours until 22:00, off-peak hours from then on, of a blue day."""
    model = model_of("tempo", frames=13)
    bands = model.history.bands(now=120.0)

    assert [(band.period.code, band.period.colour) for band in bands] == [("HPJB", "blue"), ("HCJB", "blue")]
    assert (bands[0].end, bands[1].end) == (bands[1].first, LONGEST)
    with use_language(Language.FR):
        curve = curve_part(model, now=120.0)
    [high, low] = json.loads(json.dumps(curve["bands"]))
    assert (high["hours"], low["hours"]) == ("high", "low")
    assert low["text"] == "Heures creuses, jour bleu"


@pytest.mark.parametrize(
    ("language", "limit"),
    [(Language.EN, "9 000 VA subscribed"), (Language.FR, "9 000\N{NO-BREAK SPACE}VA souscrits")],
)
def test_figures_are_written_in_one_way(language: Language, limit: str) -> None:
    """The axis of the curve and its limit have the blank between thousands that every other figure has."""
    model = SharedModel(patience=10.0, clock=Clock())
    model.add_reading(Reading(Mode.HISTORIQUE, {"ISOUSC": "45", "PAPP": "10400"}), now=0.0)
    with use_language(language):
        shown = json.loads(json.dumps(view.now_part(model, now=0.0)))
        curve = json.loads(json.dumps(curve_part(model, now=0.0)))

    assert [text for _, text in curve["axis"]] == ["0", "2 500", "5 000", "7 500", "10 000", "12 500"]
    assert [power for power, _ in curve["axis"]] == [0, 2500, 5000, 7500, 10000, 12500]
    assert curve["limit"] == [9000, limit]
    assert shown["power"]["figure"] == "10 400"


@given(least=st.integers(-40_000, 0), most=st.integers(0, 40_000))
def test_the_axis_holds_the_curve(least: int, most: int) -> None:
    """Equal steps, a handful of them, through zero, from below the lowest point to above the highest."""
    model = SharedModel(patience=10.0, clock=Clock())
    for at, (drawn, injected) in enumerate([(most, 0), (0, -least)]):
        values = {"SINSTS": f"{drawn:05}", "SINSTI": f"{injected:05}"}
        model.add_reading(Reading(Mode.STANDARD, values), now=20.0 * at)
    curve = json.loads(json.dumps(curve_part(model, now=20.0)))
    powers = [power for power, _ in curve["axis"]]

    assert len({high - low for low, high in itertools.pairwise(powers)}) == 1
    assert 3 <= len(powers) <= 8
    assert 0 in powers
    assert powers[0] <= least
    assert powers[-1] >= most


def test_after_an_hour_what_came_before_is_gone() -> None:
    """The period that was in force an hour ago goes on to the left edge, the one before it is gone."""
    model = model_of("tempo", frames=13)
    [band] = model.history.bands(now=120.0 + LONGEST * BIN)

    assert (band.period.code, band.first, band.end) == ("HCJB", 0, LONGEST)


def test_a_day_counts_from_midnight_once_it_has_heard_one() -> None:
    """From the first reading at first, and says so; a counter that falls is another meter's."""
    day = Day()
    noon = dt.datetime(2026, 1, 14, 12, 0, tzinfo=dt.UTC)
    day.add({"BASE": 1000}, time=noon)
    day.add({"BASE": 1500}, time=noon + dt.timedelta(hours=1))
    assert (day.added("BASE"), day.whole, day.since) == (500, False, noon)

    day.add({"BASE": 1600}, time=noon + dt.timedelta(hours=11, minutes=59))
    day.add({"BASE": 1610}, time=noon + dt.timedelta(hours=12, minutes=1))
    assert (day.added("BASE"), day.whole) == (10, True)
    assert day.since == noon + dt.timedelta(hours=12)

    day.add({"BASE": 7}, time=noon + dt.timedelta(hours=13))
    day.add({"BASE": 9}, time=noon + dt.timedelta(hours=14))
    assert (day.added("BASE"), day.added("HCHC")) == (2, None)


def test_a_day_whose_midnight_was_missed_counts_from_its_first_reading() -> None:
    """After a night of silence nobody knows what was counted until midnight."""
    day = Day()
    evening = dt.datetime(2026, 1, 14, 22, 0, tzinfo=dt.UTC)
    day.add({"BASE": 1000}, time=evening)
    day.add({"BASE": 1500}, time=evening + dt.timedelta(hours=8))

    assert (day.added("BASE"), day.whole) == (0, False)


def test_a_silent_meter_says_so_and_why() -> None:
    """The silence, how long it lasts, and the last state of the line."""
    model = model_of("hc")
    model.set_health(Health(line=LineGrade.SILENT, problem=LinkProblem.NO_DATA))
    with use_language(Language.EN):
        shown = view.now_part(model, now=100.0)

    assert shown["silent"] == "The meter is silent for 1 min"
    assert json.loads(json.dumps(shown["line"])) == {
        "grade": "Silent",
        "good": False,
        "details": ["no byte comes from the meter"],
    }


def test_before_the_first_reading_the_page_says_what_it_waits_for() -> None:
    """Nothing is made up: no power, no curve, no index."""
    model = SharedModel(patience=10.0, clock=Clock())
    with use_language(Language.EN):
        shown = view.now_part(model, now=0.0)

    assert shown["waiting"] == "Waiting for the meter. It takes a few seconds to find its speed."
    assert (shown["power"], shown["energy"], shown["alerts"], shown["phases"]) == (None, None, [], [])


KEYS = st.sampled_from(sorted(HISTORIQUE.keys() | STANDARD.keys())) | st.text(max_size=12)
HOSTILE = st.dictionaries(
    KEYS, st.text(max_size=30) | st.from_regex(r"[0-9A-F]{1,16}", fullmatch=True), max_size=20
)


@given(st.lists(st.tuples(st.sampled_from(Mode), HOSTILE), max_size=6))
def test_whatever_a_broker_sends_there_is_a_view(messages: list[tuple[Mode, dict[str, str]]]) -> None:
    """No text of it makes the page fail, and all of it is JSON."""
    model = SharedModel(patience=None, clock=Clock())
    for number, (mode, values) in enumerate(messages):
        model.add_reading(Reading(mode, values), now=float(number))
    for language in Language:
        with use_language(language):
            json.dumps(view.now_part(model, now=6.0))
            json.dumps(curve_part(model, now=6.0))
            json.dumps(view.rows_part(model, now=6.0))


def test_what_a_broker_invents_is_not_kept() -> None:
    """Étiquettes that no meter has, and ever new tariff periods, leave the state as small as it was."""
    model = SharedModel(patience=None, clock=Clock())
    for number in range(3000):
        values = {f"X{number}": "1", "NTARF": str(number), "LTARF": f"PERIOD {number}", f"EASF{number}": "1"}
        model.add_reading(Reading(Mode.STANDARD, values), now=float(number))
    tracker = model._tracker

    assert len(tracker._latest) < 50
    assert len(tracker._periods) <= 100
    assert len(model.history._periods) <= LONGEST
