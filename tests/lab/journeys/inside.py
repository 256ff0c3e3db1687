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
TIMES = {"time", "begin", "end", "day", "heard"}
YEAR_2000 = 946684800

WATCH = "timeout 8 script --quiet --command 'stty cols 120 rows 50; teleinfo watch --mqtt' /dev/null 2>&1"
FRENCH = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "fr_FR.UTF-8", "TERM": "xterm-256color"}
TODAY = re.compile(r"aujourd’hui\s(\d+),(\d\d)\skWh")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

FRAMES = 200
FAILS_AT, RETURNS_AT = 6, 16
OF_PHASE_2 = {"PPOT": "04", "IINST2": "000"}


def lost_phase() -> None:
    """Print frames of a meter of three phases, whose second phase fails for ten of them."""
    from teleinfo.simulator.catalogue import build  # noqa: PLC0415 - the other commands do without
    from teleinfo.simulator.encode import encode_frame, with_parity  # noqa: PLC0415

    start = dt.datetime.now()  # noqa: DTZ005 - as a meter has it
    meter = build("tri", start=start, rng=random.Random(1), household="usual")
    for number in range(FRAMES):
        groups = meter.frame(start + dt.timedelta(seconds=3 * number))
        if FAILS_AT <= number < RETURNS_AT:
            groups = [group._replace(value=OF_PHASE_2.get(group.label, group.value)) for group in groups]
        sys.stdout.buffer.write(with_parity(encode_frame(groups)))


def since_2000() -> str:
    """Return what the memory or the history has of a time before 2000; an empty text if nothing."""
    old = re.findall(r'"19\d\d-\d\d[^"]*"', MEMORY.read_text(encoding="utf-8"))
    with sqlite3.connect(HISTORY) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
            for column in TIMES & columns:
                condition = f"typeof({column}) = 'integer' AND {column} < {YEAR_2000}"
                found = database.execute(f"SELECT * FROM {table} WHERE {condition}").fetchall()
                old += [f"{table}: {row}" for row in found]
    return "\n".join(old)


def one_today() -> str:
    """Return how state, page and terminal disagree about the energy of today; an empty text if they agree."""
    before = _state()
    number, day = before["meter"]["serial_number"], dt.datetime.now().date().isoformat()  # noqa: DTZ005
    with urllib.request.urlopen(f"{PAGE}/{number}/totals.json") as answer:
        days = json.load(answer)["days"]
    screen = subprocess.run(WATCH, shell=True, env=FRENCH, stdout=subprocess.PIPE, check=False)
    after = _state()
    shown = TODAY.findall(COLOUR.sub("", screen.stdout.decode()))
    last, columns = days["rows"][-1], days["columns"]
    of_page = sum(last[at] or 0 for at, name in enumerate(columns) if name.isupper())
    of_terminal = int(shown[-1][0]) * 1000 + int(shown[-1][1]) * 10 if shown else -1
    least, most = before["energy"]["today"]["imported"], after["energy"]["today"]["imported"]
    # The terminal rounds to 10 Wh.
    if last[0] == day and least <= of_page <= most and least - 5 <= of_terminal <= most + 5:
        return ""
    return f"{day}: state {least} to {most} Wh, page {of_page} Wh on {last[0]}, terminal {of_terminal} Wh"


def _state() -> dict[str, Any]:
    """Return the next state that is published."""
    command = ("mosquitto_sub", "-t", "teleinfo/state", "-C", "1", "-R")
    state: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return state


if __name__ == "__main__":
    sys.exit({"lost-phase": lost_phase, "since-2000": since_2000, "one-today": one_today}[sys.argv[1]]() or 0)
