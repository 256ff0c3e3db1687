"""The table of journeys, beside the tables of what the log says, in French, the language of the journeys."""

from __future__ import annotations

import re

import pytest

from teleinfo.common.i18n import catalogue
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.words import Language
from tests.docs.markdown import EVERY_PAGE, table
from tests.lab.journeys.player import JOURNEYS

PAGES = ("README.fr.md", "docs/fr/doctor.md")
ROWS = [cells[0] for page in PAGES for cells in table(EVERY_PAGE[page], "| le journal dit |")]


@pytest.mark.parametrize("row", ROWS)
def test_each_line_of_the_log_that_is_explained_is_played(row: str) -> None:
    """A journey expects the line of the log, or the grade of the line."""
    grades = re.findall(r'`"line_quality":"(\w+)"`', row)
    if grades:
        words = [catalogue(Language.FR)[LineGrade(grade).words].lower() for grade in grades]
        assert any(f"qualité +{word}" in journey.fault for word in words for journey in JOURNEYS)
        return
    parts = [" ".join(part.strip(" ,").split()) for part in row.strip("*").split("…")]
    logged = [line for journey in JOURNEYS for line in journey.logged]
    assert any(all(part in line for part in parts) for line in logged)
