"""The finds of the fuzzer stay repaired."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.fuzz import blind, corpus


@pytest.mark.parametrize("name", corpus.TARGETS)
def test_a_target_bears_its_seeds_and_what_was_found(name: str) -> None:
    """No seed and no input that was found since, new or once fatal, breaks its target."""
    for data in corpus.inputs(name):
        corpus.target(name).check(data)


@pytest.mark.parametrize("name", corpus.TARGETS)
@given(data=st.data())
def test_a_target_bears_what_comes_of_its_seeds(name: str, data: st.DataObject) -> None:
    """A few mutations of a seed or a find break nothing."""
    known = corpus.inputs(name)
    rng = random.Random(data.draw(st.integers()))

    corpus.target(name).check(blind.mutated(rng.choice(known), known, rng))
