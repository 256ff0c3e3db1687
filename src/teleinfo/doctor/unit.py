"""The unit of the service: what systemd and the service say of it, and what its sandbox lets it reach."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import sys
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _, catalogue
from teleinfo.common.untrusted_json import parse_object
from teleinfo.doctor import inside
from teleinfo.doctor.report import Finding, fault
from teleinfo.mqtt.errors import CUT_OFF
from teleinfo.port.tcp_bridge import is_remote
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from teleinfo.doctor.case import Case

_PROPERTIES = (
    "LoadState", "UnitFileState", "WantedBy", "ActiveState", "SubState", "Result", "ExecMainStatus",
    "NRestarts", "StatusText", "InvocationID",
)  # fmt: skip
# The properties that limit what a service reaches; systemd-run takes them as systemctl shows them.
_LIMITS = (
    "User", "Group", "SupplementaryGroups", "DynamicUser", "PrivateUsers", "DevicePolicy", "DeviceAllow",
    "PrivateDevices", "PrivateTmp", "ProtectHome", "InaccessiblePaths", "PrivateNetwork", "IPAddressAllow",
    "IPAddressDeny", "RestrictAddressFamilies",
)  # fmt: skip
_TRANSIENT = ("--quiet", "--collect", "--wait", "--pipe", "--no-ask-password")
_NAME_SERVER = re.compile(r"^nameserver\s+([0-9A-Fa-f.:]+)", re.MULTILINE)


async def show(case: Case) -> Mapping[str, str]:
    """Return the properties of the unit, repeated ones a line each; none if systemd does not answer."""
    if case.properties is None:
        case.properties = {}
        if case.machine.path("/run/systemd/system").exists():
            names = ",".join(_PROPERTIES + _LIMITS)
            said = await case.machine.run("systemctl", "show", case.unit, f"--property={names}")
            for name, _equals, value in (line.partition("=") for line in (said or "").splitlines()):
                before = case.properties.get(name)
                case.properties[name] = f"{before}\n{value}" if before else value
    return case.properties


async def own_words(case: Case) -> str:
    """Return the line of status of the service, of the meter of the case; "" if the service does not run."""
    shown = await show(case)
    text = shown.get("StatusText", "") if shown.get("ActiveState") == "active" else ""
    topic = f"{case.valid_settings.mqtt_topic}: " if case.valid_settings is not None else ""
    return next((part[len(topic) :] for part in text.split(" | ") if part.startswith(topic)), text)


def is_cut_off(words: str) -> bool:
    """Return True if the service says in its line of status, in any language, that it lacks the broker."""
    said = (catalogue(each).get(CUT_OFF, CUT_OFF).partition("{")[0] for each in Language)
    return any(f"; {text}" in words for text in said)


def port_of(case: Case) -> str:
    """Return the port as `attempts` names it: a device without links, or `host:port` of a bridge."""
    port = case.settings.serial_port
    return port.partition("://")[2] if is_remote(port) else case.machine.real(port)


def broker_of(case: Case) -> str:
    """Return the broker as `attempts` names it."""
    return f"{case.settings.broker.host}:{case.settings.broker.port}"


async def attempts(case: Case) -> Mapping[str, str]:
    """
    Try in the sandbox of the service what it needs; return the error of each attempt, "" for none.

    Attempts are the port, `host:port` of the broker, and the files of TLS. The result is empty if there is no
    service, or if this user may not try.
    """
    shown = await show(case)
    if case.attempts is None and shown.get("LoadState") == "loaded" and case.knows_settings:
        tls, port = case.settings.broker.tls, port_of(case)
        files = (tls.ca_file, tls.cert_file, tls.key_file) if tls is not None else ()
        # systemd hands credentials over to the service alone.
        wanted = [file for file in files if file is not None and "/run/credentials/" not in file]
        # A bridge may serve a single client: the service, while it runs.
        if case.machine.path(port).exists() if port.startswith("/") else shown.get("ActiveState") != "active":
            wanted.append(port)
        limits = [
            f"-p{name}={value}" for name in _LIMITS for value in shown.get(name, "").split("\n") if value
        ]
        program = (sys.executable, "-I", inside.__file__, broker_of(case), *wanted)
        said = await case.machine.run("systemd-run", *_TRANSIENT, *limits, *program)
        case.attempts = {
            name: str(error) for name, error in (parse_object((said or "").encode()) or {}).items()
        }
    return case.attempts or {}


def kept_from_broker(case: Case, error: str) -> Finding:
    """Return the finding on the broker, which this user reaches; the service gets `error` in its sandbox."""
    check, wanted = "port", case.addresses
    message = _("the sandbox of the service keeps it from the broker at {address}")
    if error == inside.NAME:
        check, wanted = "name", tuple(_NAME_SERVER.findall(case.machine.text("/etc/resolv.conf") or ""))
        message = _("the sandbox of the service keeps it from the name server {address}")
    outside = _outside(case.properties or {}, wanted)
    if outside:
        line = f"IPAddressAllow={' '.join(dict.fromkeys(outside.values()))}"
        return drop_in(check, message.format(address=", ".join(outside)), case.unit, line)
    message = _("this user reaches {address}, and the service in its sandbox does not ({error})")
    message = message.format(address=case.settings.broker.address, error=error)
    return fault(check, message, _("See why:"), f"sudo journalctl -u {case.unit} -n 30")


def _outside(shown: Mapping[str, str], addresses: Iterable[str]) -> dict[str, str]:
    """Return the addresses that the unit does not allow, each with what to allow: in IPv6 its /64."""
    nets = [ipaddress.ip_network(net) for net in shown.get("IPAddressAllow", "").split()]
    found = {}
    for address in addresses if shown.get("IPAddressDeny") else ():
        with contextlib.suppress(ValueError):
            one = ipaddress.ip_interface(address.partition("%")[0] + "/64" * (":" in address))
            if not any(one.ip in net for net in nets):
                found[address] = str(one.network).removesuffix("/32")
    return found


def drop_in(check: str, message: str, unit: str, line: str) -> Finding:
    """Return a fault, with the advice to add `line` to the [Service] section of `unit`."""
    advice = _("Add these two lines to the unit, then restart it:")
    return fault(check, message, advice, f"sudo systemctl edit {unit}", "[Service]", line)
