"""Run the benchmark: `python -m tests.lab.bench [--only PART] [--quick]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.bench import cpu, decoding, latency, several, truth, watts, web
from tests.lab.bench.rows import table
from tests.lab.bench.scale import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.bench.rows import Row
    from tests.lab.bench.scale import Scale

PARTS: dict[str, Callable[[Scale], list[Row]]] = {
    "decoding": decoding.rows,
    "cpu": cpu.rows,
    "latency": latency.rows,
    "scale": several.rows,
    "truth": truth.rows,
    "watts": watts.rows,
    "web": web.rows,
}


def main() -> int:
    """Read the command line, measure, print the table, and return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.bench", description="See how fast it is.")
    parser.add_argument("--only", metavar="PART", choices=PARTS, action="append", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a look in three minutes instead of 25")
    parser.add_argument("--meters", metavar="N", type=int, help="how many at scale, in place of some numbers")
    parser.add_argument("--seconds", metavar="S", type=float, help="how long they are watched at scale")
    arguments = parser.parse_args()
    scale = QUICK if arguments.quick else FULL
    if arguments.meters:
        scale = replace(scale, meters=(arguments.meters,))
    if arguments.seconds:
        scale = replace(scale, meter_seconds=arguments.seconds)
    rows = []
    for part in arguments.only or PARTS:
        sys.stderr.write(f"measuring {part} …\n")
        rows += PARTS[part](scale)
    sys.stdout.write(
        f"{os.cpu_count()} cores, Linux {platform.release()} {platform.machine()},"
        f" {platform.python_implementation()} {platform.python_version()},"
        f" load average at the end {os.getloadavg()[0]:.2f}\n\n{table(rows)}\n"
    )
    return any(row.promise and row.reached is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
