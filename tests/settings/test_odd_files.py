"""
The real `teleinfo run` with odd settings files: a sentence and status 78 for a value, or the value as it is.

Here all settings of one spelling are in one file, which saves processes; `tests/lab/faults/test_settings.py`
has each setting in a file of its own, and more spellings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.settings import DEFAULTS
from tests.settings.odd_files import (
    COLON,
    COMMANDS,
    ENCODINGS,
    GOOD,
    SHOWN,
    SPELLINGS,
    judge,
    refused_by,
    taken_wrongly,
    text_of,
)
from tests.support.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NAMED = ("brace", "shell", "comment", "percent", "single", "double", "curly", "curly single", "guillemets")


@pytest.mark.parametrize("name", part_of(NAMED, played=("brace", "double", "guillemets")))
def test_an_odd_value_of_any_setting_is_refused_in_a_sentence_or_taken(name: str, tmp_path: Path) -> None:
    """The daemon works with those that are not refused."""
    spelling = SPELLINGS[name]
    values = dict(GOOD)
    content = text_of({name: spelling.of(good) for name, good in values.items()}).encode()
    first = judge(tmp_path, content)
    if spelling.meaning is None:
        assert first.refused == set(DEFAULTS)
        return
    if first.status:
        values = {name: good for name, good in values.items() if name not in first.refused}
        content = text_of({name: spelling.of(good) for name, good in values.items()}).encode()
        first = judge(tmp_path, content)

    first.check_taken()
    assert values
    assert taken_wrongly(tmp_path, content, values, meaning=spelling.meaning) == []


@pytest.mark.parametrize("encoding", part_of(("BOM", "CRLF"), played=("BOM",)))
def test_a_mark_at_the_begin_and_the_line_ends_of_windows_change_nothing(
    encoding: str, tmp_path: Path
) -> None:
    content = ENCODINGS[encoding](text_of(GOOD))

    judge(tmp_path, content).check_taken()
    assert taken_wrongly(tmp_path, content, GOOD, meaning="VALUE") == []


@pytest.mark.parametrize(
    "encoding", part_of(("UTF-16", "UTF-16 without mark", "Latin-1"), played=("UTF-16", "Latin-1"))
)
def test_a_file_in_another_encoding_is_refused_in_a_sentence(encoding: str, tmp_path: Path) -> None:
    """In Latin-1, each value that has an accent; the comment may have some."""
    values = {name: f"{good}é" for name, good in GOOD.items()}

    assert judge(tmp_path, ENCODINGS[encoding](text_of(values))).refused == set(DEFAULTS)


def test_a_line_that_was_added_twice_is_a_warning_in_the_log(tmp_path: Path) -> None:
    content = f"{text_of({})}TELEINFO_STATE=true\nTELEINFO_STATE=true\n".encode()
    verdict = judge(tmp_path, content)

    verdict.check_taken()
    assert verdict.said.count("TELEINFO_STATE") == 1
    assert f"réglages\N{NO-BREAK SPACE}: {SHOWN} ligne 5" in verdict.said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_the_same_file_in_sentences(command: str, tmp_path: Path) -> None:
    values = {name: SPELLINGS["brace"].of(good) for name, good in GOOD.items() if name != "meter_name"}
    content = text_of(values).encode() + b"TELEINFO_METER_NAME=\xc9t\xe9\n"
    said = refused_by(command, tmp_path, content)

    assert f"TELEINFO_MQTT_TOPIC{COLON}" in said
    assert f"TELEINFO_METER_NAME{COLON}" in said
