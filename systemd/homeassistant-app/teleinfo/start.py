"""
Start teleinfo as an app of Home Assistant (add-on).

What the Supervisor gives an app (developers.home-assistant.io, "App configuration" and "App communication"):
`/data/options.json`, which root alone may read, and the broker at `http://supervisor/services/mqtt`, to be
asked with the token in `SUPERVISOR_TOKEN`. Both become environment variables of teleinfo, which takes the
place of this process as an ordinary user. A child process serves the page of `teleinfo web` to the
Supervisor ("Ingress"). Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS = Path("/data/options.json")
STATE = Path("/data/teleinfo")
"""What teleinfo remembers: the Supervisor keeps /data through updates, and in its backups."""
SUPERVISOR = "http://supervisor"
PAGE_STATE = Path("/data/teleinfo-web")
"""The history of the page."""
PAGE_ADDRESS = "0.0.0.0:8099"
OFFERS = "/config/offers.toml"
"""The household's file of offers, in the folder of the app among the configurations of apps."""
RETRY_AFTER = 5.0
"""Seconds between two questions for a broker that is not there yet, and between two starts of the page."""
ANSWER_TIMEOUT = 10.0

USER, DIALOUT = 950, 20
HOME_ASSISTANT_DIALOUT = 18
"""The group of the serial ports in Home Assistant OS."""
_PORTS = ("ttyAMA*", "ttyS*", "ttyUSB*", "ttyACM*")


class NoBrokerError(Exception):
    """Raised when the Supervisor has no broker for us; `waits` says that there may be one later."""

    def __init__(self, words: str, *, waits: bool) -> None:
        super().__init__(words)
        self.waits = waits


def settings_of(options: Mapping[str, Any]) -> dict[str, str]:
    """
    Return the settings of teleinfo for the options of the app: a variable each, named like the option.

    The picker of devices offers no bridges in the network: `bridge` takes the place of `serial_port`.
    """
    given = {name: value for name, value in options.items() if value not in (None, "")}
    if "bridge" in given:
        given["serial_port"] = given.pop("bridge")
    return {f"TELEINFO_{name.upper()}": _written(value) for name, value in given.items()}


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def broker_of(supervisor: str, token: str) -> dict[str, str]:
    """Return the settings for the broker that the Supervisor knows; raise NoBrokerError."""
    request = urllib.request.Request(  # noqa: S310 - the address is ours
        f"{supervisor}/services/mqtt", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT) as answer:  # noqa: S310
            data = json.load(answer)["data"]
            return settings_of(
                {
                    "mqtt_host": data["host"],
                    "mqtt_port": data["port"],
                    "mqtt_username": data.get("username"),
                    "mqtt_password": data.get("password"),
                    "mqtt_tls": bool(data.get("ssl")),
                }
            )
    except urllib.error.HTTPError as error:
        with error:
            said = _message(error.read())
        # 400: no app offers the service (yet). Anything else does not mend itself.
        raise NoBrokerError(said or error.reason, waits=error.code == 400) from None  # noqa: PLR2004
    except OSError as error:
        raise NoBrokerError(f"the Supervisor does not answer ({error})", waits=True) from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoBrokerError(f"the Supervisor answers what is no service ({error!r})", waits=False) from None


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def wait_for_broker(supervisor: str, token: str) -> dict[str, str]:
    """Return the settings for the broker as soon as there is one; say once that there is none."""
    said = ""
    while True:
        try:
            return broker_of(supervisor, token)
        except NoBrokerError as error:
            if not error.waits:
                raise
            if str(error) != said:
                said = str(error)
                _say(f"no broker: {said}. Install and start the app Mosquitto broker, or set mqtt_host.")
        time.sleep(RETRY_AFTER)


def make_state_directories() -> None:
    """Give the user of teleinfo directories of its own; where that fails teleinfo says so itself."""
    for folder in (STATE, PAGE_STATE):
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, USER, DIALOUT)


def serve_page(environ: Mapping[str, str]) -> None:
    """Serve the page in a child process, again and again; it ends with the container."""
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            subprocess.run(  # noqa: S603 - no shell is meant
                ["/usr/bin/teleinfo", "web", "--mqtt", "--listen", PAGE_ADDRESS],
                # Home Assistant itself keeps others out.
                env={**environ, "STATE_DIRECTORY": str(PAGE_STATE), "TELEINFO_WEB_TOKEN": ""},
                check=False,
            )
            time.sleep(RETRY_AFTER)


def give_up_rights() -> None:
    """Become an ordinary user that may open serial ports, with no way back."""
    if os.geteuid() != 0:
        return
    ports = [path for pattern in _PORTS for path in Path("/dev").glob(pattern)]
    groups = {DIALOUT, HOME_ASSISTANT_DIALOUT, *(path.stat().st_gid for path in ports)} - {0}
    os.setgroups(sorted(groups))
    os.setgid(DIALOUT)
    os.setuid(USER)


def main() -> None:
    """Run teleinfo with the options of the app."""
    # Without a handler the kernel would keep the signal from process 1.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = settings_of(json.loads(OPTIONS.read_text(encoding="utf-8")))
    environ = dict(os.environ)
    token = environ.pop("SUPERVISOR_TOKEN", "")
    environ.pop("HASSIO_TOKEN", None)
    if "TELEINFO_MQTT_HOST" not in settings:
        try:
            settings = wait_for_broker(SUPERVISOR, token) | settings
        except NoBrokerError as error:
            _say(f"no broker: {error}")
            sys.exit(1)
    environ["STATE_DIRECTORY"] = str(STATE)
    environ["TELEINFO_OFFERS"] = OFFERS
    environ |= settings
    make_state_directories()
    give_up_rights()
    serve_page(environ)
    os.execve("/usr/bin/teleinfo", ["teleinfo", "run"], environ)  # noqa: S606 - no shell is meant


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
