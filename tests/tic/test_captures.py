"""Recordings decode to exactly what an independent checker finds sound in them."""

from __future__ import annotations

import importlib.util
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.tic import groups
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import Framer
from teleinfo.tic.labels import Group
from tests.recordings import FOLDER
from tests.recordings.__main__ import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType


def checker(folder: Path) -> ModuleType:
    """Return the folder's own checker, which shares nothing with the decoder."""
    spec = importlib.util.spec_from_file_location("check", folder / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sound_groups(recording: Path) -> list[list[tuple[str, str | None, str]]]:
    """
    Return for each complete frame the groups that the checker calls sound: label, horodate, value.

    For the checker any STX begins a frame. Before a printable character it is another character, damaged (one
    recording has three such frames): the frame is cut there, and what follows is the tail of it.
    """
    segments = recording.read_bytes().split(b"\x03")
    line = b"\x03".join(segment for segment in segments if not re.search(rb"\x02[ -~]", segment))
    examined = checker(recording.parent).examine(line)
    return [
        [
            (group["label"], group["horodate"], group["value"])
            for group in frame
            if group["verdict"] == "valid"
        ]
        for frame in examined["frames"]
    ]


def test_our_recordings_are_those_of_the_program() -> None:
    """Nothing in the folder is made by hand: after a change that is meant, `python -m tests.recordings`."""
    found = {path.name: path.read_bytes() for path in FOLDER.glob("*.tic*")}

    assert found == files()


def test_exactly_the_sound_groups_of_each_complete_frame_come_out(recording: Path) -> None:
    """In each complete frame exactly the checker's sound groups are found, but for impossible labels."""
    framer = Framer()
    frames = map(framer.frame, framer.split(recording.read_bytes()))
    found = [
        [
            (group.label, group.horodate, group.value)
            for group in groups.parse_frame(frame[0])
            if isinstance(group, Group)
        ]
        for frame in frames
        if frame is not None
    ]
    # The checker does not look at the characters of an étiquette: noise passed its sum once.
    expected = [
        [group for group in frame if not re.search(r"[`{|}~]", group[0])] for frame in sound_groups(recording)
    ]

    assert found == expected


def test_each_complete_frame_is_published_unless_a_label_has_two_values(recording: Path) -> None:
    """A frame that is not published contradicts itself: bytes were lost."""
    readings = Decoder().feed(recording.read_bytes())
    contradictory = 0
    for frame in sound_groups(recording):
        values: dict[str, set[str | None]] = {}
        for label, horodate, value in frame:
            values.setdefault(label, set()).add(value or horodate)
        contradictory += any(len(of_one_label) > 1 for of_one_label in values.values())

    assert len(readings) == len(sound_groups(recording)) - contradictory


def published(captures: Path, name: str) -> Mapping[str, str]:
    """Return the values of the first frame of a recording."""
    return Decoder().feed((captures / f"{name}.tic").read_bytes())[0].values


@pytest.mark.parametrize("name", ["esciara-tempo-recorded", "esciara-valid-hphc", "openhab-cbetm-ejp"])
def test_the_values_are_those_that_the_source_of_the_recording_asserts(captures: Path, name: str) -> None:
    expected: dict[str, Any] = json.loads((captures / f"{name}.expected.json").read_text())["first_frame"]
    values = published(captures, name)
    for label, value in expected.items():
        if isinstance(value, str):
            assert values[label] == value.rstrip(".")
        elif value is not None:
            assert int(values[label]) == value


@pytest.mark.parametrize("name", ["enedis-standard", "enedis-standard-pcoup-invalid"])
def test_enedis_own_frames_give_what_enedis_reader_gives(captures: Path, name: str) -> None:
    """In Enedis' notation a horodate stands before its value, and a bad group has an exclamation mark."""
    expected: dict[str, str] = json.loads((captures / f"{name}.expected.json").read_text())
    values = published(captures, name)
    for label, value in expected.items():
        horodate, separator, alone = value.rpartition("\t")
        if label.startswith("!"):
            assert label[1:] not in values
        elif separator and alone:
            assert (values[label], values[f"{label}_HORODATE"]) == (alone, horodate)
        else:
            assert values[label] == (horodate if separator else value.strip(" "))
