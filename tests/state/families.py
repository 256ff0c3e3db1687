"""
A frame of each family of meters that nobody simulates, as the document describes it, with invented values.

They stand in `families/`, an étiquette and its value in each line. Sources: Enedis-NOI-CPT_02E v6; the order
of a PME-PMI is that of installed meters.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

FOLDER: Final = Path(__file__).with_suffix("")
FRAMES_NEEDED: Final = 4
"""Frames after which a decoder believes all that one says."""

FAMILIES: Final = ("concentrateur", "cje", "ice", "ice-4q", "pme-pmi", "saphir", "saphir-standard")


def family_readings(family: str, *, frames: int = FRAMES_NEEDED) -> list[Reading]:
    """Return what frames of this family say; a SAPHIR may send the same in mode standard."""
    name = family.removesuffix("-standard")
    mode = Mode.HISTORIQUE if name == family else Mode.STANDARD
    lines = (FOLDER / f"{name}.txt").read_text(encoding="ascii").splitlines()
    groups = [line.split(" ", 1) for line in lines]
    frame = encode_frame(Group(label, value, None, mode) for label, value in groups)
    decoder = Decoder()
    decoder.feed(frame * 2)  # what is new in this meter, and what is against the documents, is confirmed then
    return decoder.feed(frame * frames)
