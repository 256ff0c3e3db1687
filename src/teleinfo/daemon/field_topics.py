"""Publish each field of the state on a topic of its own, retained, when it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state.tracker import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.state.fields import Json

_EARLIER: Final = b"\0"
"""Placeholder for a payload of an earlier run, which is unknown; it equals no real payload."""


class FieldTopics:
    """
    The topics of the fields below the `topic` of the state, and the payload of each at the broker.

    A payload is plain: a number, a text, `true` or `false`; a list is JSON. That of an unknown field is
    empty, which also removes the retained message from the broker. `bands` has the least changes of numbers,
    by the path of the field, `power.apparent_import`: a smaller one is not published.
    """

    def __init__(self, topic: str, outbox: Outbox, *, bands: Mapping[str, float]) -> None:
        self._topic = topic
        self._outbox = outbox
        self._bands = {path.replace(".", "/"): band for path, band in bands.items()}
        self._payloads: dict[str, bytes] = {}  # by the path below the topic, power/apparent_import

    def restore(self, paths: Iterable[str]) -> None:
        """Continue with the paths of an earlier run, whose payloads are unknown."""
        self._payloads = dict.fromkeys(paths, _EARLIER)

    def paths(self) -> frozenset[str]:
        """Return the paths that may have a message at the broker: a cleared one, until that has arrived."""
        at_broker = {path for path, payload in self._payloads.items() if payload}
        unsettled = {path for path in self._payloads if not self._outbox.is_settled(f"{self._topic}/{path}")}
        return frozenset(at_broker | unsettled)

    def publish(self, state: dict[str, Json], *, is_complete: bool) -> None:
        """
        Publish the fields of a state that have changed, and clear those that it lacks.

        Unless it `is_complete`, those of an earlier run stay: the meter may still send what they are of.
        """
        payloads = plain(state)
        for path, former in self._payloads.items():
            is_lacking = path not in payloads
            if is_lacking and (is_complete or former != _EARLIER):
                payloads[path] = b""
        for path, payload in payloads.items():
            former_payload = self._payloads.get(path)
            if _is_near(payload, former_payload, self._bands.get(path, 0.0)):
                continue
            self._payloads[path] = payload
            self._outbox.set(f"{self._topic}/{path}", payload)

    def clear(self) -> None:
        """Remove the messages of an earlier run from the broker: nothing is known."""
        for path in self._payloads:
            self._outbox.set(f"{self._topic}/{path}", b"")


def plain(state: dict[str, Json], path: str = "") -> dict[str, bytes]:
    """
    Return the payload of each field by its path below the topic, `power/apparent_net`.

    `path` is that of the section `state`, with a slash at its end. An unknown field has an empty payload.
    """
    payloads: dict[str, bytes] = {}
    for name, value in state.items():
        field_path = path + name.replace("+", "_")  # NJOURF+1: no topic may hold a plus sign
        if isinstance(value, dict):
            payloads |= plain(value, f"{field_path}/")
        elif value is None:
            payloads[field_path] = b""
        elif isinstance(value, str):
            payloads[field_path] = value.encode()  # without the quotes of JSON
        else:
            payloads[field_path] = encode(value)
    return payloads


def _is_near(payload: bytes, former: bytes | None, band: float) -> bool:
    """
    Return True if the payloads are equal, or numbers that differ by less than `band`, unless that is 0.

    `former` is None if nothing was published, and an empty payload stands for an unknown number.
    """
    if payload == former:
        return True
    if band == 0 or payload == b"" or former is None or former in {b"", _EARLIER}:
        return False
    return abs(float(payload) - float(former)) < band
