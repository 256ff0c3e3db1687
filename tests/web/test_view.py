"""The page as data: the state, the days side by side, and the words of the view."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import use_language
from teleinfo.live import declared
from teleinfo.live.model import LiveModel
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.web import view

START = dt.datetime(2026, 1, 14, 21, 59, tzinfo=dt.UTC)


def new_model(patience: float | None = 10.0) -> LiveModel:
    """Return a model whose clock stands."""
    return LiveModel(patience=patience, clock=lambda: START)


def now_part(model: LiveModel, language: Language = Language.EN, *, now: float = 0.0) -> Any:  # noqa: ANN401 - JSON
    """Return the part `now` as the browser has it."""
    with use_language(language):
        return json.loads(json.dumps(view.now_part(model, now=now)))


def test_the_shades_of_a_picture_are_those_of_the_tariff() -> None:
    """Off-peak hours are low, a mobile peak stands out, and a period of Tempo has the colour of its days."""
    with use_language(Language.FR):
        words: Any = view.words_part(new_model())

    assert words["periods"]["HPJB"] == {
        "text": "Heures pleines, jour bleu", "hours": "high", "colour": "blue",
    }  # fmt: skip
    shades = {code: words["periods"][code]["hours"] for code in ("HCJR", "WE", "TH", "PM")}
    assert shades == {"HCJR": "low", "WE": "low", "TH": "plain", "PM": "peak"}
    assert words["alerts"]["overrun"] == "Dépassement de la puissance souscrite"


def test_an_index_of_a_special_day_has_its_own_name_and_shade() -> None:
    """The names are those with which the indexes counted; one that has not counted yet has its number."""
    model = new_model()
    frame = {"ADSC": "041961123456", "NGTF": "HC SEM WE MERCR"}
    frame |= {f"EASF0{number}": "000001000" for number in (1, 5, 6)}
    for number, text in ((5, "HC MERCREDI"), (6, "  HP MERCREDI  ")):
        reading = Reading(Mode.STANDARD, frame | {"NTARF": f"0{number}", "LTARF": text})
        model.add_reading(reading, now=float(number))
    with use_language(Language.FR):
        words: Any = view.words_part(model)

    assert {key: words["periods"][key] for key in ("EASF01", "EASF05", "EASF06")} == {
        "EASF01": {"text": "Index fournisseur 1", "hours": "plain", "colour": None},
        "EASF05": {"text": "HC MERCREDI", "hours": "low", "colour": None},
        "EASF06": {"text": "HP MERCREDI", "hours": "high", "colour": None},
    }


@pytest.mark.parametrize(("contract", "alarming"), [("TEMPO", False), ("EJP", True)])
def test_a_red_day_of_tempo_is_no_alarm(contract: str, alarming: bool) -> None:  # noqa: FBT001 - a case
    """The bits of a mobile peak are set on red and white days as well; the card of the colours says that."""
    model = new_model()
    model.add_reading(
        Reading(Mode.STANDARD, {"NGTF": contract, "STGE": "C3000000", "SINSTS": "00100"}), now=0.0
    )
    state: Any = model.state(now=0.0)

    assert state["alerts"]["mobile_peak"]["active"]
    assert [name for name, _since in now_part(model)["alerts"]] == (["Mobile peak"] if alarming else [])
    assert ("mobile_peak" in view.words_part(model)["alerts"]) == alarming  # type: ignore[operator]


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({"PREF": "09"}, (9000, "10 % of the 9 000 VA subscribed", "8 100 VA left", False)),
        (
            {"PREF": "09", "PCOUP": "03"},
            (3000, "30 % of the 3 000 VA at which the meter cuts off", "2 100 VA left", False),
        ),
        ({"PREF": "09", "SINSTS": "09900"}, (9000, "110 % of the 9 000 VA subscribed", "", True)),
        (
            {"PREF": "09", "SINSTS1": "02700", "IRMS1": "012", "IRMS2": "000", "IRMS3": "001"},
            (9000, "90 % of the 3 000 VA of the phase that draws most", "300 VA left", False),
        ),
    ],
)
def test_the_limit_is_the_subscribed_or_a_lower_cut_off_power(
    values: dict[str, str], limit: tuple[object, ...]
) -> None:
    model = new_model()
    model.add_reading(Reading(Mode.STANDARD, {"SINSTS": "00900"} | values), now=0.0)
    shown = now_part(model)["power"]["limit"]
    without = new_model()
    without.add_reading(Reading(Mode.STANDARD, {"SINSTS": "00900"}), now=0.0)

    assert (shown["power"], shown["text"], shown["left"], shown["over"]) == limit
    assert now_part(without)["power"]["limit"] is None


HC = {"OPTARIF": "HC..", "HCHC": "000019212", "HCHP": "000068306", "PTEC": "HP..", "PAPP": "01940"}


def test_before_the_first_reading_the_page_says_what_it_waits_for() -> None:
    """Nothing is made up: no power, no curve, no index."""
    shown = now_part(new_model())

    assert shown["waiting"] == "Waiting for the meter. It takes a few seconds to find its speed."
    assert (shown["power"], shown["alerts"], shown["phases"]) == (None, [], [])
    assert shown["stream"] == "no reading so far"


@pytest.mark.parametrize(
    ("online", "age", "stream", "power"),
    [
        (True, 29.0, None, ""),
        (True, 60.0, "no reading since 22:59", "Power 1 min ago"),
        (False, 12.0, "no reading since 22:59", ""),
    ],
)
def test_it_is_live_only_while_readings_come(
    online: bool,  # noqa: FBT001 - a case
    age: float,
    stream: str | None,
    power: str,
) -> None:
    model = new_model(patience=None)
    model.online = online
    model.clock = lambda: START.astimezone(PARIS)
    model.add_reading(Reading(Mode.HISTORIQUE, HC), now=0.0)
    live = now_part(model)
    shown = now_part(model, now=age)

    assert (shown["stream"], shown["age"]) == (stream, power)
    assert (shown["power"]["figure"], shown["tariff"]) == (live["power"]["figure"], live["tariff"])


def test_after_a_restart_the_last_meter_is_that_of_the_history() -> None:
    """While the meter is silent: its history is shown, with the time at which it was heard."""
    model = new_model(patience=None)
    model.clock = lambda: START.astimezone(PARIS)
    heard = int(START.timestamp()) - 3600
    with use_language(Language.FR):
        shown = view.now_part(model, now=0.0, meters=[("2", heard, heard), ("1", 0, heard - 86_400)])

    assert (shown["id"], shown["stream"]) == ("2", "aucun relevé depuis 21:59")
    assert shown["meters"] == [["2", "14/01/2026 – 14/01/2026"], ["1", "01/01/1970 – 13/01/2026"]]


def test_nothing_is_left_of_a_phase_that_is_overloaded() -> None:
    """The gauge shows the overrun; a figure below zero would be none."""
    model = new_model()
    values = {"PREF": "06", "SINSTS": "08000", "IRMS1": "035", "URMS1": "230"}
    model.add_reading(Reading(Mode.STANDARD, values), now=0.0)

    assert declared.MINUS not in json.dumps(now_part(model)["facts"], ensure_ascii=False)


TRI = {"PREF": "18", "SINSTS": "03000"} | {f"SINSTS{number}": "00940" for number in (1, 2, 3)}
TRI |= {f"IRMS{number}": "004" for number in (1, 2, 3)} | {f"URMS{number}": "230" for number in (1, 2, 3)}


def test_a_phase_stands_in_its_own_row_and_in_no_other() -> None:
    model = new_model()
    model.add_reading(Reading(Mode.STANDARD, TRI), now=0.0)
    shown = now_part(model, Language.FR)

    assert [(row["power"], row["current"], row["voltage"]) for row in shown["phases"]] == [
        ("940 VA", "4 A", "230 V")
    ] * 3
    assert [name for name, _text in shown["facts"] if "phase" in name] == []


@pytest.mark.parametrize(("injected", "is_shown"), [("00000", False), ("00120", True)])
def test_a_figure_of_zero_has_no_row(injected: str, *, is_shown: bool) -> None:
    """A household without panels would read each day that it has injected nothing."""
    model = new_model()
    horodate = {
        "SMAXIN": injected,
        "SMAXIN_HORODATE": "H260114101500",
        "DATE": "",
        "DATE_HORODATE": "H260114225900",
    }
    for now in (0.0, 2.0):
        model.add_reading(Reading(Mode.STANDARD, {"SINSTS": "00900"} | horodate), now=now)
    names = [name for name, _text in now_part(model, Language.FR)["facts"]]

    assert ("Puissance max. injectée aujourd’hui" in names) == is_shown


@pytest.mark.parametrize(("power", "left"), [("08000", ["4 A"]), ("09104", [])])
def test_no_current_is_left_while_the_power_is_overrun(power: str, left: list[str]) -> None:
    """At 232 V the subscribed 45 A are more than the subscribed power."""
    model = new_model()
    values = {"PREF": "09", "SINSTS": power, "IRMS1": "039", "URMS1": "232"}
    model.add_reading(Reading(Mode.STANDARD, values), now=0.0)

    assert [text for name, text in now_part(model)["facts"] if name == "Current left"] == left


KEYS = st.sampled_from(sorted(HISTORIQUE.keys() | STANDARD.keys())) | st.text(max_size=12)
HOSTILE = st.dictionaries(
    KEYS, st.text(max_size=30) | st.from_regex(r"[0-9A-F]{1,16}", fullmatch=True), max_size=20
)


@given(st.lists(st.tuples(st.sampled_from(Mode), HOSTILE), max_size=6))
def test_whatever_a_broker_sends_there_is_a_view(messages: list[tuple[Mode, dict[str, str]]]) -> None:
    model = new_model(patience=None)
    for number, (mode, values) in enumerate(messages):
        model.add_reading(Reading(mode, values), now=float(number))
    for language in Language:
        now_part(model, language, now=6.0)
        with use_language(language):
            json.dumps([view.rows_part(model), view.words_part(model)])
