"""The line of `systemctl status`, in plain words and without any identifier of the meter. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.common.durations import duration

if TYPE_CHECKING:
    from teleinfo.port.link_status import LinkStatus


def status_text(
    link: LinkStatus, *, now: float, frames: int, bad_share: float | None, broker: str, broker_connected: bool
) -> str:
    """
    Return a line about the port, the meter, the quality of the line, and the broker at the address `broker`.

    `now` is the time by the clock of `link`. `bad_share` is the share of bad groups, 0 to 1; None: unknown.
    """
    quality = "" if bad_share is None else f"; {bad_share:.1%} of the groups bad"
    connection = "connected to" if broker_connected else "no connection to"
    return f"{_port(link)}; {_meter(link, now, frames)}{quality}; {connection} the broker at {broker}"


def _port(link: LinkStatus) -> str:
    if not link.connected:
        return "opening the serial port" if link.error is None else link.error.kind.words
    speed = "" if link.baudrate is None else f" at {link.baudrate} baud"
    return f"listening for a meter{speed}" if link.mode is None else f"mode {link.mode}{speed}"


def _meter(link: LinkStatus, now: float, frames: int) -> str:
    if link.last_frame is None:
        return "no frame yet"
    silent = "" if link.is_heard(now) else "the meter is silent, "
    return f"{silent}{frames} frames, the last {duration(now - link.last_frame)} ago"
