"""
Listen to the line at one speed after the other, until the meter is found.

Where it is found the line is listened to for longer, to measure its quality.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.port.baud_detector import SPEEDS
from teleinfo.port.search import SpeedSearch, speeds_at
from teleinfo.tic.decoder import Counts, Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.doctor.screen import Screen
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

FOUND_SECONDS = 12.0
"""How long the meter is listened to once it is heard: some 1400 characters at 1200 baud."""

_MAX_KEPT = 1 << 16  # bytes, more than comes at 9600 baud
_ETX = b"\x03"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came at `baudrate` in `seconds`; `mode` is None where no frame was understood."""

    baudrate: int
    seconds: float
    data: bytes
    counts: Counts
    parity: bool | None
    mode: Mode | None
    readings: tuple[Reading, ...]

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.counts.bytes_ / self.seconds

    @property
    def damaged(self) -> tuple[int, int]:
        """The number of characters whose parity is wrong, and of all characters."""
        # The port was opened in the middle of a character, so that the first ones may be misread.
        whole = self.data.partition(_ETX)[2]
        return sum(byte.bit_count() & 1 for byte in whole), len(whole)

    @property
    def bit_error_rate(self) -> float | None:
        """The share of wrong bits, estimated from the damaged characters; None without parity."""
        damaged, characters = self.damaged
        if not self.parity or not characters:
            return None
        # Parity sees an odd number of wrong bits among 8: (1 - (1 - 2 b)^8) / 2 of the characters.
        return (1 - math.pow(max(0.0, 1 - 2 * damaged / characters), 1 / 8)) / 2


def speeds(url: str, wanted: Sequence[int]) -> Sequence[int]:
    """Return the speeds to try at `url`, baud: those of the settings, then the others that meters use."""
    return speeds_at(url, list(dict.fromkeys([*wanted, *SPEEDS["auto"]])))


async def probe_speeds(url: str, baudrates: Sequence[int], screen: Screen) -> list[ProbeResult]:
    """
    Return the result at each speed; the last one is that of the meter, if its mode is not None.

    Raises PortError.
    """
    results: list[ProbeResult] = []
    for baudrate in baudrates:
        screen.step(_("listening at {baudrate} baud").format(baudrate=baudrate))
        results.append(await _Probe(url, baudrate).listen())
        if results[-1].mode is not None:
            break
    return results


class _Probe:
    """What comes at one speed."""

    def __init__(self, url: str, baudrate: int) -> None:
        self._decoder = Decoder()
        self._search = SpeedSearch(url, (baudrate,), self._decoder)
        self._data = bytearray()
        self._readings: list[Reading] = []

    def on_data(self, data: bytes) -> None:
        """Decode and keep the bytes."""
        self._data += data[: _MAX_KEPT - len(self._data)]
        self._readings += self._search.feed(data, now=asyncio.get_running_loop().time())

    async def listen(self) -> ProbeResult:
        """Listen for a while, longer where the meter is heard; raise PortError."""
        loop = asyncio.get_running_loop()
        async with self._search.open(self) as port:
            began = loop.time()
            if await self._search.is_heard(port):
                await port.wait(began + FOUND_SECONDS - loop.time())
            seconds = loop.time() - began
        return ProbeResult(
            self._search.baudrate,
            seconds,
            bytes(self._data),
            self._decoder.counts,
            self._decoder.parity,
            self._search.mode,
            tuple(self._readings),
        )
