"""
A simulated meter of either mode: given a time, it returns the next frame.

Pure: `play` sends the frames. The same start, seed and times give the same frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import cut_frame, encode_frame
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Group, Mode

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from teleinfo.simulator.metrology import Metrology

# An index has nine digits (Enedis-NOI-CPT_54E v3); that it goes on from zero is our assumption.
_INDEX_END = 10**9


class SimulatedMeter(ABC):
    """A meter of one mode, which sends what its `metrology` measures."""

    mode: Mode

    def __init__(self, metrology: Metrology) -> None:
        self.metrology = metrology
        self._interrupted: list[Group] = []

    @property
    def baudrate(self) -> int:
        """The speed of the line in baud."""
        return 1200 if self.mode is Mode.HISTORIQUE else 9600

    def frame(self, now: dt.datetime) -> list[Group]:
        """Measure until `now`, a naive local time, and return the next complete frame."""
        self.metrology.advance(now)
        return self._groups()

    def emit(self, now: dt.datetime) -> bytes:
        """
        Measure until `now` and return what is sent next, as seven-bit characters.

        That is one complete frame, after the beginning of another one where the meter interrupted that.
        """
        groups = self.frame(now)
        interrupted, self._interrupted = self._interrupted, []
        return (cut_frame(interrupted) if interrupted else b"") + encode_frame(groups)

    @abstractmethod
    def _groups(self) -> list[Group]:
        """Return the groups of the next complete frame."""


def order_groups(
    mode: Mode, values: Mapping[str, str], horodates: Mapping[str, str] | None = None
) -> list[Group]:
    """
    Return the groups in the order of the label table, which is that of emission.

    Raises KeyError for an étiquette that the table does not have, or whose horodate is missing.
    """
    table = STANDARD if mode is Mode.STANDARD else HISTORIQUE
    unknown = values.keys() - table.keys()
    if unknown:
        raise KeyError(*unknown)
    return [
        Group(name, values[name], (horodates or {})[name] if label.horodate else None, mode)
        for name, label in table.items()
        if name in values
    ]


def format_index(energy: float) -> str:
    """Return an energy in Wh or varh as the nine digits of an index."""
    return f"{int(energy) % _INDEX_END:09}"
