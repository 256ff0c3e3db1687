"""Findings and faults that are declared are used: each has a line of the program that reports it."""

from __future__ import annotations

import re
from typing import Final

from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.faults import PortFault
from tests.architecture.sources import FILES

FINDINGS: Final = "teleinfo.doctor.findings."


TEXTS: Final = {module: path.read_text(encoding="utf-8") for module, path in FILES.items()}


def uses(name: str, home: str) -> int:
    """Return the number of modules, besides its `home`, that have this name."""
    pattern = re.compile(rf"\b{re.escape(name)}\b")
    return sum(module != home and pattern.search(text) is not None for module, text in TEXTS.items())


def test_each_finding_is_reported_by_a_check() -> None:
    declared = {
        f"{module}.{name}": uses(name, module)
        for module, text in TEXTS.items()
        if module.startswith(FINDINGS)
        for name in re.findall(r"^([A-Z]\w+): Final = Finding\(", text, re.MULTILINE)
    }

    assert declared
    assert [name for name, count in declared.items() if not count] == []


def test_each_fault_of_the_broker_is_raised_or_has_a_code() -> None:
    found_by_code = {
        fault for fault in BrokerFault if fault.value.reason_codes or fault.value.certificate_codes
    }
    unused = [
        fault.name
        for fault in BrokerFault
        if fault not in found_by_code and not uses(f"BrokerFault.{fault.name}", "teleinfo.mqtt.faults")
    ]

    assert unused == []


def test_each_fault_of_the_port_is_raised() -> None:
    unused = [
        fault.name for fault in PortFault if not uses(f"PortFault.{fault.name}", "teleinfo.port.faults")
    ]

    assert unused == []
