"""
Undo 7E1: check the parity bit of each byte, and remove it.

The port is opened 8N1, which has the same ten bits on the wire as the meter's 7E1, so that the parity bit
arrives as bit 7 (Enedis-NOI-CPT_54E v3 and 02E v6: seven bits, even parity, one stop bit). A damaged byte
becomes `DAMAGED`, so that its group is rejected.

If the far end already removed the parity (a pseudo-terminal, a network bridge, a recording), bit 7 is never
set. The bytes of a segment show which case it is: half of the TIC characters have an odd number of ones, so
with parity about half of the bytes have bit 7 set.
"""

from __future__ import annotations

# Stands for a byte with an error: characters of TIC have seven bits.
DAMAGED = 0xFF
# Stands for a byte whose bit 7 is set on a line without parity: not ASCII, but not known to be damaged.
FOREIGN = 0x80

_EVEN = [byte.bit_count() % 2 == 0 for byte in range(256)]
_CHECKED = bytes(byte & 0x7F if _EVEN[byte] else DAMAGED for byte in range(256))
_UNCHECKED = bytes(range(0x80)) + bytes([FOREIGN]) * 0x80

# STX, ETX, EOT, HT, LF, CR and the printable characters: any other is noise and proves nothing.
_OF_TIC = frozenset(b"\x02\x03\x04\t\n\r") | frozenset(range(0x20, 0x7F))
# Bytes that only a line with parity sends, and bytes that only a line without it sends.
_WITH_PARITY = bytes(byte for byte in range(0x80, 0x100) if _EVEN[byte] and byte & 0x7F in _OF_TIC)
_WITHOUT_PARITY = bytes(byte for byte in range(0x80) if not _EVEN[byte] and byte in _OF_TIC)


def strip_parity(raw: bytes) -> tuple[bytes, bool]:
    """
    Return the seven-bit characters of `raw`, one for each byte, and True if it carried parity in bit 7.

    A tie counts as parity, the stricter answer.
    """
    if raw.isascii():
        return raw, False
    with_parity = _count(raw, _WITH_PARITY)
    without_parity = _count(raw, _WITHOUT_PARITY)
    if with_parity > 0 and with_parity >= without_parity:
        return check_parity(raw), True
    return raw.translate(_UNCHECKED), False


def check_parity(raw: bytes) -> bytes:
    """Return the characters of `raw`, whose bytes carry parity; a damaged byte becomes `DAMAGED`."""
    return raw.translate(_CHECKED)


def _count(raw: bytes, kind: bytes) -> int:
    return len(raw) - len(raw.translate(None, kind))
