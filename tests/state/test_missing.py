"""What a frame lacked, and the power factor."""

from __future__ import annotations

from typing import Any

import pytest

from teleinfo.tic.reading import Reading
from tests.state.test_tracker import LONG, SHORT, follow, historique, standard
from tests.support.judged import moment


def without(reading: Reading, *keys: str) -> Reading:
    """Return a reading without these keys."""
    return Reading(reading.mode, {key: text for key, text in reading.values.items() if key not in keys})


def test_it_is_said_what_the_last_frame_lacked() -> None:
    """The value of the frame before stands; what is whole again lacks nothing."""
    followed, state = follow(standard(), without(standard(), "SINSTS", "DATE"))
    later: Any = followed.state(moment(300.0))

    assert state["frame"]["missing"] == ["DATE", "SINSTS"]
    assert state["power"]["apparent_import"] == 460
    assert follow(standard(), without(standard(), "SINSTS"), standard())[1]["frame"] == {"missing": []}
    assert later["frame"]["missing"] is None


def test_what_comes_and_goes_is_not_missing() -> None:
    """What a short frame lacks is not missing, nor an alarm, a notice, an étiquette outside the table."""
    assert follow(historique(**LONG), historique(**SHORT))[1]["frame"]["missing"] == []
    noticed = historique(**LONG, ADPS="035", PEJP="30", XYZ="1")
    assert follow(noticed, historique(**LONG))[1]["frame"]["missing"] == []


def test_a_meter_of_a_business_says_nothing_of_it() -> None:
    values = {"JAUNE": "12:02:14:01:21:DP:04150:90", "PSOUSC": "04800:03600"}

    assert "frame" not in follow(historique(**values))[1]


def _powers(*, drawn: int, injected: int, watts: float) -> Any:  # noqa: ANN401
    """
    Return what is said of the power after 20 minutes.

    The meter sends the apparent powers `drawn` and `injected`, VA; its index rises by the power `watts`.
    """
    index = "EAIT" if watts < 0 else "EAST"
    readings = [
        standard(
            **{
                "SINSTS": f"{drawn:05}",
                "SINSTI": f"{injected:05}",
                "EAIT": "000000000",
                index: f"{1_000_000 + int(abs(watts) * 2 * second / 3600):09}",
            }
        )
        for second in range(600)
    ]
    return follow(*readings)[1]["power"]


@pytest.mark.parametrize(("drawn", "injected", "watts"), [(1000, 0, 800), (0, 1000, -800), (2000, 0, 1990)])
def test_the_power_factor_is_active_by_apparent_power(drawn: int, injected: int, watts: int) -> None:
    power = _powers(drawn=drawn, injected=injected, watts=watts)
    factor = abs(watts) / (drawn + injected)

    assert 0 <= power["factor_lower"] <= factor <= power["factor_upper"] <= 1
    assert power["factor"] == pytest.approx(factor, abs=0.03)


def test_little_power_has_no_power_factor() -> None:
    """Below 50 VA the rounding of the power would decide."""
    assert _powers(drawn=49, injected=0, watts=40)["factor"] is None
    assert _powers(drawn=50, injected=0, watts=40)["factor"] is not None


def test_before_its_index_moves_a_meter_has_no_power_factor() -> None:
    assert follow(standard())[1]["power"]["factor"] is None


def test_a_meter_without_its_apparent_power_has_no_power_factor() -> None:
    """It is left out: a current alone says nothing of it."""
    assert "power" not in follow(historique(OPTARIF="BASE", IINST="016"))[1]
