"""
The CPU and the wake-ups of a meter at the speed of its line, of all programs at the same time.

They share nothing but the broker, and none of them is busy for more than a few percent of a core.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rows import Row
from tests.bench.sent import BITS, GAP
from tests.bench.stage import BAUDRATES, DAEMON, HOMEASSISTANT, REFERENCE, feeding, playing, recording
from tests.support.procfs import work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.scale import Scale
    from tests.support.procfs import Work

HOUR = 3600.0
GOALS = {"standard": 0.5, "historique": None}


def rows(scale: Scale) -> list[Row]:
    """Measure as a UART delivers the bytes and as a USB adapter does."""
    return [
        row
        for mode in scale.modes
        for delivery in ("uart", "usb")
        for row in _rows(mode, delivery, _watched(mode, delivery, scale))
    ]


def _watched(mode: str, delivery: str, scale: Scale) -> dict[str, tuple[Work, Work]]:
    """Return what each program had done at the beginning and at the end of the time."""
    length = len(recording(mode, frames=1)[0]) * BITS / BAUDRATES[mode] + GAP
    frames = int((scale.seconds + scale.settle) / length) + 5
    with (
        tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder,
        playing(Path(folder), mode) as subjects,
        feeding(Path(folder), mode, delivery, subjects, frames=frames) as feeder,
    ):
        for subject in subjects:
            subject.heard()
        time.sleep(scale.settle)
        before = {subject.name: work(subject.pid) for subject in subjects}
        time.sleep(scale.seconds)
        after = {subject.name: work(subject.pid) for subject in subjects}
        assert feeder.poll() is None, "the line fell silent before the end"
        for subject in subjects:
            subject.heard()  # it still works
    return {name: (before[name], after[name]) for name in before}


def _rows(mode: str, delivery: str, watched: Mapping[str, tuple[Work, Work]]) -> list[Row]:
    cpu = {name: HOUR * (b.cpu - a.cpu) / (b.at - a.at) for name, (a, b) in watched.items()}
    wakes = {name: (b.wakes - a.wakes) / (b.at - a.at) for name, (a, b) in watched.items()}
    found = []
    for name in (DAEMON, HOMEASSISTANT):
        what = f"{name}, {mode}, {delivery}"
        goal = GOALS[mode] if name == DAEMON else None
        remark = f"{cpu[name] / 36:.2f} % of a core"
        found += [
            Row(
                what=f"CPU {what}",
                measured=cpu[name],
                floor=cpu[REFERENCE],
                unit="s/h",
                goal=goal,
                remark=remark,
            ),
            Row(what=f"wake-ups {what}", measured=wakes[name], floor=wakes[REFERENCE], unit="/s"),
        ]
    return found
