"""
The plan of the house: which room knows which others.

    source → characters → frames → groups → reading → payload → publisher

A room is a module, or a package with a door. What it may import stands behind its name; what is not there, it
may not even know the types of. The daemon is the corridor; the commands are the porch, and see every room.
"""

from __future__ import annotations

import pytest

from tests.architecture.sources import FILES, HOUSE, imports

PLAN = {
    # Bytes to readings. Each room knows the words of the table, and the room before it.
    "tic.tables": "",
    "tic.labels": "tic.tables",
    "tic.characters": "",
    "tic.frames": "tic.characters",
    "tic.groups": "tic.characters tic.labels",
    "tic.reading": "tic.groups tic.labels",
    "tic.place": "tic.frames tic.groups tic.labels tic.reading",
    "tic.memory": "tic.characters tic.labels tic.place tic.reading",
    "tic.decoder": "tic.frames tic.groups tic.labels tic.memory tic.reading",
    "tic.registers": "",
    # Readings to messages.
    "payload": "tic.labels tic.reading",
    "pace": "tic.labels tic.reading",
    "health": "tic.decoder tic.labels",
    "topics": "",
    "homeassistant": "tic.labels tic.reading tic.registers topics mqtt teleinfo",
    # Input and output. Neither side knows the other: both are joined in the corridor.
    "port": (
        "tic.characters tic.frames tic.groups tic.decoder tic.labels tic.reading"
        " backoff durations i18n threads"
    ),
    "mqtt": "backoff durations",
    # What every room may need.
    "arguments": "i18n",
    "backoff": "",
    "beats": "",
    "durations": "",
    "i18n": "",
    "journal": "",
    "systemd": "",
    "threads": "",
    "settings": "tic.labels payload i18n",
    # The corridor.
    "status_line": "port tic.labels durations",
    "keeper": "tic.decoder health topics mqtt port beats status_line systemd teleinfo",
    "daemon": (
        "tic.decoder tic.reading payload pace topics homeassistant mqtt port settings"
        " keeper beats systemd threads teleinfo"
    ),
    # A meter of our own, which shares no code with the decoder but the words.
    "meter": "tic.groups tic.labels",
    "record": "tic.characters tic.frames tic.groups tic.labels meter",
    # What looks on: it may see what the corridor sees.
    "doctor": (
        "tic.decoder tic.labels tic.reading health topics homeassistant mqtt port settings"
        " durations i18n daemon teleinfo"
    ),
    "watch": (
        "tic.decoder tic.labels tic.reading tic.registers health topics homeassistant mqtt port settings"
        " backoff durations i18n doctor teleinfo"
    ),
    # The porch.
    "commands": "*",
    "cli": "arguments journal settings i18n teleinfo",
    "__main__": "cli",
    # The door of the library: what somebody else's program may have.
    "teleinfo": "payload tic.decoder tic.labels tic.reading",
}


def room_of(module: str) -> str:
    """Return the room that a module stands in; a new room must be drawn into the plan first."""
    name = module.removeprefix(f"{HOUSE}.")
    while name not in PLAN and "." in name:
        name = name.rpartition(".")[0]
    assert name in PLAN or module == f"{HOUSE}.tic", f"{module} stands in no room of the plan"
    return name


def known_to(room: str) -> set[str]:
    """Return the other rooms of which the sources of a room import something."""
    modules = [module for module in FILES if room_of(module) == room]
    names = {name for module in modules for name in imports(module, for_types=True)}
    return {room_of(name) for name in names if name.partition(".")[0] == HOUSE} - {room}


def test_every_room_of_the_plan_exists() -> None:
    """The plan and the sources name the same rooms."""
    assert {room_of(module) for module in FILES} - {"tic"} == set(PLAN)


@pytest.mark.parametrize("room", [room for room, known in PLAN.items() if known != "*"])
def test_a_room_knows_the_rooms_of_the_plan_and_no_other(room: str) -> None:
    """Nothing more is imported, and the plan promises no door that nobody uses."""
    assert known_to(room) == set(PLAN[room].split())


def test_nobody_but_the_command_line_knows_the_commands() -> None:
    """The porch leads into the house, and no room leads out to it."""
    assert [room for room in PLAN if "commands" in known_to(room)] == []


def test_no_two_rooms_know_each_other() -> None:
    """Whoever reads a room need not have read one that needs it: the plan has no circle."""
    left = {room: {known for known in known_to(room) if known != HOUSE} for room in PLAN if room != HOUSE}
    while free := [room for room, known in left.items() if not known & left.keys()]:
        for room in free:
            del left[room]

    assert left == {}
