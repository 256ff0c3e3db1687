"""Damaged histories do not end the page."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.history import odd
from tests.web.damaged import live_with

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
@pytest.mark.long
def test_a_page_lives_with_damaged_histories(tmp_path: Path) -> None:
    """Bytes, pages, ends, and rows that no history has; tests/lab/faults tries two thousand."""
    rows = odd.rows(int(time.time()))[::20]
    damages = [partial(odd.damage, chance=random.Random(seed)) for seed in range(500, 510)]
    live_with(tmp_path, [*damages, *(partial(odd.insert, odd=row) for row in rows)])
