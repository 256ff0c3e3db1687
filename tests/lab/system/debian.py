"""
The Debian package on Debian 13, under a real systemd: one life of it, from `apt install` to `apt purge`.

The tests stand in that order, and each continues after the one before it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.markdown import PAGES, blocks
from tests.lab.system import roots
from tests.lab.system.container import Container
from tests.lab.system.roots import Recipe
from tests.support.figures import promise

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.real

TRIXIE = Recipe(
    "trixie",
    installed=("dbus", "iproute2", "libbpf1", "procps", "python3", "systemd", "systemd-sysv"),
    offered=(
        *("mosquitto", "mosquitto-clients"),
        *("python3-aiohttp", "python3-asyncio-mqtt", "python3-pydantic-settings", "python3-serial-asyncio"),
    ),
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """Boot a Debian 13 with a meter on /dev/ttyAMA0 and the package in /root."""
    folder = tmp_path_factory.mktemp("debian")
    package = roots.package(folder)
    with Container(TRIXIE, folder) as container:
        (container.root / "root/teleinfo.deb").write_bytes(package.read_bytes())
        yield container


def install(machine: Container) -> None:
    """Install the package as a household does; a second time, it is an upgrade."""
    machine.run("cd /root && apt-get install -y -q --reinstall ./teleinfo.deb", limit=300)


def pid(machine: Container) -> int:
    """Return the daemon's process."""
    return int(machine.property("MainPID"))


def test_apt_install_is_the_whole_installation(machine: Container) -> None:
    """One command later the service runs, starts at boot, and its messages come."""
    began = time.monotonic()
    install(machine)
    installed = time.monotonic()
    reading = json.loads(machine.message())
    first = time.monotonic()

    assert reading["ADCO"]
    assert machine.property("ActiveState") == "active"
    assert machine.run("systemctl is-enabled teleinfo").strip() == "enabled"
    assert machine.run("stat -c '%a %U' /etc/teleinfo/teleinfo.env").strip() == "600 root"
    promise("apt install, with the archives at hand", installed - began, at_most=300)
    promise("from apt install to the first message", first - began, at_most=320)


def test_the_login_console_is_stopped_once_a_setting_names_its_port(machine: Container) -> None:
    """On a machine that is no Raspberry Pi it may be the only way in: untouched settings leave it alone."""
    console = "serial-getty@ttyAMA0.service"
    before = machine.property("Conflicts").split()
    machine.settings("TELEINFO_SERIAL_PORT=/dev/ttyAMA0")
    machine.run("systemctl daemon-reload")

    assert console not in before
    assert console in machine.property("Conflicts").split()


def test_the_unit_for_name_servers_has_a_sandbox(machine: Container) -> None:
    """
    It works as root, and needs systemd's socket alone: another name server is allowed within seconds.

    A file that is made in /run immediately before, as a DHCP client does, hides no change.
    """
    unit = "teleinfo-name-servers.service"
    allowed = "systemctl show --value -p IPAddressAllow teleinfo"
    machine.run("cp /etc/resolv.conf /run/resolv.conf.before")
    for address in ("203.0.113.53", "203.0.113.54", "203.0.113.55"):
        machine.run(f"touch /run/{address}; echo nameserver {address} >/etc/resolv.conf")
        machine.until(f"{allowed} | grep -q -F {address}")
    machine.run("cat /run/resolv.conf.before >/etc/resolv.conf")
    machine.until(f"! {allowed} | grep -q -F 203.0.113")

    assert machine.property("Result", unit) == "success"
    promise("exposure of the unit for name servers", machine.exposure(unit), at_most=3, unit="of 10")


def test_an_upgrade_restarts_the_service_and_keeps_the_settings(machine: Container) -> None:
    machine.settings("TELEINFO_PAYLOAD_TIMESTAMP=true", "TELEINFO_HOMEASSISTANT=true")
    settings = machine.root / "etc/teleinfo/teleinfo.env"
    written = settings.read_bytes()
    machine.run("systemctl restart teleinfo")
    former = machine.message("homeassistant/device/+/config")
    before = pid(machine)
    install(machine)

    assert pid(machine) not in (0, before)
    assert settings.read_bytes() == written
    assert [path.name for path in settings.parent.iterdir()] == ["teleinfo.env"]
    assert machine.message("homeassistant/device/+/config") == former
    assert "timestamp" in json.loads(machine.message())
    assert machine.run("stat -c '%a %U' /etc/teleinfo/teleinfo.env").strip() == "600 root"


