"""The table of journeys, beside the one of the README."""

from __future__ import annotations

import re

import pytest

from tests.docs.markdown import READMES, table
from tests.lab.journeys.player import JOURNEYS

ROWS = [cells[0] for cells in table(READMES["en"], "| what you see | what it means")]


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_readme_is_played(row: str) -> None:
    """A journey expects the line of the log, or the grade of the line."""
    grades = re.findall(r'`"line":"(\w+)"`', row)
    parts = [part.strip(" ,") for part in row.strip("*").split("…")]

    assert any(
        any(f"wiring +{grade}" in journey.fault for grade in grades)
        if grades
        else any(all(part in line for part in parts) for line in journey.logged)
        for journey in JOURNEYS
    )
