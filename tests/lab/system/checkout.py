"""
The README and `make install` on Debian 12, whose systemd and Python are the oldest that are supported.

The tests stand in the order of one installation, and each continues after the one before it.
"""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.system import readme, roots
from tests.lab.system.container import Container
from tests.lab.system.roots import Recipe
from tests.support.figures import promise

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.real

BOOKWORM = Recipe(
    "bookworm",
    # tzdata for the simulated meter, which runs without the libraries of the program.
    installed=("dbus", "libbpf1", "procps", "python3", "sudo", "systemd", "systemd-sysv", "tzdata"),
    offered=("git", "make", "mosquitto", "mosquitto-clients", "python3-venv"),
)
PYTHON = "3.11"
CHECKOUT = f"/home/{readme.USER}/teleinfo"
MEMORIES = {
    *("/var/lib/teleinfo", "/var/lib/private/teleinfo"),
    *("/var/lib/teleinfo-production", "/var/lib/private/teleinfo-production"),
}
"""The directories of what the services remember; those of /var/lib are links to the private ones."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """Boot a Debian 12 with a meter, a user, and this checkout; PyPI is a folder."""
    with Container(BOOKWORM, tmp_path_factory.mktemp("checkout")) as container:
        readme.prepare(container)
        shutil.copytree(roots.wheels(PYTHON), container.root / "srv/wheels")
        (container.root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        yield container


def make(machine: Container, verb: str, *, check: bool = True) -> str:
    """Run one verb of the Makefile, in the checkout, as root."""
    return machine.run(f"cd {CHECKOUT} && make {verb}", check=check, limit=300)


def test_the_readme_is_the_whole_installation(machine: Container) -> None:
    """
    An ordinary user types its lines as they stand; then the service runs, and starts at boot.

    Installing as root leaves no file of root's in the checkout.
    """
    began = time.monotonic()
    said = "".join(readme.type_in(machine, block) for block in readme.section("2. The program"))
    reading = json.loads(machine.message())
    seconds = time.monotonic() - began
    # From the first step of `make install` on: four steps, and four lines that say what to do next.
    steps = said[said.index("-- ") :].splitlines()

    assert reading["ADCO"]
    assert machine.property("ActiveState") == "active"
    assert machine.run("systemctl is-enabled teleinfo").strip() == "enabled"
    assert machine.run("stat -c '%a %U' /etc/teleinfo/teleinfo.env").strip() == "600 root"
    assert machine.run(f"find {CHECKOUT} -user root") == ""
    assert [line.startswith("-- ") for line in steps] == [True] * 4 + [False] * 4, said
    assert "journalctl -u teleinfo" in said
    assert "mosquitto_sub" in said
    promise("README on Debian 12, to the first message, with the downloads at hand", seconds, at_most=300)


def test_the_sandbox_holds_with_an_old_systemd(machine: Container) -> None:
    """The systemd of Debian 12, which does not know two of its lines, scores the unit at most 1.5."""
    unknown = machine.run("journalctl -b --no-pager | grep -i 'unknown key' || true")

    for line in unknown.splitlines():
        assert "RestartSteps" in line or "RestartMaxDelaySec" in line, unknown
    promise("exposure on Debian 12", machine.exposure("teleinfo.service"), at_most=1.5, unit="of 10")


def test_an_upgrade_keeps_the_settings_and_is_soon_over(machine: Container) -> None:
    """The new program runs with the old settings; it is away for 5 s at most."""
    machine.settings("TELEINFO_PAYLOAD_NUMBERS=quantities")
    settings = machine.root / "etc/teleinfo/teleinfo.env"
    written = settings.read_bytes()
    before = machine.property("MainPID")
    make(machine, "install")
    left = int(machine.property("InactiveEnterTimestampMonotonic"))
    back = int(machine.property("ActiveEnterTimestampMonotonic"))

    assert machine.property("MainPID") != before
    assert settings.read_bytes() == written
    assert isinstance(json.loads(machine.message())["PAPP"], int)
    microseconds = back - left
    promise("upgrade by make install: the service is away", microseconds / 1e6, at_most=5)


def test_an_upgrade_that_meets_a_wrong_setting_says_so(machine: Container) -> None:
    """`make install` fails and names the command that shows why."""
    machine.settings("TELEINFO_MQTT_QOS=7")
    said = make(machine, "install", check=False)

    assert "n’a pas démarré" in said
    assert "journalctl -u teleinfo" in said
    assert "TELEINFO_MQTT_QOS" in machine.journal()
    machine.without_settings("TELEINFO_MQTT_QOS")
    make(machine, "install")
    machine.message()


def test_make_uninstall_leaves_nothing_but_the_settings(machine: Container) -> None:
    find = (
        "find / -xdev -name '*teleinfo*' -not -path '/home/*' -not -path '/srv/*' -not -path '/opt/checkout*'"
        " -not -path '/proc/*' -not -path '/var/lib/systemd/*' -not -path '/tmp/*'"
        " -not -path '/var/lib/private/teleinfo*/*'"
    )
    machine.run("install -m 0600 /etc/teleinfo/teleinfo.env /etc/teleinfo/production.env")
    machine.run("systemctl enable --now teleinfo@production")
    make(machine, "uninstall")

    assert machine.run("pgrep -f '[t]eleinfo run'", check=False) == ""
    settings = {"/etc/teleinfo", "/etc/teleinfo/teleinfo.env"}
    assert set(machine.run(find).split()) == settings | MEMORIES
    make(machine, "uninstall PURGE=1")
    assert machine.run(find) == ""
