"""
Publish the decoded state: the whole on one topic, and each field on a topic of its own if asked for.

A state is published at most once in `interval` seconds, but an alert, a tariff period or a colour at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from teleinfo.state.tracker import encode

if TYPE_CHECKING:
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.state.fields import Json
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading


class StatePublisher:
    """
    Keeps `topic`, and with `fields` the topics below it, at the state of `tracker`.

    Times are monotonic, in seconds. The payload of a field is plain: a number, a text, `true` or `false`; an
    unknown one is empty, which also removes what the broker retained.
    """

    def __init__(
        self, tracker: StateTracker, states: RetainedStates, *, topic: str, interval: float, fields: bool
    ) -> None:
        self._tracker = tracker
        self._states = states
        self._topic = topic
        self._interval = interval
        self._fields = fields
        self._published = -math.inf
        self._plain: dict[str, bytes] = {}

    def update(self, reading: Reading, *, now: float, time: str, urgent: bool = False) -> bool:
        """
        Note a reading of the time of day `time`, ISO 8601, and publish the state if it is due or `urgent`.

        Return whether it was published.
        """
        urgent |= self._tracker.update(reading, now=now, time=time)
        return self.check(now, urgent=urgent)

    def check(self, now: float, *, urgent: bool = False) -> bool:
        """
        Publish the state if it is due, and return whether it was.

        To be called once a second, since a value may be too old by now.
        """
        if not urgent and now - self._published < self._interval:
            return False
        state = self._tracker.state(now=now)
        if not state:
            return False
        self._published = now
        self._states.set_state(self._topic, encode(state))
        if self._fields:
            self._publish_fields(plain(state))
        return True

    def _publish_fields(self, fields: dict[str, bytes]) -> None:
        # A field that is gone for good, as after a change of the meter, is removed from the broker.
        gone = {path: b"" for path, payload in self._plain.items() if path not in fields and payload}
        for path, payload in (fields | gone).items():
            if self._plain.get(path) != payload:
                self._states.set_state(f"{self._topic}/{path}", payload)
        self._plain = fields | gone


def plain(state: dict[str, Json], path: str = "") -> dict[str, bytes]:
    """Return the payload of each field by its path below the topic, `power/net`."""
    found: dict[str, bytes] = {}
    for name, value in state.items():
        here = f"{path}{name.replace('+', '_')}"  # NJOURF+1: no topic may hold a plus sign
        if isinstance(value, dict):
            found |= plain(value, f"{here}/")
        else:
            found[here] = _payload(value)
    return found


def _payload(value: Json) -> bytes:
    if value is None:
        return b""
    return str(value).lower().encode() if isinstance(value, bool) else str(value).encode()
