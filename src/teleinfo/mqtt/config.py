"""Where the broker is, who we are to it, and the topics of one meter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

KEEPALIVE: Final = 12
"""
Seconds, MQTT 3.1.1 §3.1.2.10: the broker publishes the will 1.5 times this after our last packet.

paho waits as long for PINGRESP, so that a frozen broker is found out within twice this when nothing is sent.
"""


@dataclass(frozen=True, slots=True)
class Tls:
    """How to speak TLS: paths of PEM files, and `insecure` to trust any certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None

    @property
    def address(self) -> str:
        """The host and the port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
"""What the topic `status` says; offline is also the last will."""


@dataclass(frozen=True, slots=True)
class Topics:
    """`readings`, the base itself, and the retained ones below it."""

    readings: str

    @property
    def status(self) -> str:
        """Where `ONLINE` and `OFFLINE` are published."""
        return f"{self.readings}/status"

    @property
    def health(self) -> str:
        """Where the health of the line is told."""
        return f"{self.readings}/health"

    @property
    def state(self) -> str:
        """Where the decoded state is published, if it was asked for, and each of its fields below it."""
        return f"{self.readings}/state"

    @property
    def former_states(self) -> str:
        """Topic of the states of Home Assistant in version 0.1.0, which is cleared."""
        return f"{self.readings}/homeassistant"
