"""
The CPU and the wake-ups of a meter at the speed of its line, of all programs at the same time.

They share nothing but the broker, and none of them is busy for more than a few percent of a core.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.rows import Row
from tests.lab.bench.sent import BITS, GAP
from tests.lab.bench.stage import BAUDRATES, DAEMON, HOMEASSISTANT, REFERENCE, feeding, playing, recording
from tests.support.procfs import work

if TYPE_CHECKING:
    from tests.lab.bench.scale import Scale

HOUR = 3600.0
GOALS = {"standard": 0.5, "historique": None}


def rows(scale: Scale) -> list[Row]:
    """Measure as a UART delivers the bytes and as a USB adapter does."""
    found = []
    for mode in scale.modes:
        for delivery in ("uart", "usb"):
            cpu, wakes = _watch(mode, delivery, scale)
            for name in (DAEMON, HOMEASSISTANT):
                what = f"{name}, {mode}, {delivery}"
                goal = GOALS[mode] if name == DAEMON else None
                found += [
                    Row(what=f"CPU {what}", measured=cpu[name], floor=cpu[REFERENCE], unit="s/h", goal=goal),
                    Row(what=f"wake-ups {what}", measured=wakes[name], floor=wakes[REFERENCE], unit="/s"),
                ]
    return found


def _watch(mode: str, delivery: str, scale: Scale) -> tuple[dict[str, float], dict[str, float]]:
    """Return the CPU in s an hour, and the wake-ups a second, of each program."""
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
        before = [work(subject.program.pid) for subject in subjects]
        time.sleep(scale.seconds)
        after = [work(subject.program.pid) for subject in subjects]
        assert feeder.poll() is None, "the line fell silent before the end"
        for subject in subjects:
            subject.heard()  # it still works
    watched = [
        (subject.name, a, b, b.at - a.at) for subject, a, b in zip(subjects, before, after, strict=True)
    ]
    return (
        {name: HOUR * (b.cpu - a.cpu) / seconds for name, a, b, seconds in watched},
        {name: (b.wakes - a.wakes) / seconds for name, a, b, seconds in watched},
    )
