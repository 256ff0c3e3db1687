"""
Damages of a history, and every trap in its folder: the page lives, and root harms nobody.

`make test-faults` tries 300 damages, and `make soak` the others of two thousand.
"""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.history import odd
from tests.history.test_owner import NAMES, TRAPS, curve, folder, outside, pytestmark, try_traps
from tests.web.damaged import live_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["curve", "folder", "outside"]  # fixtures

EACH = 100
GROUPS = [*range(3), *(pytest.param(group, marks=pytest.mark.soak) for group in range(3, 20))]


@pytest.mark.real
@pytest.mark.parametrize("group", GROUPS)
def test_a_page_lives_with_a_hundred_damaged_histories(tmp_path: Path, group: int) -> None:
    seeds = range(EACH * group, EACH * (group + 1))
    live_with(
        tmp_path, [partial(odd.damage, chance=random.Random(seed)) for seed in seeds], ("days30", "contract")
    )


@pytest.mark.real
def test_a_page_lives_with_every_row_that_no_history_has(tmp_path: Path) -> None:
    live_with(tmp_path, [partial(odd.insert, odd=row) for row in odd.rows(int(time.time()))])


@pytest.mark.usefixtures("outside", "curve")
@pytestmark[1]
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: str(trap.__name__))
@pytest.mark.parametrize("verb", ["import", "undo", "export"])
def test_no_trap_in_the_folder_of_the_page_harms_root(
    folder: Path,
    trap: Callable[[Path, Path], None],
    name: str,
    verb: str,
) -> None:
    try_traps(folder, trap, [name], verb)