def test_the_service_remembers_its_meter_in_a_directory_of_its_own(machine: Container) -> None:
    """The sandbox lets the service write there; after a restart it reads what it wrote."""
    state = json.loads(machine.message("teleinfo/state"))
    for _ in range(2):
        machine.run("systemctl restart teleinfo")
        machine.until("mosquitto_sub -t teleinfo/state -C 1 -R")
    memory = json.loads(machine.run("cat /var/lib/teleinfo/teleinfo.json"))

    assert memory["meter"] == state["meter"]["id"]
    assert machine.run("stat -c %a /var/lib/private/teleinfo").strip() == "700"
    assert machine.run("stat -c %a /var/lib/teleinfo/teleinfo.json").strip() == "600"
    journal = machine.journal()
    assert "impossible d’écrire" not in journal
    assert "est perdu" not in journal
    machine.without_settings("TELEINFO_HOMEASSISTANT")


def replaced_after(machine: Container, signal: str) -> float:
    """Send a signal to the daemon, and return after how many seconds another process is active."""
    before = pid(machine)
    is_another = f"test $(systemctl show --value -p MainPID teleinfo) -ne {before}"
    began = time.monotonic()
    machine.run(f"kill -{signal} {before}")
    machine.until(f"{is_another} && systemctl is-active teleinfo")
    return time.monotonic() - began


def test_a_killed_daemon_is_replaced(machine: Container) -> None:
    """After `kill -9`: a new process within seconds, and messages again."""
    promise("kill -9: active again", replaced_after(machine, "KILL"), at_most=20)

    assert machine.message()


def test_a_daemon_that_hangs_is_replaced_by_the_watchdog(machine: Container) -> None:
    """SIGSTOP: systemd misses the sign of life, kills it and starts another."""
    machine.run("mkdir -p /run/systemd/system/teleinfo.service.d")
    machine.run("printf '[Service]\nWatchdogSec=5s\n' > /run/systemd/system/teleinfo.service.d/short.conf")
    machine.run("systemctl daemon-reload && systemctl restart teleinfo")
    replaced_after(machine, "STOP")
    machine.run("rm -r /run/systemd/system/teleinfo.service.d && systemctl daemon-reload")
    machine.run("systemctl restart teleinfo")

    assert machine.message()
    assert "Watchdog timeout" in machine.journal()


def test_a_second_meter_is_a_second_instance(machine: Container) -> None:
    """`teleinfo@production` reads another port, with settings, topic and name of its own."""
    machine.run("systemctl enable --now meter@ttyUSB0")
    machine.run("install -m 0600 /etc/teleinfo/teleinfo.env /etc/teleinfo/production.env")
    machine.run("sed -i '/^TELEINFO_SERIAL_PORT=/d' /etc/teleinfo/production.env")
    machine.settings(
        "TELEINFO_SERIAL_PORT=/dev/ttyUSB0",
        "TELEINFO_MQTT_TOPIC=solar",
        "TELEINFO_MQTT_CLIENT_ID=teleinfo-production",
        name="production",
    )
    machine.run("systemctl enable --now teleinfo@production")
    machine.expect("solar/status", "online")

    assert json.loads(machine.message("solar"))["ADCO"]
    assert json.loads(machine.message())["ADCO"]
    # Only the service of that port stops its login console.
    console = "serial-getty@ttyAMA0.service"
    assert console in machine.property("Conflicts", "teleinfo").split()
    assert console not in machine.property("Conflicts", "teleinfo@production").split()
    first, second = (user_of(machine, unit) for unit in ("teleinfo", "teleinfo@production"))
    assert first != second
    assert "root" not in {first, second}


def user_of(machine: Container, unit: str) -> str:
    """Return the user of the process of a service; empty if it does not run."""
    return machine.run(f"ps -o user:40= -p {machine.property('MainPID', unit)}", check=False).strip()


READ_PAGE = (
    "import urllib.request; stream = urllib.request.urlopen('http://127.0.0.1:8080/events{}', timeout=30);"
    "print(next(line for line in stream if b'ADCO' in line).decode())"
)
"""Print the first line of the page's stream that has the number of the meter; the braces are a query."""
READY = "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8080), 2)'"
"""Fail until the page listens."""


def test_the_page_shows_every_meter_of_the_machine(machine: Container) -> None:
    """That of the second service, which is enabled, too: each has a stream and a history of its own."""
    machine.run("systemctl start teleinfo-web")
    machine.until(READY)
    shown = {}
    for topic in ("teleinfo", "solar"):
        read_page = READ_PAGE.format(f"?meter={topic}")
        shown[topic] = machine.run(f'python3 -c "{read_page}"')
    machine.run("systemctl stop teleinfo-web")

    for topic, text in shown.items():
        assert json.loads(machine.message(topic))["ADCO"] in text
        machine.run(f"test -s /var/lib/private/teleinfo-web/{topic}.sqlite")


