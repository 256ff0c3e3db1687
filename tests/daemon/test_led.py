"""The LED that blinks at each frame."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon import led
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_on_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 ms after it was switched on it is off again."""
    monkeypatch.setattr(led, "FOLDER", tmp_path)
    (tmp_path / "ACT").mkdir()
    brightness = tmp_path / "ACT" / "brightness"

    async def blink() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        led.Led("ACT").blink()
        on = brightness.read_text(encoding="ascii")
        async with asyncio.timeout(10):
            while brightness.read_text(encoding="ascii") != "0":  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        return on, loop.time() - began

    on, lasted = asyncio.run(blink())

    assert on == "1"
    assert lasted >= led.ON_FOR


@pytest.mark.real
def test_an_led_that_is_not_there_is_logged_once_and_costs_nothing(tmp_path: Path) -> None:
    """Frame after frame is published."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Meter(with_parity(encode_frame(whole(BASE="000019212")))) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line), led="not-there") as daemon,
    ):
        for _ in range(3):
            subscriber.expect("teleinfo")
        daemon.expect_log("the LED does not blink: /sys/class/leds/not-there/brightness: ")
        said = daemon.log

    assert said.count("LED") == 1
