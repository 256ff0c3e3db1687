"""
Wait for a meter whose adapter is not plugged in yet, and print its first frame.

    python3 missing_port.py /dev/ttyUSB0
"""

import asyncio
import contextlib
import sys
import time

import teleinfo

PASSING = {teleinfo.PortErrorKind.MISSING, teleinfo.PortErrorKind.GONE, teleinfo.PortErrorKind.UNREACHABLE}


async def first_reading(url: str) -> teleinfo.Reading:
    """Return the first reading of the port."""
    async with contextlib.aclosing(teleinfo.read(url)) as readings:
        return await anext(readings)


while True:
    try:
        reading = asyncio.run(first_reading(sys.argv[1]))
        break
    except teleinfo.PortError as error:
        print(error.localized(), file=sys.stderr, flush=True)
        if error.kind not in PASSING:
            sys.exit(1)
    time.sleep(1)

print(dict(reading.values))
