"""
The names of entities in French, where the désignation of the document is too long for a dashboard.

Home Assistant puts the name of the device before each.
"""

from __future__ import annotations

from typing import Final

_PHASES: Final = ("1", "2", "3")

NAMES: Final = {
    "OPTARIF": "Option tarifaire",
    "PTEC": "Période tarifaire",
    "DEMAIN": "Couleur du lendemain (code)",
    "PEJP": "Préavis EJP",
    "ADPS": "Dépassement",
    **{f"ADIR{phase}": f"Dépassement phase {phase}" for phase in _PHASES},
    "IMAX": "Intensité maximale",
    "PMAX": "Puissance maximale",
    "HHPHC": "Horaire heures pleines heures creuses",
    "MOTDETAT": "Mot d'état",
    "NGTF": "Calendrier tarifaire",
    "LTARF": "Tarif en cours",
    "EAST": "Énergie soutirée",
    "EAIT": "Énergie injectée",
    **{f"EASF{number:02}": f"Index fournisseur {number:02}" for number in range(1, 11)},
    **{f"EASD{number:02}": f"Index distributeur {number:02}" for number in range(1, 5)},
    **{f"ERQ{quadrant}": f"Énergie réactive Q{quadrant}" for quadrant in range(1, 5)},
    **{f"IRMS{phase}": f"Intensité phase {phase}" for phase in _PHASES},
    **{f"URMS{phase}": f"Tension phase {phase}" for phase in _PHASES},
    **{f"UMOY{phase}": f"Tension moyenne phase {phase}" for phase in _PHASES},
    "PREF": "Puissance de référence",
    "PCOUP": "Puissance de coupure",
    "SINSTS": "Puissance apparente soutirée",
    **{f"SINSTS{phase}": f"Puissance apparente soutirée phase {phase}" for phase in _PHASES},
    "SINSTI": "Puissance apparente injectée",
    "SMAXSN": "Puissance max. soutirée du jour",
    **{f"SMAXSN{phase}": f"Puissance max. soutirée du jour phase {phase}" for phase in _PHASES},
    "SMAXSN-1": "Puissance max. soutirée de la veille",
    **{f"SMAXSN{phase}-1": f"Puissance max. soutirée de la veille phase {phase}" for phase in _PHASES},
    "SMAXIN": "Puissance max. injectée du jour",
    "SMAXIN-1": "Puissance max. injectée de la veille",
    "CCASN": "Courbe de charge soutirée",
    "CCASN-1": "Courbe de charge soutirée, point précédent",
    "CCAIN": "Courbe de charge injectée",
    "CCAIN-1": "Courbe de charge injectée, point précédent",
    "NTARF": "Index tarifaire en cours",
    "NJOURF": "Jour tarifaire en cours",
    "NJOURF+1": "Jour tarifaire suivant",
    "PJOURF+1": "Profil du jour tarifaire suivant",
    "PPOINTE": "Profil du prochain jour de pointe",
}
