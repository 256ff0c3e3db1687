"""
`make install` from a checkout on Debian 12, whose systemd and Python are the oldest that are supported.

The tests stand in the order of one life of it, and each goes on where the one before it ended.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.system import roots
from tests.system.container import Container, booted
from tests.system.roots import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.figures import Figures

pytestmark = pytest.mark.real

BOOKWORM = Recipe(
    "bookworm",
    installed=(
        *("dbus", "libbpf1", "make", "mosquitto", "mosquitto-clients", "procps", "python3", "python3-venv"),
        # The last one for the simulated meter alone, which runs without the libraries of the program.
        *("systemd", "systemd-sysv", "tzdata"),
    ),
)
PYTHON = "3.11"
# Make the installed distribution one of its first name, with a module that is gone today.
TO_THE_FIRST_NAME = """
    cd /opt/teleinfo/lib/python3*/site-packages
    touch teleinfo/stale.py
    echo teleinfo/stale.py,, >>$(echo teleinfo_mqtt-*.dist-info)/RECORD
    sed -i 's/^Name: .*/Name: teleinfo/' teleinfo_mqtt-*.dist-info/METADATA
    sed -i 's/^teleinfo_mqtt-/teleinfo-/' teleinfo_mqtt-*.dist-info/RECORD
    mv teleinfo_mqtt-*.dist-info $(echo teleinfo_mqtt-*.dist-info | sed 's/^teleinfo_mqtt-/teleinfo-/')
"""
# What a checkout has; not the environments and caches of whoever runs the test.
PARTS = ".env-sample LICENSE Makefile README.md docs pyproject.toml src systemd"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """Boot a Debian 12 with a meter, a broker and a checkout; PyPI is a folder."""
    with booted(BOOKWORM, tmp_path_factory.mktemp("checkout")) as container:
        container.run(f"mkdir ~/checkout && cd /opt/checkout && cp -r {PARTS} ~/checkout")
        container.run("chown -R 1000:1000 ~/checkout")
        wheels = container.root / "root/wheels"
        wheels.mkdir()
        for wheel in roots.wheels(PYTHON).iterdir():
            (wheels / wheel.name).write_bytes(wheel.read_bytes())
        yield container


def make(machine: Container, verb: str, *, check: bool = True) -> str:
    """Run one verb of the Makefile, in the checkout, as root."""
    environ = "PIP_NO_INDEX=1 PIP_FIND_LINKS=$HOME/wheels"
    return machine.run(f"cd ~/checkout && {environ} make {verb}", check=check, limit=300)


def test_make_install_is_the_whole_installation(machine: Container, figures: Figures) -> None:
    """One command later the service runs, starts at boot, its messages come; each step is announced."""
    began = time.monotonic()
    said = make(machine, "install")
    installed = time.monotonic()
    reading = json.loads(machine.messages()[0])

    assert reading["ADCO"]
    assert machine.property("ActiveState") == "active"
    assert machine.run("systemctl is-enabled teleinfo").strip() == "enabled"
    assert machine.run("stat -c '%a %U' /etc/teleinfo/teleinfo.env").strip() == "600 root"
    assert [line.startswith("-- ") for line in said.splitlines()] == [True] * 4 + [False] * 3, said
    assert "journalctl -u teleinfo" in said
    assert "mosquitto_sub" in said
    assert machine.run("teleinfo --version").startswith("teleinfo ")
    figures.kept("make install on Debian 12, with the wheels at hand", installed - began, at_most=300)


def test_the_checkout_stays_its_owners(machine: Container) -> None:
    """Installing as root leaves no file of root's in the checkout."""
    assert machine.run("find ~/checkout -user root") == ""


def test_the_sandbox_holds_with_an_old_systemd(machine: Container, figures: Figures) -> None:
    """The systemd of Debian 12 scores the running unit at most 1.5 as well, and two lines are new to it."""
    said = machine.run("systemd-analyze security --no-pager teleinfo.service | tail -n 1")
    unknown = machine.run("journalctl -b --no-pager | grep -i 'unknown key' || true")

    assert all("RestartSteps" in line or "RestartMaxDelaySec" in line for line in unknown.splitlines()), (
        unknown
    )
    figures.kept("exposure on Debian 12", float(said.split(":")[1].split()[0]), at_most=1.5, unit="of 10")


def test_make_install_again_is_an_upgrade(machine: Container, figures: Figures) -> None:
    """The new program runs with the old settings, without a file of the old one; at most 5 s away."""
    machine.run(TO_THE_FIRST_NAME)
    machine.settings("TELEINFO_PAYLOAD_NUMBERS=true")
    machine.run("sed -i 's/^__version__ = .*/__version__ = \"9.9.9\"/' ~/checkout/src/teleinfo/__init__.py")
    before = machine.property("MainPID")
    make(machine, "install")
    left, back = (
        int(machine.property(name))
        for name in ("InactiveEnterTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    )
    machine.messages()

    assert machine.property("MainPID") != before
    assert isinstance(json.loads(machine.messages()[0])["PAPP"], int)
    assert json.loads(machine.messages("teleinfo/health")[0])["version"] == "9.9.9"
    assert machine.run("cd /opt/teleinfo/lib/python3*/site-packages && ls -d teleinfo*").split() == [
        "teleinfo",
        "teleinfo_mqtt-9.9.9.dist-info",
    ]
    assert (
        machine.run("ls /opt/teleinfo/lib/python3*/site-packages/teleinfo/stale.py 2>/dev/null || true") == ""
    )
    figures.kept("upgrade by make install: the service is away", (back - left) / 1e6, at_most=5)


def test_an_upgrade_does_not_start_what_the_household_disabled(machine: Container) -> None:
    """`systemctl disable --now` outlives `make install`."""
    machine.run("systemctl disable --now teleinfo")
    make(machine, "install")

    assert machine.property("ActiveState") == "inactive"
    machine.run("systemctl enable --now teleinfo")
    machine.messages()


def test_an_upgrade_that_meets_a_wrong_setting_says_so(machine: Container) -> None:
    """`make install` fails and names the command that shows why."""
    machine.settings("TELEINFO_MQTT_QOS=7")
    said = make(machine, "install", check=False)

    assert "did not start" in said
    assert "journalctl -u teleinfo" in said
    assert "TELEINFO_MQTT_QOS" in machine.journal()
    machine.without_settings("TELEINFO_MQTT_QOS")
    make(machine, "install")
    machine.messages()


def test_it_runs_again_after_a_reboot(machine: Container) -> None:
    """Nobody has to start it."""
    machine.reboot()

    assert machine.messages()


def test_make_uninstall_leaves_nothing_but_the_settings(machine: Container) -> None:
    """No process, no program, no unit, no link; `PURGE=1` takes the settings too."""
    find = (
        "find / -xdev -name '*teleinfo*' -not -path \"$HOME/*\" -not -path '/opt/checkout*'"
        " -not -path '/proc/*' -not -path '/var/lib/systemd/*' -not -path '/tmp/*'"
    )
    machine.run("install -m 0600 /etc/teleinfo/teleinfo.env /etc/teleinfo/production.env")
    machine.run("systemctl enable --now teleinfo@production")
    make(machine, "uninstall")

    assert machine.run("pgrep -f '[t]eleinfo run'", check=False) == ""
    assert machine.run(find).split() == ["/etc/teleinfo", "/etc/teleinfo/teleinfo.env"]
    make(machine, "uninstall PURGE=1")
    assert machine.run(find) == ""
