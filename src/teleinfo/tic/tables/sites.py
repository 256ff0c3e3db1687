"""
The older meters of sites above 36 kVA: CJE, ICE and PME-PMI.

One entry is one label: étiquette, désignation, English gloss, unit; in the order of emission on the wire.
Source: Enedis-NOI-CPT_02E v6 (02E).
"""

from __future__ import annotations

from typing import Final

from teleinfo.tic.tables.label_types import (
    PHASES,
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
    ratio,
)

POSTES: Final = {
    "P": "Heures de Pointe",
    "PM": "Heures de Pointe Mobile",
    "HCE": "Heures Creuses d'Été",
    "HCH": "Heures Creuses d'Hiver",
    "HH": "Heures d'Hiver",
    "HCD": "Heures Creuses de Demi-saison",
    "HD": "Heures de Demi-saison",
    "JA": "Juillet-Août",
    "HPE": "Heures Pleines d'Été",
    "HPH": "Heures Pleines d'Hiver",
    "HPD": "Heures Pleines de Demi-saison",
    "SCM": "Saison Creuse Mobile",
    "HM": "Hiver Mobile",
    "DSM": "Demi-saison Mobile",
}
"""The tariff periods of an ICE-2Q, in the order of its indexes."""


def _postes(start: str, french: str, english: str, unit: str, period: str) -> tuple[LabelSpec, ...]:
    """Return the series of indexes of one energy of an ICE-2Q: one for each tariff period."""
    return tuple(
        glued_index(
            f"{start}{poste}",
            f"{french} {meaning}, période {period}",
            f"{english} {poste}, period {period}",
            unit,
        )
        for poste, meaning in POSTES.items()
    )


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
    composite("PMAXC", "Puissances maximales période P", "Maximum powers, current period P", "daVA"),
    composite("TDEPA", "Temps de dépassement période P", "Overrun time, period P", "min"),
    composite("PERCP", "Glissement G-2", "Previous contract-period change", widths=(11,)),
    composite("PMAXP", "Puissances maximales période P-1", "Maximum powers, period P-1", "daVA"),
    composite("PSOUSC", "Puissances souscrites période P", "Subscribed powers, period P", "daVA"),
    composite("PSOUSP", "Puissances souscrites période P+1", "Subscribed powers, next period P+1", "daVA"),
    composite("FCOU", "Fenêtre d'écoute client", "Customer listening window", widths=(8,)),
)

# The same, in the order of its subscribed powers.
_POSTES_PS: Final = ("P", "PM", "HPH", "HPD", "HCH", "HCD", "HPE", "HCE", "JA", "HH", "HD", "HM", "DSM",
                     "SCM")

