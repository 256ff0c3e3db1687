"""
Listen to the line at one speed after the other, until the meter is heard.

At the speed of the meter it listens for longer, to measure the quality of the line.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.port.baud_detector import SPEEDS
from teleinfo.port.search import SpeedSearch, speeds_at
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.doctor.report import Screen
    from teleinfo.tic.decoder import Counts
    from teleinfo.tic.reading import Reading

FOUND_SECONDS = 12.0
"""Seconds of listening at the speed of the meter: some 1400 characters at 1200 baud."""

_MAX_KEPT = 1 << 16  # bytes, more than comes at 9600 baud
_ETX = b"\x03"


async def probe_speeds(url: str, wanted: Sequence[int], screen: Screen) -> list[Probe]:
    """
    Listen at the `wanted` speeds, then at the others that meters use, until the meter is heard.

    Returns the probe of each speed; the last one is that of the meter, if its mode is not None. Raises
    PortError.
    """
    probes: list[Probe] = []
    for baudrate in speeds_at(url, list(dict.fromkeys([*wanted, *SPEEDS["auto"]]))):
        screen.step(_("listening at {baudrate} baud").format(baudrate=baudrate))
        probes.append(Probe(url, baudrate))
        await probes[-1].listen()
        if probes[-1].mode is not None:
            break
    return probes


class Probe(SpeedSearch):
    """The `data` that came at one speed in `seconds`, and their readings; the first byte may be misread."""

    def __init__(self, url: str, baudrate: int) -> None:
        super().__init__(url, (baudrate,), Decoder())
        self.seconds = 0.0
        self.data = bytearray()
        self.readings: list[Reading] = []

    def on_data(self, data: bytes) -> None:
        """Decode and keep the bytes."""
        self.data += data[: _MAX_KEPT - len(self.data)]
        self.readings += self.feed(data, now=asyncio.get_running_loop().time())

    async def listen(self) -> None:
        """Listen for a while, longer where the meter is heard; raise PortError."""
        loop = asyncio.get_running_loop()
        async with self.open(self) as port:
            began = loop.time()
            if await self.is_heard(port):
                await port.wait(began + FOUND_SECONDS - loop.time())
            self.seconds = loop.time() - began

    @property
    def counts(self) -> Counts:
        """The counts of the decoder."""
        return self._decoder.counts

    @property
    def damaged(self) -> tuple[int, int]:
        """The number of characters whose parity is wrong, and of all characters."""
        # From the end of the first frame on: its first character may be misread.
        whole = self.data.partition(_ETX)[2]
        return sum(byte.bit_count() & 1 for byte in whole), len(whole)

    @property
    def bit_error_rate(self) -> float | None:
        """The share of wrong bits, estimated from the damaged characters; None without parity."""
        damaged, characters = self.damaged
        if not self._decoder.parity or not characters:
            return None
        # Parity sees an odd number of wrong bits among 8: (1 - (1 - 2 b)^8) / 2 of the characters.
        return (1 - math.pow(max(0.0, 1 - 2 * damaged / characters), 1 / 8)) / 2
