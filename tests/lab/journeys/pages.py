"""The page beside the service, as a phone at home shows it (`make test-journeys`)."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shlex
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.docs.markdown import PAGES
from tests.lab.journeys.phone import Phone, phone
from tests.lab.system import readme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.journeys.player import House

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("page"),
    pytest.mark.parametrize("house", ["trixie"], indirect=True, scope="session"),
]

DATABASE = "/var/lib/private/teleinfo-web/teleinfo.sqlite"
SQL = "python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])'"
FETCH = "python3 -c 'import sys, urllib.request as web; print(web.urlopen(sys.argv[1]).read().decode())'"
# Two hundred readers, fifty at each of four addresses. Each prints the status of its answer.
READERS = """
import socket
readers = []
for number in range(200):
    source = f"192.168.77.{2 + number // 50}", 0
    readers.append(socket.create_connection(("192.168.77.1", 8080), 30, source))
    readers[-1].sendall(b"GET /events HTTP/1.1\\r\\nHost: meterhouse\\r\\n\\r\\n")
    print(readers[-1].recv(12)[9:].decode())
"""
KWH = r"[1-9][\d.,]*|0[.,]\d*[1-9]\d*"
"""A number that is not 0: 12, 1,5 or 0,05, and neither 0 nor 0,00."""


@pytest.fixture(scope="module")
def screen(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """Serve the page by the lines of the README; open it on a phone, until energy of today is shown."""
    # No meter counts as fast as this one.
    house.staged("reset; setting TELEINFO_PLAUSIBILITY=false; plug ttyAMA0 --time-lapse 60; began")
    readme.type_in(house, readme.section("La page")[0])
    with phone(house, tmp_path_factory.mktemp("phone") / "door.log") as screen:
        screen.shows("days-energy", KWH)
        yield screen


def energy(screen: Phone) -> float:
    """Return the kilowatt-hours of today, once there are some."""
    return first_number(screen.shows("days-energy", KWH))


def first_number(text: str) -> float:
    """Return the first number in a French text that is not 0; the comma is decimal."""
    number = re.search(KWH, text)
    assert number is not None, text
    return float(number[0].replace(",", "."))


@pytest.mark.brief
def test_the_page_is_found_by_the_name_of_the_machine(screen: Phone) -> None:
    names = ("meterhouse", "meterhouse.local", "192.168.77.1")

    assert [screen.status(f"{name}:8080") for name in names] == [200, 200, 200]
    assert screen.status("evil.example:8080") >= 400
    assert re.search(r"\d", screen.shown("power-figure"))
    assert screen.shown("stream-text") == "en direct"


@pytest.mark.brief
def test_the_energies_stay_through_a_restart(house: House, screen: Phone) -> None:
    """Row 34: with the default settings, after a restart of the page and of the service."""
    before = energy(screen)
    house.run("systemctl restart teleinfo-web teleinfo")
    screen.reload()

    assert energy(screen) >= before


@pytest.mark.brief
def test_a_restart_while_the_meter_is_silent(house: House, screen: Phone) -> None:
    """Row 35: the history is there, with the time of the last reading, and nothing says that it is live."""
    before = energy(screen)
    house.run("systemctl kill -s STOP stage-ttyAMA0; systemctl restart teleinfo-web")
    screen.reload()
    since = screen.shows("stream-text", r"depuis \d")
    after = energy(screen)
    house.run("systemctl kill -s CONT stage-ttyAMA0")

    assert after >= before
    assert "en direct" not in since
    assert screen.shows("stream-text", "^en direct$")


def test_a_pause_of_four_days_and_a_clock_that_was_ahead(house: House, screen: Phone) -> None:
    """Rows 36 and 28: the pause is a block in the sum; once the clock is right again, today is as before."""
    before = energy(screen)
    house.staged(
        "systemctl stop teleinfo-web; clock +4d; systemctl restart teleinfo; systemctl start teleinfo-web"
    )
    # A page asks for the days once a minute: it must not ask before the first reading.
    screen.shows("stream-text", "^en direct$")
    screen.reload()
    screen.sees("#days30 .bar-gap")
    in_all = first_number(screen.shows("days30", r"kWh\sen\stout"))
    house.staged("systemctl stop teleinfo-web; clock +0; systemctl restart teleinfo teleinfo-web")
    screen.reload()

    assert in_all > before
    assert energy(screen) >= before


def test_a_meter_is_exchanged(house: House, screen: Phone) -> None:
    """Row 37: the history of both can be reached."""
    energy(screen)
    # At its end the page writes the history of the meter: it may have run for less than a batch.
    house.staged("systemctl restart teleinfo-web")
    house.staged("plug ttyAMA0 --number 031528123456 --time-lapse 60; until works; do sleep 0.2; done")
    screen.reload()
    screen.shows("history-meters", r"3456[\s\S]*\n")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (f"echo damage >{DATABASE}", "abîmé"),
        # With tables of its own: a number alone counts as damage.
        (f"{SQL} {DATABASE} 'CREATE TABLE later (time); PRAGMA user_version = 99'", "plus récente"),
        (f"mount -t tmpfs -o size=8k tmpfs $(dirname {DATABASE})", "ne peut pas être gardé"),
    ],
    ids=["damaged", "newer", "no room"],
)
def test_a_database_that_cannot_be_used_is_said_on_the_page(
    house: House, screen: Phone, harm: str, words: str
) -> None:
    """Row 38: a sentence says so, perhaps after the one of the case before, and live values go on."""
    house.run(f"systemctl stop teleinfo-web; {harm}; systemctl start teleinfo-web")
    screen.reload()
    assert screen.shows("fault-text", words)
    live = screen.shows("power-figure", r"\d")
    house.run(
        f"systemctl stop teleinfo-web; umount $(dirname {DATABASE}) 2>/dev/null; rm -f {DATABASE}*;"
        "systemctl start teleinfo-web"
    )
    screen.reload()

    assert live
    assert energy(screen)


def test_readings_a_minute_apart(house: House, screen: Phone) -> None:
    """Row 39: the cards stay, with the age of the reading."""
    house.staged("setting TELEINFO_PUBLISH_INTERVAL=60; systemctl restart teleinfo")
    shown = screen.shows("power-title", r"Puissance\sil\sy\sa\s\d+\ss")
    house.staged("setting TELEINFO_PUBLISH_INTERVAL=0; systemctl restart teleinfo")

    assert shown
    assert screen.shown("power-figure")


@pytest.mark.usefixtures("screen")
def test_days_of_other_lengths_have_their_hours(house: House) -> None:
    """Row 40: both changes of the clocks, 31 December, 29 February; imported, 100 Wh each half-hour."""
    half_hours = {"2024-02-29": 48, "2025-10-26": 50, "2025-12-31": 48, "2026-03-29": 46}
    times = []
    for day, count in half_hours.items():
        midnight = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), ZoneInfo("Europe/Paris"))
        # From the half-hour before the day to that behind it, so that the day has both ends.
        for number in range(-1, count + 2):
            times.append(int(midnight.timestamp()) + number * 1800)
    with (house.root / "srv/readings").open("w", encoding="utf-8") as file:
        for number, time in enumerate(times):
            reading = {"timestamp": time * 1000, "ADCO": "031528999999", "BASE": f"{number * 100:09d}"}
            reading |= {"OPTARIF": "BASE", "PTEC": "TH"}
            file.write(f"{json.dumps(reading)}\n")
    [line] = re.findall(r"\| sudo (.* history import)$", PAGES["web.md"], re.MULTILINE)
    house.run(f"systemctl stop teleinfo-web; {line} </srv/readings; systemctl start teleinfo-web", limit=180)
    energy_by_day: dict[str, int] = {}
    for day in half_hours:
        end = dt.date.fromisoformat(day) + dt.timedelta(days=1)
        table = f"http://127.0.0.1:8080/history/031528999999/days30.csv?end={end}"
        house.until(f"{FETCH} '{table}' >/srv/table")
        for row in csv.reader((house.root / "srv/table").read_text(encoding="utf-8").splitlines()):
            if row and row[0] == day:
                energy_by_day[day] = int(row[1])

    assert energy_by_day == {day: 100 * count for day, count in half_hours.items()}


def test_two_hundred_readers_are_served_and_no_more(house: House, screen: Phone) -> None:
    """Row 41: four devices with fifty readers each, beside the phone: the last is refused, and all go on."""
    house.staged("for n in 3 4 5; do ip -n phone address add 192.168.77.$n/24 dev stage1; done")
    screen.reload()
    screen.shows("stream-text", "^en direct$")
    statuses = house.run(f"ip netns exec phone python3 -c {shlex.quote(READERS)}").split()
    screen.reload()

    assert statuses == ["200"] * 199 + ["503"]
    assert energy(screen)
    assert house.property("NRestarts", "teleinfo-web") == "0"


def test_a_token_closes_the_page(house: House, screen: Phone) -> None:
    """Row 41: with a token, its address shows the page, and the address without it shows nothing."""
    token = "0123456789abcdef0123456789abcdef"
    house.staged(f"setting TELEINFO_WEB_TOKEN={token}; systemctl restart teleinfo-web")
    with_token = screen.status("meterhouse:8080", f"/{token}/")
    without_token = screen.status("meterhouse:8080", "/")
    house.run("sed -i /WEB_TOKEN/d /etc/teleinfo/teleinfo.env; systemctl restart teleinfo-web")

    assert with_token == 200
    assert without_token >= 400
