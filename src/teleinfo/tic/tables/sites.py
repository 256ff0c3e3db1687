"""
The older meters of sites above 36 kVA: CJE, ICE and PME-PMI.

One entry is one label: étiquette, désignation, English gloss, unit; in the order of emission on the wire.
Source: Enedis-NOI-CPT_02E v6 (02E).
"""

from __future__ import annotations

from typing import Final

from teleinfo.tic.tables.label_types import (
    POINTS,
    SLOTS,
    LabelSpec,
    code,
    composite,
    date,
    glued,
    glued_code,
    glued_index,
    identifier,
    notice,
    ratio,
)
from teleinfo.vocabulary.codes import Phase, TariffPeriod

POSTES: Final = tuple(
    TariffPeriod[poste]
    for poste in ("P", "PM", "HCE", "HCH", "HH", "HCD", "HD", "JA", "HPE", "HPH", "HPD", "SCM", "HM", "DSM")
)
"""The tariff periods of an ICE-2Q, in the order of its indexes."""


def _postes(start: str, french: str, english: str, unit: str) -> tuple[LabelSpec, ...]:
    """Return the series of indexes of one energy of an ICE-2Q: one for each tariff period."""
    return tuple(glued_index(f"{start}{poste}", french, english, unit, period=poste) for poste in POSTES)


def _dynamic_periods(calendar: int) -> tuple[LabelSpec, ...]:
    """Return the bounds of the dynamic periods of one calendar: each is a date and a tariff period."""
    return tuple(
        composite(
            f"TDYN{calendar}{bound}",
            f"Calendrier {calendar} : {french}",
            f"Calendar {calendar}: {english}",
            widths=(21,),
        )
        for bound, french, english in (
            ("CD", "début période dynamique courante", "start of current dynamic period"),
            ("CF", "fin période dynamique courante", "end of current dynamic period"),
            ("FD", "début prochaine période dynamique", "start of next dynamic period"),
            ("FF", "fin prochaine période dynamique", "end of next dynamic period"),
        )
    )


# fmt: off

# CJE (compteur Jaune électronique): 02E. Each value is a list with colons; "dVA" there is tens of VA.
CJE: Final = (
    composite("JAUNE", "En-tête (horodate, poste, préavis, puissance, kp)",
              "Header: time, tariff slot, overrun notice, apparent power, kp", widths=(26,)),
    composite("ENERG", "Énergies (index par poste)", "Energy indexes per slot", "kWh"),
    composite("PERCC", "Glissement G-1", "Last contract-period change", widths=(11,)),
    composite("PMAXC", "Puissances maximales période en cours", "Maximum powers, current period", "daVA"),
    composite("TDEPA", "Temps de dépassement période en cours", "Overrun time, current period", "min"),
    composite("PERCP", "Glissement G-2", "Previous contract-period change", widths=(11,)),
    composite("PMAXP", "Puissances maximales période précédente", "Maximum powers, previous period",
              "daVA"),
    composite("PSOUSC", "Puissances souscrites période en cours",
              "Subscribed powers, current period", "daVA"),
    composite("PSOUSP", "Puissances souscrites période suivante", "Subscribed powers, next period", "daVA"),
    composite("FCOU", "Fenêtre d’écoute client", "Customer listening window", widths=(8,)),
)

# The same, in the order of its subscribed powers.
_POSTES_PS: Final = ("P", "PM", "HPH", "HPD", "HCH", "HCD", "HPE", "HCE", "JA", "HH", "HD", "HM", "DSM",
                     "SCM")

