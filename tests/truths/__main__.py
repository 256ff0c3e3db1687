"""
Print the bias and the greatest error of each field, over three days of each meter, and what is wrong.

    python -m tests.truths [--every SECONDS] [METER …]

Without `--every` each frame is compared; with it, one frame in so many seconds where nothing happens. The
exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from teleinfo.simulator.catalogue import METERS
from tests.truths.events import EVENTS, wrong_events
from tests.truths.judge import Tally, judged
from tests.truths.screens import Screens
from tests.truths.table import TRUTHS


def compare(name: str, every: float) -> tuple[dict[str, Tally], list[str]]:
    """Return the tallies of a meter, and what is wrong with its events and on the screens."""
    with tempfile.TemporaryDirectory() as folder, Screens(Path(folder)) as screens:
        world, tallies = judged(name, every, show=screens.show)
    return tallies, wrong_events(world) + screens.wrong


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.truths")
    parser.add_argument("--every", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("meters", nargs="*", default=[*METERS], metavar="METER")
    arguments = parser.parse_args()
    sums: defaultdict[str, Tally] = defaultdict(Tally)
    wrong: list[str] = []
    with ProcessPoolExecutor() as pool:
        for name, (tallies, events) in zip(
            arguments.meters, pool.map(compare, arguments.meters, repeat(arguments.every)), strict=True
        ):
            wrong += events
            for path, tally in tallies.items():
                sums[path].add(tally)
                wrong += [f"{name} {path}: {fault}" for fault in tally.faults(path, name)]
    sys.stdout.write(
        f"{'field':40} {'compared':>9} {'null':>6} {'bias':>8} {'greatest':>10} {'outside':>8}\n"
    )
    for path, truth in TRUTHS.items():
        if isinstance(truth, str):
            sys.stdout.write(f"{path:40} {truth}\n")
            continue
        of = sums[path]
        bias = f"{of.bias:+8.2%}" if of.sum else " " * 8
        sys.stdout.write(
            f"{path:40} {of.compared:9,} {of.nulls / max(1, of.compared):6.1%} {bias} {of.greatest:10,.1f}"
            f" {of.outside / max(1, of.compared):8.2%}\n"
        )
    sys.stdout.write(f"{len(EVENTS)} kinds of events\n" + "".join(f"WRONG {line}\n" for line in wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
