"""The files of the container, without a container: tests/lab/system/image.py runs it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from teleinfo.settings import DEFAULTS
from tests.support.settings import settings_of

SYSTEMD = Path(__file__).parents[2] / "systemd"


def read(name: str) -> str:
    """Return the text of a file of systemd/."""
    return (SYSTEMD / name).read_text(encoding="utf-8")


COMPOSE = yaml.safe_load(read("container/compose.yaml"))["services"]


def test_compose_and_quadlet_allow_the_devices_of_the_service() -> None:
    """The same kinds of serial ports as DeviceAllow= of the service has, and no others."""
    service = set(re.findall(r"^DeviceAllow=char-(\d+) rw$", read("teleinfo.service"), re.MULTILINE))
    compose = COMPOSE["teleinfo"]["device_cgroup_rules"]
    quadlet = re.findall(r'--device-cgroup-rule="(c [^"]+)"', read("teleinfo.container"))

    assert service
    assert {f"c {major}:* rw" for major in service} == set(compose) == set(quadlet)


def test_the_settings_of_compose_are_valid() -> None:
    """Each variable is a setting, with a value that teleinfo takes."""
    environ = COMPOSE["teleinfo"]["environment"] | COMPOSE["web"]["environment"]
    ours = {name: value for name, value in environ.items() if name != "TZ"}
    settings = settings_of(ours)

    assert {name.removeprefix("TELEINFO_").lower() for name in ours} <= DEFAULTS.keys()
    assert settings.mqtt_host == "mosquitto"


def test_compose_runs_it_confined_and_opens_no_port_to_others() -> None:
    for ours in (COMPOSE["teleinfo"], COMPOSE["web"]):
        assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
        assert ours["security_opt"] == ["no-new-privileges:true"]
    ports = COMPOSE["mosquitto"]["ports"] + COMPOSE["web"]["ports"]
    assert "ports" not in COMPOSE["teleinfo"]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_the_package_is_made_of_reaches_the_build() -> None:
    """The list of what a build may see names every file that systemd/deb.sh copies."""
    copied = re.search(r"^cp -r (.*) \"\$stage\"$", read("deb.sh"), re.MULTILINE)
    assert copied is not None
    seen = re.findall(r"^!(.+)$", read("container/Containerfile.dockerignore"), re.MULTILINE)

    assert set(copied[1].split()) == set(seen)
