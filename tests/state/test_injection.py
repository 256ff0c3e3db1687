"""Injection that no étiquette shows: a current flows although nothing is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from teleinfo.state.injection import NOMINAL_VOLTAGE
from teleinfo.tic.reading import Reading
from tests.state.golden import TIME
from tests.state.test_active_power import CACSI, PRODUCER
from tests.state.test_tracker import LONG, SHORT, follow, historique, standard
from tests.support.judged import moment

SINGLE = {"ADCO": "041961123456", "OPTARIF": "BASE", "ISOUSC": "30", "BASE": "000012345"}
SINGLE |= {"IINST": "004", "PAPP": "00000"}
OUT = historique(**SINGLE)
INJECTED = {
    "apparent_import": 0,
    "apparent_export": 920,
    "apparent_export_estimated": True,
    "exporting": True,
    "apparent_net": -920,
}


ACTIVE = {f"{name}{end}" for name in ("active", "factor") for end in ("", "_lower", "_upper")}
MEANS = {"active_import_mean", "active_import_mean_is_upper_bound"}


def power(*readings: Reading) -> dict[str, Any]:
    """Return the power in the state after these readings, without calculated powers."""
    found: dict[str, Any] = follow(*readings)[1]["power"]
    return {name: value for name, value in found.items() if name not in MEANS | ACTIVE}


def three(papp: str, *currents: str) -> Reading:
    """Return a long frame of three phases."""
    return historique(
        **LONG | {"PAPP": papp} | {f"IINST{n}": text for n, text in enumerate(currents, start=1)}
    )


def test_a_current_without_drawn_power_flows_out() -> None:
    """In two frames in a row: PAPP is 0, and 4 A at 230 V are an estimate, marked as such."""
    assert power(OUT) == {"apparent_import": 0, "apparent_net": 0}
    assert power(OUT, OUT) == INJECTED
    assert power(OUT, historique(ADCO=SINGLE["ADCO"], ISOUSC="30"), OUT) == INJECTED  # PAPP was lost


@pytest.mark.parametrize("other", [{"IINST": "000"}, {"PAPP": "00100", "IINST": "001"}])
def test_what_is_drawn_or_does_not_flow_is_no_injection(other: dict[str, str]) -> None:
    """A standby load of 100 VA is 0 or 1 A, and its PAPP is not 0: 1 A is 115 VA at least."""
    reading = historique(**SINGLE | other)

    assert power(reading, reading).keys() == {"apparent_import", "apparent_net"}
    assert power(OUT, reading, OUT).keys() == {"apparent_import", "apparent_net"}


def test_of_three_phases_the_sum_counts() -> None:
    """A phase may draw while the others inject: with several currents the sum of the injected is unknown."""
    several = three("00000", "005", "002", "000")
    alone = three("00000", "000", "005", "000")

    assert power(several, several) == {
        "apparent_import": 0,
        "apparent_export": None,
        "apparent_export_estimated": True,
        "exporting": True,
        "apparent_net": None,
    }
    assert power(alone, alone)["apparent_export"] == 5 * NOMINAL_VOLTAGE
    assert "exporting" not in power(three("00010", "005", "005", "000"), three("00010", "005", "005", "000"))


def test_short_frames_leave_an_injection_as_it_was() -> None:
    """They come while a phase is above the subscribed current, and have no PAPP."""
    out = three("00000", "000", "014", "000")
    short = historique(**SHORT)

    assert power(*[out] * 2, *[short] * 20)["apparent_export"] == 14 * NOMINAL_VOLTAGE
    assert power(*[out] * 2, *[*[short] * 20, three("00000", "000", "031", "000")] * 3) == power(
        *[three("00000", "000", "031", "000")] * 2
    )


@pytest.mark.parametrize(
    ("frame", "lost"),
    [
        (standard(**CACSI), "STGE"),
        (standard(**CACSI), "IRMS1"),
        (standard(**PRODUCER), "SINSTI"),
        (historique(**SINGLE), "IINST"),
        (three("00000", "010", "000", "000"), "IINST1"),
    ],
)
def test_a_lost_group_does_not_end_an_injection(frame: Reading, lost: str) -> None:
    """The frame shows less than the frames before it: the powers stay, and so do the bounds."""
    left = {key: text for key, text in frame.values.items() if key != lost}
    tracker, before = follow(*[frame] * 5)
    for seconds in (10.0, 12.0):
        tracker.update(Reading(frame.mode, left), moment(seconds, TIME))
        after: Any = tracker.state(moment(seconds, TIME))

        assert before["power"] == after["power"]
