"""What is published is true: each field and each event of each simulated meter, over three days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from teleinfo.simulator.catalogue import METERS
from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.vocabulary.codes import Event
from tests.support.parts import part_of
from tests.truths.events import EVENTS, wrong_events
from tests.truths.judge import judged
from tests.truths.screens import Screens
from tests.truths.table import TRUTHS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.no_cover
"""These tests decode days of frames, and reach no branch that other tests do not reach."""

PAUSE = 590.0
INTERVAL = 10.0
"""Seconds between two frames where nothing happens, and between two states that are compared."""

SHOWN: Final = ("hc", "tri-tempo", "standard-producer")
"""The meters of which the screens are compared, too: both modes, one phase and three, a producer."""

LEAST_COMPARED: Final = 40
"""Fields of a meter whose texts are compared at least: fewer would mean that a text is no longer found."""

PLAYED: Final = ("tri", "standard-cacsi")
"""The meters of `make test`: both modes, one phase and three, short frames, what is injected."""


def test_each_field_and_each_event_has_a_truth() -> None:
    assert TRUTHS.keys() == FIELD_OF_PATH.keys()
    assert EVENTS.keys() == set(Event)


@pytest.mark.parametrize("name", part_of(METERS, played=PLAYED))
def test_what_is_published_is_true(name: str, tmp_path: Path) -> None:
    """Each value and each text lies within the tolerance of its field; each event comes once, at its time."""
    is_shown = name in SHOWN
    with Screens(tmp_path) as screens:
        if is_shown:
            world, tallies = judged(name, PAUSE, INTERVAL, screens.show)
        else:
            world, tallies = judged(name, PAUSE, INTERVAL)
    faults = [f"{path}: {fault}" for path, tally in tallies.items() for fault in tally.faults(path, name)]

    assert faults == []
    assert wrong_events(world) == []
    assert screens.wrong[:5] == []
    if is_shown:
        assert len(screens.compared) >= LEAST_COMPARED
