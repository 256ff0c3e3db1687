"""
English names and states of entities; the French ones stand where the entities are made.

Pure. Names of étiquettes that are missing here are those of the table of étiquettes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from teleinfo.state.words import Language

_PHASES: Final = ("1", "2", "3")

NAMES: Final = {
    "DEMAIN": "Colour of tomorrow (code)",
    "ADPS": "Overrun",
    **{f"ADIR{phase}": f"Overrun, phase {phase}" for phase in _PHASES},
    "NGTF": "Tariff calendar",
    "LTARF": "Current tariff",
    "EAST": "Imported energy",
    "EAIT": "Exported energy",
    **{f"EASD{number:02}": f"Distributor index {number}" for number in range(1, 5)},
    **{f"ERQ{quadrant}": f"Reactive energy Q{quadrant}" for quadrant in range(1, 5)},
    **{f"IRMS{phase}": f"Current, phase {phase}" for phase in _PHASES},
    **{f"URMS{phase}": f"Voltage, phase {phase}" for phase in _PHASES},
    **{f"UMOY{phase}": f"Mean voltage, phase {phase}" for phase in _PHASES},
    "PREF": "Reference power",
    "PCOUP": "Cut-off power",
    "SINSTS": "Imported apparent power",
    **{f"SINSTS{phase}": f"Imported apparent power, phase {phase}" for phase in _PHASES},
    "SINSTI": "Exported apparent power",
    "PUISSANCE_MOYENNE": "Mean active power (calculated)",
    "PUISSANCE_MOYENNE_INJECTEE": "Mean exported active power (calculated)",
    **{f"INDEX_TOTAL_{option}": "Total index (calculated)" for option in ("HC", "EJP", "BBR")},
    "STGE_CONTACT_SEC": "Dry contact",
    "STGE_COUPURE": "Breaker",
    "STGE_CACHE_BORNES": "Terminal cover",
    "STGE_SURTENSION": "Overvoltage",
    "STGE_DEPASSEMENT": "Overrun",
    "STGE_INJECTION": "Export to the grid",
    "STGE_HORLOGE": "Clock degraded",
    "STGE_PREAVIS": "Mobile peak notice",
    "STGE_POINTE": "Mobile peak",
    **{f"PPOT_{phase}": f"Phase {phase} missing" for phase in _PHASES},
    "COULEUR_JOUR": "Colour of today",
    "COULEUR_LENDEMAIN": "Colour of tomorrow",
    "LIGNE_QUALITE": "Line quality",
    "LIGNE_ERREURS": "Bad groups",
    "LIGNE_MODE": "TIC mode",
    "LIGNE_VITESSE": "Line speed",
    "LIGNE_CONNEXION": "Connection to the meter",
}
"""By the key of the entity."""

STATES: Final = {
    "Bleu": "Blue",
    "Blanc": "White",
    "Rouge": "Red",
    "Fermé": "Closed",
    "Ouvert : surpuissance": "Open: overload",
    "Ouvert : surtension": "Open: overvoltage",
    "Ouvert : délestage": "Open: load shedding",
    "Ouvert : ordre du distributeur": "Open: order of the distributor",
    "Ouvert : surchauffe, courant trop fort pour couper": "Open: overheated, current too high to cut",
    "Ouvert : surchauffe": "Open: overheated",
    "Aucune": "No peak",
    **{f"Pointe mobile {number}": f"Mobile peak {number}" for number in (1, 2, 3)},
    "Muette": "Silent",
    "Bonne": "Good",
    "Correcte": "Fair",
    "Médiocre": "Poor",
    "Mauvaise": "Bad",
    "Débranchée": "Unplugged",
}
"""By the French state; ON, OFF and the names of the modes are the same in both languages."""


def state_in(state: str, language: Language) -> str:
    """Return a state, which is given in French, in `language`."""
    return STATES.get(state, state) if language == "en" else state
