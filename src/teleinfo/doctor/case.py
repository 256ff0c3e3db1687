"""The case of one service: its machine and unit, and the results of earlier checks that later checks need."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import functools
import ipaddress
import os
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.files import exists
from teleinfo.common.i18n import catalogue
from teleinfo.common.untrusted_json import parse_object
from teleinfo.doctor import inside
from teleinfo.doctor.finding import Finding, find
from teleinfo.doctor.findings import of_sandbox
from teleinfo.doctor.machine import Machine
from teleinfo.doctor.report import Screen
from teleinfo.mqtt.errors import CUT_OFF, PUSHED_OUT
from teleinfo.port.line_log import NO_FRAME, OPENING, SILENT
from teleinfo.port.reader import RETRY_INTERVAL
from teleinfo.port.search import FRAME_CHECK_INTERVAL
from teleinfo.port.serial_port import OPEN_TIMEOUT, is_remote
from teleinfo.settings import SERVICE_FILE, Settings
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from teleinfo.port.health import Health

UNIT = "teleinfo"

_PROPERTIES = (
    "LoadState", "UnitFileState", "WantedBy", "ActiveState", "SubState", "Result", "ExecMainStatus",
    "NRestarts", "StatusText", "InvocationID", "ActiveEnterTimestampMonotonic", "AssertResult",
)  # fmt: skip
# The properties that limit what a service reaches; systemd-run takes them as systemctl shows them.
_LIMITS = (
    "User", "Group", "SupplementaryGroups", "DynamicUser", "PrivateUsers", "DevicePolicy", "DeviceAllow",
    "PrivateDevices", "PrivateTmp", "ProtectHome", "InaccessiblePaths", "PrivateNetwork", "IPAddressAllow",
    "IPAddressDeny", "RestrictAddressFamilies",
)  # fmt: skip
_OPENED_WITHIN = OPEN_TIMEOUT + 2.0  # s; the line of status is up to a second old
_TRIED_WITHIN = RETRY_INTERVAL + 2.0  # s; as above
PORT_FAULTS = tuple(kind.words for kind in PortErrorKind)
FAULTS = (*PORT_FAULTS, NO_FRAME, SILENT, CUT_OFF, PUSHED_OUT)
_FIELD = re.compile(r"\{\w+\}")
_NAME_SERVER = re.compile(r"^nameserver\s+([0-9A-Fa-f.:]+)", re.MULTILINE)
_TRANSIENT = ("--quiet", "--collect", "--wait", "--pipe", "--no-ask-password")


class Access(enum.Enum):
    """Access to the serial port."""

    FREE = "free"  # we may listen
    OURS = "ours"  # a teleinfo reads it, and publishes the quality of the line
    NONE = "none"


@dataclass(slots=True)
class Case:
    """
    The machine, the service `unit`, its `env_file` (None: the usual file), and the results of the checks.

    `valid_settings` is None if the settings are wrong, or this user may not read their file.
    With `is_shared`, another program has the port open. `addresses` are those of the broker. `status` is the
    payload of its retained topic `status`, "online" or "offline" if it is a teleinfo's, and `health` the
    content of its topic `health`; `may_read` is True if this account receives them (None: not tried).
    `numbers` are the last digits of the numbers of the meters that are published on the topics.
    """

    machine: Machine = field(default_factory=Machine)
    screen: Screen = field(default_factory=Screen)
    env_file: Path | None = None
    unit: str = UNIT
    valid_settings: Settings | None = None
    access: Access = Access.NONE
    is_shared: bool = False
    addresses: tuple[str, ...] = ()
    may_read: bool | None = None
    status: str | None = None
    health: Health | None = None
    numbers: tuple[str, ...] = ()
    _properties: dict[str, str] | None = None
    _attempts: dict[str, str] | None = None

    @property
    def settings(self) -> Settings:
        """The valid settings; raises LookupError if the settings are wrong."""
        if self.valid_settings is None:
            raise LookupError("the settings are wrong")
        return self.valid_settings

    @property
    def credentials(self) -> Path:
        """The folder with the files that systemd handed to the running service, for root alone."""
        return self.credentials_of(self.unit)

    def credentials_of(self, unit: str) -> Path:
        """Return the folder with the files that systemd handed to a running service, for root alone."""
        return self.machine.path(f"/run/credentials/{unit}.service")

    @property
    def port_target(self) -> str:
        """The port as `attempts` names it: a device without links, or `host:port` of a bridge."""
        port = self.settings.serial_port
        return port.partition("://")[2] if is_remote(port) else self.machine.real(port)

    @property
    def device(self) -> str:
        """The device of the port, without links; "" if it is not there, or for a bridge."""
        port = self.port_target
        return port if port.startswith("/") and self.machine.path(port).exists() else ""

    async def properties(self, *, again: bool = False) -> Mapping[str, str]:
        """
        Return the properties of the unit, repeated ones a line each; none if systemd does not answer.

        They are asked for once, and `again` where the present state matters.
        """
        if self._properties is None or again:
            self._properties = {}
            if self.machine.path("/run/systemd/system").exists():
                names = ",".join(_PROPERTIES + _LIMITS)
                said = await self.machine.run("systemctl", "show", self.unit, f"--property={names}")
                for name, _equals, value in (line.partition("=") for line in (said or "").splitlines()):
                    before = self._properties.get(name)
                    self._properties[name] = f"{before}\n{value}" if before else value
        return self._properties

    async def status_text(self) -> str:
        """Return the line of status of the service about this meter; "" if the service does not run."""
        shown = await self.properties()
        text = shown.get("StatusText", "") if shown.get("ActiveState") == "active" else ""
        topic = f"{self.valid_settings.mqtt_topic}: " if self.valid_settings is not None else ""
        return next((part[len(topic) :] for part in text.split(" | ") if part.startswith(topic)), text)

    async def complaint(self) -> str:
        """Return the fault that the service reports of itself; "" if it reports none, or does not run."""
        return complaint_of(await self.status_text())

    async def last_logged(self, texts: Iterable[str]) -> str:
        """
        Return the last line of the journal with one of these texts; "" if the last hour has none.

        Of a service that runs, these are lines since its start: an outage of before is over.
        """
        # In an outage the log repeats its cause once an hour.
        recent = ("-n", "50", "-o", "cat", "--no-pager", "--since=-65min")
        lines = (await self.machine.run("journalctl", await self.journal(), *recent) or "").splitlines()
        return next((line for line in reversed(lines) if is_one_of(line, texts)), "")

    async def journal(self) -> str:
        """Return the argument of journalctl for the service's own lines, since its start if it runs."""
        shown = await self.properties()
        if shown.get("ActiveState") == "active" and shown.get("InvocationID"):
            return f"_SYSTEMD_INVOCATION_ID={shown['InvocationID']}"
        return f"_SYSTEMD_UNIT={self.unit.removesuffix('.service')}.service"

    async def has_port(self) -> bool:
        """
        Return True if the service says that it has its port open.

        An attempt to open it is waited for: until it ends, nobody knows why the port is not open.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _OPENED_WITHIN
        words = await self.status_text()
        while is_one_of(words, [OPENING]) and loop.time() < end:
            await asyncio.sleep(FRAME_CHECK_INTERVAL)
            await self.properties(again=True)
            words = await self.status_text()
        return bool(words) and not is_one_of(words, (OPENING, *PORT_FAULTS))

    async def opens_port(self) -> bool:
        """
        Return True if the service has its port open, or opens it with its next attempt.

        Whoever has just ended a program that held the port reads no fault that is over.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _TRIED_WITHIN
        while not await self.has_port() and loop.time() < end:
            await asyncio.sleep(FRAME_CHECK_INTERVAL)
            await self.properties(again=True)
        return await self.has_port()

    async def attempts(self) -> Mapping[str, str]:
        """
        Try in the sandbox of the service what it needs; return the error of each attempt, "" for none.

        Attempts are the port, the address of the broker, the files of TLS, and the file of offers. The result
        is empty if there is no service, or if this user may not try.
        """
        shown = await self.properties()
        if self._attempts is None and shown.get("LoadState") == "loaded" and self.valid_settings is not None:
            broker, port = self.settings.broker, self.port_target
            tls = broker.tls
            files = (tls.ca_file, tls.cert_file, tls.key_file) if tls is not None else ()
            # systemd hands credentials over to the service alone.
            wanted = [file for file in files if file is not None and "/run/credentials/" not in file]
            if exists(Path(self.settings.offers)):
                wanted.append(self.settings.offers)
            # A bridge may serve a single client: the service, while it runs.
            is_bridge = not port.startswith("/")
            if self.device or (is_bridge and not await self.has_port()):
                wanted.append(port)
            limits = [
                f"-p{name}={value}" for name in _LIMITS for value in shown.get(name, "").split("\n") if value
            ]
            program = (sys.executable, "-I", inside.__file__, broker.address, *wanted)
            said = await self.machine.run("systemd-run", *_TRANSIENT, *limits, *program)
            errors = parse_object((said or "").encode()) or {}
            self._attempts = {name: str(error) for name, error in errors.items()}
        return self._attempts or {}


