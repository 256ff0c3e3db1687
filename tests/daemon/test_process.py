"""What the broker says of a daemon that was killed, whatever its meter did: on two topics, by two wills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.port.health import is_orphan, parse
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.scenario import historique, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

PROCESS, STATUS, HEALTH = "teleinfo/process", "teleinfo/status", "teleinfo/health"


def retained(broker: MosquittoBroker) -> dict[str, bytes]:
    """Return what a subscriber who comes now gets, by topic."""
    with Subscriber(broker.host, broker.port) as late:
        return late.retained()


@pytest.mark.parametrize(("speaks", "killed"), [(True, True), (False, True), (True, False)])
def test_after_its_end_both_topics_are_offline_and_nobody_believes_health(
    tmp_path: Path, *, speaks: bool, killed: bool
) -> None:
    """While the meter is silent, `status` was offline before, and only `process` shows the death."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1) if speaks else None) as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon,
    ):
        subscriber.expect(PROCESS, b"online")
        if speaks:
            subscriber.expect(STATUS, b"online")
        until(lambda: {PROCESS, STATUS, HEALTH} <= retained(broker).keys())
        alive = retained(broker)
        if killed:
            daemon.kill()
        else:
            daemon.stop()
        subscriber.expect(PROCESS, b"offline")
        until(lambda: retained(broker)[STATUS] == b"offline")
        dead = retained(broker)

    assert (alive[STATUS], alive[PROCESS]) == (b"online" if speaks else b"offline", b"online")
    assert (dead[STATUS], dead[PROCESS]) == (b"offline", b"offline")
    for said, orphan in ((alive, False), (dead, True)):
        health = parse(said[HEALTH])
        assert health is not None
        assert is_orphan(health, online=said[STATUS] == b"online", runs=said[PROCESS] == b"online") is orphan
