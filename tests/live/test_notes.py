"""The last line of the screen: what is wrong and what to do, in the language of the reader."""

from __future__ import annotations

import pytest

from teleinfo.live.sentences import port_note
from teleinfo.port.errors import PortError
from teleinfo.port.link_status import NONSENSE_FIXED, SILENT_AFTER, LinkStatus
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message

PORT = "/dev/ttyUSB0"


def link(*, opened: float | None = 0.0, url: str = PORT, baudrate: int | None = 1200) -> LinkStatus:
    """Return the status of a port that was opened at this time, or was not yet."""
    status = LinkStatus(url=url, baudrate=baudrate, searching=False)
    if opened is not None:
        status.note_open(opened)
    return status


def error(kind: PortErrorKind) -> PortError:
    """Return an error of this kind."""
    return PortError(kind, Message("there is no {port}", port=PORT))


@pytest.mark.parametrize("kind", PortErrorKind)
def test_every_error_of_the_port_is_said_in_its_own_words_and_names_the_doctor(kind: PortErrorKind) -> None:
    """The one catalogue of its wordings is `port.errors`."""
    status = link(opened=None)
    status.note_lost(error(kind))
    note = port_note(status, now=0)

    assert note.kind is kind
    assert note.text.startswith(f"there is no {PORT}. ")
    assert note.text.endswith(" doctor")


def test_a_port_that_the_service_reads_is_watched_by_way_of_the_broker() -> None:
    """Two readers would each get a part of the bytes."""
    status = link(opened=None)
    status.note_lost(error(PortErrorKind.BUSY))

    assert "watch --mqtt. To find out more: " in port_note(status, now=0).text


def test_a_line_that_is_dead_is_reported_with_for_how_long() -> None:
    before = port_note(link(opened=None), now=99.0)
    status = link(opened=100.0)
    first = port_note(status, now=100.0)
    dead = port_note(status, now=100.0 + SILENT_AFTER)
    still = port_note(status, now=101.0 + SILENT_AFTER)

    assert before.text == f"opening {PORT}"
    assert first.text == "listening for a meter at 1200 baud"
    assert dead.text.startswith("no byte from the meter for 10 s: check its power, its wires")
    assert (still.kind, still.text == dead.text) == (dead.kind, False)


def test_bytes_without_sense_are_reported() -> None:
    status = link()
    for second in range(int(NONSENSE_FIXED) + 1):
        status.note_bytes(float(second))
    nonsense = port_note(status, now=NONSENSE_FIXED).text
    status.note_frame(NONSENSE_FIXED + 1)
    status.mode = Mode.STANDARD
    status.baudrate = 9600

    assert nonsense.startswith(f"bytes come from {PORT}, but none makes sense")
    assert nonsense.endswith(" doctor")
    assert port_note(status, now=NONSENSE_FIXED + 1).text == "reading a meter in mode standard at 9600 baud"


def test_a_bridge_has_no_speed() -> None:
    status = link(url="socket://192.0.2.1:2000", baudrate=None)
    first = port_note(status, now=0.0).text
    status.note_bytes(1.0)
    status.note_frame(1.0)
    status.mode = Mode.HISTORIQUE

    assert first == "listening for a meter"
    assert port_note(status, now=1.0).text == "reading a meter in mode historique"
