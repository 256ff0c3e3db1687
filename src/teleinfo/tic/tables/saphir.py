"""
The SAPHIR meter, which says the same labels in both modes.

One entry is one label: étiquette, désignation, English gloss, unit; in the order of emission on the wire.
Source: Enedis-NOI-CPT_02E v6 (02E); no recording of this meter is known.
"""

from __future__ import annotations

from typing import Final

from teleinfo.tic.tables.label_types import (
    POINTS,
    SLOTS,
    Charset,
    LabelSpec,
    code,
    composite,
    date,
    glued,
    glued_code,
    glued_index,
    identifier,
    measure,
    notice,
    ratio,
    text,
)
from teleinfo.vocabulary.codes import Phase


def _slots(way: str, grid: str, french: str, english: str) -> tuple[LabelSpec, ...]:
    """
    Return the indexes of one direction (`way`, S or I) in one grid: numbered slots, three energies each.

    Grid F, the supplier's, has the active energy only. A 1 behind the grid means the period before.
    """
    energies = {"EA": ("actif", "active", "kWh")}
    if grid[0] == "D":
        energies["ER+"] = ("réactif positif", "positive reactive", "kvarh")
        energies["ER-"] = ("réactif négatif", "negative reactive", "kvarh")
    return tuple(
        glued_index(
            f"{start}p{slot}{way}{grid}",
            f"Index {energie} {french}, période tarifaire n°{slot}",
            f"{english} {energy} index, slot {slot}",
            unit,
        )
        for slot in SLOTS
        for start, (energie, energy, unit) in energies.items()
    )


# fmt: off

