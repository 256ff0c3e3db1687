"""What the service needs is tried in its sandbox, by a systemd-run that a script in a tree of files plays."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import inside
from teleinfo.doctor.report import Severity
from tests.doctor.machine_tree import findings_of
from tests.support.settings import settings_of
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from teleinfo.doctor.report import Finding
    from tests.doctor.machine_tree import Tree

HOME = "IPAddressAllow=192.168.0.0/16 127.0.0.0/8"


@pytest.fixture
def listener() -> Iterator[int]:
    """Return a port that accepts connections, and no more: no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def look(tree: Tree, errors: dict[str, str], *shown: str, **settings: str) -> dict[str, Finding]:
    """Return the findings on the broker where the service gets these errors in its sandbox."""
    tree.file("/run/systemd/system/.here")
    tree.program(
        "systemctl", "LoadState=loaded", "ActiveState=active", "IPAddressDeny=::/0 0.0.0.0/0", *shown
    )
    tree.program("systemd-run", json.dumps(errors))
    case = tree.case("/dev/ttyAMA0")
    case.valid_settings = settings_of({f"TELEINFO_{name.upper()}": value for name, value in settings.items()})

    return findings_of("broker", case)


def test_a_name_server_that_the_sandbox_keeps_away_is_named(tree: Tree, listener: int) -> None:
    """This user finds the broker, and the service does not. The line allows that address and nothing else."""
    tree.file("/etc/resolv.conf", "nameserver 192.168.1.1\nnameserver 1.1.1.1\nnameserver 1.1.1\n")
    where = {"mqtt_host": "127.0.0.1", "mqtt_port": str(listener)}
    found = look(tree, {f"127.0.0.1:{listener}": inside.NAME}, HOME, **where)["name"]
    known = look(tree, {f"127.0.0.1:{listener}": inside.NAME}, "IPAddressAllow=0.0.0.0/0", **where)["name"]

    assert found.commands == ("sudo systemctl edit teleinfo", "[Service]", "IPAddressAllow=1.1.1.1")
    assert "1.1.1.1" in found.message
    assert [one.severity for one in (found, known)] == [Severity.FAULT, Severity.FAULT]
    assert known.commands == ("sudo journalctl -u teleinfo -n 30",)


@pytest.mark.parametrize(
    ("host", "allowed", "line"),
    [
        ("127.0.0.1", "IPAddressAllow=10.0.0.0/8", "IPAddressAllow=127.0.0.1"),
        ("::1", HOME, "IPAddressAllow=::/64"),
    ],
)
def test_a_broker_that_the_sandbox_keeps_away_is_named(
    tree: Tree, host: str, allowed: str, line: str
) -> None:
    """In IPv6, the line allows the prefix of the home, since the rest of an address changes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        found = look(tree, {address: "ETIMEDOUT"}, allowed, mqtt_host=host, mqtt_port=str(port))

    assert (found["port"].severity, found["port"].commands[-1]) == (Severity.FAULT, line)
    assert found["name"].severity is Severity.OK


def test_a_fault_that_this_user_sees_comes_first(tree: Tree) -> None:
    """The broker is not there: that is no fault of the sandbox."""
    port = free_port()
    found = look(tree, {f"127.0.0.1:{port}": "ECONNREFUSED"}, mqtt_host="127.0.0.1", mqtt_port=str(port))

    assert found["port"].facts["cause"] == "refused"


def test_the_sandbox_of_the_unit_is_that_of_the_attempt(tree: Tree) -> None:
    """Each limit as systemd shows it; files of TLS, but no credential, which only the service gets."""
    tree.file("/run/systemd/system/.here")
    tree.file("/dev/ttyAMA0")
    allowed = ("DeviceAllow=char-4 rw", "DeviceAllow=char-204 rw")
    tree.program("systemctl", "LoadState=loaded", "ActiveState=active", *allowed, "User=teleinfo", "Group=")
    tree.file("/usr/bin/systemd-run", '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.said"\n', mode=0o755)
    case = tree.case("/dev/ttyAMA0")
    names = {"ca": "root/ca.pem", "cert": "etc/cert.pem", "key": "run/credentials/teleinfo.service/key"}
    files = {name: str(tree.file(path)) for name, path in names.items()}
    case.valid_settings = settings_of(
        {"TELEINFO_MQTT_HOST": "broker.home", "TELEINFO_MQTT_TLS": "true"}
        | {f"TELEINFO_MQTT_TLS_{name.upper()}_FILE": path for name, path in files.items()}
    )

    assert asyncio.run(case.attempts()) == {}
    said = (tree.root / "usr/bin/systemd-run.said").read_text().splitlines()

    assert [one for one in said if one.startswith("-p")] == [
        "-pUser=teleinfo",
        "-pDeviceAllow=char-4 rw",
        "-pDeviceAllow=char-204 rw",
    ]
    assert said[-5:] == [inside.__file__, "broker.home:8883", files["ca"], files["cert"], "/dev/ttyAMA0"]


def test_a_file_that_the_service_may_not_read_is_a_fault_of_encryption(tmp_path: Path) -> None:
    """The program of the sandbox opens and connects for real, and gives the name of each error."""
    closed = tmp_path / "closed"
    closed.touch(0o000)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        good, bad = f"[::1]:{server.getsockname()[1]}", f"127.0.0.1:{free_port()}"
        targets = [good, bad, "broker.invalid:1883", "/dev/null", f"{tmp_path}/missing", str(closed)]
        done = subprocess.run(
            [sys.executable, "-I", inside.__file__, *targets], capture_output=True, check=True, timeout=60
        )
    errors = json.loads(done.stdout)

    assert [errors[name] for name in targets[:-1]] == ["", "ECONNREFUSED", inside.NAME, "", "ENOENT"]
    assert errors[str(closed)] == ("" if os.geteuid() == 0 else "EACCES")
