"""The maker and the model of a meter, by its number."""

from __future__ import annotations

import pytest

from teleinfo.tic.labels import Mode
from teleinfo.tic.meter_id import identity_of, number_of
from teleinfo.tic.reading import Reading


@pytest.mark.parametrize(
    ("number", "maker", "name", "model"),
    [
        ("041961123456", "Landis+Gyr", "Single-phase Linky", "Single-phase Linky 60 A (G3)"),
        ("061976123456", "Itron", "Three-phase Linky", "Three-phase Linky 60 A (G3)"),
        ("020828123456", "Sagemcom", "Single-phase meter", "Electronic, single-phase, several tariffs"),
        ("992461123456", None, "Single-phase Linky", "Single-phase Linky 60 A (G3)"),
        ("0419DC123456", "Landis+Gyr", "Electricity meter", "Electricity meter"),
        ("XXXX61123456", None, "Electricity meter", "Electricity meter"),
        (None, None, "Electricity meter", "Electricity meter"),
    ],
)
def test_a_number_tells_the_maker_and_the_model(
    number: str | None, maker: str | None, name: str, model: str
) -> None:
    """CC is the maker, TT the type; a code that is not in the list tells nothing."""
    known = identity_of(number)

    assert (known.manufacturer, known.name, known.model) == (maker, name, model)


def test_only_a_meter_of_the_islands_has_another_time_zone() -> None:
    assert [identity_of(f"0419{kind}123456").overseas for kind in ("61", "86", "87")] == [False, True, True]


@pytest.mark.parametrize("label", ["ADCO", "ADSC", "ADS"])
def test_the_number_comes_from_the_label_that_has_it(label: str) -> None:
    """ADCO, ADSC and ADS name the meter; PRM names the site."""
    assert number_of(Reading(Mode.STANDARD, {"PRM": "1", label: "041961123456"})) == "041961123456"
    assert number_of(Reading(Mode.STANDARD, {"PRM": "1", label: ""})) is None
