"""The topics of one meter, all under its base."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """`readings`, the base itself, and the retained ones below it."""

    readings: str

    @property
    def status(self) -> str:
        """Where `online` and `offline` are said."""
        return f"{self.readings}/status"

    @property
    def health(self) -> str:
        """Where the health of the line is told."""
        return f"{self.readings}/health"

    @property
    def homeassistant(self) -> str:
        """Where Home Assistant finds the states of its entities, if it was asked for."""
        return f"{self.readings}/homeassistant"