def test_a_relay_is_a_unit_that_waits_for_the_broker(machine: Container) -> None:
    machine.run(
        "systemctl stop mosquitto; mkdir /etc/teleinfo/relay; cd /etc/teleinfo/relay;"
        "echo 'mosquitto_sub -t teleinfo/status | mosquitto_pub -l -r -t relayed' >copy.sh;"
        "echo '-h 127.0.0.1' | install -m 600 /dev/stdin broker; chmod 600 copy.sh;"
        "systemctl enable --now --quiet teleinfo-relay@copy"
    )
    machine.until("test $(systemctl show -P NRestarts teleinfo-relay@copy) -gt 0")
    machine.run("systemctl start mosquitto")
    machine.expect("relayed", "online")
    user = user_of(machine, "teleinfo-relay@copy")
    machine.run("systemctl disable --now --quiet teleinfo-relay@copy")
    machine.run("mosquitto_pub -t relayed -r -n && rm -r /etc/teleinfo/relay")

    assert user not in ("", "root", "teleinfo")


# Addresses of a broker: on this machine, at home, and on the Internet (those of RFC 5737 and RFC 3849).
LOCAL = "127.0.0.1:1883"
LAN = "192.168.77.1:1883"
INTERNET = "203.0.113.7:1883"
INTERNET6 = "2001:db8::7:1883"


def explore(machine: Container, drop_in: str = "") -> dict[str, Any]:
    """Run probe.py in the sandbox of the service, with the lines of a drop-in, and return its report."""
    path = "/run/systemd/system/teleinfo@probe.service.d"
    # The same unit, which runs the probe in place of the daemon.
    lines = (
        "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStart=\n"
        "ExecStart=/usr/bin/python3 -I /usr/local/share/probe.py"
        f" /etc/teleinfo/teleinfo.env,/etc/teleinfo/probe.env {LOCAL} {LAN} {INTERNET} {INTERNET6}\n"
    )
    machine.run(f"mkdir -p {path} && cp /etc/teleinfo/teleinfo.env /etc/teleinfo/probe.env")
    (machine.root / "usr/local/share/probe.py").write_bytes(roots.PROBE.read_bytes())
    machine.run(f"printf '%s' '{lines}{drop_in}' > {path}/probe.conf && systemctl daemon-reload")
    machine.run("systemctl start teleinfo@probe", limit=180)
    said = machine.run("journalctl -o cat -t python3 -u teleinfo@probe --no-pager | tail -n 1")
    machine.run(f"rm -r {path} /etc/teleinfo/probe.env && systemctl daemon-reload")
    report: dict[str, Any] = json.loads(said)
    return report


@pytest.fixture(scope="module")
def reached(machine: Container) -> dict[str, Any]:
    """Return the report of probe.py; a broker answers at each of its addresses."""
    for address in ("192.168.77.1/32", "203.0.113.7/32", "2001:db8::7/128"):
        # An address of IPv6 is else not used before it is known that no other machine has it.
        machine.run(f"ip address add {address} dev lo nodad 2>/dev/null || ip address add {address} dev lo")
    machine.run(
        "printf 'listener 1883 ::\nlistener 1883 0.0.0.0\nallow_anonymous true\n'"
        " > /etc/mosquitto/conf.d/probe.conf && systemctl restart mosquitto"
    )
    machine.until("python3 -c 'import socket; socket.create_connection((\"203.0.113.7\", 1883), 2)'")
    machine.until("python3 -c 'import socket; socket.create_connection((\"2001:db8::7\", 1883), 2)'")
    return explore(machine)


def test_from_the_sandbox_only_home_is_reached(reached: dict[str, Any]) -> None:
    """A broker on this machine and on the LAN answers; addresses of the Internet cannot be reached."""
    connected = reached["connect"]

    assert (connected[LOCAL], connected[LAN]) == ("yes", "yes")
    assert connected[INTERNET] != "yes"
    assert connected[INTERNET6] != "yes"
    assert reached["raw socket"] == reached["netlink"] == "EAFNOSUPPORT"


def test_from_the_sandbox_two_folders_can_be_written(reached: dict[str, Any]) -> None:
    """The folders of the memory and of the socket, no temporary folder; no program runs from there."""
    assert sorted(reached["write"]) == ["/run/teleinfo-probe", "/var/lib/private/teleinfo-probe"]
    assert reached["run"] == ["EACCES", "EACCES"]


def test_from_the_sandbox_no_secret_of_others_is_read(reached: dict[str, Any]) -> None:
    """Home directories, the settings file itself and the passwords of the system stay closed."""
    assert [path for path, result in reached["read"].items() if result == "yes"] == []
    assert [name for name in reached["environment"] if name.startswith("TELEINFO")] == []


