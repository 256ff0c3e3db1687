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


def frame(*, has_number: bool = True, **values: str) -> bytes:
    """Return a frame with these values, of which an empty one is left out; its number may be missing."""
    number = NUMBER if has_number else ""
    return with_parity(encode_frame(whole(ADCO=number, ISOUSC="30", **values)))


def frame_of_base(index: int) -> bytes:
    """Return a frame of the contract Base with this index in Wh."""
    return frame(BASE=f"{index:09}")


def frame_of_hc(index: int, *, has_number: bool = True) -> bytes:
    """Return a frame of the contract HC, with this index of the off-peak hours in Wh."""
    return frame(has_number=has_number, OPTARIF="HC..", BASE="", HCHC=f"{index:09}", HCHP="000000000")


def energy(message: Received) -> dict[str, Any]:
    """Return the section `energy` of a state."""
    section: dict[str, Any] = json.loads(message.payload)["energy"]
    return section


def test_the_total_goes_on_after_a_power_cut_with_an_empty_broker_and_a_damaged_number(
    tmp_path: Path,
) -> None:
    """
    1. The contract changes, and its new index begins at zero. Once that is on the disk, the power is cut.

    2. The broker has forgotten everything, and the first frames of the next run lack their number: there are
    readings, and nothing is known. 3. The number comes: the total goes on.
    """
    with MosquittoBroker(tmp_path) as broker, Meter(frame_of_base(5_000_000)) as meter:
        more: dict[str, object] = {"state": True, "state_interval": 0, "state_topics": True}
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(tmp_path, **settings_for(broker, meter.line), **more) as daemon,
        ):
            assert energy(subscriber.expect("teleinfo/state"))["import_total"] == 5_000_000
            meter.frame = frame_of_hc(3)
            message = subscriber.expect(
                "teleinfo/state", predicate=lambda message: b"HCHC" in message.payload
            )
            until(lambda: any(b"HCHC" in path.read_bytes() for path in daemon.state.glob("*.json")))
            daemon.kill()
            before = energy(message)
            broker.stop()
        meter.frame = frame_of_hc(39, has_number=False)
        broker.start()
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(tmp_path, **settings_for(broker, meter.line), **more),
        ):
            for _ in range(3):
                subscriber.expect("teleinfo")
            with Subscriber(broker.host, broker.port) as late:
                early = late.retained()
            meter.frame = frame_of_hc(39)
            after = energy(subscriber.expect("teleinfo/state"))

    # The offset is the total when the contract changed; the new index is added to it.
    assert (before["import_total"], before["import_offset"]) == (5_000_003, 5_000_000)
    assert early.keys() == {"teleinfo/status", "teleinfo/health", "teleinfo/state"}
    assert early["teleinfo/state"] == b'{"time":null,"meter":{"id":null}}'
    assert (after["import_total"], after["import_offset"]) == (5_000_039, 5_000_000)
