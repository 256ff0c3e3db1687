"""The LED that blinks at each frame."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from teleinfo.daemon import led

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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


def test_an_led_that_is_not_there_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Frame after frame goes on."""
    missing = led.Led("not-there")
    for _ in range(3):
        missing.switch(on=True)

    [line] = caplog.messages
    assert line.startswith("the LED does not blink: /sys/class/leds/not-there/brightness: ")
