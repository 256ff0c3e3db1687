"""
Settings files as households write them: each setting in odd spellings, and whole files in other encodings.

`judge` starts the real `teleinfo run` with such a file, as the unit does, and returns what came of it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.settings import DEFAULTS, PREFIX, variable_of
from teleinfo.settings.faults import written
from tests.support.process import LIMIT
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

GOOD: Final[Mapping[str, str]] = {name: written(default) for name, default in DEFAULTS.items()} | {
    "serial_port": "/dev/no-meter",
    "serial_baudrate": "1200",
    "mqtt_port": "1",
    "mqtt_username": "me",
    "mqtt_password": "secret",
    "mqtt_tls": "true",
    "mqtt_tls_ca_file": "/dev/null",
    "mqtt_tls_cert_file": "/dev/null",
    "mqtt_tls_key_file": "/dev/null",
    "payload_exclude": "ADCO",
    "state_topics": "true",
    "state_topics_dead_band": "power.apparent_import=20",
    "prices": "HC=0.1696 HP=0.2146 month=15.74",
    "meter_name": "Cave",
    "web_url": "http://raspberrypi.local:8080/",
    "web_hosts": "meter.example.org",
    "web_token": "0123456789abcdef",
    "metrics_file": "/nowhere/teleinfo.prom",
    "led": "ACT",
}
"""A value of each setting that is allowed."""

NEEDED: Final[Mapping[str, str]] = {"mqtt_port": "1", "serial_port": "/dev/no-meter"}
"""Settings of each file that has no other value of them: there is no broker and no meter."""


class Spelling(NamedTuple):
    """A value as it is `written`, in which VALUE is a good one, and its meaning; None if it is refused."""

    written: str
    meaning: str | None

    def of(self, value: str) -> str:
        """Return what stands behind the = for this good value."""
        return self.written.replace("VALUE", value)


SPELLINGS: Final[Mapping[str, Spelling]] = {
    "brace": Spelling("{x}", "{x}"),
    "shell": Spelling("${X}", "${X}"),
    "comment": Spelling("#{", "#{"),
    "percent": Spelling("%s", "%s"),
    "single": Spelling("'VALUE'", "VALUE"),
    "double": Spelling('"VALUE"', "VALUE"),
    "curly": Spelling("“VALUE”", None),
    "curly single": Spelling("‘VALUE’", None),
    "guillemets": Spelling("« VALUE »", None),
    "curly within": Spelling("'“VALUE”'", "“VALUE”"),
    "single open": Spelling("'VALUE", None),
    "double open": Spelling('"VALUE', None),
    "single at the end": Spelling("VALUE'", "VALUE'"),
    "single within": Spelling("'l'VALUE #1'", None),
    "single and curly": Spelling("'VALUE’", None),
    "accent": Spelling("VALUEé", "VALUEé"),
}

ENCODINGS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "Latin-1": lambda text: text.encode("latin-1"),
    "BOM": lambda text: text.encode("utf-8-sig"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
}
"""How a whole file may be saved; the line of a comment has an accent."""

COLON: Final = "\N{NO-BREAK SPACE}:"
FAILED: Final = f"teleinfo n’a pas démarré{COLON} ses réglages en sont la cause."
COMMANDS: Final = ("doctor", "watch", "web", "forget", "decode", "record")
"""The other commands that read the file."""
NO_BROKER: Final = "pas de connexion au broker"
SHOWN: Final = "/etc/teleinfo/teleinfo.env"
"""The file that is to be edited."""


def text_of(values: Mapping[str, str]) -> str:
    """Return a file with these lines, of settings by name, and a comment in French."""
    values = {**NEEDED, **values}
    lines = [f"{variable_of(name)}={value}\n" for name, value in values.items()]
    return "# réglages du compteur\n" + "".join(lines)


class Verdict(NamedTuple):
    """What `teleinfo run` did with a file: its exit status, what it wrote, and if it was at work before."""

    status: int
    said: str
    is_at_work: bool

    @property
    def refused(self) -> set[str]:
        """Names of the settings that are refused, each in a sentence; every setting if it is the file."""
        assert (self.status, "Traceback" in self.said) == (78, False), self
        head, *sentences = self.said.splitlines()
        assert head == FAILED
        assert sentences, self
        # A conflict of two settings has no line of its own in the file.
        of_file = [sentence for sentence in sentences if sentence.startswith(f"  {SHOWN}")]
        assert all(sentence.startswith(f"  {PREFIX}") for sentence in sentences if sentence not in of_file), (
            self
        )
        if any(sentence.startswith(f"  {SHOWN}{COLON}") for sentence in of_file):
            return set(DEFAULTS)
        text = "\n".join(sentences)
        return {name for name in DEFAULTS if f"{variable_of(name)}{COLON}" in text}

    def check_taken(self) -> None:
        """Fail unless it looked for meter and broker with these settings, and stopped when it was told to."""
        assert (self.status, self.is_at_work, "Traceback" in self.said) == (0, True, False), self


def service_with(folder: Path, content: bytes) -> tuple[Path, dict[str, str]]:
    """Write the file where systemd puts it; return its path, and the environment of the service."""
    credentials = folder / "credentials/teleinfo.service"
    credentials.mkdir(parents=True, exist_ok=True)
    path = credentials / "teleinfo.env"
    path.write_bytes(content)
    return path, {
        "PATH": os.environ["PATH"],
        "CREDENTIALS_DIRECTORY": str(credentials),
        "STATE_DIRECTORY": str(folder / "state"),
        "RUNTIME_DIRECTORY": str(folder),
    }


def judge(folder: Path, content: bytes) -> Verdict:
    """Run the service with this file, until it ends or is at work; then stop it."""
    path, environ = service_with(folder, content)
    command = [sys.executable, "-m", "teleinfo", "run", "--env-file", str(path)]
    log = folder / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, log.open("wb") as output:
        # The kernel chooses a name; one in a folder may be too long.
        manager.bind("")
        environ["NOTIFY_SOCKET"] = "@" + manager.getsockname()[1:].decode()
        process = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            is_at_work = _is_at_work(process, manager, log)
            process.send_signal(signal.SIGTERM)
            status = process.wait(LIMIT)
        finally:
            process.kill()
            process.wait(LIMIT)
    return Verdict(status, log.read_text(encoding="utf-8"), is_at_work)


def _is_at_work(process: subprocess.Popen[bytes], manager: socket.socket, log: Path) -> bool:
    """Wait until it is ready and has said that there is no broker: True; or until it has ended: False."""
    is_ready = False
    end = time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < end:
        readable, _, _ = select.select([manager], [], [], 0.02)
        if readable and b"READY=1" in manager.recv(4096):
            is_ready = True
        if is_ready and NO_BROKER in log.read_text(encoding="utf-8"):
            return True
    return False


def taken_wrongly(folder: Path, content: bytes, values: Mapping[str, str], meaning: str) -> list[str]:
    """Return the settings in the file, among the good `values`, that have another text than `meaning`."""
    path = folder / "read"
    path.write_bytes(content)
    settings = settings_of({}, path)
    wrong = []
    for name, good in values.items():
        value = getattr(settings, name)
        text = meaning.replace("VALUE", good).replace("{hostname}", os.uname().nodename)
        # Numbers and lists are not texts; there, an odd one is refused.
        if isinstance(value, str) and value != text:
            wrong.append(name)
    return wrong


def refused_by(command: str, folder: Path, content: bytes) -> str:
    """Return what another command says of a file that is to be refused; fail at a wrong status."""
    path, environ = service_with(folder, content)
    done = subprocess.run(
        [sys.executable, "-m", "teleinfo", command, "--env-file", path],
        env=environ | {"LANG": "fr_FR.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    said = done.stdout + done.stderr
    # The doctor makes them findings of its report.
    assert done.returncode == (1 if command == "doctor" else 78), said
    assert "Traceback" not in said
    return said
