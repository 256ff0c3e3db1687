"""The real daemon remembers its meter: a process between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.scenario import until
from tests.support.subscriber import Received, Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBER = "041961123456"


def frame(counter: str, index: int, *, number: bool = True) -> bytes:
    """Return a frame with one index of the contract HC, or with BASE; its number may be missing."""
    values = {"ADCO": NUMBER if number else "", "ISOUSC": "30", counter: f"{index:09}"}
    if counter == "HCHC":
        values |= {"OPTARIF": "HC..", "BASE": "", "HCHP": "000000000"}
    return with_parity(encode_frame(whole(**values)))


def energy(message: Received) -> Any:  # noqa: ANN401
    """Return what a state says of the energy."""
    return json.loads(message.payload)["energy"]


def test_the_total_goes_on_after_a_power_cut_with_an_empty_broker_and_a_damaged_number(
    tmp_path: Path,
) -> None:
    """
    1. The contract changes, and its new index begins at zero. Once that is on the disk, the power is cut.

    2. The broker has forgotten everything, and the first frames of the next run lack their number: there are
    readings, and nothing is known. 3. The number comes: the total goes on.
    """
    with MosquittoBroker(tmp_path) as broker, Meter(frame("BASE", 5_000_000)) as meter:
        more: dict[str, object] = {"state": True, "state_interval": 0, "state_topics": True}
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(tmp_path, **settings_for(broker, meter.line), **more) as daemon,
        ):
            assert energy(subscriber.expect("teleinfo/state"))["import_total"] == 5_000_000
            meter.frame = frame("HCHC", 3)
            message = subscriber.expect(
                "teleinfo/state", predicate=lambda message: b"HCHC" in message.payload
            )
            until(lambda: any(b"HCHC" in path.read_bytes() for path in daemon.state.glob("*.json")))
            daemon.kill()
            before = energy(message)
            broker.stop()
        meter.frame = frame("HCHC", 39, number=False)
        broker.start()
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(tmp_path, **settings_for(broker, meter.line), **more),
        ):
            for _ in range(3):
                subscriber.expect("teleinfo")
            with Subscriber(broker.host, broker.port) as late:
                early = late.retained()
            meter.frame = frame("HCHC", 39)
            after = energy(subscriber.expect("teleinfo/state"))

    assert (before["import_total"], before["import_offset"]) == (5_000_003, 5_000_000)
    assert early.keys() == {"teleinfo/status", "teleinfo/health", "teleinfo/state"}
    assert early["teleinfo/state"] == b'{"time":null,"meter":{"id":null}}'
    assert (after["import_total"], after["import_offset"]) == (5_000_039, 5_000_000)
