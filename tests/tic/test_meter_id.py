"""Who a meter is, and the scope of its ids."""

from __future__ import annotations

import re

import pytest

from teleinfo.tic.labels import Mode
from teleinfo.tic.meter_id import Meter, meter_of, number_of
from teleinfo.tic.reading import Reading


def meter(number: str | None, *, topic: str = "teleinfo", private: bool = False) -> Meter:
    """Return a meter with the default topic."""
    return meter_of(number, topic=topic, private=private)


@pytest.mark.parametrize(
    ("number", "maker", "name", "model"),
    [
        ("041961123456", "Landis+Gyr", "Single-phase Linky", "Single-phase Linky 60 A (G3)"),
        ("811962123456", "Sagemcom", "Single-phase Linky", "Single-phase Linky 90 A (G1)"),
        ("061976123456", "Itron", "Three-phase Linky", "Three-phase Linky 60 A (G3)"),
        ("020828123456", "Sagemcom", "Single-phase meter", "Electronic, single-phase, several tariffs"),
        ("040730123456", "Landis+Gyr", "Three-phase meter", "Electronic, three-phase"),
        ("021036123456", "Sagemcom", "PME-PMI meter", "PME-PMI"),
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
    known = meter(number)

    assert (known.maker, known.name, known.model) == (maker, name, model)


def test_only_a_meter_of_the_islands_has_another_time_zone() -> None:
    """Types 86 and 87 are those of the islands (SEI)."""
    assert [meter(f"0419{kind}123456").overseas for kind in ("61", "86", "87")] == [False, True, True]


def test_the_number_is_the_scope_and_the_serial_number() -> None:
    """Ids are made of the number itself; what an id must not have becomes `_`."""
    assert (meter("041961123456").scope, meter("041961123456").serial) == ("041961123456", "041961123456")
    assert meter("04 961/+#456").scope == "04_961___456"


def test_a_private_number_gives_a_scope_that_gives_nothing_away() -> None:
    """Four hexadecimal digits: the same for each run, others for another topic or meter, no serial number."""
    hidden = meter("041961123456", private=True)

    assert hidden == meter("041961123456", private=True)
    assert re.fullmatch("[0-9a-f]{4}", hidden.scope)
    assert hidden.serial is None
    assert hidden.model == "Single-phase Linky 60 A (G3)"
    assert hidden.scope != meter("041961123456", topic="teleinfo/garage", private=True).scope
    assert hidden.scope != meter("041961123457", private=True).scope


def test_meters_without_a_number_are_told_apart_by_their_topic() -> None:
    """CJE and ICE do not say who they are."""
    assert meter(None).scope != meter(None, topic="teleinfo/atelier").scope
    assert meter(None).serial is None


def test_the_scopes_are_frozen() -> None:
    """No release may change them: every household would lose its history."""
    assert meter("041961123456").scope == "041961123456"
    assert meter("041961123456", private=True).scope == "e517"
    assert meter(None).scope == "c10d"


@pytest.mark.parametrize("label", ["ADCO", "ADSC", "ADS"])
def test_the_number_comes_from_the_label_that_has_it(label: str) -> None:
    """ADCO, ADSC and ADS name the meter; PRM names the site."""
    assert number_of(Reading(Mode.STANDARD, {"PRM": "1", label: "041961123456"})) == "041961123456"
    assert number_of(Reading(Mode.STANDARD, {"PRM": "1", label: ""})) is None


def test_the_letters_of_a_meter_number_stay_in_its_scope() -> None:
    """Small ones and capitals: only what a topic cannot have is replaced."""
    assert meter_of("04190FAbcd-_z/Z", topic="t", private=False).scope == "04190FAbcd-_z_Z"
