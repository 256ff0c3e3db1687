"""The report on a line: a bar chart in the terminal, the cause, and what to do."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from teleinfo.common.i18n import use_language
from teleinfo.doctor.line_cause import Diagnosis
from teleinfo.doctor.line_damage import Bit, Damage, Flip
from teleinfo.doctor.line_report import ADVICE, as_json, chart, sentences
from teleinfo.vocabulary.line import LineCause
from teleinfo.vocabulary.words import Language

FLIPS = [Flip(Bit(0, 0, 1, 1), 0, 0), *[Flip(Bit(8, 1, 0, 1), 0, 8)] * 3]
DAMAGE = Damage(
    standard=False, parity=True, groups=990, places=5, flips=FLIPS, holes=[7, 7], chances=Counter()
)


def test_the_chart_has_a_bar_for_each_position_and_direction() -> None:
    """The longest bar stands for the most frequent error."""
    lines = chart(Diagnosis(None, DAMAGE))

    assert [line.split() for line in lines if "█" in line] == [
        ["start", "█" * 8, "1"],
        ["parity", "█" * 24, "3"],
    ]
    assert lines[1].index("█") < lines[9].index("█")
    assert [line.split("  ")[0] for line in lines[2:9]] == [f"bit {number}" for number in range(7)]
    assert lines[10] == "stop"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("cause", LineCause)
def test_each_cause_has_its_words_and_its_advice(cause: LineCause, language: Language) -> None:
    """In both languages."""
    with use_language(language):
        found, named, advice = sentences(Diagnosis(cause, DAMAGE))

    assert "990" in found
    assert (cause.words in named, advice == ADVICE[cause.name]) == (language is Language.EN,) * 2


@pytest.mark.parametrize(("places", "text"), [(0, "All is well."), (5, "The cause is not clear.")])
def test_without_a_cause_the_report_says_so(places: int, text: str) -> None:
    """No damage at all, or damage that nothing explains."""
    damage = Damage(standard=True, parity=True, groups=5, places=places)

    assert sentences(Diagnosis(None, damage))[1:] == [text]


def test_the_json_has_the_wrong_bits_by_position() -> None:
    """From the start bit to the stop bit, a bit that was 0 and one that was 1 apart."""
    diagnosis = Diagnosis(LineCause.SLOW_FALL, DAMAGE)
    read = json.loads(as_json(diagnosis))

    assert read["cause"] == LineCause.SLOW_FALL.value
    assert read["sentences"] == sentences(diagnosis)
    assert (read["groups"], read["places"], read["holes"]) == (990, 5, 1)
    assert read["wrong_zeros"] == [1, *[0] * 9]
    assert read["wrong_ones"] == [*[0] * 8, 3, 0]
