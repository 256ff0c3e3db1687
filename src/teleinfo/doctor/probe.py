"""
Listen to the line at one speed after the other, until the meter is found.

Where it is found the line is listened to for longer, to measure its quality.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.port.baud_detector import ENOUGH_GROUPS, SPEEDS
from teleinfo.port.serial_port import open_port
from teleinfo.tic.decoder import Counts, Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from teleinfo.port.serial_port import Port
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

FIRST_SECONDS = 6.0
"""How long each speed is tried: at 1200 baud a frame may last 3.7 s, and the port is opened in its middle."""

FOUND_SECONDS = 12.0
"""How long the meter is listened to once it is heard: some 1400 characters at 1200 baud."""

_READ_TIMEOUT = 0.5
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


def speeds(wanted: Sequence[int]) -> list[int]:
    """Return the speeds to try, baud: those of the settings, then the others that meters use."""
    return list(dict.fromkeys([*wanted, *SPEEDS["auto"]]))


async def probe_speeds(
    url: str, baudrates: Sequence[int], on_speed: Callable[[int], None]
) -> list[ProbeResult]:
    """
    Return what came at each speed; the last one is that of the meter, if its mode is not None.

    `on_speed` is called with each speed before it is tried. Raises PortError.
    """
    results = []
    for baudrate in baudrates:
        on_speed(baudrate)
        probe = _Probe()
        async with open_port(url, baudrate, probe.on_data) as port:
            results.append(await probe.listen(port, baudrate))
        if results[-1].mode is not None:
            break
    return results


class _Probe:
    """What comes at one speed."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._data = bytearray()
        self._readings: list[Reading] = []
        self._mode: Mode | None = None

    def on_data(self, data: bytes) -> None:
        """Decode what came."""
        self._data += data[: _MAX_KEPT - len(self._data)]
        for reading in self._decoder.feed(data, now=asyncio.get_running_loop().time()):
            self._readings.append(reading)
            if len(reading.values) >= ENOUGH_GROUPS:
                self._mode = reading.mode

    async def listen(self, port: Port, baudrate: int) -> ProbeResult:
        """Listen for a while, longer where the meter is heard; raise PortError."""
        loop = asyncio.get_running_loop()
        began = now = loop.time()
        while now - began < (FIRST_SECONDS if self._mode is None else FOUND_SECONDS):
            await port.wait(_READ_TIMEOUT)
            now = loop.time()
            if self._mode is None:
                pending, groups = self._decoder.pending()
                self._mode = pending if groups >= ENOUGH_GROUPS else None
        return ProbeResult(
            baudrate,
            now - began,
            bytes(self._data),
            self._decoder.counts,
            self._decoder.parity,
            self._mode,
            tuple(self._readings),
        )
