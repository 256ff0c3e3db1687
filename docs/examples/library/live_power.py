"""
Print the apparent power at each frame, until Ctrl-C.

    python3 live_power.py /dev/ttyUSB0
    python3 live_power.py socket://bridge:2000
"""

import asyncio
import contextlib
import sys

import teleinfo

LABELS = {teleinfo.Mode.HISTORIQUE: "PAPP", teleinfo.Mode.STANDARD: "SINSTS"}


async def main(url: str) -> None:
    """Print a line for each frame."""
    async with contextlib.aclosing(teleinfo.read(url)) as readings:
        async for reading in readings:
            power = reading.values.get(LABELS[reading.mode])
            if power is not None:  # a damaged group is left out
                print(int(power), "VA", flush=True)


with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main(sys.argv[1]))
