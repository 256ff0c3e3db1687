"""The meter as a device of Home Assistant: the scope of its ids and its serial number."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple

from teleinfo.tic.meter_id import MeterIdentity, identity_of

_HASH_DIGITS: Final = 4


class Device(NamedTuple):
    """
    A meter whose ids are made unique by `scope`.

    `serial` is its number, None if the meter sends none or the number must not be published.
    """

    scope: str
    identity: MeterIdentity
    serial: str | None = None


@lru_cache(maxsize=8)
def device_of(number: str | None, *, topic: str, private: bool) -> Device:
    """
    Return the device of the meter with this `number`, which is None if the meter sends none.

    The scope of its ids is the number itself. If there is none, or if it is `private` (left out of the
    payload), the scope is four hexadecimal digits of a hash of `topic` and number. They distinguish the
    meters of one user, and reveal no number: some five hundred meters in France share the same four digits.
    A change of the scope would lose the history of every user; a test freezes it.
    """
    identity = identity_of(number)
    if number is None:
        return Device(_hash("", topic=topic), identity)
    if private:
        return Device(_hash(number, topic=topic), identity)
    scope = re.sub(r"[^A-Za-z0-9_-]", "_", number)
    return Device(scope, identity, serial=number)


def hidden_scope(scope: str, *, topic: str) -> str:
    """Return the scope that the meter with this scope has if its number is private."""
    if len(scope) == _HASH_DIGITS:
        return scope  # a hash already
    return _hash(scope, topic=topic)


def _hash(number: str, *, topic: str) -> str:
    """Return the hexadecimal digits that stand for a number, which is empty if the meter sends none."""
    return hashlib.sha256(f"{topic}\n{number}".encode()).hexdigest()[:_HASH_DIGITS]
