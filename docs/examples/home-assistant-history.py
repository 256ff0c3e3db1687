"""
Add the history of the page of teleinfo to the statistics of an energy in Home Assistant.

    python3 home-assistant-history.py URL sensor.teleinfo_energy_import_total days30.json
    python3 home-assistant-history.py URL sensor.teleinfo_index_hc days30.json --columns HC

HASS_TOKEN is a long-lived access token of an administrator. The files are `days30.json` of the page. Name all
of them at once: a second run replaces what the first one added.

Home Assistant stores sums, and shows their differences. The sums of the past begin at 0. The sums that Home
Assistant has itself are raised by the energy of the past. A day counts in its last hour, and a pause in its
last whole hour. What Home Assistant lacks of the day on which it began counts in the hour before it began.
"""  # noqa: INP001 (a program, not a module)

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import itertools
import json
import os
import sys
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOT_DRAWN = {"time", "exported", "cost", "complete", "subscription"}
"""The columns of a file that count no drawn energy."""
WH_OF_UNIT = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
MOST_SECONDS = 60
"""Seconds within which Home Assistant stores what it was sent."""


class Row(NamedTuple):
    """A statistic of Home Assistant: the begin of its period, and the sum at its end."""

    start: dt.datetime
    sum: float
    is_own: bool = False
    """True if Home Assistant has made it: what this program adds has no state of the meter."""


class History:
    """The energies of the files, in Wh: of each day, and of each pause that is part of several days."""

    def __init__(self) -> None:
        self.days: dict[dt.date, int] = {}
        self.pauses: dict[dt.datetime, int] = {}  # by their end

    def read(self, path: Path, columns: Sequence[str]) -> None:
        """Add the energies of a file in these `columns`; without any, in all that count drawn energy."""
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            self._add(table, columns, path)
        except OSError as error:
            sys.exit(f"{path} cannot be read: {error.strerror}.")
        except (ValueError, LookupError, TypeError):
            sys.exit(f"{path} is not days30.json of the page. Its address is in the documentation.")

    def _add(self, table: Mapping[str, Any], columns: Sequence[str], path: Path) -> None:
        if table["step"] != "P1D":
            raise ValueError
        names = table["columns"]
        unknown = sorted(set(columns) - set(names[1:]))
        if unknown:
            sys.exit(f"{path} has no column {', '.join(unknown)}. It has {', '.join(names[1:])}.")
        for row in table["rows"]:
            energies = dict(zip(names, row, strict=True))
            day = dt.date.fromisoformat(energies["time"])
            # If two files have a day, the file that was made later has more of it.
            self.days[day] = max(self.days.get(day, 0), counted(energies, columns))
        for _start, end, energies, _cost in table["gaps"]:
            self.pauses[dt.datetime.fromisoformat(end)] = counted(energies, columns)

    def until(self, end: dt.datetime, unit: str) -> dict[dt.datetime, float]:
        """Return the energies of the days and pauses until `end`, a whole hour, by the begin of an hour."""
        found = {midnight_after(day) - HOUR: energy / WH_OF_UNIT[unit] for day, energy in self.days.items()}
        for pause_end, energy in self.pauses.items():
            hour = pause_end.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) - HOUR
            found[hour] = found.get(hour, 0.0) + energy / WH_OF_UNIT[unit]
        return {hour: energy for hour, energy in found.items() if hour < end}


def counted(energies: Mapping[str, Any], columns: Sequence[str]) -> int:
    """Return the sum of the energies that count."""
    names = columns or sorted(energies.keys() - NOT_DRAWN)
    return sum(energies.get(name) or 0 for name in names)


def midnight_after(day: dt.date) -> dt.datetime:
    """Return the end of a day in France."""
    return dt.datetime.combine(day + DAY, dt.time(), PARIS).astimezone(dt.UTC)


def missing_energy(history: History, own: Sequence[Row], sum_before: float, unit: str) -> float:
    """
    Return the energy that Home Assistant lacks of the day of its first row, once this day is over.

    `own` are the rows that Home Assistant has made itself, and `sum_before` is the sum before the first one.
    """
    day = own[0].start.astimezone(PARIS).date()
    rows_of_day = [row for row in own if row.start < midnight_after(day)]
    is_over = len(rows_of_day) < len(own)
    began_at_midnight = own[0].start == midnight_after(day - DAY)
    if day not in history.days or not is_over or began_at_midnight:
        return 0.0
    has = rows_of_day[-1].sum - sum_before
    return max(history.days[day] / WH_OF_UNIT[unit] - has, 0.0)


def sums(energies: Mapping[dt.datetime, float], *, also: Iterable[dt.datetime]) -> list[Row]:
    """
    Return a row for each hour that has an energy, and one before the first day, whose sum is 0.

    The hours in `also`, which an earlier run added, have rows too: else they would keep their old sums.
    """
    hours = sorted({min(energies) - DAY, *energies, *also})
    totals = itertools.accumulate(energies.get(hour, 0.0) for hour in hours)
    return [Row(hour, total) for hour, total in zip(hours, totals, strict=True)]


