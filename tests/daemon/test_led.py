"""The LED that blinks at each frame."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from teleinfo.daemon import led
from tests.support import virtual

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_on_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 ms after it was switched on it is off again."""
    monkeypatch.setattr(led, "FOLDER", tmp_path)
    (tmp_path / "ACT").mkdir()
    brightness = tmp_path / "ACT" / "brightness"

    async def blink() -> tuple[str, str]:
        led.Led("ACT").blink()
        at_once = brightness.read_text(encoding="ascii")
        await asyncio.sleep(led.ON_FOR + 0.01)
        return at_once, brightness.read_text(encoding="ascii")

    assert virtual.run(blink()) == ("1", "0")


def test_an_led_that_is_not_there_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A frame that cannot be shown raises nothing."""
    missing = led.Led("not-there")
    for _ in range(3):
        missing.switch(on=True)

    [line] = caplog.messages
    assert line.startswith("the LED does not blink: /sys/class/leds/not-there/brightness: ")
