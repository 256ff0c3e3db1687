"""The daemon in this process: what it does not hide."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.stop_signals import STOP_SIGNALS
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.state import payload
from tests.support.daemon import Meter
from tests.support.process import LIMIT
from tests.support.scenario import historique
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


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
