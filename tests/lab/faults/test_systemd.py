"""Messages to systemd while neither broker nor port is there."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.scenarios import Scenario
from tests.support.figures import promise
from tests.support.procfs import waited_for_processor

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.real


def test_systemd_is_told_the_truth_without_broker_and_port(tmp_path: Path) -> None:
    """READY within 5 s, once; WATCHDOG at least every 10 s."""
    began = time.monotonic()
    with Scenario(tmp_path, None, tmp_path / "meter") as scenario:
        ready = scenario.notify.expect("READY=1")
        waited = waited_for_processor(scenario.pid)
        promise("systemd: READY without broker and port", ready - began - waited, at_most=5)
        time.sleep(25)  # the case: nothing comes
        fed = scenario.notify.times("WATCHDOG=1")
        pauses = [later - earlier for earlier, later in itertools.pairwise([ready, *fed])]
        promise("systemd: longest pause between two WATCHDOG", max(pauses), at_most=10)
        assert time.monotonic() - fed[-1] < 10.5
        assert len(scenario.lines("WARNING")) == 2  # one about each
        assert scenario.stop()[0] == 0
        assert "STOPPING=1" in scenario.notify.heard
        assert len(scenario.notify.times("READY=1")) == 1
