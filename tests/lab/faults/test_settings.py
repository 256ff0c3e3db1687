"""
Each setting alone in each odd spelling, through the real `teleinfo run` and the other commands.

A sentence and status 78, or the value as it is; never another status, never a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.settings import DEFAULTS
from tests.settings.odd_files import (
    COMMANDS,
    GOOD,
    SPELLINGS,
    Spelling,
    judge,
    refused_by,
    taken_wrongly,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

COMPANIONS = {
    "mqtt_password": {"mqtt_username": "me"},
    "mqtt_tls_ca_file": {"mqtt_tls": "true"},
    "mqtt_tls_cert_file": {"mqtt_tls": "true"},
    "mqtt_tls_key_file": {"mqtt_tls": "true", "mqtt_tls_cert_file": "/dev/null"},
    "mqtt_tls_insecure": {"mqtt_tls": "true"},
    "state_topics_dead_band": {"state_topics": "true"},
}
"""The other settings without which a setting is refused."""


TAKEN_OR_REFUSED = {name: each for name, each in SPELLINGS.items() if each.meaning is not None}
"""The spellings but for those that no line may have, whatever the setting."""


def check_alone(folder: Path, name: str, spelling: Spelling) -> None:
    """Fail unless `teleinfo run` refuses this setting and no other, or takes its value as it is."""
    values = COMPANIONS.get(name, {}) | {name: spelling.of(GOOD[name])}
    content = text_of(values).encode()
    verdict = judge(folder, content)
    if verdict.status:
        assert verdict.refused == {name}
        return
    verdict.check_taken()
    wrong = taken_wrongly(folder, content, {name: GOOD[name]}, meaning=spelling.meaning or "")
    assert wrong == []


@pytest.mark.parametrize(("number", "name"), list(enumerate(DEFAULTS)))
def test_a_setting_alone_in_one_odd_spelling(number: int, name: str, tmp_path: Path) -> None:
    """Each setting has the next spelling. `make test` has all settings of one spelling, in one file."""
    spellings = list(TAKEN_OR_REFUSED.values())
    check_alone(tmp_path, name, spellings[number % len(spellings)])


@pytest.mark.soak
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_setting_alone_in_every_odd_spelling(name: str, tmp_path: Path) -> None:
    for spelling in TAKEN_OR_REFUSED.values():
        check_alone(tmp_path, name, spelling)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_command_refuses_every_odd_file_in_sentences(spelling: str, tmp_path: Path) -> None:
    """`run`, as the unit calls it, and the others."""
    values = {name: SPELLINGS[spelling].of(good) for name, good in GOOD.items()}
    content = text_of(values).encode()
    verdict = judge(tmp_path, content)
    if verdict.status == 0:
        verdict.check_taken()
        return
    assert verdict.refused
    for command in COMMANDS:
        refused_by(command, tmp_path, content)
