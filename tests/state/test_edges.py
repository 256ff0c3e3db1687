"""What an earlier run retained and what a tracker says before its first reading, example by example."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from teleinfo.state import sites
from teleinfo.state.import_total import ImportTotal, restored
from teleinfo.tic.labels import Mode
from tests.state.golden import TIME, tracker
from tests.state.test_tracker import NUMBER, follow, historique

AT = datetime.fromisoformat(TIME)


@pytest.mark.parametrize(
    ("index", "offset"),
    [("1000", 0), (1000, 0.5), (-1, 0), (1000, 10**12)],
)
def test_what_cannot_be_a_total_is_none(index: object, offset: object) -> None:
    """No whole number, or an index that no counter can show."""
    assert restored("BASE", index, offset, at=AT) is None


def test_a_total_is_what_was_retained() -> None:
    """Index and offset, at the time of the message."""
    total = restored("BASE", 1000, 234, at=AT)

    assert isinstance(total, ImportTotal)
    assert (total.counter, total.total) == ("BASE", 1234)


@pytest.mark.parametrize(
    "broken",
    [
        {"meter": None},
        {"energy": []},
        {"time": 3},
        {"time": "yesterday"},
        {"time": "2026-01-14T12:02:28"},
        {"energy": {"import_counter": None}},
    ],
)
def test_a_retained_message_that_lacks_a_part_changes_nothing(broken: dict[str, Any]) -> None:
    """The total begins at the index of the meter."""
    reading = historique(ADCO=NUMBER, OPTARIF="BASE", BASE="000001000")
    _, earlier = follow(reading)
    followed = tracker()
    followed.restore(earlier | broken)
    followed.update(reading, now=0.0, time=TIME)

    assert followed.state(now=0.0)["energy"] == earlier["energy"]


def test_an_index_of_a_list_that_is_no_number_is_left_out() -> None:
    """The others keep their place."""
    assert list(sites.indexes({"ENERG": "000120::000350"}, "fr")) == ["ENERG_1", "ENERG_3"]


def test_before_its_first_reading_a_tracker_knows_neither_mode_nor_values() -> None:
    """Afterwards it knows both, and says the part that is asked for."""
    followed = tracker()
    before = followed.mode, followed.state_of({"PAPP"}, now=0.0)
    followed.update(historique(ADCO=NUMBER, PAPP="00750"), now=0.0, time=TIME)
    power: Any = followed.state_of({"PAPP"}, now=0.0)["power"]

    assert before[0] is None
    assert "PAPP" not in str(before[1])
    assert (followed.mode, power["apparent"]) == (Mode.HISTORIQUE, 750)