async def kept_away(case: Case, check: str, error: str, target: str, addresses: Iterable[str]) -> Finding:
    """Return the fault of a service that gets `error` at `target`, whose `addresses` this user reaches."""
    template, wanted = of_sandbox.ADDRESS_KEPT_AWAY, addresses
    if error == inside.NAME:
        template = of_sandbox.NAME_SERVER_KEPT_AWAY
        wanted = _NAME_SERVER.findall(case.machine.text("/etc/resolv.conf") or "")
    shown = await case.properties()
    nets = [ipaddress.ip_network(net) for net in shown.get("IPAddressAllow", "").split()]
    kept = {}
    for address in wanted if shown.get("IPAddressDeny") else ():
        with contextlib.suppress(ValueError):
            plain = address.partition("%")[0]
            # The addresses of a network change in IPv6; its /64 stays.
            one = ipaddress.ip_interface(f"{plain}/64" if ":" in plain else plain)
            if not any(one.ip in net for net in nets):
                kept[address] = str(one.network).removesuffix("/32")
    finding = find(of_sandbox.UNREACHED, address=target, error=error, unit=case.unit)
    if kept:
        allowed = " ".join(dict.fromkeys(kept.values()))
        finding = find(template, address=", ".join(kept), unit=case.unit, allowed=allowed)
    return replace(finding, check=check)


