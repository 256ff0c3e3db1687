"""The real daemon publishes events, between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.vocabulary.codes import Event
from tests.state.documents import EVENT_VALIDATOR
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon
from tests.support.frames import whole
from tests.support.proxy import Proxy
from tests.support.scenario import CountingMeter, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBER = "041961123456"


class TariffMeter(CountingMeter):
    """A meter with two tariff periods, of which `period` is in force."""

    def __init__(self) -> None:
        super().__init__(period=0.2, frame=self._frame_of)
        self.tariff = "HP.."

    def change(self, tariff: str) -> None:
        """Change the tariff period, and return when the line has carried some frames of it, and lost none."""
        until(lambda: self.line.unread() == 0)
        self.tariff = tariff
        # `last` is the number of the last frame that was written.
        fifth = self.last + 5
        until(lambda: self.last >= fifth)

    def _frame_of(self, index: int) -> bytes:
        values = {"ADCO": NUMBER, "OPTARIF": "HC..", "BASE": "", "HCHC": "000000003", "HCHP": f"{index:09}"}
        return with_parity(encode_frame(whole(**values, PTEC=self.tariff)))


def expect(events: Subscriber, event: Event) -> dict[str, Any]:
    """Return the next event; fail unless it is this one, valid by the schema, with QoS 1 and not retained."""
    received = events.expect("teleinfo/event")
    message: dict[str, Any] = json.loads(received.payload)
    EVENT_VALIDATOR.validate(message)
    assert (message["event"], received.qos, received.retain) == (event, 1, False)
    return message


def test_each_thing_is_one_event_through_outage_restart_and_silence(tmp_path: Path) -> None:
    """
    1. The tariff changes twice while the broker is away: both events wait.

    2. The tariff changes while the daemon is off: one event at the start.
    3. The daemon restarts, and nothing has changed: no event.
    4. The meter falls silent, and is heard again.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Proxy(broker.host, broker.port) as proxy,
        TariffMeter() as meter,
        Subscriber(broker.host, broker.port, "teleinfo/status") as status,
        Subscriber(broker.host, broker.port, "teleinfo/event") as events,
    ):
        where = {"serial_port": meter.line.port, "mqtt_host": proxy.host, "mqtt_port": proxy.port}
        with Daemon(tmp_path, **where, state=True, state_interval=0) as daemon:
            status.expect("teleinfo/status", b"online")
            proxy.refuse()
            proxy.cut()
            daemon.expect_log("no connection to the broker")
            meter.change("HC..")
            meter.change("HP..")
            proxy.listen()
            changes = [expect(events, Event.TARIFF_CHANGED) for _ in range(2)]
            status.expect("teleinfo/status", b"offline")
            status.expect("teleinfo/status", b"online")
            daemon.stop()
            status.expect("teleinfo/status", b"offline")
            meter.change("HC..")
            daemon.start()
            changes.append(expect(events, Event.TARIFF_CHANGED))
            status.expect("teleinfo/status", b"online")
            daemon.stop()
            status.expect("teleinfo/status", b"offline")
            daemon.start()
            status.expect("teleinfo/status", b"online")
            meter.pause()
            silence = expect(events, Event.SILENCE_STARTED)
            meter.sending = True
            expect(events, Event.SILENCE_ENDED)

    assert [change["to"]["code"] for change in changes] == ["HC", "HP", "HC"]
    assert silence["meter"] == NUMBER
