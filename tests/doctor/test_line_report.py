"""The report on a line: a bar chart in the terminal, the cause, and what to do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from teleinfo.common.i18n import use_language
from teleinfo.doctor.findings import of_line
from teleinfo.doctor.line_damage import Bit, Damage
from teleinfo.doctor.line_report import as_json, chart, sentences
from teleinfo.vocabulary.line import LineCause
from teleinfo.vocabulary.words import Language

DAMAGE = Damage(parity=True, groups=990, places=5, holes=1, flips=[Bit(1, 0, 1, 1), *[Bit(8, 1, 0, 1)] * 3])


def test_the_chart_has_a_bar_for_each_position_and_direction() -> None:
    """The longest bar stands for the most frequent error."""
    lines = chart(DAMAGE)

    assert [line.split() for line in lines if "█" in line] == [
        ["bit", "0", "█" * 8, "1"],
        ["parity", "█" * 24, "3"],
    ]
    assert lines[1].index("█") < lines[8].index("█")
    assert [line.split("  ")[0] for line in lines[1:8]] == [f"bit {number}" for number in range(7)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("cause", LineCause)
def test_each_cause_has_its_words_and_its_advice(cause: LineCause, language: Language) -> None:
    """In both languages."""
    with use_language(language):
        found, named, advice = sentences(replace(DAMAGE, cause=cause))

    assert "990" in found
    assert (cause.words in named, advice == of_line.BY_CAUSE[cause].advice) == (language is Language.EN,) * 2


@pytest.mark.parametrize(("places", "text"), [(0, "All is well."), (5, "The cause is not clear.")])
def test_without_a_cause_the_report_says_so(places: int, text: str) -> None:
    """No damage at all, or damage that nothing explains."""
    assert sentences(Damage(parity=True, groups=5, places=places))[1:] == [text]


def test_the_json_has_the_wrong_bits_by_position() -> None:
    """From the first data bit to the parity, a bit that was 0 and one that was 1 apart."""
    read = json.loads(as_json(replace(DAMAGE, cause=LineCause.WEAK)))

    assert (read["cause"], read["groups"], read["places"], read["holes"]) == ("weak", 990, 5, 1)
    assert (read["wrong_zeros"], read["wrong_ones"]) == ([1, *[0] * 7], [*[0] * 7, 3])
