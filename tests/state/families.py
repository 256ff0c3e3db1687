"""
A frame of each family of meters that nobody simulates, as the document describes it, with invented values.

Sources: Enedis-NOI-CPT_02E v6, and for the order of a PME-PMI those that are installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

FRAMES_NEEDED: Final = 4
"""Frames after which a decoder believes all that one says."""

CONCENTRATEUR: Final = """
ADCO 139003123456
OPTARIF HC..
HCHC 01234567
HCHP 02345678
GAZ 0012345
AUTRE 0000678
PTEC HP..
MOTDETAT 000000
"""

CJE: Final = """
JAUNE 12:02:14:01:21:DP:04150:90
ENERG 012345:023456:034567:045678
PERCC 01:11:00:02
PMAXC 04200:03100
TDEPA 00012:00000
PERCP 01:04:00:01
PMAXP 03900:02800
PSOUSC 04800:04800
PSOUSP 04800:04800
FCOU 06:00:30
"""

ICE: Final = """
CONTRAT BASE_A5
DATECOUR 14/01/26 12/02/28
EA 4321Wh
ERP 432varh
PTCOUR HPH
PREAVIS DEP
DATEPA1 14/01/26 12/00/00
PA1 120kW
DATEPA2 14/01/26 11/50/00
PA2 118H.kW
DEBUTp 01/11/25 00/00/00
FINp 31/03/26 00/00/00
CAFp 0
EApP 1234kWh
EApHCE 0kWh
EApHCH 23456kWh
EApHPE 0kWh
EApHPH 34567kWh
EApJA 9kWh
ERPpHPH 321kvarh
KDC 95%
KDCD 90%
PSP 240kW
PSHPH 250kW
PA1MN 121kW
PA10MN 119kW
PREA1MN -12kvar
PREA10MN 11kvar
TGPHI 0,12
U10MN 398V
"""

ICE_4Q: Final = f"""{ICE.strip()}
Appli INJECTION
U10MN 399V
DATECOUR 14/01/26 12/02/28
EA 0Wh
ERP 0varh
ERN 12varh
PTCOUR 2
DEBUTp 01/11/25 00/00/00
EApCour 4567kWh
ERPpCour 12kvarh
ERNpCour 3kvarh
PRapCour 250kW
IPA1MN 35kW
IPATMN 33kW
I1 12,345A
I2 12,346A
I3 12,347A
TGPHI -0,10
"""

PME_PMI: Final = """
ADS 041536123456
MESURES1 BT 4 SUP36
DATE 14/01/26 12:02:28
EA_s 1234Wh
ER+_s 123varh
ER-_s 0varh
EAPP_s 1345VAh
PTCOUR1 HPH
TARIFDYN INACTIF
ETATDYN1 000
CONFIG CONSO
DATEPA1 14/01/26 12:00:00
PA1_s 21kW
DATEPA2 14/01/26 11:50:00
PA2_s 20kW
DebP 01/01/26 00:00:00
EAP_s 9649kWh
ER+P_s 1234kvarh
ER-P_s 5kvarh
DebP-1 01/12/25 00:00:00
FinP-1 01/01/26 00:00:00
EAP-1_s 8123kWh
ER+P-1_s 1100kvarh
ER-P-1_s 4kvarh
PS 42kVA
PREAVIS DEP
PA1MN 22kW
PMAX_s 45kVA
TGPHI_s -0,42
MESURES2 TJ MU
PTCOUR2 HP
ETATDYN2 000
DebP_2 01/01/26 00:00:00
EAP_s2 9649kWh
DebP-1_2 01/12/25 00:00:00
FinP-1_2 01/01/26 00:00:00
EAP-1_s2 8123kWh
"""

SAPHIR: Final = """
LG_TRM TRM_LONGUE
ADS 041599123456
DATE 14/01/26 12/02/28
MESSAGE PAS DE MESSAGE
TD 10
TC 10
EAS 1234Wh
ER+S 123varh
ER-S 0varh
EAI 0Wh
GRILLE_D CU4
PTCOURD HPH
ETATDYND 0
DATEPA1 14/01/26 12/00/00
PA1S 21kW
PR+1S 2kvar
PR-1S 0kvar
UMOY1 398V
EAp1SD 12345kWh
ER+p1SD 1234kvarh
ER-p1SD 0kvarh
EAp2SD 23456kWh
ER+p2SD 2345kvarh
ER-p2SD 0kvarh
KDC 100%
KDCD 95%
PSp1 60kW
PSp2 60kW
LIB_p1D HPH
LIB_p2D HCH
LIB_p3D XXX
PA1MN 22kW
PA10MN 21kW
IPA1MN 0kW
IPATMN 0kW
TGPHIS 0,12
U10MN 398V
"""

FAMILIES: Final = {
    "concentrateur": (Mode.HISTORIQUE, CONCENTRATEUR),
    "cje": (Mode.HISTORIQUE, CJE),
    "ice": (Mode.HISTORIQUE, ICE),
    "ice-4q": (Mode.HISTORIQUE, ICE_4Q),
    "pme-pmi": (Mode.HISTORIQUE, PME_PMI),
    "saphir": (Mode.HISTORIQUE, SAPHIR),
    "saphir-standard": (Mode.STANDARD, SAPHIR),
}


def family_readings(family: str) -> list[Reading]:
    """Return what frames of this family say."""
    mode, text = FAMILIES[family]
    groups = [line.split(" ", 1) for line in text.split("\n") if line]
    frame = encode_frame(Group(label, value, None, mode) for label, value in groups)
    decoder = Decoder()
    decoder.feed(frame * 2)  # what is new in this meter, and what is against the documents, is confirmed then
    return decoder.feed(frame * FRAMES_NEEDED)
