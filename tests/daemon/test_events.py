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
        """Change the tariff period, and return when the line has carried some frames of it."""
        self.tariff, end = tariff, self.last + 5
        until(lambda: self.last >= end)

    def _frame_of(self, index: int) -> bytes:
        values = {"ADCO": NUMBER, "OPTARIF": "HC..", "BASE": "", "HCHC": "000000003", "HCHP": f"{index:09}"}
        return with_parity(encode_frame(whole(**values, PTEC=self.tariff)))


def expect(subscriber: Subscriber, event: Event) -> dict[str, Any]:
    """Return the next event, which is this one."""
    received = subscriber.expect("teleinfo/event")
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
        Subscriber(broker.host, broker.port) as subscriber,
    ):
        where = {"serial_port": meter.line.port, "mqtt_host": proxy.host, "mqtt_port": proxy.port}
        daemon = Daemon(tmp_path, **where, state=True, state_interval=0)
        # A minute of patience, in which the speed is searched, is shortened.
        patch = "import teleinfo.daemon.monitor as module; module.FIRST_FRAME_WITHIN = 10"
        main = "from teleinfo.__main__ import main; raise SystemExit(main())"
        daemon.command[1:3] = ["-c", f"{patch}\n{main}"]
        with daemon:
            subscriber.expect("teleinfo/state")
            proxy.refuse()
            proxy.cut()
            daemon.expect_log("no connection to the broker")
            meter.change("HC..")
            meter.change("HP..")
            proxy.listen()
            changes = [expect(subscriber, Event.TARIFF_CHANGED) for _ in range(2)]
            assert daemon.stop()[0] == 0
            meter.change("HC..")
            daemon.start()
            changes.append(expect(subscriber, Event.TARIFF_CHANGED))
            daemon.stop()
            daemon.start()
            subscriber.expect("teleinfo/state")
            meter.pause()
            silence = expect(subscriber, Event.SILENCE_BEGAN)
            meter.sending = True
            expect(subscriber, Event.SILENCE_ENDED)

    assert [change["to"]["code"] for change in changes] == ["HC", "HP", "HC"]
    assert silence["meter"] == NUMBER
