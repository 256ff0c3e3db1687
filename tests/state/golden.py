"""
The state of each simulated meter and of each family that nobody simulates, as files to read.

After a change that is meant, write them anew and read the difference:

    python -m tests.state.golden
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.i18n import in_words, use_language
from teleinfo.simulator.catalogue import METERS
from teleinfo.state.tracker import StateTracker
from teleinfo.vocabulary.words import Language
from tests.homeassistant.golden import PERIOD, readings_of
from tests.state.families import FAMILIES, family_readings
from tests.support.judged import JudgedTracker, moment

if TYPE_CHECKING:
    from teleinfo.state.prices import DatedPrices, Prices

FOLDER = Path(__file__).parent / "golden"
ALL = (*METERS, *FAMILIES)
TIME = "2026-01-14T12:02:28+01:00"


def tracker(
    *, exclude: frozenset[str] = frozenset(), prices: Prices | DatedPrices | None = None
) -> StateTracker:
    """Return a tracker of readings that are made by hand."""
    return JudgedTracker(exclude=exclude, prices=prices)


def followed(meter: str) -> tuple[StateTracker, float]:
    """Return the tracker of a meter or a family after its frames, and the monotonic time of the last one."""
    found = StateTracker(topic="teleinfo", exclude=frozenset())
    now = 0.0
    for reading in family_readings(meter) if meter in FAMILIES else readings_of(meter):
        now += PERIOD
        found.update(reading, moment(now, TIME))
    return found, now


def content(meter: str) -> str:
    """Return what the file of a meter or a family holds: the state after its frames."""
    found, now = followed(meter)
    with use_language(Language.FR):
        state = in_words(found.state(moment(now)))
    return json.dumps(state, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file."""
    for meter in ALL:
        (FOLDER / f"{meter}.json").write_text(content(meter), encoding="utf-8")


if __name__ == "__main__":
    main()
