"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

from teleinfo.tic import registers
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import LIMIT
from teleinfo.tic.labels import Mode
from teleinfo.tic.parity import has_parity


def test_the_last_supplier_index_is_the_tenth() -> None:
    """A day profile may name the indexes 1 to 10."""
    ten, eleven = registers.profile("0000000A 0600000B") or ()

    assert (ten.index, eleven.index) == (10, None)


def test_a_byte_that_tells_nothing_of_the_parity_is_no_parity() -> None:
    """A line of which no byte is right with parity has none."""
    assert not has_parity(b"\x80")
    assert has_parity(b"\x82")


def test_the_frame_in_progress_has_the_mode_of_most_of_its_groups() -> None:
    """Whatever else came in between."""
    decoder = Decoder()
    decoder.feed(b"\x02\nPAPP 00750 -\r\nVTIC\t02\tJ\r\nPTEC HP..  \r")

    assert decoder.pending() == (Mode.HISTORIQUE, 2)


def test_the_last_beginning_in_an_endless_stretch_is_kept_though_it_is_the_second_byte() -> None:
    """Only the STX at the head of it is given up, with what is longer than a frame may be."""
    decoder = Decoder()
    decoder.feed(b"\x02\x02\n".ljust(LIMIT, b"A"))
    decoder.feed(b"\x03")

    assert (decoder.counts.interrupted, decoder.counts.malformed) == (1, 1)