# SAPHIR: 02E. It speaks either mode, with the same labels; exported energy is a producer's alone.
SAPHIR: Final = (
    code("LG_TRM", "Nature de la trame", "Frame type"),
    identifier("ADS", "Numéro d’identification", "Meter identifier"),
    date("DATE", "Horodate courante", "Current date-time"),
    text("MESSAGE", "Message d’Enedis", "Message from Enedis"),
    measure("TD", "Intervalle de mesure des énergies", "Interval of energies", "min"),
    measure("TC", "Intervalle de mesure des puissances", "Interval of powers", "min"),
    glued("EAS", "Énergie active soutirée depuis le début de l’intervalle",
          "Imported active energy since the start of the interval", "Wh"),
    glued("ER+S", "Réactif positif (soutirage) depuis le début de l’intervalle",
          "Positive reactive energy, import", "varh"),
    glued("ER-S", "Réactif négatif (soutirage) depuis le début de l’intervalle",
          "Negative reactive energy, import", "varh"),
    glued("EAI", "Énergie active injectée depuis le début de l’intervalle",
          "Exported active energy since the start of the interval", "Wh"),
    glued("ER+I", "Réactif positif (injection) depuis le début de l’intervalle",
          "Positive reactive energy, export", "varh"),
    glued("ER-I", "Réactif négatif (injection) depuis le début de l’intervalle",
          "Negative reactive energy, export", "varh"),
    *(glued_code(f"I{i}I", f"Courant injecté phase {i}", f"Exported current phase {i}", "A") for i in Phase),
    text("GRILLE_D", "Libellé de la grille distributeur", "Name of the distributor grid"),
    code("PTCOURD", "Période tarifaire courante, grille D", "Current tariff period, grid D"),
    notice("PREAVIS", "Préavis de dépassement", "Overrun notice"),
    notice("PREAVISD", "Préavis tarif dynamique, grille D", "Dynamic-tariff notice, grid D"),
    # "d-" or "f-" before the date: start or end.
    composite("TDYND", "Périodes dynamiques, grille D",
              "Dynamic periods, grid D", charset=Charset.TEXT, repeats=True),
    code("ETATDYND", "État tarif dynamique, grille D", "Dynamic-tariff state, grid D"),
    notice("MODE", "Mode contrôle", "Control-mode flag"),
    *(label for i in POINTS for label in (
        date(f"DATEPA{i}", f"Horodate du point n°{i}", f"Time of point {i}"),
        glued(f"PA{i}S", f"Puissance active soutirée, point n°{i}",
              f"Imported active power, point {i}", "kW"),
        glued(f"PR+{i}S", f"Puissance réactive + (soutirage), point n°{i}",
              f"Reactive power +, point {i} (import)", "kvar"),
        glued(f"PR-{i}S", f"Puissance réactive - (soutirage), point n°{i}",
              f"Reactive power -, point {i} (import)", "kvar"),
        glued(f"PA{i}I", f"Puissance active injectée, point n°{i}",
              f"Exported active power, point {i}", "kW"),
        glued(f"PR+{i}I", f"Puissance réactive + (injection), point n°{i}",
              f"Reactive power +, point {i} (export)", "kvar"),
        glued(f"PR-{i}I", f"Puissance réactive - (injection), point n°{i}",
              f"Reactive power -, point {i} (export)", "kvar"),
        glued_code(f"UMOY{i}", f"Moyenne des tensions composées, point n°{i}",
                   f"Mean line voltage, point {i}", "V", widths=range(1, 7)),
    )),
    *_slots("S", "D", "soutiré", "Imported"),
    *_slots("I", "D", "injecté", "Exported"),
    date("FINP1", "Fin de la période précédente", "End of previous period"),
    *_slots("S", "D1", "soutiré, période précédente", "Previous period: imported"),
    *_slots("I", "D1", "injecté, période précédente", "Previous period: exported"),
    glued_code("KDC", "Coefficient de préavis", "Overrun-notice threshold", "%"),
    glued_code("KDCD", "Coefficient de dégagement", "Overrun-notice release threshold", "%"),
    *(glued(f"PSp{i}", f"Puissance souscrite, période n°{i}",
            f"Subscribed power, slot {i}", "kW") for i in SLOTS),
    *(text(f"LIB_p{i}D", f"Libellé de la période n°{i}, grille D",
           f"Name of slot {i}, grid D") for i in SLOTS),
    glued("PA1MN", "Puissance active soutirée 1 min", "1-min imported active power", "kW"),
    glued("PA10MN", "Puissance active soutirée 10 min", "10-min imported active power", "kW"),
    glued("PREA1MN", "Puissance réactive 1 min (soutirage)", "Signed 1-min reactive power, import", "kvar"),
    glued("PREA10MN", "Puissance réactive 10 min (soutirage)",
          "Signed 10-min reactive power, import", "kvar"),
    glued("IPA1MN", "Puissance active injectée 1 min", "1-min exported active power", "kW"),
    glued("IPATMN", "Puissance active injectée 10 min", "10-min exported active power", "kW"),
    glued("IPREA1MN", "Puissance réactive 1 min (injection)", "Signed 1-min reactive power, export", "kvar"),
    glued("IPREATMN", "Puissance réactive 10 min (injection)",
          "Signed 10-min reactive power, export", "kvar"),
    ratio("TGPHIS", "Tangente phi, soutirage", "Tan(phi), import"),
    ratio("TGPHII", "Tangente phi, injection", "Tan(phi), export"),
    glued_code("U10MN", "Moyenne des tensions composées 10 min", "10-min mean line voltage", "V"),
    text("GRILLE_F", "Libellé de la grille fournisseur", "Name of the supplier grid"),
    code("PTCOURF", "Période tarifaire courante, grille F", "Current tariff period, grid F"),
    notice("PREAVISF", "Préavis tarif dynamique, grille F", "Dynamic-tariff notice, grid F"),
    composite("TDYNF", "Périodes dynamiques, grille F",
              "Dynamic periods, grid F", charset=Charset.TEXT, repeats=True),
    code("ETATDYNF", "État tarif dynamique, grille F", "Dynamic-tariff state, grid F"),
    *_slots("S", "F", "soutiré, grille F", "Grid F: imported"),
    *_slots("S", "F1", "soutiré, grille F, période précédente", "Grid F, previous period: imported"),
    *(text(f"LIB_p{i}F", f"Libellé de la période n°{i}, grille F",
           f"Name of slot {i}, grid F") for i in SLOTS),
)
