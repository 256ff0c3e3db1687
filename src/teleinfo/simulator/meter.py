"""A simulated meter of either mode. Pure: the same start, seed and times give the same frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import EOT, encode_frame
from teleinfo.tic.tables.reader import TABLES, Group, Mode

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from teleinfo.simulator.metrology import Metrology
    from teleinfo.simulator.tariff import SimulatedContract

_ORDER = {Mode.HISTORIQUE: TABLES["BLEU"], Mode.STANDARD: TABLES["LINKY"]}

BAUDRATES = {Mode.HISTORIQUE: 1200, Mode.STANDARD: 9600}
"""Speed of the line in each mode, baud."""

# An index has nine digits (Enedis-NOI-CPT_54E v3); we assume that it then restarts at zero.
_INDEX_END = 10**9


@dataclass(frozen=True, slots=True)
class MeterModel:
    """
    An installation: the mode and contract of the meter, and the `household` behind it (see HOUSEHOLDS).

    `kva` is the subscribed power of all phases, `number` the ADCO or ADSC. The meter of a `producer` also
    sends the injected energy. Without `short_frames`, a three-phase meter in mode historique
    sends long frames only.
    """

    contract: SimulatedContract
    mode: Mode = Mode.HISTORIQUE
    kva: int = 6
    phases: int = 1
    short_frames: bool = True
    producer: bool = False
    household: str = "usual"
    number: str = "041961123456"


@dataclass(eq=False)
class SimulatedMeter(ABC):
    """A meter of `model`, which sends the measurements of its `metrology`."""

    model: MeterModel
    metrology: Metrology

    def __post_init__(self) -> None:
        self._interrupted: list[Group] = []

    @property
    def baudrate(self) -> int:
        """The speed of the line in baud."""
        return BAUDRATES[self.model.mode]

    def frame(self, now: dt.datetime) -> list[Group]:
        """Measure until `now`, a naive local time, and return the next complete frame."""
        self.metrology.advance(now)
        return self._groups()

    def emit(self, now: dt.datetime) -> bytes:
        """Return the bytes of `frame`, seven-bit; the start of a frame that it interrupted comes first."""
        groups = self.frame(now)
        interrupted = self._interrupted
        self._interrupted = []
        sent = b""
        if interrupted:
            sent = encode_frame(interrupted, end=EOT)
        return sent + encode_frame(groups)

    @abstractmethod
    def _groups(self) -> list[Group]:
        """Return the groups of the next complete frame."""


def order_groups(mode: Mode, values: Mapping[str, str], horodates: Mapping[str, str]) -> list[Group]:
    """Return the groups in the order of the label table, which is the order of emission."""
    names = [label.name for label in _ORDER[mode] if label.name in values]
    return [Group(name, values[name], horodates.get(name), mode) for name in names]


def format_index(energy: float) -> str:
    """Return an energy in Wh or varh as the nine digits of an index."""
    return f"{int(energy) % _INDEX_END:09}"
