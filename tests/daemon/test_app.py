"""The daemon in this process: the line of status of many meters, and errors that it does not hide."""

from __future__ import annotations

import asyncio
import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo import payload
from teleinfo.common.stop_signals import STOP_SIGNALS
from teleinfo.daemon.app import serve, status_text
from teleinfo.daemon.watchdog import Notifier
from teleinfo.mqtt.config import Broker
from tests.support.daemon import Meter
from tests.support.process import LIMIT
from tests.support.scenario import historique
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SYSTEMD_LIMIT = 4096
"""Bytes of a message, above which systemd ignores it (NOTIFY_BUFFER_MAX)."""


@pytest.mark.parametrize(
    ("silent", "connected", "line"),
    [
        ([], True, "400 of 400 meters heard"),
        ([7, 31], True, "398 of 400 meters heard; silent: site/7, site/31"),
        (range(400), False, "0 of 400 meters heard; silent: site/0, "),
    ],
    ids=["none", "two", "all"],
)
def test_the_status_of_many_meters_counts_them_and_names_the_silent_ones(
    *, silent: Sequence[int], connected: bool, line: str
) -> None:
    publisher = SimpleNamespace(is_connected=connected, broker=Broker("localhost", 1883, "id"))
    meters: Any = {
        f"site/{number}": SimpleNamespace(
            monitor=SimpleNamespace(online=number not in silent, publisher=publisher)
        )
        for number in range(400)
    }
    text = status_text(meters, now=1000.0)

    assert text.startswith(line)
    # The list of silent meters is shortened there.
    assert text.endswith("…; no connection to the broker at localhost:1883") is not connected
    assert len(text.encode()) < SYSTEMD_LIMIT - len("STATUS=")


@pytest.mark.real
def test_a_mistake_of_the_program_ends_it_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen error is not hidden: all tasks end and it comes out, for systemd to see."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        async with asyncio.timeout(LIMIT):
            await serve([settings], Notifier({}))

    monkeypatch.setattr(payload, "encode", fail)
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with Meter(historique(1), link=tmp_path / "meter") as meter:
        settings = settings_of({"TELEINFO_SERIAL_PORT": meter.line.port, "TELEINFO_MQTT_PORT": "1"})
        with pytest.raises(ExceptionGroup) as raised:
            asyncio.run(run())
    for number, handler in before.items():
        signal.signal(number, handler)

    assert raised.group_contains(ZeroDivisionError)
