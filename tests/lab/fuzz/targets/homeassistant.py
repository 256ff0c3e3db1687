"""Any value of a register, a horodate or an entity: never raises; what comes out is what went in, or None."""

from __future__ import annotations

import datetime as dt
import json
import math
import re

from teleinfo.homeassistant.entities import entities_of, entity_of
from teleinfo.homeassistant.templates import state_template
from teleinfo.state.labels import values_of
from teleinfo.state.tracker import encode
from teleinfo.tic import horodate, registers
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.support.judged import JudgedTracker, moment


def seeds() -> dict[str, bytes]:
    """Return lines of one étiquette and its value each."""
    lines: dict[str, tuple[str, ...]] = {
        "standard": (
            "\x01DATE H240213083144",
            "STGE 013AC401",
            "RELAIS 140",
            "PJOURF+1 00004001 06004002 NONUTILE",
            "DPM1 00",
            "DPM1_HORODATE  240108060000",
            "SMAXSN 02740",
            "NTARF 02",
            "LTARF HP BLEU",
            "EAST 012345678",
        ),
        "historique": (
            "\x00PTEC HPJB",
            "DEMAIN ROUG",
            "OPTARIF BBR(",
            "PPOT 0E",
            "PAPP 00750",
            "IINST1 003",
            "HHPHC A",
            "ADPS 32",
        ),
        "profile": (
            "\x01PPOINTE 00008001 0100C001 NONUTILE",
            "PJOURF+1 0A00C00A",
            "STGE FFFFFFFF",
            "RELAIS 255",
        ),
        "moments": ("\x01DATE E260329023000", "DPM1_HORODATE  260329020000", "FPM1_HORODATE  261025030000"),
    }
    figures = "9" * 5000  # more than Python takes for a number
    lines["long-numbers"] = (f"\x00OPTARIF HC..\nHCHC {figures}", "HCHP 1", f"PAPP {figures}")
    lines["long-number"] = (f"\x01EAST {figures}\nNTARF {figures}",)
    return {name: "\n".join(words).encode() for name, words in lines.items()}


def check(data: bytes) -> None:
    """Make a reading of the lines, and ask for the states of everything in it."""
    mode = Mode.STANDARD if data[:1] and data[0] & 1 else Mode.HISTORIQUE
    lines = (line.partition(" ") for line in data[1:].decode("latin-1").split("\n"))
    values = {key: value for key, _, value in lines if key}
    for text in values.values():
        _assert_moment(text)
        _assert_registers(text)
    if not values:
        return
    for overseas in (False, True):
        for key, state in values_of(mode, values, overseas=overseas).items():
            # Registers, identifiers and unknown étiquettes have no entity.
            entity = entity_of(mode, key)
            assert entity is None or entity.path == f"labels.{key}"
            # JSON knows neither infinity nor NaN.
            assert not isinstance(state, float) or math.isfinite(state), key
    tracker = JudgedTracker()
    tracker.update(Reading(mode, values), moment(0.0, "2026-01-14T12:00:00+01:00"))
    decoded = tracker.state(moment(0.0))
    assert json.loads(encode(decoded)) == decoded
    for entity in entities_of(tracker.fields_of(values, moment(0.0)), mode).values():
        assert state_template(entity)


def _assert_moment(text: str) -> None:
    moment = horodate.iso(text)
    if moment is None:
        return
    assert re.fullmatch(r"[EHeh ][0-9]{12}", text)
    read = dt.datetime.fromisoformat(moment)
    assert read.strftime("%y%m%d%H%M%S") == text[1:]
    assert read.utcoffset() in (dt.timedelta(hours=1), dt.timedelta(hours=2))


def _assert_registers(text: str) -> None:
    word = registers.status(text)
    assert word is None or (f"{word:08X}" == text.upper() and word < 1 << 32)
    registers.missing_phases(text)
    relays = registers.closed_relays(text)
    assert relays is None or set(relays) <= set(range(1, 9))
    slots = registers.profile(text)
    assert slots is None or len(slots) <= len(text)
