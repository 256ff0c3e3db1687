"""The scope of the ids of a meter, and its serial number."""

from __future__ import annotations

import re

from teleinfo.state.device import Device, device_of


def meter(number: str | None, *, topic: str = "teleinfo", private: bool = False) -> Device:
    """Return a meter with the default topic."""
    return device_of(number, topic=topic, private=private)


def test_the_number_is_the_scope_and_the_serial_number() -> None:
    """Ids are made of the number itself; what an id must not have becomes `_`."""
    assert (meter("041961123456").scope, meter("041961123456").serial) == ("041961123456", "041961123456")
    assert meter("04 961/+#456").scope == "04_961___456"
    assert meter("04190FAbcd-_z/Z").scope == "04190FAbcd-_z_Z"


def test_a_private_number_gives_a_scope_that_gives_nothing_away() -> None:
    """Four hexadecimal digits: the same for each run, others for another topic or meter, no serial number."""
    hidden = meter("041961123456", private=True)

    assert hidden == meter("041961123456", private=True)
    assert re.fullmatch("[0-9a-f]{4}", hidden.scope)
    assert hidden.serial is None
    assert hidden.identity.model == "Single-phase Linky 60 A (G3)"
    assert hidden.scope != meter("041961123456", topic="teleinfo/garage", private=True).scope
    assert hidden.scope != meter("041961123457", private=True).scope


def test_the_scopes_are_frozen() -> None:
    """No release may change them: every household would lose its history."""
    assert meter("041961123456", private=True).scope == "e517"
    assert meter(None).scope == "c10d"
