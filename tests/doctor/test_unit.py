"""What the service needs is tried in its sandbox; tests/lab/journeys play it under a real systemd."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import inside
from teleinfo.doctor.case import unit_of
from tests.support.settings import settings_of
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from tests.doctor.machine_tree import Tree


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
        good = f"[::1]:{server.getsockname()[1]}"
        bad = f"127.0.0.1:{free_port()}"
        targets = [good, bad, "broker.invalid:1883", "/dev/null", f"{tmp_path}/missing", str(closed)]
        done = subprocess.run(
            [sys.executable, "-I", inside.__file__, *targets], capture_output=True, check=True, timeout=60
        )
    errors = json.loads(done.stdout)

    assert [errors[name] for name in targets[:-1]] == ["", "ECONNREFUSED", inside.NAME, "", "ENOENT"]
    assert errors[str(closed)] == ("" if os.geteuid() == 0 else "EACCES")


@pytest.mark.parametrize(
    ("env_file", "unit"),
    [(None, "teleinfo"), ("/etc/teleinfo/p.env", "teleinfo@p"), ("/home/somebody/p.env", "teleinfo")],
)
def test_the_settings_of_one_more_meter_are_those_of_its_own_service(env_file: str | None, unit: str) -> None:
    """systemd/teleinfo@.service reads /etc/teleinfo/NAME.env."""
    assert unit_of(Path(env_file) if env_file else None) == unit
