"""Injection that no étiquette shows: a current flows although nothing is drawn."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.load_profile import Household
from teleinfo.state.fields import NOMINAL_VOLTAGE
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from tests.state.golden import TIME
from tests.state.test_tracker import LONG, SHORT, follow, historique, standard

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

SINGLE = {"ADCO": "041961123456", "OPTARIF": "BASE", "ISOUSC": "30", "IINST": "004", "PAPP": "00000"}
OUT = historique(**SINGLE)
INJECTED = {"apparent": 0, "injected": 920, "estimated": True, "exporting": True, "net": -920}


ACTIVE = {"active", "active_lower", "active_upper"}
MEANS = {"mean", "mean_is_upper_bound", "max_today"}


def power(*readings: Reading) -> dict[str, Any]:
    """Return the power in the state after these readings, without maxima and calculated powers."""
    found: dict[str, Any] = follow(*readings)[1]["power"]
    return {name: value for name, value in found.items() if name not in MEANS | ACTIVE}


def three(papp: str, *currents: str) -> Reading:
    """Return a long frame of three phases."""
    return historique(
        **LONG | {"PAPP": papp} | {f"IINST{n}": text for n, text in enumerate(currents, start=1)}
    )


def test_a_current_without_drawn_power_flows_out() -> None:
    """In two frames in a row: PAPP is 0, and 4 A at 230 V are an estimate, marked as such."""
    assert power(OUT) == {"apparent": 0, "net": 0}
    assert power(OUT, OUT) == INJECTED
    assert power(OUT, historique(ADCO=SINGLE["ADCO"], ISOUSC="30"), OUT) == INJECTED  # PAPP was lost


@pytest.mark.parametrize(
    "other",
    [
        {"PAPP": "00010"},
        {"IINST": "000"},
        {"PAPP": "00100", "IINST": "001"},
        {"PAPP": "00090", "IINST": "000"},
    ],
)
def test_what_is_drawn_or_does_not_flow_is_no_injection(other: dict[str, str]) -> None:
    """A standby load of 100 VA is 0 or 1 A, and its PAPP is not 0: 1 A is 115 VA at least."""
    reading = historique(**SINGLE | other)

    assert power(reading, reading).keys() == {"apparent", "net"}
    assert power(OUT, reading, OUT).keys() == {"apparent", "net"}


def test_a_meter_without_papp_never_exports() -> None:
    """An old blue meter has the current alone."""
    reading = historique(**{key: value for key, value in SINGLE.items() if key != "PAPP"})

    assert "power" not in follow(reading, reading)[1]


def test_after_an_export_nothing_is_injected() -> None:
    """The sun is gone: 0, which is known, and null without frames."""
    followed, state = follow(OUT, OUT, historique(**SINGLE | {"PAPP": "00460", "IINST": "002"}))
    old: Any = followed.state(now=1000.0)

    assert state["power"] == {
        "apparent": 460,
        "injected": 0,
        "estimated": False,
        "exporting": False,
        "net": 460,
    }
    assert set(old["power"].values()) == {None}


def test_of_three_phases_the_sum_counts() -> None:
    """A phase may draw while the others inject: with several currents the sum of the injected is unknown."""
    several, alone = three("00000", "005", "002", "000"), three("00000", "000", "005", "000")

    assert power(several, several) == {
        "apparent": 0,
        "injected": None,
        "estimated": True,
        "exporting": True,
        "net": None,
    }
    assert power(alone, alone)["injected"] == 5 * NOMINAL_VOLTAGE
    assert "exporting" not in power(three("00010", "005", "005", "000"), three("00010", "005", "005", "000"))


def test_a_short_frame_does_not_show_an_export() -> None:
    """Its currents are newer than PAPP: in an overrun they would be an export of kW."""
    out = three("00000", "000", "005", "000")

    assert power(out, historique(**SHORT), historique(**SHORT)).keys() == {"apparent", "net"}
    assert power(out, out, historique(**SHORT))["exporting"] is False


def test_a_change_of_the_mode_ends_the_row() -> None:
    """In standard STGE alone shows the direction."""
    _, state = follow(OUT, standard(SINSTS="00000"), standard(SINSTS="00000"))

    assert "exporting" in power(OUT, OUT)
    assert state["power"]["exporting"] is False


def test_a_meter_that_injects_nothing_has_no_mean_of_it() -> None:
    """SINSTI 0: the mean is 0 W from the first frame on, and no bound that falls for a quarter of an hour."""
    reading = standard(SINSTI="00000", EAIT="000000100")
    means = [follow(*[reading] * frames)[1]["power"] for frames in (1, 2, 100)]

    assert {mean["injected_mean"] for mean in means} == {0}
    assert {mean["injected_mean_is_upper_bound"] for mean in means} == {False}
    assert means[0]["mean"] is None


@pytest.mark.parametrize("meter", ["hc", "tri"])
def test_days_of_sun_are_told_as_they_were(meter: str) -> None:
    """In each frame of two days: no load is an export, and an estimate is right to half an ampere."""
    start = dt.datetime(2026, 6, 20)  # noqa: DTZ001 - a meter knows local time only
    rng, phases = random.Random(5), METERS[meter].phases
    household = Household(rng=rng, phases=phases, solar=4000)
    simulated, decoder = build(meter, start=start, rng=rng, load_profile=household.power), Decoder()
    followed, told = StateTracker(topic="teleinfo", exclude=frozenset()), set()
    for number in range(2 * 86_400 // 30):
        moment = start + dt.timedelta(seconds=30 * number)
        for reading in decoder.feed(simulated.emit(moment)):
            followed.update(reading, now=30.0 * number, time=TIME)
        state: Any = followed.state(now=30.0 * number)
        apparent = simulated.metrology.apparent
        exporting = state.get("power", {}).get("exporting", False)
        told.add(exporting)
        if sum(apparent) > 10:
            assert not exporting
        if exporting and phases == 1:
            assert abs(state["power"]["injected"] + sum(apparent)) <= 0.5 * 253 + 0.1 * -sum(apparent)
    assert told == {True, False}
