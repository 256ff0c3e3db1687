"""What is published is true: each field and each event of each simulated meter, over three days."""

from __future__ import annotations

import pytest

from teleinfo.simulator.catalogue import METERS
from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.vocabulary.codes import Event
from tests.truths.events import EVENTS, wrong_events
from tests.truths.judge import judged
from tests.truths.table import TRUTHS

PAUSE, INTERVAL = 290.0, 5.0
"""Seconds between two frames where nothing happens, and between two states that are compared."""


def test_each_field_and_each_event_has_a_truth() -> None:
    assert TRUTHS.keys() == FIELD_OF_PATH.keys()
    assert EVENTS.keys() == set(Event)


@pytest.mark.parametrize("name", METERS)
def test_what_is_published_is_true(name: str) -> None:
    """Each value lies within the tolerance of its field, and each event comes once, at its time."""
    world, tallies = judged(name, PAUSE, INTERVAL)
    faults = {path: tally.faults(path) for path, tally in tallies.items()}

    assert {path: fault for path, fault in faults.items() if fault} == {}
    assert wrong_events(world) == []
