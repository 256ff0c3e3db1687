"""
Take the registers of a meter apart: text in, fields out, no words.

Pure. What does not have the form of its register gives None, and nothing is raised.
Sources: STGE, RELAIS, PJOURF+1 and PPOINTE, Enedis-NOI-CPT_54E v3 (their own paragraphs); PPOT,
Enedis-NOI-CPT_02E v6.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bits:
    """Some bits of a register: those of `mask`, once the register is shifted right by `shift`."""

    shift: int
    mask: int = 1

    def of(self, word: int) -> int:
        """Return the number that these bits of `word` make."""
        return word >> self.shift & self.mask


# STGE, bit 0 first. Bits 5 and 18 are not used.
DRY_CONTACT: Final = Bits(0)  # 1: open
BREAKER: Final = Bits(1, 0b111)  # 0 closed, else open, and why
TERMINAL_COVER: Final = Bits(4)  # 1: open
OVERVOLTAGE: Final = Bits(6)
OVERRUN: Final = Bits(7)  # of the reference power
PRODUCER: Final = Bits(8)
EXPORTING: Final = Bits(9)
SUPPLIER_INDEX: Final = Bits(10, 0b1111)  # from 0
DISTRIBUTOR_INDEX: Final = Bits(14, 0b11)  # from 0
CLOCK: Final = Bits(16)  # 1: degraded
TIC_STANDARD: Final = Bits(17)
EURIDIS: Final = Bits(19, 0b11)  # 0 off, 1 on without security, 3 on with it
POWERLINE: Final = Bits(21, 0b11)  # CPL: 0 new and unlocked, 1 new and locked, 2 registered
POWERLINE_SYNCHRONISED: Final = Bits(23)
TODAY: Final = Bits(24, 0b11)  # Tempo: 0 none, 1 blue, 2 white, 3 red
TOMORROW: Final = Bits(26, 0b11)
PEAK_NOTICE: Final = Bits(28, 0b11)  # 0 none, 1 to 3: PM1 to PM3
PEAK: Final = Bits(30, 0b11)

_STGE_DIGITS: Final = 8
_PPOT_DIGITS: Final = 2
_RELAYS: Final = range(1, 9)
PHASES: Final = (1, 2, 3)
_VIRTUAL_CONTACTS: Final = range(1, 8)

# A block of a day profile, HHMMSSSS: when, then 16 bits of what. One meter wrote the hour in hexadecimal.
_SLOT: Final = re.compile(r"([0-9A-F]{2})([0-9]{2})([0-9A-F]{4})")
_INDEX: Final = Bits(0, 0b1111)
_LAST_INDEX: Final = 10
_FIRST_VIRTUAL: Final = 4
_DRY: Final = Bits(14, 0b11)


class DryContact(enum.Enum):
    """What a day profile does to the dry contact at the beginning of a slot."""

    LEFT = 0
    TEMPO = 1  # the Tempo contract decides
    OPENED = 2
    CLOSED = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """
    One slot of a day profile: it begins at `start`, "06:00" in the meter's time.

    `index` is the supplier index that counts, 1 to 10, None where it stays; `virtual` are the virtual
    contacts that are closed, 1 to 7.
    """

    start: str
    index: int | None
    dry: DryContact
    virtual: tuple[int, ...]


def status(text: str) -> int | None:
    """Return the word of STGE, of which the `Bits` above are parts."""
    return _word(text, digits=_STGE_DIGITS)


def phases(text: str) -> int | None:
    """Return the word of PPOT, in which bit n says that phase n of `PHASES` is without voltage."""
    return _word(text, digits=_PPOT_DIGITS)


def closed_relays(text: str) -> tuple[int, ...] | None:
    """Return the relays that RELAIS says are closed: 1 is the dry contact, 2 to 8 are virtual."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) >= 1 << len(_RELAYS):
        return None
    return tuple(relay for relay in _RELAYS if int(text) >> relay - 1 & 1)


def profile(text: str) -> tuple[Slot, ...] | None:
    """Return the slots of PJOURF+1 or PPOINTE, in their order; `NONUTILE` blocks are none."""
    slots = [_slot(block) for block in text.split() if block != "NONUTILE"]
    return None if None in slots else tuple(slot for slot in slots if slot is not None)


def _slot(block: str) -> Slot | None:
    match = _SLOT.fullmatch(block)
    if match is None:
        return None
    hour, minute, action = match.groups()
    number = int(hour, 10 if hour.isdecimal() else 16)
    word = int(action, 16)
    index = _INDEX.of(word)
    return Slot(
        start=f"{number:02}:{minute}",
        index=index if 1 <= index <= _LAST_INDEX else None,
        dry=DryContact(_DRY.of(word)),
        virtual=tuple(n for n in _VIRTUAL_CONTACTS if word >> _FIRST_VIRTUAL + n - 1 & 1),
    )


def _word(text: str, *, digits: int) -> int | None:
    return int(text, 16) if re.fullmatch(f"[0-9A-F]{{{digits}}}", text) else None
