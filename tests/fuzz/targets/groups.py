"""Any text between LF and CR: never raises, and is a group, or rejected for a cause, as the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.tic.groups import RejectionCause, parse_frame, parse_group
from tests.fuzz.model import Sound, group_of, groups_of

if TYPE_CHECKING:
    from teleinfo.tic.labels import Group


def seeds() -> dict[str, bytes]:
    """Return groups of the documents."""
    return {
        "historique": b"PTEC HP..  ",
        "standard": b"VTIC\t02\tJ",
        "date": b"DATE\tH230301091834\t\tC",
        "horodate": b"SMAXSN-1\tH200213085118\t09562\t ",
        "blank": b"DPM2\t 240108060000\t00\t#",
        "text": b"NGTF\t      BASE      \t<",
        "blanks": b"MESURES1 BT 4 SUP36 @",
        "unknown": b"NEW+1-2_3 CODE 42% =",
        "several": b"\nPAPP 00750 -\r\nPTEC HP..  \r*\nVTIC\t02\tJ\r",
    }


def check(data: bytes) -> None:
    """Hold the parser against the model: one group, and all the groups of a frame."""
    assert _plain(parse_group(data)) == _named(group_of(data))
    assert [_plain(found) for found in parse_frame(data)] == [_named(found) for found in groups_of(data)]


def _plain(found: Group | RejectionCause) -> object:
    if isinstance(found, RejectionCause):
        return found.value
    return found.mode, found.label, found.value, found.horodate


def _named(found: Sound | str) -> object:
    return found if isinstance(found, str) else (found.mode, found.label, found.value, found.horodate)
