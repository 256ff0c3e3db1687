"""The fields of breaker, dry contact and relays, of the days to come, and of all other étiquettes."""

from __future__ import annotations

from typing import Final

from teleinfo.state import fields
from teleinfo.state.field_entry import Field, StateType
from teleinfo.vocabulary.codes import Breaker, BreakerReason, DryContact
from teleinfo.vocabulary.words import Message

_CONTACT: Final = (DryContact.OPEN, DryContact.CLOSED)
"""The codes of a contact: false is open, true is closed."""
_RELAY: Final = "State of the relay; relay 1 is the dry contact."


def _relay(number: int) -> Field:
    return Field(
        f"contacts.relay_{number}",
        StateType.BOOLEAN,
        _RELAY,
        codes=_CONTACT,
        read=lambda now: fields.relay(now.values, number),
        name=Message("Relay {number}", number=number),
        key=f"relay_{number}",
        icon="mdi:electric-switch",
        diagnostic=True,
        enabled=False,
    )


FIELDS: Final = (
    Field(
        "contacts.breaker",
        StateType.ENUM,
        codes=tuple(Breaker),
        read=lambda now: fields.breaker(now.values),
        name="Breaker",
        key="breaker",
        icon="mdi:electric-switch",
        diagnostic=True,
    ),
    Field(
        "contacts.breaker_reason",
        StateType.ENUM,
        "Why the breaker is open; null while it is closed, and for a reason that Enedis does not name.",
        codes=tuple(BreakerReason),
        read=lambda now: fields.breaker_reason(now.values),
        name="Breaker opening reason",
        key="breaker_reason",
        icon="mdi:electric-switch",
        diagnostic=True,
        enabled=False,
    ),
    Field(
        "contacts.dry_contact",
        StateType.BOOLEAN,
        codes=_CONTACT,
        read=lambda now: fields.dry_contact(now.values),
        name="Dry contact",
        key="dry_contact",
        icon="mdi:electric-switch",
    ),
    Field(
        "contacts.relay_1",
        StateType.BOOLEAN,
        _RELAY,
        codes=_CONTACT,
        sources=("RELAIS",),
        read=lambda now: fields.relay(now.values, 1),
    ),
    *map(_relay, range(2, 9)),
    Field(
        "day_profile.tomorrow",
        StateType.SLOTS,
        "Tomorrow: a list of slots, each with `start` (by the clock of the meter), "
        "`alternative_start` (the same if this meter writes hexadecimal numbers; null where that is "
        "known), `index`, `dry_contact` (`unchanged`, `tempo`, `open`, `closed`) and the "
        "`closed_relays`.",
        read=lambda now: now.day_profile("PJOURF+1"),
    ),
    Field(
        "day_profile.mobile_peak",
        StateType.SLOTS,
        "The next day of mobile peak: a list of the same slots.",
        read=lambda now: now.day_profile("PPOINTE"),
    ),
    # The module `labels` reads its values.
    Field(
        "labels.*",
        StateType.ANY,
        "Value of an étiquette that has no field above: a number in its unit without the prefix (kVA "
        "as VA, daL as L), a text, or a time (`<étiquette>_HORODATE`); `<étiquette>_<unit>` where "
        "the unit comes with the value. The value of an étiquette that teleinfo does not know is a "
        "text.",
    ),
)
