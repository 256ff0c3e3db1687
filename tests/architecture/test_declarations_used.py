"""Findings and faults that are declared are used: each has a line of the program that reports it."""

from __future__ import annotations

import re
from typing import Final

from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.faults import PortFault
from tests.architecture.sources import FILES

FINDINGS: Final = "teleinfo.doctor.findings."

TEXTS: Final = {module: path.read_text(encoding="utf-8") for module, path in FILES.items()}
NAMES: Final = {module: set(re.findall(r"(?:\w+Fault\.)?\w+", text)) for module, text in TEXTS.items()}
"""The words of each module; the member of an enumeration of faults is a word with its class."""


def is_used(name: str, home: str) -> bool:
    """Return True if a module besides its `home` has this name."""
    return any(name in names for module, names in NAMES.items() if module != home)


def test_each_finding_is_reported_by_a_check() -> None:
    findings = [
        (module, name)
        for module, text in TEXTS.items()
        if module.startswith(FINDINGS)
        for name in re.findall(r"^([A-Z]\w+): Final = Finding\(", text, re.MULTILINE)
    ]

    assert findings
    assert [name for module, name in findings if not is_used(name, module)] == []


def test_each_fault_of_the_broker_is_raised_or_has_a_code() -> None:
    unused = []
    for fault in BrokerFault:
        has_code = bool(fault.value.reason_codes or fault.value.certificate_codes)
        if not has_code and not is_used(f"BrokerFault.{fault.name}", "teleinfo.mqtt.faults"):
            unused.append(fault.name)

    assert unused == []


def test_each_fault_of_the_port_is_raised() -> None:
    unused = []
    for fault in PortFault:
        if not is_used(f"PortFault.{fault.name}", "teleinfo.port.faults"):
            unused.append(fault.name)

    assert unused == []
