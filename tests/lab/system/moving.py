"""A household moves to another machine, between two bare Debians, by the lines of docs/contract.md."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from teleinfo.contract.days import midnight
from tests.docs.markdown import PAGES, blocks
from tests.history import written
from tests.lab.system import roots
from tests.lab.system.container import Container
from tests.lab.system.debian import READ_PAGE, READY, TRIXIE, install

pytestmark = pytest.mark.real

CARRIED = ("teleinfo.tar.gz", "history.sqlite")
COUNT = (
    "import sqlite3; base = sqlite3.connect('/var/lib/teleinfo-web/cave.sqlite');"
    "curve = 'SELECT count(*), sum(value) FROM imported WHERE kind = ?';"
    "print(*base.execute(curve, ('curve',)).fetchone(),"
    " *base.execute('SELECT count(*) FROM reading').fetchone())"
)
"""Print three numbers: see `history`."""


def lines(number: int) -> str:
    """
    Return a block of commands of the part on another machine, as root types it.

    0 is typed on the old machine, 1 on the new one.
    """
    part = PAGES["contract.md"].partition("## Another machine\n")[2]
    return blocks(part, "sh")[number].replace("sudo ", "")


def history(machine: Container) -> tuple[float, ...]:
    """Return three numbers: the imported half-hours, the sum of their Wh, the readings of indexes."""
    printed = machine.run(f'python3 -c "{COUNT}"')
    return tuple(float(number) for number in printed.split())


def state(machine: Container) -> dict[str, dict[str, int]]:
    """Return a state of the service, once it knows the meter."""
    machine.until("mosquitto_sub -t cave/state -C 1 -W 2 | grep -q number")
    return dict(json.loads(machine.message("cave/state")))


def test_settings_memory_and_history_move(tmp_path_factory: pytest.TempPathFactory) -> None:
    """1. A machine has a history of its meter, and a file. 2. Another one goes on with all of it."""
    carried = tmp_path_factory.mktemp("carried")
    package = roots.package(carried)
    # Two days of half-hours, each with 1 Wh more than the one before it.
    begin = midnight(dt.date(2025, 3, 1))
    energies = [100 + number for number in range(96)]
    energy_by_time = {begin + 1800 * number: energy for number, energy in enumerate(energies)}
    curve = written.enedis(energy_by_time)
    with Container(TRIXIE, tmp_path_factory.mktemp("old")) as old:
        shutil.copy(package, old.root / "root/teleinfo.deb")
        install(old)
        old.settings("TELEINFO_MQTT_TOPIC=cave", "TELEINFO_STATE=true")
        old.run("systemctl restart teleinfo; systemctl enable --now teleinfo-web")
        old.until(READY)
        before = state(old)
        (old.root / "srv/curve.csv").write_bytes(curve)
        # The history is written every five minutes, and when the page ends.
        old.run(f'python3 -c "{READ_PAGE.format("")}"; systemctl restart teleinfo-web')
        old.run("teleinfo history import /srv/curve.csv")
        kept = history(old)
        old.run(f"cd /root\n{lines(0)}")
        for name in CARRIED:
            shutil.copy(old.root / "root" / name, carried)
    with Container(TRIXIE, tmp_path_factory.mktemp("new")) as new:
        # Its index is lower: a total that did not continue would be lower, too.
        new.run("sed -i 's/--seed 1/--seed 2/' /etc/systemd/system/meter@.service")
        new.run("systemctl daemon-reload; systemctl restart meter@ttyAMA0")
        shutil.copy(package, new.root / "root/teleinfo.deb")
        install(new)
        for name in CARRIED:
            shutil.copy(carried / name, new.root / "root")
        said = new.run(f"set -e; cd /root\n{lines(1)}")
        after = state(new)
        new.run("systemctl restart teleinfo-web")
        new.until(READY)
        moved = history(new)
        journal = new.run("journalctl -o cat --no-pager -u teleinfo-web")

    assert "Lignes ajoutées" in said
    kept_count, kept_energy, kept_readings = kept
    moved_count, moved_energy, moved_readings = moved
    assert (kept_count, kept_energy) == (96, sum(energies))
    assert (moved_count, moved_energy) == (kept_count, kept_energy)
    assert kept_readings > 0
    assert moved_readings >= kept_readings
    assert after["meter"]["id"] == before["meter"]["id"]
    assert after["energy"]["import_total"] >= before["energy"]["import_total"]
    assert "ne peut pas être gardé" not in journal
