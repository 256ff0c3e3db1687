"""Broker address, client identity and topic names of one meter."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final, NamedTuple

KEEPALIVE: Final = 12
"""
Seconds (MQTT 5 §3.1.2.10): the broker publishes the will after 1.5 times this without a packet of ours.

paho waits as long for PINGRESP. While nothing is published, we notice a frozen broker within twice this time.
"""


class MqttVersion(enum.StrEnum):
    """Version of MQTT to speak; AUTO: 5, or 3.1.1 if the broker refuses 5."""

    AUTO = "auto"
    V5 = "5"
    V3_1_1 = "3.1.1"


class Tls(NamedTuple):
    """Options of TLS: paths of PEM files, and `insecure` to accept any certificate of the broker."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Broker:
    """Address of the broker, our identity there, and the version of MQTT to speak."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    version: MqttVersion = MqttVersion.AUTO

    @property
    def address(self) -> str:
        """Host and port as people write them, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


TOPICS: Final = ("status", "health", "event", "state", "meta", "homeassistant", "doctor", "prices")
"""
The words of the topics below the base topic of a meter.

The doctor tries the broker on `doctor`; `prices` is kept free for a topic of this name.
"""

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
"""The two payloads of the topic `status`; offline is also the last will."""


class Topics:
    """
    Topics of a meter: `readings`, the base topic, and those below it.

    `event` has what begins or ends. The other topics are retained: `status` has `ONLINE` or `OFFLINE`,
    `health` the health of the line, `state` the decoded state, with its fields below it, `meta` what they
    mean, and `homeassistant` what Home Assistant is shown of it.
    """

    def __init__(self, readings: str) -> None:
        self.readings = readings
        self.status = f"{readings}/status"
        self.health = f"{readings}/health"
        self.event = f"{readings}/event"
        self.state = f"{readings}/state"
        self.meta = f"{readings}/meta"
        self.homeassistant = f"{readings}/homeassistant"

    def covers(self, topic: str) -> bool:
        """
        Return True if `topic` is one of these, the base topic apart, or below one of them.

        If it were the base topic of another meter, both meters' messages would come on the same topics.
        """
        below_base = (self.status, self.health, self.event, self.state, self.meta, self.homeassistant)
        return any(topic == own or topic.startswith(f"{own}/") for own in below_base)