# ICE-2Q (Interface Clientèle Émeraude, two quadrants): 02E. Up to V2.4 DATE stands for DATECOUR.
ICE_2Q: Final = (
    code("CONTRAT", "Type de tarif et option tarifaire", "Tariff type and option"),
    date("DATECOUR", "Horodate courante", "Current date-time", reused=True),
    date("DATE", "Horodate courante", "Current date-time"),
    glued("EA", "Énergie active depuis le début de l’intervalle",
          "Active energy since the start of the interval", "Wh", reused=True),
    glued("ERP", "Énergie réactive positive depuis le début de l’intervalle",
          "Positive reactive energy since the start of the interval", "varh", reused=True),
    code("PTCOUR", "Période tarifaire courante", "Current tariff period", reused=True),
    notice("PREAVIS", "Préavis", "Notice", repeats=True, reused=True),
    notice("MODE", "Mode contrôle", "Control-mode flag", reused=True),
    *(label for i in POINTS for label in (
        date(f"DATEPA{i}", f"Horodate du point de puissance n°{i}", f"Time of power point {i} (1 = newest)"),
        glued(f"PA{i}", f"Puissance active moyenne, point n°{i}",
              f"Mean active power, point {i}", "kW"),
    )),
    date("DEBUTp", "Début de période en cours", "Start of current period", reused=True),
    date("FINp", "Fin de période en cours", "End of current period"),
    code("CAFp", "Code action facturation période en cours", "Billing action code, current period"),
    *_postes("EAp", "Index énergie active, période en cours", "Active index, current period", "kWh"),
    # With the option Base only.
    date("DEBUTp1", "Début de période précédente", "Start of previous period", reused=True),
    date("FINp1", "Fin de période précédente", "End of previous period"),
    code("CAFp1", "Code action facturation période précédente", "Billing action code, previous period"),
    # Sent in rotation, one series a minute.
    *_postes("ERPp", "Index réactif positif, période en cours",
             "Positive reactive index, current period", "kvarh"),
    *_postes("ERNp", "Index réactif négatif, période en cours",
             "Negative reactive index, current period", "kvarh"),
    *_postes("EAp1", "Index actif, période précédente", "Active index, previous period", "kWh"),
    *_postes("ERPp1", "Index réactif positif, période précédente",
             "Positive reactive index, previous period", "kvarh"),
    *_postes("ERNp1", "Index réactif négatif, période précédente",
             "Negative reactive index, previous period", "kvarh"),
    glued_code("KDC", "Coefficient de préavis de dépassement", "Overrun-notice threshold", "%"),
    glued_code("KDCD", "Coefficient de dégagement de préavis", "Overrun-notice release threshold", "%"),
    *(glued(f"PS{poste}", "Puissance souscrite", "Subscribed power", "kW", period=TariffPeriod[poste])
      for poste in _POSTES_PS),
    glued("PA1MN", "Puissance active moyenne 1 minute", "1-minute mean active power", "kW"),
    glued("PA10MN", "Puissance active moyenne 10 minutes", "10-minute mean active power", "kW"),
    glued("PREA1MN", "Puissance réactive moyenne 1 minute signée",
          "Signed 1-minute mean reactive power", "kvar"),
    glued("PREA10MN", "Puissance réactive moyenne 10 minutes signée",
          "Signed 10-minute mean reactive power", "kvar"),
    ratio("TGPHI", "Tangente phi moyenne 10 minutes", "10-minute mean tan(phi)", reused=True),
    glued_code("U10MN", "Moyenne des 3 tensions composées 10 minutes",
               "10-minute mean of the 3 line voltages", "V", reused=True),
)

