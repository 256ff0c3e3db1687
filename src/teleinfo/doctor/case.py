"""The case of one service: its machine and unit, and the results of earlier checks that later checks need."""

from __future__ import annotations

import asyncio
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
        if not is_remote(port):
            return self.machine.real(port)
        _scheme, _separator, address = port.partition("://")
        return address

    @property
    def device(self) -> str:
        """The device of the port, without links; "" if it is not there, or for a bridge."""
        port = self.port_target
        is_bridge = not port.startswith("/")
        if is_bridge or not self.machine.path(port).exists():
            return ""
        return port

    async def properties(self) -> Mapping[str, str]:
        """
        Return the properties of the unit, repeated ones a line each; none if systemd does not answer.

        They are asked for once; `refresh` asks again.
        """
        if self._properties is None:
            await self.refresh()
        return self._properties or {}

    async def refresh(self) -> None:
        """Ask systemd for the present properties of the unit."""
        properties: dict[str, str] = {}
        if self.machine.path("/run/systemd/system").exists():
            names = ",".join(_PROPERTIES + _LIMITS)
            output = await self.machine.run("systemctl", "show", self.unit, f"--property={names}")
            for line in (output or "").splitlines():
                name, _equals, value = line.partition("=")
                if properties.get(name):
                    value = f"{properties[name]}\n{value}"
                properties[name] = value
        self._properties = properties

    async def status_text(self) -> str:
        """Return the line of status of the service about this meter; "" if the service does not run."""
        properties = await self.properties()
        if properties.get("ActiveState") != "active":
            return ""
        text = properties.get("StatusText", "")
        if self.valid_settings is None:
            return text
        # A service with several meters has `TOPIC: WORDS | TOPIC: WORDS`; one with a single meter only words.
        prefix = f"{self.valid_settings.mqtt_topic}: "
        for part in text.split(" | "):
            if part.startswith(prefix):
                return part.removeprefix(prefix)
        return text

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
        output = await self.machine.run("journalctl", await self.journal(), *recent)
        lines = (output or "").splitlines()
        for line in reversed(lines):
            if is_one_of(line, texts):
                return line
        return ""

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
            await self.refresh()
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
            await self.refresh()
        return await self.has_port()

    async def attempts(self) -> Mapping[str, str]:
        """
        Try in the sandbox of the service what it needs; return the error of each attempt, "" for none.

        Attempts are the port, the address of the broker, the files of TLS, and the file of offers. The result
        is empty if there is no service, or if this user may not try.
        """
        properties = await self.properties()
        is_installed = properties.get("LoadState") == "loaded"
        if self._attempts is None and is_installed and self.valid_settings is not None:
            targets = await self._targets()
            limits = []
            for name in _LIMITS:
                for value in properties.get(name, "").split("\n"):
                    if value:
                        limits.append(f"-p{name}={value}")
            program = (sys.executable, "-I", inside.__file__, *targets)
            output = await self.machine.run("systemd-run", *_TRANSIENT, *limits, *program)
            errors = parse_object((output or "").encode()) or {}
            self._attempts = {name: str(error) for name, error in errors.items()}
        return self._attempts or {}

    async def _targets(self) -> list[str]:
        """Return what the service needs and an attempt can show: an address, paths of files, and the port."""
        broker = self.settings.broker
        targets = [broker.address]
        if broker.tls is not None:
            for file in (broker.tls.ca_file, broker.tls.cert_file, broker.tls.key_file):
                # systemd hands credentials over to the service alone.
                if file is not None and "/run/credentials/" not in file:
                    targets.append(file)
        if exists(Path(self.settings.offers)):
            targets.append(self.settings.offers)
        port = self.port_target
        is_bridge = not port.startswith("/")
        # A bridge may serve a single client: the service, while it runs.
        if self.device or (is_bridge and not await self.has_port()):
            targets.append(port)
        return targets


async def kept_away(case: Case, check: str, error: str, target: str, addresses: Iterable[str]) -> Finding:
    """Return the fault of a service that gets `error` at `target`, whose `addresses` this user reaches."""
    if error == inside.NAME:
        # The name did not resolve, so the service needs the name servers first.
        template = of_sandbox.NAME_SERVER_KEPT_AWAY
        addresses = _NAME_SERVER.findall(case.machine.text("/etc/resolv.conf") or "")
    else:
        template = of_sandbox.ADDRESS_KEPT_AWAY
    networks = _networks_not_allowed(await case.properties(), addresses)
    if networks:
        allowed = " ".join(dict.fromkeys(networks.values()))  # each network once
        finding = find(template, address=", ".join(networks), unit=case.unit, allowed=allowed)
    else:
        finding = find(of_sandbox.UNREACHED, address=target, error=error, unit=case.unit)
    return replace(finding, check=check)


def _networks_not_allowed(properties: Mapping[str, str], addresses: Iterable[str]) -> dict[str, str]:
    """Return the addresses that the sandbox denies, and for each the network to allow; skip what is none."""
    if not properties.get("IPAddressDeny"):
        return {}
    allowed = [ipaddress.ip_network(network) for network in properties.get("IPAddressAllow", "").split()]
    networks = {}
    for address in addresses:
        without_zone, _percent, _zone = address.partition("%")  # fe80::1%eth0
        # The addresses of a network change in IPv6; its /64 stays.
        prefix = "/64" if ":" in without_zone else ""
        try:
            interface = ipaddress.ip_interface(without_zone + prefix)
        except ValueError:
            continue
        if not any(interface.ip in network for network in allowed):
            networks[address] = str(interface.network).removesuffix("/32")
    return networks


def editor_for(path: Path) -> str:
    """Return the editor with which the person who reads this, perhaps behind sudo, can save the file."""
    user = os.geteuid()
    person = int(os.environ.get("SUDO_UID", user))
    if person == user:
        may_save = os.access(path, os.W_OK)
    else:
        # The system answers for root only: of the person behind sudo, the owner of the file is known.
        may_save = path.stat().st_uid == person
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
    alternatives = []
    for language in Language:
        text = catalogue(language).get(message, message)
        parts = [re.escape(part) for part in _FIELD.split(text)]
        alternatives.append(".*".join(parts))
    return re.compile("|".join(alternatives))


def complaint_of(words: str) -> str:
    """Return the faults that a line of status reports, of the port, the meter or the broker."""
    # In French a blank that does not break stands before a semicolon.
    parts = re.split("\N{NO-BREAK SPACE}?; ", words)
    return "; ".join([part for part in parts if is_one_of(part, FAULTS)])


def unit_of(env_file: Path | None) -> str:
    """Return the service that reads `env_file`: `teleinfo@NAME` for the file NAME.env of another meter."""
    path = (env_file or SERVICE_FILE).absolute()
    is_further = path.parent == SERVICE_FILE.parent and path.suffix == ".env" and path != SERVICE_FILE
    return f"{UNIT}@{path.stem}" if is_further else UNIT
