"""The generator keeps login consoles off the ports of meters alone, and lets the services at name servers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "systemd/teleinfo-generator"
PI = "Raspberry Pi 4 Model B Rev 1.4"


def generated(
    folder: Path, *, kind: str = "console-of", resolver: str | None = None, model: str = PI, **settings: str
) -> dict[str, str]:
    """
    Run it for settings files of these names and texts; return the drop-ins of this kind of each unit.

    `model` is the name of the board in its device tree, "" on a machine without one.
    """
    etc = folder / "etc"
    out = folder / "out"
    (etc / "meters").mkdir(parents=True)
    for name, text in settings.items():
        (etc / f"{name.replace('__', '/')}.env").write_text(text)
    environ = {"PATH": "/usr/bin:/bin", "SETTINGS_FOLDER": str(etc), "RESOLV_CONF": str(etc / "resolv.conf")}
    environ["ENABLED_FOLDER"] = str(folder)
    environ["MODEL_FILE"] = str(folder / "model")
    if model:
        (folder / "model").write_text(f"{model}\0")
    if resolver is not None:
        (etc / "resolv.conf").write_text(resolver)
    subprocess.run([GENERATOR, out, out, out], env=environ, check=True, timeout=60)
    found: dict[str, str] = {}
    for path in sorted(path for path in out.glob("*.d/*.conf") if kind in path.name):
        unit = path.parent.name.removesuffix(".d")
        found[unit] = found.get(unit, "") + path.read_text()
    return found


def stops(*ports: str) -> str:
    """Return the drop-in that stops the consoles of these ports."""
    units = [f"serial-getty@{port}.service" for port in ports]
    return "[Unit]\n" + "".join(f"Conflicts={unit}\nAfter={unit}\n" for unit in units)


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("", "ttyAMA0"),
        ("#TELEINFO_SERIAL_PORT=/dev/ttyUSB0", "ttyAMA0"),
        ("TELEINFO_SERIAL_PORT=/dev/ttyS0", "ttyS0"),
        ("  TELEINFO_SERIAL_PORT = '/dev/ttyAMA1' ", "ttyAMA1"),
        ('TELEINFO_SERIAL_PORT=/dev/ttyS1\nTELEINFO_SERIAL_PORT="/dev/ttyS2"', "ttyS2"),
        ("TELEINFO_SERIAL_PORT=/dev/serial/by-id/usb-none", None),
        ("TELEINFO_SERIAL_PORT=socket://bridge:2000", None),
        ("TELEINFO_SERIAL_PORT=/dev/pts/3", None),
        ("TELEINFO_SERIAL_PORT=nonsense", None),
    ],
)
def test_the_console_of_the_meters_uart_is_stopped(tmp_path: Path, line: str, port: str | None) -> None:
    stopped = {} if port is None else {"teleinfo.service": stops(port)}

    assert generated(tmp_path, teleinfo=f"{line}\n") == stopped


@pytest.mark.parametrize("model", ["", "Some Arm Server", "Not a Raspberry Pi"])
def test_a_machine_that_is_no_raspberry_pi_keeps_its_console(tmp_path: Path, model: str) -> None:
    """With the settings as they are installed: they name no port."""
    installed = (ROOT / ".env-sample").read_text(encoding="utf-8")

    assert generated(tmp_path, model=model, teleinfo=installed, production="") == {}


def test_a_port_that_is_named_is_freed_on_every_machine(tmp_path: Path) -> None:
    line = "TELEINFO_SERIAL_PORT=/dev/ttyAMA0\n"

    assert generated(tmp_path, model="", teleinfo=line) == {"teleinfo.service": stops("ttyAMA0")}


def test_a_link_to_a_uart_is_followed(tmp_path: Path) -> None:
    (tmp_path / "uart").symlink_to("/dev/ttyS0")
    (tmp_path / "null").symlink_to("/dev/null")

    assert generated(
        tmp_path,
        teleinfo=f"TELEINFO_SERIAL_PORT={tmp_path}/uart\n",
        other=f"TELEINFO_SERIAL_PORT={tmp_path}/null\n",
    ) == {"teleinfo.service": stops("ttyS0")}


def test_each_meter_has_its_own_port(tmp_path: Path) -> None:
    found = generated(
        tmp_path,
        teleinfo="TELEINFO_SERIAL_PORT=/dev/ttyAMA0\n",
        production="TELEINFO_SERIAL_PORT=/dev/ttyS0\n",
        meters__garage="TELEINFO_SERIAL_PORT=/dev/ttyS1\n",
    )
    lines = (stops("ttyAMA0") + stops("ttyS1")).split("\n")

    assert found.keys() == {"teleinfo.service", "teleinfo@production.service"}
    assert found["teleinfo@production.service"] == stops("ttyS0")
    assert sorted(found["teleinfo.service"].split("\n")) == sorted(lines)


def test_the_page_shows_every_meter_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "teleinfo@production.service").symlink_to("/usr/lib/systemd/system/teleinfo@.service")
    files = {"teleinfo": "", "production": "", "copy": "", "meters__garage": ""}
    [(unit, text)] = generated(tmp_path, kind="meters", **files).items()

    assert unit == "teleinfo-web.service"
    assert [line for line in text.splitlines() if line != "[Service]"] == [
        f"LoadCredential=teleinfo@production.env:{tmp_path}/etc/production.env",
        f"LoadCredential=teleinfo@garage.env:{tmp_path}/etc/meters/garage.env",
    ]


def test_the_services_may_reach_the_name_servers_of_the_machine(tmp_path: Path) -> None:
    lines = (
        "# nameserver 192.0.2.9",
        "nameserver 1.1.1.1",
        "nameserver\t2001:db8::53 ",
        "nameserver fe80::1%eth0",
        "nameserver any",
        "nameserver 192.0.2.1/8",
        "options nameserver 192.0.2.2",
    )
    found = generated(tmp_path, kind="name-servers", resolver="".join(f"{line}\n" for line in lines))
    allowed = ["1.1.1.1", "2001:db8::53", "fe80::1"]

    assert found.keys() == {
        "teleinfo.service",
        "teleinfo@.service",
        "teleinfo-web.service",
        "teleinfo-relay@.service",
    }
    assert {*found.values()} == {"[Service]\n" + "".join(f"IPAddressAllow={one}\n" for one in allowed)}


def test_the_file_to_which_their_link_leads_is_watched_even_before_it_is_there(tmp_path: Path) -> None:
    """Of a link whose file is not there yet, as at boot, systemd watches the link alone."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").symlink_to("../run/resolver/resolv.conf")
    watched = tmp_path / "run/resolver/resolv.conf"

    assert generated(tmp_path, kind="link") == {
        "teleinfo-name-servers.path": f"[Path]\nPathChanged={watched}\n"
    }


def test_without_settings_and_name_servers_nothing_is_allowed(tmp_path: Path) -> None:
    assert {*generated(tmp_path, kind="").values()} == {"[Service]\n"}
