"""What it was measured on: the processor, the system, Python and the libraries; no name of a host."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

LIBRARIES = ("aiomqtt", "paho-mqtt", "pydantic", "pydantic-settings", "pyserial", "pyserial-asyncio")


def describe() -> str:
    """Return two lines about the machine, and one about who else was at work on it."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()} {platform.machine()}\n"
        f"{platform.python_implementation()} {platform.python_version()}, {versions}\n"
        f"load average at the end {load:.2f}"
    )


def _processor() -> str:
    """Return the board, as a Raspberry Pi has it in /proc/cpuinfo, or the model of the processor."""
    pairs = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    return facts.get("Model") or facts.get("model name") or platform.machine()
