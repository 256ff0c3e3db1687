"""A person at a terminal, with a meter: the environment of a command, and the frame of the meter."""

from __future__ import annotations

import os

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.frames import whole

HC = {
    "ADCO": "041961123456",
    "OPTARIF": "HC..",
    "BASE": "",
    "HCHC": "000019212",
    "HCHP": "000068306",
    "PTEC": "HP..",
}
FRAME = with_parity(encode_frame(whole(**HC)))


def environment(*, language: str = "en", encoding: str = "utf-8", **settings: object) -> dict[str, str]:
    """Return the environment of a person with these settings, who reads English in UTF-8 by default."""
    settings = {"language": language} | settings
    names = {f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()}
    ours = {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUNBUFFERED": "1"}
    return ours | {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": encoding} | names
