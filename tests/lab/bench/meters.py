"""
The meters that truth and price are measured with, by name.

They are those of the simulator, with other digits of every quantity and index in each frame, and those of
`independent`.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import METERS as SIMULATED
from teleinfo.simulator.encode import encode_group
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import build_reading
from tests.lab.bench import independent, streams
from tests.lab.bench.sent import Line, Sent

if TYPE_CHECKING:
    from teleinfo.tic.labels import Group

GROUPS = {"simulator": tuple(SIMULATED), "documents": tuple(independent.METERS)}
"""Names of meters, by the generator of their frames."""


@cache
def first_frames(name: str, count: int) -> tuple[Sent, ...]:
    """Return the first `count` frames of a meter, always the same ones."""
    if name in independent.METERS:
        return tuple(islice(independent.frames(name), count))
    return tuple(map(_sent, islice(streams.frames(name, changing=True), count)))


def _sent(groups: list[Group]) -> Sent:
    """Return a frame of the simulator."""
    lines = []
    for group in groups:
        reading = build_reading([group])
        assert reading is not None
        kind = independent.kind(group.label)
        lines.append(Line(encode_group(group), group.label, dict(reading.values), kind))
    return Sent(tuple(lines), 1200 if groups[0].mode is Mode.HISTORIQUE else 9600)
