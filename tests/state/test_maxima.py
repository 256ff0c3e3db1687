"""The greatest powers of today and of yesterday, by the day that their horodate names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.state.test_tracker import STANDARD_FRAME, follow, historique, standard

TODAY = {"SMAXSN": "03000", "SMAXSN_HORODATE": "H260114071200"}
YESTERDAY = {"SMAXSN-1": "04870", "SMAXSN-1_HORODATE": "H260113191248"}
INJECTED = {
    "SMAXIN": "02000",
    "SMAXIN_HORODATE": "H260114000000",
    "SMAXIN-1": "02100",
    "SMAXIN-1_HORODATE": "H260113235959",
}
OVERSEAS = "042586123456"


def maxima(**values: str) -> dict[str, Any]:
    """Return the maxima that a frame of 2026-01-14, 12:02:28, shows with these values."""
    found: dict[str, Any] = follow(standard(**values))[1]["max_power"]
    return found


def test_they_are_those_of_the_days_that_they_name() -> None:
    assert maxima(**TODAY, **YESTERDAY, **INJECTED) == {
        "today": {
            "imported": {"value": 3000, "time": "2026-01-14T07:12:00+01:00"},
            "exported": {"value": 2000, "time": "2026-01-14T00:00:00+01:00"},
        },
        "yesterday": {
            "imported": {"value": 4870, "time": "2026-01-13T19:12:48+01:00"},
            "exported": {"value": 2100, "time": "2026-01-13T23:59:59+01:00"},
        },
    }


@pytest.mark.parametrize("horodate", ["H260123044335", "H260112235959", "H260114000000", "H250113191248"])
def test_a_maximum_of_another_day_is_unknown(horodate: str) -> None:
    """A recorded meter sent SMAXSN-1 of nine days ahead; another one keeps that of two days before."""
    found = maxima(**YESTERDAY | {"SMAXSN-1_HORODATE": horodate})

    assert found == {"yesterday": {"imported": {"value": None, "time": None}}}
    today = maxima(**TODAY | {"SMAXSN_HORODATE": "H260113071200"})["today"]
    assert today["imported"]["value"] is None


@pytest.mark.parametrize(
    ("clock", "today", "yesterday"),
    [
        ("H260113235959", "H260114000000", "H260113191248"),
        ("H260114000000", "H260114000000", "H260113191248"),
        ("H260113235959", "H260113191248", "H260112191248"),
    ],
)
def test_at_midnight_the_clock_may_be_that_of_the_frame_before(
    clock: str, today: str, yesterday: str
) -> None:
    """The days of an étiquette change with the next frame, also where the group of DATE was lost."""
    frame = TODAY | YESTERDAY | {"DATE": clock, "SMAXSN_HORODATE": today, "SMAXSN-1_HORODATE": yesterday}
    found = maxima(**frame)

    assert found["today"]["imported"]["value"] == 3000
    assert found["yesterday"]["imported"]["value"] == 4870


def test_without_a_clock_of_the_meter_that_of_the_machine_counts() -> None:
    frame = {key: text for key, text in STANDARD_FRAME.items() if key != "DATE"}
    states = []
    for horodate in ("H260114120000", "H260113120000"):
        reading = standard(**TODAY | {"SMAXSN_HORODATE": horodate})
        kept = {key: text for key, text in reading.values.items() if key in frame or key in TODAY}
        states.append(follow(type(reading)(reading.mode, kept))[1]["max_power"]["today"]["imported"]["value"])

    assert states == [3000, None]


def test_a_maximum_without_a_horodate_is_believed() -> None:
    """A meter of the overseas islands, whose horodates are left out; and PMAX of mode historique."""
    overseas = follow(standard(**TODAY | {"ADSC": OVERSEAS, "SMAXSN_HORODATE": "H260101071200"}))[1]
    three = {"IINST1": "010", "IINST2": "011", "IINST3": "012", "PAPP": "07500", "PMAX": "09000"}
    linky = follow(historique(ADCO="041976123456", **three))[1]

    assert overseas["max_power"]["today"]["imported"]["value"] == 3000
    assert "time" not in overseas["max_power"]["today"]["imported"]
    assert linky["max_power"]["yesterday"]["imported"]["value"] == 9000
