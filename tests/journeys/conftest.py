"""Needs of the journeys: those of all tests of whole systems."""

from tests.system.conftest import able

__all__ = ["able"]
