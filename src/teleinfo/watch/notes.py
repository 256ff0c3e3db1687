"""
What to say below the model, in the language of the reader: how it goes with the port or with the broker.

Pure: what is known comes in, one sentence or two go out. The log says the same in English, at more length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _
from teleinfo.doctor.broker_faults import broker_fault
from teleinfo.port.errors import PortErrorKind
from teleinfo.port.link_status import NONSENSE_FIXED, NONSENSE_SEARCHING, SILENT_AFTER

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError
    from teleinfo.tic.labels import Mode

NOT_READABLE: Final = "not readable"
"""The kind of the `BrokerError` of a broker that does not let us read a topic."""

_NO_PORT: Final = {
    PortErrorKind.MISSING: N_(
        "there is no serial port at {port}: plug the adapter in, or switch the port of the board on (sudo "
        "raspi-config, Interface Options, Serial Port), or correct TELEINFO_SERIAL_PORT"
    ),
    PortErrorKind.GONE: N_("{port} went away: the adapter was unplugged or lost its power. Check its cable"),
    PortErrorKind.DENIED: N_(
        "no right to open {port}: add the user to its group (sudo usermod -aG dialout $USER), then log out "
        "and log in again"
    ),
    PortErrorKind.BUSY: N_(
        "another program reads {port}. If it is the service of teleinfo, watch beside it: "
        "teleinfo watch --mqtt"
    ),
    PortErrorKind.STUCK: N_("the driver of {port} hangs: unplug the adapter, or start the machine again"),
    PortErrorKind.UNREACHABLE: N_(
        "the bridge cannot be reached: {port}. Check the address, and that the bridge is on"
    ),
    PortErrorKind.SPEED: N_("{port} cannot work at {baudrate} baud: correct TELEINFO_SERIAL_BAUDRATE"),
    PortErrorKind.OTHER: N_("{port} cannot be opened: it is not a serial port. Correct TELEINFO_SERIAL_PORT"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """
    How it goes with the port: see `Reader`. `count` is that of the bytes so far.

    `heard` is the monotonic time of the last sound frame, None before the first.
    """

    connected: bool
    trouble: PortErrorKind | None
    mode: Mode | None
    baudrate: int | None
    count: int
    heard: float | None


class PortNotes:
    """What to say of the serial port `port`, at a speed that is `fixed` or searched."""

    def __init__(self, port: str, *, fixed: bool) -> None:
        self._port = port
        self._patience = NONSENSE_FIXED if fixed else NONSENSE_SEARCHING
        self._count = 0
        self._byte: float | None = None  # when the last one came, or the port was opened
        self._sense = 0.0  # when they made sense last, or none came

    def note(self, ear: Ear, *, now: float) -> str:
        """Return what to say at the monotonic time `now`; to be called about once a second."""
        if not ear.connected:
            self._byte = None
            if ear.trouble is None:
                return _("opening {port}").format(port=self._port)
            said = _(_NO_PORT[ear.trouble]).format(port=self._port, baudrate=ear.baudrate)
            return _("{said}. To find out more: teleinfo doctor").format(said=said)
        if self._byte is None:
            self._sense = self._byte = now
        if ear.count != self._count:
            self._count, self._byte = ear.count, now
        if now - self._byte >= SILENT_AFTER:
            self._sense = now
            return self._nothing(now - self._byte, ever=ear.heard is not None)
        if ear.heard is not None:
            self._sense = max(self._sense, ear.heard)
        if now - self._sense >= self._patience:
            return _(
                "bytes come from {port}, but none makes sense: check the wires (terminals I1 and I2) and the "
                "settings TELEINFO_SERIAL_…. To find out more: teleinfo doctor"
            ).format(port=self._port)
        return self._listening(ear)

    @staticmethod
    def _listening(ear: Ear) -> str:
        if ear.baudrate is None:  # a bridge
            if ear.mode is None:
                return _("listening for a meter")
            return _("reading a meter in mode {mode}").format(mode=ear.mode)
        if ear.mode is None:
            return _("listening for a meter at {baudrate} baud").format(baudrate=ear.baudrate)
        return _("reading a meter in mode {mode} at {baudrate} baud").format(
            mode=ear.mode, baudrate=ear.baudrate
        )

    @staticmethod
    def _nothing(seconds: float, *, ever: bool) -> str:
        said = (
            _("no byte from the meter for {time}: it may be interrupted, without power, or its wires loose")
            if ever
            else _("no byte from the meter for {time}: check its wires (terminals I1 and I2) and the adapter")
        )
        return said.format(time=duration(seconds))


def connected(broker: Broker) -> str:
    """Return that the broker is there."""
    return _("connected to the broker at {address}").format(address=broker.address)


def nothing_came(broker: Broker, topic: str) -> str:
    """Return what it may mean that the retained `topic` has nothing for us."""
    return _(
        "nothing came on the topic {topic}: is teleinfo connected to this broker ({address}), under this "
        "topic, and may this user read it (a broker need not say that it refuses)?"
    ).format(topic=topic, address=broker.address)


def no_broker(error: BrokerError, broker: Broker, topic: str) -> str:
    """Return why there is no connection to the broker, or no right to hear `topic`, and what to do."""
    if error.kind == NOT_READABLE:
        return _(
            "the broker does not let this user read the topic {topic}: allow it in its list of rights (ACL)"
        ).format(topic=topic)
    why = broker_fault(error, broker)
    advice = " ".join(filter(None, (why.advice, ", ".join(why.lines))))
    return _("no connection: {why}").format(why=f"{why.message}. {advice}" if advice else why.message)
