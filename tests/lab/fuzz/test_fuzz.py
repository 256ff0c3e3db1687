"""The finds of the fuzzer stay repaired."""

from __future__ import annotations

import pytest

from tests.lab.fuzz import corpus


@pytest.mark.parametrize("name", corpus.TARGETS)
def test_a_target_bears_its_seeds_and_what_was_found(name: str) -> None:
    """No seed and no input that was found since, new or once fatal, breaks its target."""
    for data in corpus.inputs(name):
        corpus.target(name).check(data)
