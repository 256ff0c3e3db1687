"""The page as data: the state, the day so far, the last hour, and the words of the view."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import in_words, use_language
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.watch import declared
from teleinfo.watch.history import BIN, LONGEST, Day
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import view

START = dt.datetime(2026, 1, 14, 21, 59, tzinfo=dt.UTC)


def new_model(patience: float | None = 10.0) -> LiveModel:
    """Return a model whose clock stands."""
    return LiveModel(patience=patience, clock=lambda: START)


def model_of(name: str, *, frames: int = 2) -> LiveModel:
    """Return a model that has heard frames of a simulated meter, one each ten seconds."""
    time = START
    model = LiveModel(patience=10.0, clock=lambda: time)
    meter = build(name, start=START.replace(tzinfo=None), rng=random.Random(1))
    for number in range(frames):
        time = START + dt.timedelta(seconds=10 * number)
        for reading in Decoder().feed(meter.emit(time.replace(tzinfo=None))):
            model.add_reading(reading, now=10.0 * number)
    return model


def parts(model: LiveModel, language: Language = Language.EN, *, now: float = 0.0) -> tuple[Any, Any]:
    """Return the parts `now` and `curve` as the browser has them."""
    with use_language(language):
        shown: tuple[Any, Any] = tuple(
            json.loads(json.dumps(part))
            for part in (view.now_part(model, now=now), view.curve_part(model, now=now))
        )
    return shown


@pytest.mark.parametrize("name", METERS)
def test_the_state_is_that_of_the_daemon(name: str) -> None:
    """Nothing that a meter sends is lost on the way into the state of the page."""
    tracker, model = StateTracker(topic="", exclude=frozenset()), new_model()
    meter = build(name, start=START.replace(tzinfo=None), rng=random.Random(1))
    for reading in Decoder().feed(meter.emit(START.replace(tzinfo=None))):
        tracker.update(reading, now=0.0, time=START.isoformat("T", "seconds"))
        model.add_reading(reading, now=0.0)

    assert model.state(now=0.0) == tracker.state(now=0.0)


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("language", Language)
def test_the_view_says_what_the_state_says(name: str, language: Language) -> None:
    """Power, limit, each index in kWh, and the tariff, of every meter and in both languages."""
    model = model_of(name)
    shown, curve = parts(model, language, now=10.0)
    with use_language(language):
        state: Any = in_words(model.state(now=10.0))
    net = state["power"]["net"]
    read = {
        row["name"]: float(row["value"].replace(" ", "").replace(",", ".")) for row in shown["energy"]["rows"]
    }

    assert shown["power"]["figure"].replace(" ", "") == str(net).replace("-", declared.MINUS)
    assert curve["values"][-1] == net
    assert shown["power"]["limit"]["most"] == state["contract"]["subscribed_power"]
    for index in state["energy"]["indexes"].values():
        assert read[index["name"]] == pytest.approx(index["value"] / 1000, abs=0.051)
    assert shown["tariff"][0][1] == state["tariff"]["name"]
    assert len(shown["phases"]) == (3 if "tri" in name else 0)
    assert (shown["tempo"] != []) == ("tempo" in name)


def test_tempo_and_its_periods_stand_behind_the_curve() -> None:
    """
    Peak hours until 22:00, off-peak hours from then on, of a blue day.

    An hour later the period that was in force goes on to the left edge, and the one before it is gone.
    """
    model = model_of("tempo", frames=13)
    bands = model.history.bands(now=120.0)
    _now, curve = parts(model, Language.FR, now=120.0)
    [last] = model.history.bands(now=120.0 + LONGEST * BIN)

    assert [(band.code, band.colour) for band in bands] == [("HPJB", "blue"), ("HCJB", "blue")]
    assert (bands[0].end, bands[1].end) == (bands[1].first, LONGEST)
    assert [band["hours"] for band in curve["bands"]] == ["high", "low"]
    assert curve["bands"][1]["text"] == "Heures creuses, jour bleu"
    assert (last.code, last.first, last.end) == ("HCJB", 0, LONGEST)


@given(least=st.integers(-40_000, 0), most=st.integers(0, 40_000))
def test_the_axis_holds_the_curve(least: int, most: int) -> None:
    """Equal steps, a handful of them, through zero, from below the lowest point to above the highest."""
    model = new_model()
    for at, (drawn, injected) in enumerate([(most, 0), (0, -least)]):
        values = {"SINSTS": f"{drawn:05}", "SINSTI": f"{injected:05}"}
        model.add_reading(Reading(Mode.STANDARD, values), now=20.0 * at)
    powers = [power for power, _ in parts(model, now=20.0)[1]["axis"]]

    assert len({high - low for low, high in itertools.pairwise(powers)}) == 1
    assert 3 <= len(powers) <= 8
    assert 0 in powers
    assert powers[0] <= least
    assert powers[-1] >= most


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


def test_before_the_first_reading_the_page_says_what_it_waits_for() -> None:
    """Nothing is made up: no power, no curve, no index."""
    shown, _curve = parts(new_model())

    assert shown["waiting"] == "Waiting for the meter. It takes a few seconds to find its speed."
    assert (shown["power"], shown["energy"], shown["alerts"], shown["phases"]) == (None, None, [], [])


KEYS = st.sampled_from(sorted(HISTORIQUE.keys() | STANDARD.keys())) | st.text(max_size=12)
HOSTILE = st.dictionaries(
    KEYS, st.text(max_size=30) | st.from_regex(r"[0-9A-F]{1,16}", fullmatch=True), max_size=20
)


@given(st.lists(st.tuples(st.sampled_from(Mode), HOSTILE), max_size=6))
def test_whatever_a_broker_sends_there_is_a_view(messages: list[tuple[Mode, dict[str, str]]]) -> None:
    """No text of it makes the page fail, and all of it is JSON."""
    model = new_model(patience=None)
    for number, (mode, values) in enumerate(messages):
        model.add_reading(Reading(mode, values), now=float(number))
    for language in Language:
        parts(model, language, now=6.0)
        with use_language(language):
            json.dumps(view.rows_part(model))


def test_what_a_broker_invents_is_not_kept() -> None:
    """Étiquettes that no meter has, and ever new tariff periods, leave the state as small as it was."""
    model = new_model(patience=None)
    for number in range(3000):
        values = {f"X{number}": "1", "NTARF": str(number), "LTARF": f"PERIOD {number}", f"EASF{number}": "1"}
        model.add_reading(Reading(Mode.STANDARD, values), now=float(number))
    tracker = model._tracker

    assert len(tracker._latest) < 50
    assert len(tracker._periods) <= 100
    assert len(model.history._periods) <= LONGEST