def editor_for(path: Path) -> str:
    """Return the editor with which the person who reads this, perhaps behind sudo, can save the file."""
    person = int(os.environ.get("SUDO_UID", os.geteuid()))
    may_save = path.stat().st_uid == person if person != os.geteuid() else os.access(path, os.W_OK)
    return "nano" if may_save else "sudoedit"


def is_one_of(words: str, messages: Iterable[str]) -> bool:
    """
    Return True if `words` hold one of these `messages`, templates of the catalogue, in any language.

    The service speaks the language of its settings, and logs on in that of before until it is restarted.
    """
    return any(_pattern(message).search(words) for message in messages)


@functools.cache
def _pattern(message: str) -> re.Pattern[str]:
    """Return a pattern of a message in all languages, with any text in place of its fields."""
    texts = {catalogue(language).get(message, message) for language in Language}
    return re.compile("|".join(".*".join(map(re.escape, _FIELD.split(text))) for text in sorted(texts)))


def complaint_of(words: str) -> str:
    """Return the faults that a line of status reports, of the port, the meter or the broker."""
    # In French a blank that does not break stands before a semicolon.
    return "; ".join(part for part in re.split("\N{NO-BREAK SPACE}?; ", words) if is_one_of(part, FAULTS))


def unit_of(env_file: Path | None) -> str:
    """Return the service that reads `env_file`: `teleinfo@NAME` for the file NAME.env of another meter."""
    path = (env_file or SERVICE_FILE).absolute()
    is_further = path.parent == SERVICE_FILE.parent and path.suffix == ".env" and path != SERVICE_FILE
    return f"{UNIT}@{path.stem}" if is_further else UNIT
