"""A frame against the layouts of its meter: where lines are missing, what stands there is suspect."""

from __future__ import annotations

import pytest

from teleinfo.tic.alignment import best_fit, suspect_indexes
from teleinfo.tic.groups import Group, RejectionCause
from teleinfo.tic.labels import Mode

LAYOUT = ["ADCO", "OPTARIF", "ISOUSC", "HCHC", "HCHP", "PTEC", "IINST", "IMAX", "PAPP"]
TRI = ["ADCO", "BASE", "PTEC", "IINST1", "IINST2", "IINST3", "PMAX", "PAPP", "PPOT"]


def frame(lines: str) -> list[Group | RejectionCause]:
    """Return the lines of a frame, given as étiquettes; `?` is a damaged one."""
    return [
        RejectionCause.CHECKSUM if label == "?" else Group(label, "0", None, Mode.HISTORIQUE)
        for label in lines.split()
    ]


@pytest.mark.parametrize(
    ("lines", "suspects", "complete"),
    [
        ("ADCO OPTARIF ISOUSC HCHC HCHP PTEC IINST IMAX PAPP", "", True),
        ("ADCO OPTARIF ISOUSC HCHC HCHP PTEC IINST ADPS IMAX PAPP", "", True),  # an alarm comes
        ("ADCO OPTARIF ISOUSC HCHC HCHP PTEC IINST NEW IMAX PAPP", "", True),
        ("ADCO OPTARIF ? HCHC ? PTEC IINST IMAX PAPP", "", True),  # damaged lines are there
        ("ADCO OPTARIF ISOUSC HCHC PTEC IINST IMAX PAPP", "HCHC", False),  # its tail may be that of HCHP
        ("ADCO OPTARIF ISOUSC HCHC HCHP PTEC IINST IMAX", "IMAX", False),
        ("OPTARIF ISOUSC HCHC HCHP PTEC IINST IMAX PAPP", "", False),  # nothing before the gap
        ("ADCO OPTARIF ISOUSC HCHC HCHX PTEC IINST IMAX PAPP", "HCHX", False),  # in the place of HCHP
        ("ADCO OPTARIF ISOUSC HCHC ? X PTEC IINST IMAX PAPP", "", True),  # one is damaged, one is new
        ("ADCO OPTARIF ? PTEC IINST IMAX PAPP", "", False),  # what is lost is in the damaged line
        ("ADCO ? PTEC OPTARIF ISOUSC ? PAPP", "ADCO PTEC OPTARIF ISOUSC PAPP", False),  # of two frames
        ("ADCO" + 15 * " ?" + " PAPP", "ADCO PAPP", False),  # of two frames
    ],
)
def test_what_stands_where_lines_are_missing_is_suspect(lines: str, suspects: str, complete: bool) -> None:  # noqa: FBT001
    """The group before the gap, and a new label in it; where the order is wrong, everything."""
    found = frame(lines)
    fit = best_fit(found, Mode.HISTORIQUE, [LAYOUT])
    named = [one.label for at, one in enumerate(found) if at in fit.suspects and isinstance(one, Group)]

    assert (" ".join(named), fit.complete) == (suspects, complete)


@pytest.mark.parametrize(
    "lines",
    ["ADIR2 ADCO IINST1 IINST2 IINST3", "ADCO IINST1 IINST2 IINST3", "ADIR1 ADIR3 ADCO ? IINST2 IINST3"],
)
def test_the_first_short_frame_of_a_three_phase_meter_is_no_long_one_with_gaps(lines: str) -> None:
    """It comes with the first overrun, and must not wait."""
    assert best_fit(frame(lines), Mode.HISTORIQUE, [TRI])[:2] == (set(), True)


def test_the_layout_that_knows_most_labels_is_the_measure() -> None:
    """A frame with an alarm is held against the layout that has the alarm."""
    alarm = [*LAYOUT[:7], "ADPS", *LAYOUT[7:]]
    lines = " ".join(label for label in alarm if label != "IMAX")

    assert best_fit(frame(lines), Mode.HISTORIQUE, [LAYOUT, alarm]).suspects == {7}


def test_before_there_is_a_layout_an_index_must_stand_before_the_next_of_its_series() -> None:
    """The documents say that they stand together; what follows behind the last one is free."""
    assert suspect_indexes(frame("ADCO BBRHCJB BBRHPJB BBRHPJW BBRHCJR PTEC")) == {2}
    assert suspect_indexes(frame("HCHC HCHP PTEC")) == set()
    assert suspect_indexes(frame("HCHC ? PTEC")) == set()
    assert suspect_indexes(frame("HCHC PTEC")) == set()
