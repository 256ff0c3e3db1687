"""
What is too much for a shell of a journey: `inside.py lost-phase | since-2000 | one-today`.

Run inside by any Python 3.11; `lost-phase` wants the modules of the simulated meter.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

HISTORY = "/var/lib/private/teleinfo-web/teleinfo.sqlite"
MEMORY = Path("/var/lib/private/teleinfo/teleinfo.json")
PAGE = "http://127.0.0.1:8080/history"
TIME_COLUMNS = {"time", "begin", "end", "day", "heard"}
YEAR_2000 = 946684800
"""1 January 2000 at 0:00 UTC, in seconds since 1970."""

WATCH = "timeout 8 script --quiet --command 'stty cols 120 rows 50; teleinfo watch --mqtt' /dev/null 2>&1"
FRENCH = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "fr_FR.UTF-8", "TERM": "xterm-256color"}
TODAY = re.compile(r"aujourd’hui\s(\d+),(\d\d)\skWh")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What a terminal reads as a colour or a movement of the cursor."""
ROUNDING = 5
"""Wh: the terminal shows hundredths of a kWh."""

FRAMES = 200
FAILS_AT = 6
RETURNS_AT = 16
"""The first frame without the second phase, and the first one with it again."""
WITHOUT_PHASE_2 = {"PPOT": "04", "IINST2": "000"}
"""Values while the second phase fails, by label: bit 2 of PPOT says that it does."""


def lost_phase() -> None:
    """Print frames of a meter of three phases, whose second phase fails for ten of them."""
    from teleinfo.simulator.catalogue import build  # noqa: PLC0415 - the other commands do without
    from teleinfo.simulator.encode import encode_frame, with_parity  # noqa: PLC0415

    start = dt.datetime.now()  # noqa: DTZ005 - as a meter has it
    meter = build("tri", start=start, rng=random.Random(1), household="usual")
    for number in range(FRAMES):
        groups = meter.frame(start + dt.timedelta(seconds=3 * number))
        if FAILS_AT <= number < RETURNS_AT:
            for at, group in enumerate(groups):
                if group.label in WITHOUT_PHASE_2:
                    groups[at] = group._replace(value=WITHOUT_PHASE_2[group.label])
        sys.stdout.buffer.write(with_parity(encode_frame(groups)))


def since_2000() -> str:
    """Return what the memory or the history has of a time before 2000, a line each; empty if nothing."""
    before_2000 = re.findall(r'"19\d\d-\d\d[^"]*"', MEMORY.read_text(encoding="utf-8"))
    with sqlite3.connect(HISTORY) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = {name for _number, name, *_rest in database.execute(f"PRAGMA table_info({table})")}
            for column in TIME_COLUMNS & columns:
                condition = f"typeof({column}) = 'integer' AND {column} < {YEAR_2000}"
                for row in database.execute(f"SELECT * FROM {table} WHERE {condition}"):
                    before_2000.append(f"{table}: {row}")
    return "\n".join(before_2000)


def one_today() -> str:
    """Return how state, page and terminal disagree about the energy of today; an empty text if they agree."""
    today = dt.datetime.now().date().isoformat()  # noqa: DTZ005 - the day of the house
    before = _state()
    page_day, page_energy = _last_day_of_page(before["meter"]["serial_number"])
    terminal_energy = _today_of_terminal()
    after = _state()
    # The meter goes on counting while page and terminal are asked.
    least = before["energy"]["today"]["imported"]
    most = after["energy"]["today"]["imported"]
    if (
        page_day == today
        and least <= page_energy <= most
        and least - ROUNDING <= terminal_energy <= most + ROUNDING
    ):
        return ""
    return (
        f"{today}: state {least} to {most} Wh, page {page_energy} Wh on {page_day},"
        f" terminal {terminal_energy} Wh"
    )


def _last_day_of_page(number: str) -> tuple[str, int]:
    """Return the last day that the page has of the meter with this number, and its energy in Wh."""
    with urllib.request.urlopen(f"{PAGE}/{number}/totals.json") as answer:
        days = json.load(answer)["days"]
    last_row = days["rows"][-1]
    energy = 0
    for name, value in zip(days["columns"], last_row, strict=True):
        # Only the names of energies, such as HCHC, are in capital letters; None: nothing was drawn in it.
        if name.isupper() and value is not None:
            energy += value
    return last_row[0], energy


def _today_of_terminal() -> int:
    """Return the energy of today in Wh that `teleinfo watch` shows last; -1 if it shows none."""
    screen = subprocess.run(WATCH, shell=True, env=FRENCH, stdout=subprocess.PIPE, check=False)
    shown = TODAY.findall(ESCAPE.sub("", screen.stdout.decode()))
    if not shown:
        return -1
    kwh, hundredths = shown[-1]
    return int(kwh) * 1000 + int(hundredths) * 10


def _state() -> dict[str, Any]:
    """Return the next state that is published."""
    command = ("mosquitto_sub", "-t", "teleinfo/state", "-C", "1", "-R")
    state: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return state


COMMANDS = {"lost-phase": lost_phase, "since-2000": since_2000, "one-today": one_today}

if __name__ == "__main__":
    fault = COMMANDS[sys.argv[1]]()
    # A text goes to standard error, and the exit status is 1.
    sys.exit(fault or 0)
