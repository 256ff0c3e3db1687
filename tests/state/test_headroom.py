"""What may still be drawn: % of the subscription, VA, and A for each phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.state import business_meters
from tests.state.test_injection import three
from tests.state.test_tracker import follow, historique, standard

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

THREE = {"PREF": "18", "IRMS1": "010", "IRMS2": "020", "IRMS3": "035", "SINSTS": "14950"}


def headroom(reading: Reading) -> Any:  # noqa: ANN401 - JSON
    """Return the headroom after a reading."""
    _followed, state = follow(reading)
    return state["headroom"]


@pytest.mark.parametrize(
    ("reading", "used", "power", "currents"),
    [
        (historique(OPTARIF="BASE", ISOUSC="15", IINST="016", PAPP="03690"), 123, -690, {"l1": -1}),
        (standard(PCOUP="03", IRMS1="012", SINSTS="02800"), 93, 200, {"l1": 0}),
        (standard(PCOUP="09"), 8, 5540, {"l1": 24}),
        (standard(**THREE), 117, -1000, {"l1": 20, "l2": 10, "l3": -5}),
        # PAPP 0: power flows out, and of several currents it is unknown which do.
        # A phase of which neither power nor current is known counts for nothing.
        (standard(**THREE | {"IRMS2": ""}), 117, -1000, {"l1": 20, "l3": -5}),
        (three("00000", "020", "000", "000"), 0, 6000, {"l1": 30, "l2": 30, "l3": 30}),
        (three("00000", "020", "016", "000"), None, None, {"l1": None, "l2": None, "l3": 30}),
    ],
    ids=[
        "overrun",
        "PCOUP is lower",
        "PCOUP is higher",
        "standard, three",
        "phase lost",
        "out",
        "out and in",
    ],
)
def test_it_is_what_the_subscription_leaves(
    reading: Reading, used: int | None, power: int | None, currents: dict[str, int | None]
) -> None:
    assert headroom(reading) == {"used_percent": used, "power": power, "current": currents}


def test_without_a_subscription_it_is_unknown() -> None:
    unknown = {"used_percent": None, "power": None, "current": {"l1": None}}

    assert headroom(historique(OPTARIF="BASE", IINST="007", PAPP="01530")) == unknown
    assert headroom(standard(PREF="00")) == unknown
    assert headroom(historique(ISOUSC="30", IINST="007")) == {"current": {"l1": 23}}


def test_a_current_that_flows_out_takes_nothing() -> None:
    out: Any = headroom(standard(SINSTS="00000", IRMS1="009"))
    three = THREE | {"SINSTS1": "00000", "SINSTS2": "04600", "SINSTS3": "08050"}

    assert out == {"used_percent": 0, "power": 6000, "current": {"l1": 26}}
    assert headroom(standard(**three)) == {
        "used_percent": 134,
        "power": 6000 - 8050,
        "current": {"l1": 26, "l2": 10, "l3": -5},
    }


@pytest.mark.parametrize(
    ("apparent", "current"),
    [("09100", -1), ("08000", 0)],
    ids=["more than the limit in VA", "less again, and still reported"],
)
def test_no_current_is_left_during_an_overrun(apparent: str, current: int) -> None:
    """At 230 V the limit of 9 kVA is passed at 40 A, before the 45 A of 200 V are."""
    overrun = standard(PREF="09", IRMS1="035", SINSTS=apparent, STGE="003A0081")
    state: Any = follow(overrun)[1]

    assert state["alerts"]["overrun"]["active"] is True
    assert state["headroom"]["current"] == {"l1": current}


@pytest.mark.parametrize(
    ("values", "used", "power"),
    [
        ({"JAUNE": "12:02:14:01:21:DP:04150:90", "PSOUSC": "04800:03600"}, 86, 6500),
        ({"PA1MN": "150kW", "PS": "300kW"}, 50, None),
        ({"PA1MN": "15kW", "PS": "42kVA"}, None, None),
    ],
)
def test_a_business_meter_has_it_in_its_own_unit(
    values: dict[str, str], used: int | None, power: int | None
) -> None:
    assert (business_meters.used_of_limit(values), business_meters.power_left(values)) == (used, power)