# ICE-4Q (four quadrants), second part: 02E. The first is an ICE-2Q, and its `reused` labels come again here.
ICE_4Q: Final = (
    code("Appli", "Application INJECTION", "Marks the start of the injection part"),
    glued("ERN", "Énergie réactive négative depuis le début de l’intervalle (injection)",
          "Negative reactive energy since the start of the interval (injection)", "varh"),
    *(label for i in POINTS for label in (
        date(f"DATEP{i}", f"Horodate du point n°{i}", f"Time of injected power point {i}"),
        glued(f"P{i}", f"Puissance active injectée moyenne, point n°{i}",
              f"Mean injected active power, point {i}", "kW"),
    )),
    glued_index("EApCour", "Index actif injecté, poste en cours",
                "Injected active index, current slot", "kWh"),
    glued_index("ERPpCour", "Index réactif positif, poste en cours",
                "Positive reactive index, current slot", "kvarh"),
    glued_index("ERNpCour", "Index réactif négatif, poste en cours",
                "Negative reactive index, current slot", "kvarh"),
    *(glued_index(f"EAp1P{i}", f"Index actif période tarifaire n°{i}, période précédente",
                  f"Active index, slot {i}, previous period", "kWh") for i in SLOTS),
    *(glued_index(f"ERPp1P{i}", f"Index réactif positif période tarifaire n°{i}, période précédente",
                  f"Positive reactive index, slot {i}, previous period", "kvarh") for i in SLOTS),
    *(glued_index(f"ERNp1P{i}", f"Index réactif négatif période tarifaire n°{i}, période précédente",
                  f"Negative reactive index, slot {i}, previous period", "kvarh") for i in SLOTS),
    glued("PRapCour", "Puissance de raccordement, poste en cours", "Connection power, current slot", "kW"),
    glued("IPA1MN", "Puissance active injectée 1 minute", "1-minute injected active power", "kW"),
    glued("IPATMN", "Puissance active injectée 10 minutes", "10-minute injected active power", "kW"),
    glued("IPREA1MN", "Puissance réactive 1 minute signée",
          "Signed 1-minute reactive power (injection)", "kvar"),
    glued("IPREATMN", "Puissance réactive 10 minutes signée",
          "Signed 10-minute reactive power (injection)", "kvar"),
    *(glued_code(f"I{i}", f"Courant phase {i}", f"Current phase {i} (HTA side)", "A") for i in Phase),
)


