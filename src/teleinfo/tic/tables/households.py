"""
The meters of households: blue meters and Linky, in both modes.

One entry is one label: étiquette, désignation, English gloss, unit; in the order of emission on the wire.
Sources: Enedis-NOI-CPT_54E v3 (54E) and Enedis-NOI-CPT_02E v6 (02E).
"""

from __future__ import annotations

from typing import Final

from teleinfo.tic.tables.label_types import (
    Charset,
    Presence,
    code,
    composite,
    date,
    identifier,
    index,
    measure,
    ordinal,
    register,
    text,
    with_presences,
)
from teleinfo.vocabulary.codes import Phase, TariffPeriod

# fmt: off

_INDEX: Final = (9, 8)  # blue meters and Linky, concentrateur

# CBEMM, CBEMM-ICC, CBETM, Linky in mode historique: 02E, 54E §6.1.
_BLEU: Final = (
    # A short frame (three phases, while a current is above its limit) opens with those that are.
    *(measure(f"ADIR{i}", f"Avertissement de dépassement d’intensité de réglage phase {i}",
              f"Current-limit overrun warning, phase {i}", "A") for i in Phase),
    # Ten characters: a recording whose owner replaced them.
    identifier("ADCO", "Adresse du compteur", "Meter address", widths=(12, 10)),
    code("OPTARIF", "Option tarifaire choisie", "Tariff option", widths=(4,),
         options=("BASE", "HC", "EJP", "BBR")),
    measure("ISOUSC", "Intensité souscrite", "Subscribed current", "A", widths=(2,)),
    *(index(name, "Index", "Energy index", "Wh", widths=_INDEX, period=TariffPeriod[period])
      for name, period in (
          ("BASE", "TH"), ("HCHC", "HC"), ("HCHP", "HP"), ("EJPHN", "HN"), ("EJPHPM", "PM"))),
    *(index(f"BBR{period}", "Index", "Energy index", "Wh", period=TariffPeriod[period])
      for period in ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")),
    measure("PEJP", "Préavis EJP", "EJP start notice", "min"),
    code("PTEC", "Période tarifaire en cours", "Current tariff period", widths=(4,),
         options=("TH", "HC", "HP", "HN", "PM", "HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")),
    code("DEMAIN", "Couleur du lendemain", "Colour of next day", widths=(4,),
         options=("----", "BLEU", "BLAN", "ROUG")),
    measure("IINST", "Intensité instantanée", "Instantaneous rms current", "A"),
    *(measure(f"IINST{i}", f"Intensité instantanée phase {i}",
              f"Instantaneous rms current, phase {i}", "A") for i in Phase),
    measure("ADPS", "Avertissement de dépassement de puissance souscrite",
            "Subscribed-power overrun warning (value = IINST)", "A"),
    measure("IMAX", "Intensité maximale", "Maximum current drawn", "A"),
    *(measure(f"IMAX{i}", f"Intensité maximale phase {i}",
              f"Maximum current, phase {i}", "A") for i in Phase),
    # 02E prints W; what Linky puts there is VA (54E §6.1).
    measure("PMAX", "Puissance maximale triphasée atteinte", "Maximum three-phase power reached", "VA"),
    measure("PAPP", "Puissance apparente", "Apparent power", "VA"),
    code("HHPHC", "Groupe horaire des heures creuses", "Peak/off-peak schedule group", widths=(1,),
         options=("A", "C", "D", "E", "Y")),
    register("MOTDETAT", "Mot d’état du compteur", "Meter status word",
             # The concentrateur: 6 in the table of 02E, 10 in its text.
             charset=Charset.CODE, widths=(6, 10)),
    register("PPOT", "Présence des potentiels", "Phase-voltage presence",
             charset=Charset.HEXADECIMAL, widths=(2,)),
)

# Concentrateur de téléreport: 02E. It also has ADCO OPTARIF BASE HCHC HCHP EJPHN EJPHPM PTEC MOTDETAT.
CONCENTRATEUR: Final = (
    index("GAZ", "Index gaz", "Gas index", "daL", widths=(7,)),
    index("AUTRE", "Index du troisième compteur", "Third meter index", "daL", widths=(7,)),
)

# Linky in mode standard: 54E. Phases 2 and 3 are a three-phase meter's, "injectée" and ERQ a producer's.
_LINKY: Final = (
    identifier("ADSC", "Adresse secondaire du compteur", "Meter secondary address (serial)"),
    ordinal("VTIC", "Version de la TIC", "TIC version"),
    # Its value is its horodate. SAPHIR's has none, but a value of date characters.
    date("DATE", "Date et heure courante", "Current date-time", horodate=True, widths=(0,)),
    text("NGTF", "Nom du calendrier tarifaire fournisseur", "Supplier tariff calendar name", widths=(16,)),
    text("LTARF", "Libellé tarif fournisseur en cours", "Current supplier tariff name", widths=(16,)),
    index("EAST", "Énergie active soutirée totale", "Total imported active energy", "Wh"),
    *(index(f"EASF{i:02}", f"Index fournisseur {i}", f"Supplier index {i}", "Wh") for i in range(1, 11)),
    *(index(f"EASD{i:02}", f"Index distributeur {i}", f"Distributor index {i}", "Wh") for i in range(1, 5)),
    index("EAIT", "Énergie active injectée totale", "Total exported active energy", "Wh"),
    *(index(f"ERQ{i}", f"Énergie réactive Q{i}", f"Reactive energy Q{i}", "varh")
      for i in range(1, 5)),
    *(measure(f"IRMS{i}", f"Courant efficace, phase {i}", f"Rms current, phase {i}", "A") for i in Phase),
    *(measure(f"URMS{i}", f"Tension efficace, phase {i}", f"Rms voltage, phase {i}", "V") for i in Phase),
    measure("PREF", "Puissance apparente de référence", "Reference (subscribed) apparent power", "kVA"),
    measure("PCOUP", "Puissance apparente de coupure", "Cut-off apparent power", "kVA"),
    measure("SINSTS", "Puissance apparente instantanée soutirée",
            "Instantaneous imported apparent power", "VA"),
    *(measure(f"SINSTS{i}", f"Puissance apparente instantanée soutirée phase {i}",
              f"Instantaneous imported apparent power, phase {i}", "VA") for i in Phase),
    measure("SMAXSN", "Puissance apparente max. soutirée du jour",
            "Max imported apparent power today", "VA", horodate=True),
    *(measure(f"SMAXSN{i}", f"Puissance max. soutirée du jour phase {i}",
              f"Max imported apparent power today, phase {i}", "VA", horodate=True) for i in Phase),
    measure("SMAXSN-1", "Puissance apparente max. soutirée de la veille",
            "Max imported apparent power yesterday", "VA", horodate=True),
    *(measure(f"SMAXSN{i}-1", f"Puissance max. soutirée de la veille phase {i}",
              f"Max imported apparent power yesterday, phase {i}", "VA", horodate=True) for i in Phase),
    measure("SINSTI", "Puissance apparente instantanée injectée",
            "Instantaneous exported apparent power", "VA"),
    measure("SMAXIN", "Puissance apparente max. injectée du jour",
            "Max exported apparent power today", "VA", horodate=True),
    measure("SMAXIN-1", "Puissance apparente max. injectée de la veille",
            "Max exported apparent power yesterday", "VA", horodate=True),
    measure("CCASN", "Courbe de charge soutirée, dernier point",
            "Import load curve, last complete point", "W", horodate=True),
    measure("CCASN-1", "Courbe de charge soutirée, point précédent",
            "Import load curve, previous point", "W", horodate=True),
    measure("CCAIN", "Courbe de charge injectée, dernier point",
            "Export load curve, last complete point", "W", horodate=True),
    measure("CCAIN-1", "Courbe de charge injectée, point précédent",
            "Export load curve, previous point", "W", horodate=True),
    # A bare number here; SAPHIR's has no horodate and may have the unit behind it, hence the wider class.
    *(measure(f"UMOY{i}", f"Tension moyenne phase {i}",
              f"Mean voltage, phase {i} (programmable interval)", "V",
              charset=Charset.CODE, horodate=True) for i in Phase),
    register("STGE", "Registre de statuts", "Status register", charset=Charset.HEXADECIMAL,
             widths=(8,)),
    *(label for i in range(1, 4) for label in (
        code(f"DPM{i}", f"Début pointe mobile {i}", f"Start of mobile peak {i}", horodate=True, widths=(2,)),
        code(f"FPM{i}", f"Fin pointe mobile {i}", f"End of mobile peak {i}", horodate=True, widths=(2,)),
    )),
    text("MSG1", "Message court", "Short message", widths=(32,)),
    text("MSG2", "Message ultra court", "Ultra-short message", widths=(16,)),
    identifier("PRM", "PRM (point référence mesure)", "Delivery-point reference", widths=(14,)),
    register("RELAIS", "État des relais", "Relay states", charset=Charset.DIGITS, widths=(3,)),
    ordinal("NTARF", "Numéro de l’index tarifaire en cours", "Current supplier index number"),
    ordinal("NJOURF", "Jour tarifaire en cours", "Current day profile number"),
    ordinal("NJOURF+1", "Jour tarifaire suivant", "Next day profile number"),
    composite("PJOURF+1", "Profil du jour tarifaire suivant", "Next day profile",
              charset=Charset.PROFILE, widths=(98,)),
    composite("PPOINTE", "Profil du prochain jour de pointe", "Next peak-day profile",
              charset=Charset.PROFILE, widths=(98,)),
)

# Labels that not every frame has. CBETM and Linky of three phases: 02E, 54E.
BLEU: Final = with_presences(_BLEU, {
    Presence.ALARM: ("ADIR1", "ADIR2", "ADIR3", "ADPS"),
    Presence.NOTICE: ("PEJP",),
    # It goes with some contracts. Its letter completes no number, so that nothing is lost by a missing one.
    Presence.PASSING: ("HHPHC",),
    Presence.BASE: ("BASE",),
    Presence.HC: ("HCHC", "HCHP"),
    Presence.EJP: ("EJPHN", "EJPHPM"),
    Presence.TEMPO: ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR", "DEMAIN"),
    Presence.SINGLE_PHASE: ("IINST", "IMAX"),
    Presence.THREE_PHASES: ("IINST1", "IINST2", "IINST3", "IMAX1", "IMAX2", "IMAX3", "PMAX", "PPOT"),
    Presence.APPARENT_POWER: ("PAPP",),
})
LINKY: Final = with_presences(_LINKY, {
    Presence.NOTICE: ("PPOINTE",),
    Presence.PASSING: ("MSG2",),
    Presence.PEAK_1: ("DPM1", "FPM1"),
    Presence.PEAK_2: ("DPM2", "FPM2"),
    Presence.PEAK_3: ("DPM3", "FPM3"),
    Presence.THREE_PHASES: tuple(
        name.format(phase)
        for name in ("IRMS{}", "URMS{}", "SINSTS{}", "SMAXSN{}", "SMAXSN{}-1", "UMOY{}")
        for phase in (1, 2, 3)
        if phase > 1 or name.startswith("S")  # every meter has the others of the first phase
    ),
    Presence.PRODUCER: ("EAIT", "ERQ1", "ERQ2", "ERQ3", "ERQ4", "SINSTI", "SMAXIN", "SMAXIN-1"),
    Presence.CALENDAR: ("NGTF", "LTARF"),
    Presence.LOAD_CURVE: ("CCASN", "CCASN-1"),
    Presence.INJECTED_LOAD_CURVE: ("CCAIN", "CCAIN-1"),
})
