"""The daemon in this process: what it joins, what it does not hide, and whom it does not wait for."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.stop_signals import STOP_SIGNALS
from teleinfo.daemon import meter as meter_module
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.mqtt.publisher import Publisher
from teleinfo.settings import load
from teleinfo.state import payload
from tests.support.daemon import Meter
from tests.support.scenario import historique

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real


@pytest.fixture
def meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """Return a meter that sends, to which the settings point; there is no broker."""
    with Meter(historique(1), link=tmp_path / "meter") as meter:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TELEINFO_SERIAL_PORT", meter.line.port)
        monkeypatch.setenv("TELEINFO_MQTT_PORT", "1")
        yield meter


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Give the signals back to the test's own process."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def _serve() -> None:
    await serve([load(None)], Notifier({}))


@pytest.mark.usefixtures("meter")
def test_a_mistake_of_the_program_ends_it_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen error is not hidden: all tasks end and it comes out, for systemd to see."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(payload, "encode", fail)
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(asyncio.wait_for(_serve(), 20))

    assert raised.group_contains(ZeroDivisionError)


@pytest.mark.usefixtures("meter")
def test_a_publisher_that_does_not_say_goodbye_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop does not wait longer than `GOODBYE_TIMEOUT` for a publisher that forgets to end."""
    monkeypatch.setattr(meter_module, "GOODBYE_TIMEOUT", 0.2)
    monkeypatch.setattr(Publisher, "stop", lambda *_: None)

    async def scenario() -> float:
        serving = asyncio.create_task(_serve())
        await asyncio.sleep(0.5)  # any moment will do: it listens for signals from its first step on
        began = time.monotonic()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(serving, 20)
        return time.monotonic() - began

    assert 0.2 <= asyncio.run(scenario()) < 10
