"""
Publish the decoded state: the whole on one topic, and each field on a topic of its own if asked for.

A state is published at most once in `interval` seconds, but an alert, a tariff period or a colour at once.
First it is read what an earlier run left at the broker: the total goes on from there, and what belongs to
another meter, or is no field any more, is removed.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from teleinfo.state.tracker import STALE_AFTER, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.state.fields import Json
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading


_SCOPE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""What a `meter.id` may be; it becomes part of a topic."""

_KEPT: Final = frozenset({"import_counter", "import_index", "import_offset"})
"""Without these fields no later run knows the total."""


class StatePublisher:
    """
    Keeps `topic`, and with `fields` the topics below it, at the state of `tracker`.

    Times are monotonic, in seconds. The payload of a field is plain: a number, a text, `true` or `false`; a
    list is JSON, and an unknown one is empty, which also removes what the broker retained. `on_replaced` gets
    the `meter.id` of a meter that was replaced.
    """

    def __init__(
        self,
        tracker: StateTracker,
        states: RetainedStates,
        *,
        topic: str,
        interval: float,
        fields: bool,
        on_replaced: Callable[[str], None],
    ) -> None:
        self._tracker = tracker
        self._states = states
        self._topic = topic
        self._interval = interval
        self._fields = fields
        self._on_replaced = on_replaced
        self._recalled = False
        self._earlier: dict[str, Json] = {}  # the state of an earlier run, until there is one of this run
        self._silent_since: float | None = None
        self._meter: str | None = None
        self._first = self._published = -math.inf
        self._left: dict[str, bytes] = {}  # what an earlier run retained, until it is known what is gone
        self._plain: dict[str, bytes] = {}

    @property
    def is_ready(self) -> bool:
        """Whether it is known what an earlier run retained, so that a state can be published."""
        return self._recalled

    def recall(self, retained: dict[str, bytes]) -> None:
        """Take what an earlier run retained, by topic. Nothing is published before."""
        earlier = _decoded(retained.pop(self._topic, b""))
        meter = earlier.get("meter")
        scope = meter.get("id") if isinstance(meter, dict) else None
        self._meter = scope if isinstance(scope, str) and _SCOPE.fullmatch(scope) else None
        self._tracker.restore(earlier)
        self._earlier = earlier
        self._left = {topic.removeprefix(f"{self._topic}/"): payload for topic, payload in retained.items()}
        self._recalled = True

    def update(self, reading: Reading, *, now: float, time: str, urgent: bool = False) -> bool:
        """
        Note a reading of the time of day `time`, ISO 8601, and publish the state if it is due or `urgent`.

        Return whether it was published.
        """
        urgent |= self._tracker.update(reading, now=now, time=time)
        return self._recalled and (urgent or self._is_due(now)) and self._publish(now)

    def check(self, now: float) -> bool:
        """
        Publish the state if it is due, and return whether it was.

        To be called once a second, since a value may be too old by now, also one of an earlier run.
        """
        if self._published > -math.inf:
            return self._is_due(now) and self._publish(now)
        if self._recalled and self._earlier:
            self._publish_earlier(now)
        return False

    def _publish_earlier(self, now: float) -> None:
        """Say that the values of an earlier run are unknown by now, if no frame has come for long enough."""
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since < STALE_AFTER:
            return
        state, self._earlier = without_values(self._earlier), {}
        self._states.set_state(self._topic, encode(state))
        if self._fields:
            self._publish_fields(plain(state))

    def _is_due(self, now: float) -> bool:
        return now - self._published >= self._interval

    def _publish(self, now: float) -> bool:
        """Publish the state, and return whether there is one."""
        state = self._tracker.state(now=now)
        if not state:
            return False
        if self._published == -math.inf:
            self._first = now
        self._published = now
        self._states.set_state(self._topic, encode(state))
        is_replaced = self._note_meter()
        # The first frames may lack what the meter has.
        if not self._fields or is_replaced or now - self._first >= STALE_AFTER:
            self._plain, self._left = self._left | self._plain, {}
        self._publish_fields(plain(state) if self._fields else {})
        return True

    def _note_meter(self) -> bool:
        """Note which meter it is, and return whether it is another one than before."""
        if self._tracker.number is None:
            return False  # perhaps its number was damaged
        before, self._meter = self._meter, self._tracker.meter.scope
        if before is None or before == self._meter:
            return False
        self._on_replaced(before)
        return True

    def _publish_fields(self, fields: dict[str, bytes]) -> None:
        gone = {path: b"" for path, payload in self._plain.items() if path not in fields and payload}
        for path, payload in (fields | gone).items():
            if self._plain.get(path) != payload:
                self._states.set_state(f"{self._topic}/{path}", payload)
        self._plain = fields | gone


def _decoded(payload: bytes) -> dict[str, Json]:
    """Return a message of the topic `state`; empty for what is none."""
    try:
        state = json.loads(payload)
    except (ValueError, RecursionError):  # anybody can publish there
        return {}
    return state if isinstance(state, dict) else {}


def without_values(state: dict[str, Json]) -> dict[str, Json]:
    """Return a state with null for all that each frame renews; anybody can have published it."""
    return {
        name: _unknown(value, keep_all=name in {"time", "meter"}, levels=3) for name, value in state.items()
    }


def _unknown(value: Json, *, keep_all: bool, levels: int) -> Json:
    if isinstance(value, dict) and levels:
        return {
            name: _unknown(inner, keep_all=keep_all or name in _KEPT, levels=levels - 1)
            for name, inner in value.items()
        }
    return value if keep_all and not isinstance(value, dict | list) else None


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
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return str(value).lower().encode() if isinstance(value, bool) else str(value).encode()
