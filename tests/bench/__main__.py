"""Run the benchmark: `python -m tests.bench [--only PART] [--meter NAME] [--quick] [--markdown]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import cpu, decoding, latency, memory, price, several, truth
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
    "scale": several.rows,
    "price": price.rows,
    "truth": truth.rows,
}

METERS = [name for names in GROUPS.values() for name in names]
METER = f"truth and price of this meter alone: {', '.join(METERS)}"
RUNS = "megabytes of each stream, hundred thousands of damaged groups"
LIBRARIES = ("aiomqtt", "paho-mqtt", "pydantic", "pydantic-settings", "pyserial", "pyserial-asyncio")


def describe() -> str:
    """Return the processor, system, Python and libraries, and how busy the machine was; no name of a host."""
    pairs = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    # On a Raspberry Pi the field Model names the board.
    processor = facts.get("Model") or facts.get("model name") or platform.machine()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{processor}, {os.cpu_count()} cores, Linux {platform.release()} {platform.machine()}\n"
        f"{platform.python_implementation()} {platform.python_version()}, {versions}\n"
        f"load average at the end {os.getloadavg()[0]:.2f}"
    )


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
        scale = replace(scale, pieces=runs, damaged=runs * 100_000)
    rows = []
    for part in arguments.only or PARTS:
        sys.stderr.write(f"measuring {part} …\n")
        rows += PARTS[part](scale)
    table = markdown(rows) if arguments.markdown else text(rows)
    sys.stdout.write(f"{describe()}\n\n{table}\n")
    return any(row.promise and row.reached is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
