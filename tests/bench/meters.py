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
from teleinfo.tic.labels import NOTICES, Mode, lookup
from teleinfo.tic.labels import Kind as LabelKind
from teleinfo.tic.reading import build_reading
from tests.bench import independent, streams
from tests.bench.sent import Kind, Line, Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.tic.labels import Group

GROUPS = {
    "simulator": tuple(SIMULATED),
    "documents": tuple(independent.METERS),
}
"""Names of meters, by the generator of their frames."""

_KINDS = {LabelKind.INDEX: Kind.INDEX, LabelKind.IDENTIFIER: Kind.IDENTIFIER}


@cache
def first_frames(name: str, count: int) -> tuple[Sent, ...]:
    """Return the first `count` frames of a meter, always the same ones."""
    return tuple(islice(_frames(name), count))


def _frames(name: str) -> Iterator[Sent]:
    if name in independent.METERS:
        return independent.frames(name)
    return map(_sent, streams.frames(name, changing=True))


def _sent(groups: list[Group]) -> Sent:
    """Return a frame of the simulator."""
    lines = []
    for group in groups:
        reading = build_reading([group])
        assert reading is not None
        lines.append(Line(encode_group(group), group.label, reading.values, _kind(group.mode, group.label)))
    return Sent(tuple(lines), 1200 if groups[0].mode is Mode.HISTORIQUE else 9600)


def _kind(mode: Mode, label: str) -> Kind:
    spec = lookup(mode, label)
    if spec is None:
        return Kind.UNKNOWN
    if label in NOTICES:
        return Kind.NOTICE
    return Kind.TARIFF if label in independent.TARIFFS else _KINDS.get(spec.kind, Kind.OTHER)