# PME-PMI: 02E. It also has DATE MODE DATEPA1..6 PREAVIS PA1MN. An accent of the document is none on the wire.
PME_PMI: Final = (
    code("TRAME", "Mode test de la sortie TIC", "TIC output test mode"),
    identifier("ADS", "Identifiant du compteur (ADS)", "Meter identifier"),
    code("MESURES1", "Traitement tarifaire, calendrier n°1", "Tariff processing, calendar 1"),
    glued("EA_s", "Énergie active soutirée depuis le début de l’intervalle",
          "Active energy imported since the start of the interval", "Wh"),
    glued("ER+_s", "Énergie réactive positive depuis le début de l’intervalle (soutirage)",
          "Positive reactive energy since the start of the interval, import", "varh"),
    glued("ER-_s", "Énergie réactive négative depuis le début de l’intervalle (soutirage)",
          "Negative reactive energy since the start of the interval, import", "varh"),
    glued("EAPP_s", "Énergie apparente soutirée depuis le début de l’intervalle",
          "Apparent energy imported since the start of the interval", "VAh"),
    glued("EA_i", "Énergie active injectée depuis le début de l’intervalle",
          "Active energy exported since the start of the interval", "Wh"),
    glued("ER+_i", "Énergie réactive positive depuis le début de l’intervalle (injection)",
          "Positive reactive energy since the start of the interval, export", "varh"),
    glued("ER-_i", "Énergie réactive négative depuis le début de l’intervalle (injection)",
          "Negative reactive energy since the start of the interval, export", "varh"),
    glued("EAPP_i", "Énergie apparente injectée depuis le début de l’intervalle",
          "Apparent energy exported since the start of the interval", "VAh"),
    code("PTCOUR1", "Période tarifaire courante, calendrier 1", "Current tariff period, calendar 1"),
    code("TARIFDYN", "Présence du signal tarifaire externe", "Dynamic-tariff command present"),
    code("ETATDYN1", "Période dynamique en cours, calendrier 1", "Dynamic period in progress, calendar 1"),
    notice("PREAVIS1", "Préavis de période dynamique, calendrier 1", "Dynamic-period notice, calendar 1"),
    *_dynamic_periods(1),
    code("CONFIG", "Configuration", "Configuration"),
    *(label for i in POINTS for label in (
        glued(f"PA{i}_s", f"Puissance active moyenne soutirée, point n°{i}",
              f"Mean imported active power, point {i}", "kW"),
        glued(f"PA{i}_i", f"Puissance active moyenne injectée, point n°{i}",
              f"Mean exported active power, point {i}", "kW"),
    )),
    date("DebP", "Début de la période en cours", "Start of current period"),
    glued_index("EAP_s", "Énergie active soutirée période en cours, poste en cours",
                "Imported active index, current period, current slot", "kWh"),
    glued_index("EAP_i", "Énergie active injectée période en cours, poste en cours",
                "Exported active index, current period, current slot", "kWh"),
    glued_index("ER+P_s", "Énergie réactive positive période en cours (soutirage)",
                "Positive reactive index, current period, import", "kvarh"),
    glued_index("ER-P_s", "Énergie réactive négative période en cours (soutirage)",
                "Negative reactive index, current period, import", "kvarh"),
    glued_index("ER+P_i", "Énergie réactive positive période en cours (injection)",
                "Positive reactive index, current period, export", "kvarh"),
    glued_index("ER-P_i", "Énergie réactive négative période en cours (injection)",
                "Negative reactive index, current period, export", "kvarh"),
    date("DebP-1", "Début de la période précédente", "Start of previous period"),
    date("FinP-1", "Fin de la période précédente", "End of previous period"),
    glued_index("EAP-1_s", "Énergie active soutirée période précédente, poste en cours",
                "Imported active index, previous period, current slot", "kWh"),
    glued_index("EAP-1_i", "Énergie active injectée période précédente",
                "Exported active index, previous period", "kWh"),
    glued_index("ER+P-1_s", "Énergie réactive positive période précédente (soutirage)",
                "Positive reactive index, previous period, import", "kvarh"),
    glued_index("ER-P-1_s", "Énergie réactive négative période précédente (soutirage)",
                "Negative reactive index, previous period, import", "kvarh"),
    glued_index("ER+P-1_i", "Énergie réactive positive période précédente (injection)",
                "Positive reactive index, previous period, export", "kvarh"),
    glued_index("ER-P-1_i", "Énergie réactive négative période précédente (injection)",
                "Negative reactive index, previous period, export", "kvarh"),
    # kVA below 36 kVA of contract in low voltage, kW above: the value says which.
    glued("PS", "Puissance souscrite, poste en cours", "Subscribed power, current slot"),
    glued("PMAX_s", "Puissance maximale atteinte, soutirage", "Maximum power reached, import"),
    glued("PMAX_i", "Puissance maximale atteinte, injection", "Maximum power reached, export"),
    ratio("TGPHI_s", "Tangente phi moyenne, soutirage", "Tan(phi), import"),
    ratio("TGPHI_i", "Tangente phi moyenne, injection", "Tan(phi), export"),
    code("MESURES2", "Traitement tarifaire, calendrier n°2", "Tariff processing, calendar 2"),
    code("PTCOUR2", "Période tarifaire courante, calendrier 2", "Current tariff period, calendar 2"),
    code("ETATDYN2", "Période dynamique en cours, calendrier 2", "Dynamic period in progress, calendar 2"),
    notice("PREAVIS2", "Préavis de période dynamique, calendrier 2", "Dynamic-period notice, calendar 2"),
    *_dynamic_periods(2),
    date("DebP_2", "Début de la période en cours, calendrier 2", "Start of current period, calendar 2"),
    glued_index("EAP_s2", "Énergie active soutirée période en cours, calendrier 2",
                "Imported active index, calendar 2", "kWh"),
    date("DebP-1_2", "Début de la période précédente, calendrier 2", "Start of previous period, calendar 2"),
    date("FinP-1_2", "Fin de la période précédente, calendrier 2", "End of previous period, calendar 2"),
    glued_index("EAP-1_s2", "Énergie active soutirée période précédente, calendrier 2",
                "Imported active index, previous period, calendar 2", "kWh"),
)
