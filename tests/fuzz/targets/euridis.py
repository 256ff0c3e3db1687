"""Any number of a meter: never raises, has a scope that fits a topic; a private one is given away nowhere."""

from __future__ import annotations

import re

from teleinfo.state.device import device_of


def seeds() -> dict[str, bytes]:
    """Return numbers of several makers and types, and what is none."""
    return {
        "linky": b"041961123456",
        "tri": b"041976123456",
        "pme": b"0419360123456",
        "hidden": b"XXXXXXXXXXXX",
        "letters": b"04190F123456",
        "odd": b"../#+\x00\n",
    }


def check(data: bytes) -> None:
    """Ask for the meter of this number, open and private."""
    number = data.decode("latin-1")
    known = device_of(number, topic="teleinfo", private=False)
    private = device_of(number, topic="teleinfo", private=True)
    assert device_of(number, topic="teleinfo", private=False) == known
    assert re.fullmatch(r"[A-Za-z0-9_-]*", known.scope)
    assert len(known.scope) == len(number)
    assert known.serial == number
    assert re.fullmatch(r"[0-9a-f]{4}", private.scope)
    assert private.serial is None
    assert known.identity == private.identity
    assert len(number) <= 4 or number not in repr(private)
