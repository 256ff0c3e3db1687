"""
Add the days of the history of `teleinfo page` to the statistics of an energy in Home Assistant.

    python3 home-assistant-history.py http://homeassistant.local:8123 sensor.linky_energie_soutiree days30.csv

HASS_TOKEN is a long-lived access token of an administrator. A day counts in its last hour, and only before
the first statistics that Home Assistant has itself. Name all files at once.
"""  # noqa: INP001 (a program, not a module)

from __future__ import annotations

import argparse
import asyncio
import csv
import datetime as dt
import itertools
import os
import sys
import zoneinfo
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NOT_IMPORTED = {"injected", "cost", "complete", "subscription", "end"}
HOUR = dt.timedelta(hours=1)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")


def days(path: Path, columns: Sequence[str] | None) -> Iterator[tuple[dt.datetime, int]]:
    """Yield the end of each day of a file, and an energy in Wh; that of a pause is of the day of its end."""
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        end = row.get("end")
        day = dt.datetime.fromisoformat(end or row["time"]).date()
        names = columns or [name for name in list(row)[1:] if name not in NOT_IMPORTED]
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), PARIS)
        yield midnight.astimezone(dt.UTC), sum(int(row[name] or 0) for name in names)


def statistics(
    energies: Mapping[dt.datetime, int], first: dict[str, float], factor: int
) -> list[dict[str, Any]]:
    """Return the statistics of the days before the `first` of Home Assistant, in the unit of `factor` Wh."""
    begin = dt.datetime.fromtimestamp(first["start"] / 1000, dt.UTC)
    total = 0.0
    made = []
    for end, energy in sorted(energies.items(), reverse=True):
        if end <= begin:
            made.append((end - HOUR, total))
            total -= energy / factor
            made.append((end - 25 * HOUR, total))
    zero = first["state"] - first["sum"]
    by_hour = sorted(dict(made).items())
    return [{"start": str(at), "state": zero + total, "sum": total} for at, total in by_hour]


async def main(energies: Mapping[dt.datetime, int], url: str, entity: str) -> None:
    """Ask Home Assistant what it has, and send the energies of the days before."""
    numbers = itertools.count(1)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/websocket") as socket:

        async def ask(kind: str, **fields: object) -> Any:  # noqa: ANN401 - what the command answers
            await socket.send_json({"id": next(numbers), "type": f"recorder/{kind}"} | fields)
            answer = await socket.receive_json()
            return answer["result"] if answer["success"] else sys.exit(answer["error"]["message"])

        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": os.environ["HASS_TOKEN"]})
        welcome = await socket.receive_json()
        if welcome["type"] != "auth_ok":
            sys.exit(welcome["message"])
        [known] = await ask("get_statistics_metadata", statistic_ids=[entity]) or sys.exit(f"no {entity}")
        unit = known["statistics_unit_of_measurement"]
        hours = await ask(
            "statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=[entity],
            period="hour",
            types=["state", "sum"],
            units={"energy": unit},
        )
        imported = {(end - HOUR).timestamp() * 1000 for end in energies}  # perhaps, by an earlier run
        own = [row for row in hours[entity] if row["sum"] >= 0 and row["start"] not in imported]
        if not own:
            sys.exit("Home Assistant has no statistics of an hour yet")
        rows = statistics(energies, own[0], {"Wh": 1, "kWh": 1000}[unit])
        about: dict[str, object] = {"has_mean": False, "has_sum": True, "name": None, "source": "recorder"}
        about |= {"statistic_id": entity, "unit_of_measurement": unit}
        if tuple(map(int, welcome["ha_version"].split(".")[:2])) >= (2025, 11):
            about |= {"mean_type": 0, "unit_class": "energy"}
        await ask("import_statistics", metadata=about, stats=rows)
        energy = rows[-1]["sum"] - rows[0]["sum"] if rows else 0
        sys.stdout.write(f"{len(rows)} hours, {energy:.0f} {unit}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("entity")
    parser.add_argument("files", nargs="+", type=Path, help="CSV of the page")
    parser.add_argument("--columns", nargs="+", help="those that are added; by default all tariff periods")
    given = parser.parse_args()
    energies = dict[dt.datetime, int]()
    for path in given.files:
        of_file = Counter[dt.datetime]()
        for end, energy in days(path, given.columns):
            of_file[end] += energy
        energies |= of_file
    asyncio.run(main(energies, given.url, given.entity))
