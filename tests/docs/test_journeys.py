"""The table of journeys, beside the tables of what the log says."""

from __future__ import annotations

import re

import pytest

from tests.docs.markdown import EVERY_PAGE, table
from tests.lab.journeys.player import JOURNEYS

PAGES = ("README.md", "docs/doctor.md")
ROWS = [cells[0] for page in PAGES for cells in table(EVERY_PAGE[page], "| the log says |")]


@pytest.mark.parametrize("row", ROWS)
def test_each_line_of_the_log_that_is_explained_is_played(row: str) -> None:
    """A journey expects the line of the log, or the grade of the line."""
    grades = re.findall(r'`"line":"(\w+)"`', row)
    parts = [part.strip(" ,") for part in row.strip("*").split("…")]

    assert any(
        any(f"wiring +{grade}" in journey.fault for grade in grades)
        if grades
        else any(all(part in line for part in parts) for line in journey.logged)
        for journey in JOURNEYS
    )