# ICE-2Q (Interface Clientèle Émeraude, two quadrants): 02E. Up to V2.4 DATE stands for DATECOUR.
ICE_2Q: Final = (
    code("CONTRAT", "Type de tarif et option tarifaire", "Tariff type and option"),
    date("DATECOUR", "Horodate courante", "Current date-time", reused=True),
    date("DATE", "Horodate courante", "Current date-time"),
    glued("EA", "Énergie active depuis le dernier top Td",
          "Active energy since last Td mark", "Wh", reused=True),
    glued("ERP", "Énergie réactive positive depuis le dernier top Td",
          "Positive reactive energy since last Td mark", "varh", reused=True),
    code("PTCOUR", "Période tarifaire courante", "Current tariff period", reused=True),
    code("PREAVIS", "Préavis", "Notice", repeats=True, reused=True),
    code("MODE", "Mode contrôle", "Control-mode flag", reused=True),
    *(label for i in POINTS for label in (
        date(f"DATEPA{i}", f"Horodate du point de puissance n°{i}", f"Time of power point {i} (1 = newest)"),
        glued(f"PA{i}", f"Puissance active moyenne Tc, point n°{i}",
              f"Mean active power over Tc, point {i}", "kW"),
    )),
    date("DEBUTp", "Début de période p", "Start of period p", reused=True),
    date("FINp", "Fin de période p", "End of period p"),
    code("CAFp", "Code action facturation période p", "Billing action code, period p"),
    *_postes("EAp", "Index énergie active", "Active index", "kWh", "p"),
    # With the option Base only.
    date("DEBUTp1", "Début de période p-1", "Start of period p-1", reused=True),
    date("FINp1", "Fin de période p-1", "End of period p-1"),
    code("CAFp1", "Code action facturation période p-1", "Billing action code, period p-1"),
    # Sent in rotation, one series a minute.
    *_postes("ERPp", "Index réactif positif", "Positive reactive index", "kvarh", "p"),
    *_postes("ERNp", "Index réactif négatif", "Negative reactive index", "kvarh", "p"),
    *_postes("EAp1", "Index actif", "Active index", "kWh", "p-1"),
    *_postes("ERPp1", "Index réactif positif", "Positive reactive index", "kvarh", "p-1"),
    *_postes("ERNp1", "Index réactif négatif", "Negative reactive index", "kvarh", "p-1"),
    glued_code("KDC", "Coefficient de préavis de dépassement", "Overrun-notice threshold", "%"),
    glued_code("KDCD", "Coefficient de dégagement de préavis", "Overrun-notice release threshold", "%"),
    *(glued(f"PS{poste}", f"Puissance souscrite {POSTES[poste]}", f"Subscribed power {poste}", "kW")
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
    glued("ERN", "Énergie réactive négative depuis top Td (injection)",
          "Negative reactive energy since Td mark (injection)", "varh"),
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
    *(glued_index(f"EAp1P{i}", f"Index actif période tarifaire n°{i}, période p-1",
                  f"Active index, slot {i}, period p-1", "kWh") for i in SLOTS),
    *(glued_index(f"ERPp1P{i}", f"Index réactif positif période tarifaire n°{i}, période p-1",
                  f"Positive reactive index, slot {i}, period p-1", "kvarh") for i in SLOTS),
    *(glued_index(f"ERNp1P{i}", f"Index réactif négatif période tarifaire n°{i}, période p-1",
                  f"Negative reactive index, slot {i}, period p-1", "kvarh") for i in SLOTS),
    glued("PRapCour", "Puissance de raccordement, poste en cours", "Connection power, current slot", "kW"),
    glued("IPA1MN", "Puissance active injectée 1 minute", "1-minute injected active power", "kW"),
    glued("IPATMN", "Puissance active injectée 10 minutes", "10-minute injected active power", "kW"),
    glued("IPREA1MN", "Puissance réactive 1 minute signée",
          "Signed 1-minute reactive power (injection)", "kvar"),
    glued("IPREATMN", "Puissance réactive 10 minutes signée",
          "Signed 10-minute reactive power (injection)", "kvar"),
    *(glued_code(f"I{i}", f"Courant phase {i}", f"Current phase {i} (HTA side)", "A") for i in PHASES),
)


# PME-PMI: 02E. It also has DATE MODE DATEPA1..6 PREAVIS PA1MN. An accent of the document is none on the wire.
PME_PMI: Final = (
    code("TRAME", "Mode test de la sortie TIC", "TIC output test mode"),
    identifier("ADS", "Identifiant du compteur (ADS)", "Meter identifier"),
    code("MESURES1", "Traitement tarifaire, calendrier n°1", "Tariff processing, calendar 1"),
    glued("EA_s", "Énergie active soutirée depuis top Td", "Active energy imported since Td mark", "Wh"),
    glued("ER+_s", "Énergie réactive positive depuis top Td (soutirage)",
          "Positive reactive energy since Td mark, import", "varh"),
    glued("ER-_s", "Énergie réactive négative depuis top Td (soutirage)",
          "Negative reactive energy since Td mark, import", "varh"),
    glued("EAPP_s", "Énergie apparente soutirée depuis top Td",
          "Apparent energy imported since Td mark", "VAh"),
    glued("EA_i", "Énergie active injectée depuis top Td", "Active energy exported since Td mark", "Wh"),
    glued("ER+_i", "Énergie réactive positive depuis top Td (injection)",
          "Positive reactive energy since Td mark, export", "varh"),
    glued("ER-_i", "Énergie réactive négative depuis top Td (injection)",
          "Negative reactive energy since Td mark, export", "varh"),
    glued("EAPP_i", "Énergie apparente injectée depuis top Td",
          "Apparent energy exported since Td mark", "VAh"),
    code("PTCOUR1", "Période tarifaire courante, calendrier 1", "Current tariff period, calendar 1"),
    code("TARIFDYN", "Présence du signal tarifaire externe", "Dynamic-tariff command present"),
    code("ETATDYN1", "Période dynamique en cours, calendrier 1", "Dynamic period in progress, calendar 1"),
    code("PREAVIS1", "Préavis de période dynamique, calendrier 1", "Dynamic-period notice, calendar 1"),
    *_dynamic_periods(1),
    code("CONFIG", "Configuration", "Configuration"),
    *(label for i in POINTS for label in (
        glued(f"PA{i}_s", f"Puissance active moyenne soutirée, point n°{i}",
              f"Mean imported active power, point {i}", "kW"),
        glued(f"PA{i}_i", f"Puissance active moyenne injectée, point n°{i}",
              f"Mean exported active power, point {i}", "kW"),
    )),
    date("DebP", "Début de la période P", "Start of period P"),
    glued_index("EAP_s", "Énergie active soutirée période P, poste en cours",
                "Imported active index, period P, current slot", "kWh"),
    glued_index("EAP_i", "Énergie active injectée période P, poste en cours",
                "Exported active index, period P, current slot", "kWh"),
    glued_index("ER+P_s", "Énergie réactive positive période P (soutirage)",
                "Positive reactive index, period P, import", "kvarh"),
    glued_index("ER-P_s", "Énergie réactive négative période P (soutirage)",
                "Negative reactive index, period P, import", "kvarh"),
    glued_index("ER+P_i", "Énergie réactive positive période P (injection)",
                "Positive reactive index, period P, export", "kvarh"),
    glued_index("ER-P_i", "Énergie réactive négative période P (injection)",
                "Negative reactive index, period P, export", "kvarh"),
    date("DebP-1", "Début de la période P-1", "Start of period P-1"),
    date("FinP-1", "Fin de la période P-1", "End of period P-1"),
    glued_index("EAP-1_s", "Énergie active soutirée période P-1, poste en cours",
                "Imported active index, period P-1, current slot", "kWh"),
    glued_index("EAP-1_i", "Énergie active injectée période P-1", "Exported active index, period P-1", "kWh"),
    glued_index("ER+P-1_s", "Énergie réactive positive période P-1 (soutirage)",
                "Positive reactive index, period P-1, import", "kvarh"),
    glued_index("ER-P-1_s", "Énergie réactive négative période P-1 (soutirage)",
                "Negative reactive index, period P-1, import", "kvarh"),
    glued_index("ER+P-1_i", "Énergie réactive positive période P-1 (injection)",
                "Positive reactive index, period P-1, export", "kvarh"),
    glued_index("ER-P-1_i", "Énergie réactive négative période P-1 (injection)",
                "Negative reactive index, period P-1, export", "kvarh"),
    # kVA below 36 kVA of contract in low voltage, kW above: the value says which.
    glued("PS", "Puissance souscrite, poste en cours", "Subscribed power, current slot"),
    glued("PMAX_s", "Puissance maximale atteinte, soutirage", "Maximum power reached, import"),
    glued("PMAX_i", "Puissance maximale atteinte, injection", "Maximum power reached, export"),
    ratio("TGPHI_s", "Tangente phi moyenne, soutirage", "tan(phi), import"),
    ratio("TGPHI_i", "Tangente phi moyenne, injection", "tan(phi), export"),
    code("MESURES2", "Traitement tarifaire, calendrier n°2", "Tariff processing, calendar 2"),
    code("PTCOUR2", "Période tarifaire courante, calendrier 2", "Current tariff period, calendar 2"),
    code("ETATDYN2", "Période dynamique en cours, calendrier 2", "Dynamic period in progress, calendar 2"),
    code("PREAVIS2", "Préavis de période dynamique, calendrier 2", "Dynamic-period notice, calendar 2"),
    *_dynamic_periods(2),
    date("DebP_2", "Début de la période P, calendrier 2", "Start of period P, calendar 2"),
    glued_index("EAP_s2", "Énergie active soutirée période P, calendrier 2",
                "Imported active index, calendar 2", "kWh"),
    date("DebP-1_2", "Début de la période P-1, calendrier 2", "Start of period P-1, calendar 2"),
    date("FinP-1_2", "Fin de la période P-1, calendrier 2", "End of period P-1, calendar 2"),
    glued_index("EAP-1_s2", "Énergie active soutirée période P-1, calendrier 2",
                "Imported active index, period P-1, calendar 2", "kWh"),
)
