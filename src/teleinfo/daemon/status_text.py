"""
What `systemctl status` shows of the daemon: one line in plain words.

Pure: what is known comes in, text goes out. No identifier of the meter is part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.port.errors import PortErrorKind

if TYPE_CHECKING:
    from teleinfo.tic.labels import Mode

_NO_PORT = {
    PortErrorKind.MISSING: "no serial port",
    PortErrorKind.GONE: "the serial port went away",
    PortErrorKind.DENIED: "no right to read the serial port",
    PortErrorKind.BUSY: "another program reads the serial port",
    PortErrorKind.STUCK: "the driver of the serial port hangs",
    PortErrorKind.UNREACHABLE: "the bridge to the serial port cannot be reached",
    PortErrorKind.SPEED: "the serial port cannot work at this speed",
    PortErrorKind.OTHER: "the serial port cannot be opened",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """
    How it goes.

    `connected`: the port is open; `trouble`: why it is not. `last_frame`: seconds since the last sound frame,
    None before the first. `bad_share`: of the groups, 0 to 1. `broker` is its address.
    """

    connected: bool
    trouble: PortErrorKind | None
    mode: Mode | None
    baudrate: int
    online: bool
    frames: int
    last_frame: float | None
    bad_share: float | None
    broker: str
    broker_connected: bool


def status_text(now: LinkStatus) -> str:
    """Return one line: the port, the meter, the line's quality, the broker."""
    quality = "" if now.bad_share is None else f"; {now.bad_share:.1%} of the groups bad"
    broker = "connected to" if now.broker_connected else "no connection to"
    return f"{_port(now)}; {_meter(now)}{quality}; {broker} the broker at {now.broker}"


def _port(now: LinkStatus) -> str:
    if not now.connected:
        return "opening the serial port" if now.trouble is None else _NO_PORT[now.trouble]
    if now.mode is None:
        return f"listening for a meter at {now.baudrate} baud"
    return f"mode {now.mode} at {now.baudrate} baud"


def _meter(now: LinkStatus) -> str:
    if now.last_frame is None:
        return "no frame yet"
    silent = "" if now.online else "the meter is silent, "
    return f"{silent}{now.frames} frames, the last {duration(now.last_frame)} ago"