def test_from_the_sandbox_nobody_else_is_seen(reached: dict[str, Any]) -> None:
    """No process but its own, no signal to others, no other user, no namespace."""
    assert set(reached["processes"]) <= set(reached["own"])
    assert reached["uid"] != 0
    assert reached["setuid"] == reached["signal"] == "EPERM"
    assert reached["namespace"] == "EPERM"


def test_the_line_is_read_while_the_service_reads_it(machine: Container) -> None:
    """
    The service is not stopped.

    1. A user of the group of the port records the line. 2. Another user may not. 3. By the two files of
    docs/operations.md it is served over TCP.
    """
    before = pid(machine)
    machine.run("useradd --groups dialout reader; useradd stranger")
    record = "teleinfo --env-file /dev/null record --seconds 8"
    machine.run(f"cd / && setpriv --reuid=reader --init-groups {record} /tmp/reader.tic")
    refused = machine.run(
        f"cd / && setpriv --reuid=stranger --init-groups {record} /tmp/stranger.tic", check=False
    )
    section = PAGES["operations.md"].partition("## The line while it is read\n")[2].partition("\n## ")[0]
    socket_unit, service_unit = blocks(section, "ini")
    units = machine.root / "etc/systemd/system"
    (units / "teleinfo-tcp.socket").write_text(f"{socket_unit}\n")
    (units / "teleinfo-tcp.service").write_text(f"{service_unit}\n")
    machine.run("systemctl daemon-reload && systemctl enable --now --quiet teleinfo-tcp.socket")
    served = machine.run("timeout 8 teleinfo decode socket://127.0.0.1:2000", check=False)
    machine.run("systemctl disable --now --quiet teleinfo-tcp.socket teleinfo-tcp.service")
    machine.run("rm /etc/systemd/system/teleinfo-tcp.* && systemctl daemon-reload")

    assert machine.run("teleinfo decode /tmp/reader.tic").count("ADCO") >= 2
    assert "pas le droit de lire le port série" in refused
    assert "ADCO" in served
    assert pid(machine) == before


def test_the_drop_in_for_a_local_broker_closes_the_lan_too(
    machine: Container, reached: dict[str, Any]
) -> None:
    """With systemd/examples/local-broker.conf nothing but this machine is reached."""
    del reached  # it is wanted for the broker at all of these addresses
    example = (roots.PROJECT / "systemd/examples/local-broker.conf").read_text(encoding="utf-8")
    _comment, _section, lines = example.partition("[Service]\n")
    connected = explore(machine, lines)["connect"]

    assert connected[LOCAL] == "yes"
    assert connected[LAN] != "yes"
    machine.run("rm /etc/mosquitto/conf.d/probe.conf && systemctl restart mosquitto")


def test_both_meters_are_read_again_after_a_reboot(machine: Container) -> None:
    """After `systemctl reboot` both services run without a command."""
    machine.reboot()
    machine.expect("teleinfo/status", "online")
    machine.expect("solar/status", "online")

    assert machine.message()
    assert machine.message("solar")
    assert machine.property("NRestarts") == "0"


def test_remove_ends_the_services_and_keeps_the_settings(machine: Container) -> None:
    """`apt remove`: no process, no unit, no program; the settings are there. It says what stays."""
    said = machine.run("apt-get remove -y -q teleinfo", limit=180)

    assert "teleinfo forget" in said
    assert machine.run("pgrep -f '[t]eleinfo run'", check=False) == ""
    assert machine.run("command -v teleinfo", check=False) == ""
    assert "TELEINFO_PAYLOAD_TIMESTAMP=true" in machine.run("cat /etc/teleinfo/teleinfo.env")


def test_purge_removes_what_the_package_made_and_names_what_others_made(machine: Container) -> None:
    """The administrator's settings of a second meter, drop-ins and relay scripts stay; nothing else does."""
    theirs = (
        "/etc/teleinfo/production.env",
        "/etc/teleinfo/relay/copy.sh",
        "/etc/systemd/system/teleinfo.service.d/override.conf",
        "/etc/systemd/system/teleinfo-web.service.d/override.conf",
    )
    machine.run("systemctl enable --quiet teleinfo-web 2>/dev/null || true")
    for path in theirs:
        machine.run(f"mkdir -p $(dirname {path}) && touch {path}")
    said = machine.run("apt-get purge -y -q teleinfo", limit=180)
    find = (
        "find / -xdev -path '*teleinfo*' -not -type d -not -path \"$HOME/*\" -not -path '/opt/checkout*'"
        " -not -path '/proc/*' -not -path '/var/lib/apt/*' -not -path '/var/cache/apt/*'"
    )

    assert sorted(machine.run(find).split()) == sorted(theirs)
    for path in theirs:
        assert path in said
