"""
What the log says, once each, of a broker that accepts us and serves us badly.

MQTT 3.1.1 has no words for it. A broker that does not take a message closes the connection, or acknowledges
the message and drops it; one that knows two clients of one id closes the older connection.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import socket
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.mqtt.config import Broker, Topics
    from teleinfo.mqtt.errors import BrokerError
    from teleinfo.mqtt.outbox import OutgoingMessage

log = logging.getLogger(__name__)

SHORT_SECONDS: Final = 5.0
"""A connection that the broker closed sooner is a short one."""

SHORT_IN_A_ROW: Final = 3
"""So many short connections, one after the other, have a reason."""


class Diagnosis:
    """
    Follows the connections to `broker`, one after the other.

    On each, the first message on the topics of `echo_topics` is expected to come back.
    """

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self._broker = broker
        self._topics = topics
        self._short_in_a_row = 0
        self._in_flight_each_time = True
        self._said_short = self._said_dropped = False
        self._wants_echo = True
        self._subscribing = False
        self._awaited: set[str] = set()
        self._acknowledged: set[str] = set()

    @property
    def echo_topics(self) -> tuple[str, ...]:
        """The topics to subscribe to; none for a broker that did not answer that once."""
        return (self._topics.status, self._topics.readings) if self._wants_echo else ()

    def connected(self) -> None:
        """Note a new connection, on which `echo_topics` are subscribed to first."""
        self._subscribing = True
        self._awaited = set(self.echo_topics)
        self._acknowledged = set()

    def subscribed(self) -> None:
        """Note that the broker answered the subscription."""
        self._subscribing = False

    def acknowledged(self, topic: str) -> None:
        """Note that the broker acknowledged a message on `topic`."""
        self._acknowledged.add(topic)

    def came_back(self, topic: str) -> bool:
        """Note a message on `topic`; return whether it is the first one that was awaited there."""
        awaited = topic in self._awaited
        self._awaited.discard(topic)
        return awaited

    def check_echoes(self) -> None:
        """Say what did not come back; to be called when there was time enough for it."""
        dropped = sorted(self._awaited & self._acknowledged)
        if dropped and not self._said_dropped:
            self._said_dropped = True
            log.warning(
                "the broker at %s acknowledged what was published on %s, but did not deliver it to us: it "
                "may drop such messages without a word (access list, message_size_limit), or only not let "
                "this user read them; `teleinfo doctor` finds out",
                self._broker.address,
                " and ".join(dropped),
            )

    def lost(self, fault: BrokerError, lasted: float, in_flight: OutgoingMessage | None) -> None:
        """Note why a connection ended that lasted so many seconds, and the longest message then in flight."""
        if self._subscribing:
            self._wants_echo = False
        if fault.kind != "closed" or lasted >= SHORT_SECONDS:
            self._short_in_a_row = 0
            return
        if self._short_in_a_row == 0:
            self._in_flight_each_time = True
        self._short_in_a_row += 1
        self._in_flight_each_time &= in_flight is not None
        if self._short_in_a_row < SHORT_IN_A_ROW or self._said_short:
            return
        self._said_short = True
        if in_flight is not None and self._in_flight_each_time:
            self._say_refused(in_flight)
        else:
            self._say_shared()

    def _say_refused(self, message: OutgoingMessage) -> None:
        log.warning(
            "the broker at %s closed %d connections in a row when a message of %d bytes was published on %s: "
            "probably it allows no packet of this length (max_packet_size), or does not let this user write "
            "there; or another program uses the same client id, %s; `teleinfo doctor` finds out",
            self._broker.address,
            SHORT_IN_A_ROW,
            len(message.payload),
            # The number of the meter stands in the topics of Home Assistant, and never in the log.
            re.sub(r"\d{8,}", "…", message.topic or self._topics.readings),
            self._broker.client_id,
        )

    def _say_shared(self) -> None:
        log.warning(
            "the broker at %s closed %d connections in a row within %d s: probably another program uses "
            "the same client id, %s, and each pushes the other out; give one of them another "
            "TELEINFO_MQTT_CLIENT_ID",
            self._broker.address,
            SHORT_IN_A_ROW,
            SHORT_SECONDS,
            self._broker.client_id,
        )


@contextlib.contextmanager
def claimed_client_id(broker: Broker) -> Iterator[None]:
    """
    Claim our client id on this machine for the time of the block; say it if another teleinfo has claimed it.

    The claim is a name among the abstract sockets of Linux (unix(7)), which ends with the process.
    """
    name = f"{broker.address} {broker.client_id}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
        try:
            claim.bind(f"\0teleinfo {sha256(name.encode()).hexdigest()}")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                log.warning(
                    "another teleinfo on this machine, perhaps the service, uses the client id %s at the "
                    "broker at %s: each will push the other out; stop it, or give one of them another "
                    "TELEINFO_MQTT_CLIENT_ID",
                    broker.client_id,
                    broker.address,
                )
        yield
