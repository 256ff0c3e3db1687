"""What was read while the broker was away: how much of it arrives, in which order, and how often."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.proxy import Proxy
from tests.support.scenario import (
    BrokerScenario,
    historique,
    index_of,
    next_index,
    observer,
    run_together,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.subscriber import Subscriber

pytestmark = [pytest.mark.real, pytest.mark.long]


def indexes(subscriber: Subscriber, *, to: int) -> list[int]:
    """Return the indexes of the readings that come, up to and with `to`."""
    seen = [next_index(subscriber)]
    while seen[-1] != to:
        seen.append(next_index(subscriber))
    return seen


def test_after_an_outage_the_newest_readings_arrive_in_order(tmp_path: Path) -> None:
    """
    MQTT_QUEUE=N keeps the newest N readings and sends them in order, once; with 1 the newest comes first.

    1. The connection is cut, and no other is accepted; the meter sends 12 frames more, then is silent.
    2. The broker can be reached again: exactly the newest N arrive, in order.
    3. The meter goes on: so do the readings, without a gap.
    """

    def outage(folder: Path, size: int) -> None:
        with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
            with (
                observer(broker, "teleinfo") as subscriber,
                BrokerScenario(folder, proxy, mqtt_queue=size) as scenario,
            ):
                next_index(subscriber)
                proxy.refuse()
                proxy.cut(reset=True)
                scenario.expect_lost()
                subscriber.drain()
                enough = scenario.meter.last + 12
                until(lambda: scenario.meter.last >= enough)
                last = scenario.meter.pause()
                proxy.listen()

                assert indexes(subscriber, to=last) == list(range(last - size + 1, last + 1))

                scenario.expect_back()
                scenario.assert_one_outage()
                scenario.meter.sending = True

                assert [next_index(subscriber) for _ in range(3)] == [last + 1, last + 2, last + 3]

    def one(folder: Path) -> None:
        outage(folder, 1)

    def five(folder: Path) -> None:
        outage(folder, 5)

    run_together(tmp_path, one, five)


def test_frames_that_come_at_once_are_a_message_each(tmp_path: Path) -> None:
    """
    A process that was held up, or a bridge whose network was, has several in hand: none is left out.

    They differ in their power: an index does not rise by eight in a moment.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        observer(broker, "teleinfo") as subscriber,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line), serial_mode="historique"),
    ):
        next_index(subscriber)
        meter.frame = None
        meter.line.write(b"".join(historique(1, power=power) for power in range(100, 108)))
        seen = [0]
        while seen[-1] != 107:
            seen.append(int(json.loads(subscriber.expect("teleinfo").payload)["PAPP"]))

        assert [power for power in seen if 100 <= power < 108] == list(range(100, 108))


def test_a_queue_that_is_not_full_loses_nothing(tmp_path: Path) -> None:
    """
    No reading is lost within N, and none arrives twice but those that QoS 1 sends again.

    1. The broker freezes; it thaws after the daemon gave up the connection.
    2. A proxy loses every byte for as long, then none.
    3. A proxy holds every byte back for as long, then lets them go.
    4. In each case the readings arrive without a gap; of those before the outage only the one that was not
       acknowledged may come twice.
    """

    def heard(folder: Path, fault: str) -> None:
        with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
            with (
                observer(broker, "teleinfo") as subscriber,
                BrokerScenario(folder, proxy, mqtt_queue=200) as scenario,
            ):
                start = next_index(subscriber)
                {"freeze": broker.freeze, "drop": proxy.drop, "stall": proxy.stall}[fault]()
                scenario.expect_lost()
                lost = time.monotonic()
                until(lambda: time.monotonic() > lost + 1)
                if fault == "drop":
                    proxy.drop(on=False)
                else:
                    {"freeze": broker.thaw, "stall": proxy.flow}[fault]()
                scenario.expect_back()
                scenario.assert_one_outage()
                enough = scenario.meter.last + 3
                until(lambda: scenario.meter.last >= enough)
                last = scenario.meter.pause()
                seen = [start, *indexes(subscriber, to=last)]
                until(lambda: broker.connections() == 2)
                seen += [index_of(message.payload) for message in subscriber.drain()]

        assert sorted(set(seen)) == list(range(start, last + 1))
        assert len(seen) - len(set(seen)) <= 1

    def freeze(folder: Path) -> None:
        heard(folder, "freeze")

    def drop(folder: Path) -> None:
        heard(folder, "drop")

    def stall(folder: Path) -> None:
        heard(folder, "stall")

    run_together(tmp_path, freeze, drop, stall)
