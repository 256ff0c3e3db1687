"""
Program of the emulated board once it has booted: look at the service, try its limits, and report.

Each line that begins with @@ is a JSON object; the last one is {"end": true}. Runs inside, as root, by Python
3.11 with nothing but its standard library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CONSOLE = "/dev/ttyAMA1"
SETTLE = 400  # seconds that an emulated processor of a busy machine may need for what a Pi does in ten
DROP_INS = Path("/run/systemd/system")
# 200 MiB, all of them touched: more than the unit allows.
HOG = "/usr/bin/python3 -I -c 'bytearray(b\"x\") * (200 << 20)'"


def run(*command: str) -> str:
    """Return what a command says, whatever its exit status."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SETTLE + 20)
    return (result.stdout + result.stderr).strip()


def tell(**facts: object) -> None:
    """Write facts by their names, as one line of the report."""
    with Path(CONSOLE).open("w", encoding="utf-8") as console:
        console.write(f"\n@@ {json.dumps(facts)}\n")


def show(unit: str, *properties: str) -> dict[str, str]:
    """Return properties of a unit by their names, as `systemctl show` says them."""
    values = {}
    for line in run("systemctl", "show", "-p", ",".join(properties), unit).splitlines():
        name, _equals, value = line.partition("=")
        values[name] = value
    return values


def instead(name: str, command: str) -> dict[str, str]:
    """
    Run a command in the sandbox of the service, in the daemon's place, and return how it ended.

    `name` is that of an instance of the service, made for this command.
    """
    unit = f"teleinfo@{name}.service"
    folder = DROP_INS / f"{unit}.d"
    folder.mkdir(parents=True)
    (folder / "instead.conf").write_text(
        "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nTimeoutStartSec=90\nStandardOutput=journal\n"
        f"ExecStart=\nExecStart={command}\n"
    )
    Path(f"/etc/teleinfo/{name}.env").touch(mode=0o600)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", unit)
    return show(unit, "Result", "ExecMainStatus")


def main() -> None:
    """Report messages, service, what the sandbox allows, how a process ends that needs too much, the stop."""
    messages = run("mosquitto_sub", "-t", "teleinfo", "-C", "3", "-W", str(SETTLE)).splitlines()
    status = run("mosquitto_sub", "-t", "teleinfo/status", "-C", "1", "-W", "10")
    health = run("mosquitto_sub", "-t", "teleinfo/health", "-C", "1", "-W", "10")
    tell(messages=messages, status=status, health=health)
    service = show("teleinfo", "ActiveState", "NRestarts", "MemoryCurrent", "MemoryPeak", "StatusText")
    getty = show("serial-getty@ttyAMA0", "ActiveState", "LoadState", "UnitFileState")
    tell(service=service, getty=getty, journal=run("journalctl", "-o", "cat", "--no-pager", "-u", "teleinfo"))
    # Devices that everybody may open, outside the sandbox: a console, and an adapter without a driver.
    run("mknod", "-m", "666", "/dev/rogue", "c", "5", "1")
    run("mknod", "-m", "666", "/dev/ttyUSB9", "c", "188", "9")
    outside = run("setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", ": </dev/rogue && echo yes")
    ended = instead("probe", f"/usr/bin/python3 -I {sys.argv[1]} /etc/teleinfo/teleinfo.env")
    report = run("journalctl", "-o", "cat", "--no-pager", "-t", "python3", "-u", "teleinfo@probe")
    tell(outside=outside, probe=report.splitlines()[-1:], ended=ended)
    tell(hog=instead("hog", HOG))
    run("systemctl", "stop", "teleinfo")
    kept = run("mosquitto_sub", "-t", "teleinfo/status", "-C", "1", "-W", "10")
    tell(stop=show("teleinfo", "Result")["Result"], kept=kept)
    tell(end=True)


if __name__ == "__main__":
    main()
