"""
English names and states of entities, and of the device; the French ones stand where they are made.

Pure. Names of étiquettes that are missing here are those of the table of étiquettes, in the form of a name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from teleinfo.state.words import Language

_PHASES: Final = ("1", "2", "3")

NAMES: Final = {
    "contract": "Contract",
    "subscribed_power": "Subscribed power",
    "subscribed_current": "Subscribed current",
    "cut_off_power": "Cut-off power",
    "tariff": "Current tariff",
    "tempo_today": "Colour of today",
    "tempo_tomorrow": "Colour of tomorrow",
    "energy_import": "Imported energy",
    "energy_export": "Exported energy",
    "power_apparent": "Apparent power",
    "power_injected": "Exported apparent power",
    "power_net": "Net apparent power",
    "power_mean": "Mean active power (calculated)",
    "power_injected_mean": "Mean exported active power (calculated)",
    "exporting": "Export to the grid",
    "power_max_today": "Max. power today",
    "power_max_today_time": "Max. power today (time)",
    "power_max_yesterday": "Max. power yesterday",
    "power_max_yesterday_time": "Max. power yesterday (time)",
    "power_max_injected_today": "Max. exported power today",
    "power_max_injected_today_time": "Max. exported power today (time)",
    "power_max_injected_yesterday": "Max. exported power yesterday",
    "power_max_injected_yesterday_time": "Max. exported power yesterday (time)",
    "load_curve_imported": "Import load curve",
    "load_curve_imported_time": "Import load curve (time)",
    "load_curve_exported": "Export load curve",
    "load_curve_exported_time": "Export load curve (time)",
    "current": "Current",
    "voltage": "Voltage",
    "mean_voltage": "Mean voltage",
    "alert_overrun": "Overrun",
    "alert_overvoltage": "Overvoltage",
    "alert_terminal_cover_open": "Terminal cover",
    "alert_clock_degraded": "Clock degraded",
    "alert_phase_missing": "Phase missing",
    "alert_mobile_peak_notice": "Mobile peak notice",
    "alert_mobile_peak": "Mobile peak",
    "breaker": "Breaker",
    "dry_contact": "Dry contact",
    **{f"relay_{relay}": f"Relay {relay}" for relay in range(2, 9)},
    "clock": "Clock of the meter",
    **{f"EASD{number:02}": f"Distributor index {number}" for number in range(1, 5)},
    **{f"ERQ{quadrant}": f"Reactive energy Q{quadrant}" for quadrant in range(1, 5)},
    "LIGNE_QUALITE": "Line quality",
    "LIGNE_ERREURS": "Reading errors",
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
    "Muette": "Silent",
    "Bonne": "Good",
    "Correcte": "Fair",
    "Médiocre": "Poor",
    "Mauvaise": "Bad",
    "Débranchée": "Unplugged",
    "Heures de pointe": "Peak of the day",
    "Heures de pointe mobile": "Mobile peak hours",
    "Heures creuses d'été": "Summer off-peak hours",
    "Heures creuses d'hiver": "Winter off-peak hours",
    "Heures d'hiver": "Winter hours",
    "Heures creuses de demi-saison": "Mid-season off-peak hours",
    "Heures de demi-saison": "Mid-season hours",
    "Juillet-août": "July and August",
    "Heures pleines d'été": "Summer peak hours",
    "Heures pleines d'hiver": "Winter peak hours",
    "Heures pleines de demi-saison": "Mid-season peak hours",
    "Saison creuse mobile": "Mobile off-season",
    "Hiver mobile": "Mobile winter",
    "Demi-saison mobile": "Mobile mid-season",
}
"""By the French state; ON, OFF and the names of the modes are the same in both languages."""

_DEVICES: Final = {
    "Linky monophasé": "Single-phase Linky",
    "Linky triphasé": "Three-phase Linky",
    "Compteur monophasé": "Single-phase meter",
    "Compteur triphasé": "Three-phase meter",
    "Compteur numérique monophasé": "Single-phase digital meter",
    "Compteur numérique triphasé": "Three-phase digital meter",
    "Compteur jaune électronique": "Electronic yellow meter",
    "Compteur jaune": "Yellow meter",
    "Compteur ICE": "ICE meter",
    "Compteur PME-PMI": "PME-PMI meter",
    "Compteur électrique": "Electricity meter",
    "Concentrateur de téléreport": "Remote-reading concentrator",
    "Concentrateur": "Concentrator",
    "Électronique monophasé, simple tarif": "Electronic, single-phase, one tariff",
    "Électronique monophasé, multitarif": "Electronic, single-phase, several tariffs",
    "Électronique triphasé": "Electronic, three-phase",
    "PRISME ou ICE": "PRISME or ICE",
    "ICE quatre quadrants": "ICE, four quadrants",
    "Numérique monophasé (SEI)": "Digital, single-phase (SEI)",
    "Numérique triphasé (SEI)": "Digital, three-phase (SEI)",
}

# In the names of the table: a word with a capital, and by their signs the periods of an invoice, the
# intervals of measurement (Td of energies, Tc of powers) and the days.
_CAPITAL: Final = re.compile(r"(?<=[ '’-])([A-ZÉ])(?=[a-zéèûôà]{2})(?!nedis)")
_SIGNS: Final = (
    (re.compile(r"période [pP]-1\b"), "période précédente"),
    (re.compile(r"période [pP]\+1"), "période suivante"),
    (re.compile(r"période [pP](?![-+a-z])"), "période en cours"),
    (re.compile(r"[nN]ext period [pP]\+1"), "next period"),
    (re.compile(r"[cC]urrent period [pP]\b"), "current period"),
    (re.compile(r"period [pP]-1\b"), "previous period"),
    (re.compile(r"period [pP](?![-+a-z])"), "current period"),
    (re.compile(r"depuis (le dernier )?top Td"), "depuis le début de l'intervalle"),
    (re.compile(r"since (last )?Td mark"), "since the start of the interval"),
    (re.compile(r" (over )?Tc(?=,)"), ""),
    (re.compile(r"Temps d'intégration Td"), "Intervalle de mesure des énergies"),
    (re.compile(r"Temps d'intégration Tc"), "Intervalle de mesure des puissances"),
    (re.compile(r"Td integration time"), "Interval of energies"),
    (re.compile(r"Tc integration time"), "Interval of powers"),
    (re.compile(r"soutirée n-1\b"), "soutirée de la veille"),
    (re.compile(r"soutirée n\b"), "soutirée du jour"),
    (re.compile(r"Point n-1 de la courbe de charge active (\w+)"), r"Courbe de charge \1, point précédent"),
)


def state_in(state: str, language: Language) -> str:
    """Return a state, which is given in French, in `language`."""
    return STATES.get(state, state) if language == "en" else state


def device_in(name: str, language: Language) -> str:
    """Return the name or the model of a meter, which is given in French, in `language`."""
    if language == "en":
        for french, english in _DEVICES.items():
            if name.startswith(french):
                return (english + name.removeprefix(french)).replace("pilote", "pilot")
    return name


def sentence(name: str) -> str:
    """
    Return a name of the table as Home Assistant wants its names: one capital, and words in place of signs.

    "Index actif Heures Creuses d'Été, période p-1" is "Index actif heures creuses d'été, période précédente".
    """
    for sign, words in _SIGNS:
        name = sign.sub(words, name)
    name = _CAPITAL.sub(lambda found: found[1].lower(), name)
    return name[0].upper() + name[1:]
