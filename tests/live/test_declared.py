"""The declared fields in words, and what a daemon remembers of them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.common.i18n import use_language
from teleinfo.contract.price_source import PriceSource
from teleinfo.live.declared import clock, integer, number, remembered, rows, text
from teleinfo.live.model import LiveModel
from teleinfo.state.field_entry import message
from teleinfo.state.prices import Prices
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.codes import Colour, TariffPeriod
from teleinfo.vocabulary.words import Language

TIME = "2026-01-14T18:30:00+01:00"


def state(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - values of JSON
    """Return a state with these values at their paths, `__` in place of the dot."""
    return message({tuple(path.split("__")): value for path, value in (values | {"time": TIME}).items()}, {})


@pytest.mark.parametrize(
    ("values", "english", "french"),
    [
        ({"headroom__power": -1250}, "−1 250 VA", "−1 250 VA"),
        ({"headroom__power": True}, "", ""),
        (
            {"power__active": 1234, "power__active_lower": 1200, "power__active_upper": 1269},
            *("1 234 ± 35 W", "1 234 ± 35 W"),
        ),
        (
            {
                "max_power__today__imported__value": 4870,
                "max_power__today__imported__time": "2026-01-14T19:12:00+01:00",
            },
            *("4 870 VA at 19:12", "4 870 VA à 19:12"),
        ),
        (
            {"power__active_import_mean": 60, "power__active_import_mean_is_upper_bound": True},
            "at most 60 W",
            "au plus 60 W",
        ),
        (
            {"power__apparent_export": 920, "power__apparent_export_estimated": True},
            "920 VA (estimated)",
            "920 VA (estimation)",
        ),
        (
            {"tariff__next__time": "2026-01-15T06:00:00+01:00", "tariff__next__learned": True},
            *("15/01 06:00 (learned)", "15/01 06:00 (d’après les jours passés)"),
        ),
        ({"tariff__next__color": Colour.RED}, "Red", "Rouge"),
        (
            {"energy__today__imported": 8412, "energy__today__complete": False},
            *("8.41 kWh (incomplete)", "8,41 kWh (valeur incomplète)"),
        ),
        ({"power__factor": 0.45}, "0.45", "0,45"),
        (
            {"power__factor": 0.97, "power__factor_lower": 0.954, "power__factor_upper": 1.0},
            *("0.97 ± 0.03", "0,97 ± 0,03"),
        ),
        ({"cost__price": 0.2146}, "0.2146 €/kWh", "0,2146 €/kWh"),
    ],
)
def test_a_field_is_written_for_people(values: dict[str, Any], english: str, french: str) -> None:
    for language, expected in ((Language.EN, english), (Language.FR, french)):
        with use_language(language):
            path = next(iter(values)).replace("__", ".")
            assert text(state(**values), path).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_the_net_power_has_a_row_beside_the_injected_power_only() -> None:
    drawn = {
        "power__apparent_import": 500,
        "power__apparent_net": 500,
        "max_power__today__imported__value": 9,
        "max_power__today__imported__time": TIME,
    }
    without_export = rows(state(**drawn))
    with_export = rows(state(**drawn, power__apparent_export=0))

    assert [field.path for field, _name, _text in without_export] == [
        "power.apparent_import",
        "max_power.today.imported.value",
    ]
    assert [field.path for field, _name, _text in with_export] == [
        "power.apparent_import",
        "power.apparent_export",
        "power.apparent_net",
        "max_power.today.imported.value",
    ]


def test_a_phase_is_named_where_there_are_three() -> None:
    for phases, expected in ((1, "Current"), (3, "Current, phase 1")):
        [(_field, name, _text)] = rows(state(meter__phases=phases, current={"l1": 4}))
        assert name == expected


def test_a_number_has_no_negative_zero() -> None:
    """What is below zero by less than half of its last digit is 0."""
    assert number(-0.4) == "0"
    assert number(-0.004, 2) == "0.00"
    assert number(-0.006, 2) == "−0.01"
    assert number(-12345.6) == "−12 346"


@pytest.mark.parametrize("time", [None, 5, "", "yesterday", {}])
def test_what_is_no_time_is_left_out(time: Any) -> None:  # noqa: ANN401 - a value of JSON
    assert clock(time, today=dt.date(2026, 1, 14)) == ""


DAEMON = {
    "time": TIME,
    "power": {"apparent_net": 5},
    "tariff": {"next": {"code": "HCJB", "name": "nuit", "learned": False}},
    "energy": {"today": {"imported": 8412, "complete": 1, "indexes": {"EASF01": 5000}}},
    "cost": {"price": float("1e300"), "today": "free"},
}


def test_the_daemon_knows_what_needs_its_memory() -> None:
    """
    The energy by day, costs and the next tariff come from its state; all else stays ours.

    Its words may be in another language than the reader's, so a code has its own. A wrong value is unknown.
    """
    values = remembered(DAEMON)
    costs = {path: value for path, value in values.items() if path[0] == "cost"}

    assert values.items() - costs.items() == {
        (("tariff", "next", "code"), TariffPeriod.HCJB),
        (("tariff", "next", "name"), TariffPeriod.HCJB.words),
        (("tariff", "next", "learned"), False),
        (("energy", "today", "imported"), 8412),
        (("energy", "today", "complete"), None),
        (("energy", "today", "indexes", "EASF01"), 5000),
    }
    assert {*costs.values()} == {None}
    assert len(costs) == 9


def test_the_daemon_has_seen_what_each_index_of_an_uncommon_contract_counts() -> None:
    """A name that says no more than the étiquette is left out, as is that of another étiquette."""
    indexes = {
        "EASF01": {"label": "EASF01", "code": None, "name": "HC SEMAINE", "value": 5},
        "EASF02": {"label": "EASF02", "code": "HPWE", "name": "Heures pleines, week-end"},
        "EASF03": {"label": "EASF03", "code": None, "name": "Index fournisseur 3"},
        "EASF04": {"label": "EASF05", "code": None, "name": "HP MERCREDI"},
        "HC": {"label": "EASF01", "code": "HC", "name": "nuit"},
        "EASF06": {"label": "EASF06", "code": "NEW", "name": ["HP"]},
        "EASF07": {"label": "EASF07", "code": "NEW", "name": "x" * 1000},
    }

    assert remembered({"energy": {"indexes": indexes}}) == {
        ("energy", "indexes", "EASF01", "name"): "HC SEMAINE",
        ("energy", "indexes", "EASF02", "code"): TariffPeriod.HPWE,
        ("energy", "indexes", "EASF02", "name"): TariffPeriod.HPWE.words,
    }
    assert remembered({"energy": {"indexes": [1]}}) == {}


def test_a_daemon_without_prices_has_no_cost() -> None:
    model = LiveModel(
        patience=None,
        clock=lambda: dt.datetime.fromisoformat(TIME),
        prices=PriceSource(None, Prices({"TH": 0.2}, 15.0)),
    )
    values = {"OPTARIF": "BASE", "PTEC": "TH..", "BASE": "000019212"}
    model.add_reading(Reading(Mode.HISTORIQUE, values), now=1.0)
    ours: Any = model.state()
    model.remembered = remembered({"energy": {"today": {"imported": 8412, "complete": True}}})
    both: Any = model.state()

    assert ours["cost"]["today"]["value"] > 0
    assert both["energy"]["today"]["imported"] == 8412
    assert (both["cost"]["today"]["value"], both["cost"]["price"]) == (None, 0.2)


def test_a_daemon_that_is_gone_remembers_nothing() -> None:
    """Its memory is part of our state until the topic status says offline."""
    model = LiveModel(patience=None, clock=lambda: dt.datetime.fromisoformat(TIME))
    assert model.state() == {}
    model.add_reading(Reading(Mode.HISTORIQUE, {"PAPP": "00500"}), now=1.0)
    model.remembered = remembered(DAEMON)
    known: Any = model.state()
    model.online = False

    assert known["energy"]["today"]["imported"] == 8412
    assert (known["power"]["apparent_net"], known["time"]) == (500, TIME)
    assert "energy" not in model.state()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["energy", "today", "imported", "indexes", "complete", "cost", "price"])
            | st.sampled_from(["tariff", "next", "time", "code", "name", "color"])
            | st.text(max_size=5),
            inner,
        )
    ),
)


@pytest.mark.parametrize("wrong", [True, False, "12", [12], {"value": 12}])
def test_what_is_no_number_is_unknown(wrong: Any) -> None:  # noqa: ANN401 - any JSON
    """Python takes true for 1."""
    published: Any = {"energy": {"today": {"imported": wrong}}, "cost": {"today": {"value": wrong}}}
    values = remembered(published)

    assert values[("energy", "today", "imported")] is values[("cost", "today", "value")] is None
    assert text(message(values, {"time": TIME}), "energy.today.imported") == ""
    assert integer(published, "energy.today.imported") is None


@given(st.dictionaries(st.sampled_from(["energy", "cost", "tariff"]), JSON) | st.none())
@example({"energy": {"today": False}, "cost": {"today": {"energy": None}}})
def test_whatever_was_published_has_rows(published: Any) -> None:  # noqa: ANN401 - any JSON
    """Nothing of it makes a screen fail, and what remains of it is JSON without an infinite number."""
    values = remembered(published)
    shown = message(values, {"time": TIME})

    assert [name for _field, name, _text in rows(shown) if not name] == []
    json.dumps(shown, allow_nan=False)
