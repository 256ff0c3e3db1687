"""Run the benchmark: `python -m tests.bench [--only PART] [--meter NAME] [--quick] [--markdown]`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.bench import cpu, decoding, discovery, latency, memory, price, several, state, truth
from tests.bench.machine import describe
from tests.bench.meters import GROUPS
from tests.bench.rows import markdown, text
from tests.bench.scale import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.rows import Row
    from tests.bench.scale import Scale

PARTS: dict[str, Callable[[Scale], list[Row]]] = {
    "decoding": decoding.rows,
    "cpu": cpu.rows,
    "latency": latency.rows,
    "memory": memory.rows,
    "homeassistant": discovery.rows,
    "state": state.rows,
    "scale": several.rows,
    "price": price.rows,
    "truth": truth.rows,
}

METERS = [name for names in GROUPS.values() for name in names]
METER = f"truth and price of this meter alone: {', '.join(METERS)}"
RUNS = "megabytes of each stream, starts of each program, hundred thousands of damaged groups"


def main() -> int:
    """Read the command line, measure, print the table, and return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="See how fast it is.")
    parser.add_argument("--only", metavar="PART", choices=PARTS, action="append", help=", ".join(PARTS))
    parser.add_argument("--meter", metavar="NAME", choices=METERS, action="append", help=METER)
    parser.add_argument("--quick", action="store_true", help="a look in two minutes instead of fifteen")
    parser.add_argument("--runs", type=int, metavar="N", help=RUNS)
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    arguments = parser.parse_args()
    scale = replace(QUICK if arguments.quick else FULL, only=tuple(arguments.meter or ()))
    if arguments.runs:
        runs = arguments.runs
        scale = replace(scale, pieces=runs, starts=runs, damaged=runs * 100_000)
    rows = []
    for part in arguments.only or PARTS:
        sys.stderr.write(f"measuring {part} …\n")
        rows += PARTS[part](scale)
    table = markdown(rows) if arguments.markdown else text(rows)
    sys.stdout.write(f"{describe()}\n\n{table}\n")
    return any(row.promise and row.reached is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
