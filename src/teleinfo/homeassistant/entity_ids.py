"""
The ids that Home Assistant is asked to give the entities, such as `sensor.teleinfo_power_active`.

Pure. They depend neither on the language nor on the number of the meter: a dashboard or an automation that
names them works in every household, and goes on when the meter is replaced. Home Assistant takes lower case
letters, digits and single underscores between them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LIGATURES: Final = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"}
"""Letters of French that Unicode does not decompose."""

_REACTIVE_OUT: Final = re.compile(r"(?<=ER|PR)-")
"""The minus of the reactive energy: ER+ and ER- are two quantities. Other minuses are dashes (`SMAXSN-1`)."""


def slug(text: str) -> str:
    """Return `text` in lower case without accents; all but letters and digits are single underscores."""
    for ligature, letters in _LIGATURES.items():
        text = text.replace(ligature, letters)
    letters_and_accents = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in letters_and_accents if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def device_slug(meter_name: str | None, base_topic: str) -> str:
    """
    Return the slug of the user's name for the meter, else that of its base topic.

    A text without any letter that is left (電表, /) has no slug: if neither has one, return `teleinfo`.
    """
    return slug(meter_name or "") or slug(base_topic) or "teleinfo"


def entity_id(platform: str, device: str, key: str) -> str:
    """Return the id of the entity with this key, which may be an étiquette: `sensor.teleinfo_er_minus_s`."""
    key_in_words = _REACTIVE_OUT.sub("_minus_", key).replace("+", "_plus_")
    return f"{platform}.{slug(f'{device}_{key_in_words}')}"