class Recorder:
    """The recorder of Home Assistant, for the statistics of one `entity`, behind its WebSocket API."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, entity: str) -> None:
        self._socket = socket
        self._entity = entity
        self._numbers = itertools.count(1)
        self.unit = ""
        self._version = (0, 0)

    async def open(self) -> None:
        """Log in, and read the unit of the statistics."""
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": os.environ["HASS_TOKEN"]})
        welcome = await self._socket.receive_json()
        if welcome["type"] != "auth_ok":
            sys.exit(f"Home Assistant refuses HASS_TOKEN: {welcome['message']}.")
        year, month, *_patch = welcome["ha_version"].split(".")
        self._version = int(year), int(month)
        found = await self._ask("get_statistics_metadata", statistic_ids=[self._entity])
        if not found:
            sys.exit(
                f"Home Assistant has no statistics of {self._entity} yet: see Developer tools, Statistics."
            )
        self.unit = found[0]["statistics_unit_of_measurement"]
        if self.unit not in WH_OF_UNIT:
            sys.exit(f"{self._entity} is no energy: its unit is {self.unit}.")

    async def rows(self, period: str) -> list[Row]:
        """Return all statistics of this period: "hour" or "5minute"."""
        found = await self._ask(
            "statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=[self._entity],
            period=period,
            types=["state", "sum"],
            units={"energy": self.unit},
        )
        return [
            Row(dt.datetime.fromtimestamp(row["start"] / 1000, dt.UTC), row["sum"], row["state"] is not None)
            for row in found.get(self._entity, [])
        ]

    async def add(self, rows: Iterable[Row]) -> None:
        """Add statistics of hours, in place of those that are there."""
        about: dict[str, object] = {"has_mean": False, "has_sum": True, "name": None, "source": "recorder"}
        about |= {"statistic_id": self._entity, "unit_of_measurement": self.unit}
        if self._version >= (2025, 11):
            about |= {"mean_type": 0, "unit_class": "energy"}
        stats = [{"start": str(row.start), "sum": row.sum} for row in rows]
        await self._ask("import_statistics", metadata=about, stats=stats)

    async def raise_sums(self, since: dt.datetime, by: float) -> None:
        """Raise the sums of all statistics from `since` on."""
        await self._ask(
            "adjust_sum_statistics",
            statistic_id=self._entity,
            start_time=str(since),
            adjustment=by,
            adjustment_unit_of_measurement=self.unit,
        )

    async def _ask(self, kind: str, **fields: object) -> Any:  # noqa: ANN401 - what the command answers
        await self._socket.send_json({"id": next(self._numbers), "type": f"recorder/{kind}"} | fields)
        answer = await self._socket.receive_json()
        if not answer["success"]:
            sys.exit(f"Home Assistant refuses {kind}: {answer['error']['message']}")
        return answer["result"]


async def fill(recorder: Recorder, history: History) -> str:
    """Add the energies of the time before Home Assistant's first statistics; return a summary."""
    hours = await recorder.rows("hour")
    period = "hour" if any(row.is_own for row in hours) else "5minute"
    own = [row for row in await recorder.rows(period) if row.is_own]
    if not own:
        sys.exit("Home Assistant has no statistics of its own yet. It makes them each five minutes.")
    begin = own[0].start.replace(minute=0)
    added = [row for row in hours if row.start < begin]
    sum_before = added[-1].sum if added else 0.0
    if sum_before > own[0].sum:
        sum_before = 0.0  # an earlier run ended before it raised the sums

    energies = history.until(begin, recorder.unit)
    missing = missing_energy(history, own, sum_before, recorder.unit)
    if missing:
        energies[begin - HOUR] = energies.get(begin - HOUR, 0.0) + missing
    if not energies:
        sys.exit(f"The files have no day before {begin.astimezone(PARIS):%Y-%m-%d}.")
    rows = sums(energies, also=[row.start for row in added])
    raised_by = rows[-1].sum - sum_before
    await recorder.add(rows)
    await recorder.raise_sums(begin, raised_by)

    # Home Assistant answers before it has stored them.
    expected = own[0].sum + raised_by
    for _ in range(MOST_SECONDS):
        stored = [row for row in await recorder.rows(period) if row.is_own]
        if abs(stored[0].sum - expected) * WH_OF_UNIT[recorder.unit] < 1:
            first, last = (rows[0].start + HOUR).astimezone(PARIS), begin.astimezone(PARIS)
            return f"{rows[-1].sum:.1f} {recorder.unit} from {first:%Y-%m-%d} to {last:%Y-%m-%d %H:%M}"
        await asyncio.sleep(1)
    sys.exit("Home Assistant has not stored the statistics within a minute: look at its log.")


async def main(history: History, url: str, entity: str) -> None:
    """Connect to Home Assistant, and fill its statistics."""
    try:
        # A message without a limit: ten years of hours have 7 MB.
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url.rstrip('/')}/api/websocket", max_msg_size=0) as socket,
        ):
            recorder = Recorder(socket, entity)
            await recorder.open()
            sys.stdout.write(f"{await fill(recorder, history)}\n")
    except (aiohttp.ClientError, OSError, TypeError) as error:
        sys.exit(f"Home Assistant does not answer at {url}: {error}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="address of Home Assistant: http://homeassistant.local:8123")
    parser.add_argument("entity", help="id of the entity of an energy")
    parser.add_argument("files", nargs="+", type=Path, help="days30.json of the page")
    parser.add_argument(
        "--columns", nargs="+", default=[], help="the columns that count; by default all drawn"
    )
    given = parser.parse_args()
    if "HASS_TOKEN" not in os.environ:
        parser.error("HASS_TOKEN is not set: a long-lived access token of Home Assistant")
    history_of_files = History()
    for file in given.files:
        history_of_files.read(file, given.columns)
    asyncio.run(main(history_of_files, given.url, given.entity))
