"""What is believed of sound groups: each vouches for the one before it."""

from __future__ import annotations

from itertools import cycle, islice, product
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, encode_group
from teleinfo.tic.claims import MAX_CLAIM_AGE, MAX_CLAIMS
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.groups import RejectionCause
from teleinfo.tic.labels import ORDER, Group, Mode, Presence
from teleinfo.tic.trust import FRAMES_FOR_NEW, MAX_NEIGHBOURS, MAX_UNKNOWN, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

HIST = Mode.HISTORIQUE
STD = Mode.STANDARD

HC = "ADCO OPTARIF ISOUSC HCHC HCHP PTEC IINST IMAX PAPP HHPHC MOTDETAT"
TRI = "ADCO OPTARIF=BASE ISOUSC BASE PTEC IINST1 IINST2 IINST3 IMAX1 IMAX2 IMAX3 PMAX PAPP MOTDETAT PPOT"
STANDARD = " ".join(
    label.name
    for label in ORDER[STD]
    if label.presence in {Presence.ALWAYS, Presence.CALENDAR, Presence.LOAD_CURVE}
)
SHORT = "ADCO IINST1 IINST2 IINST3"
_DIGITS = {"OPTARIF": "HC..", "PTEC": "TH..", "HHPHC": "A"}


def group(text: str, mode: Mode = HIST, value: str = "0") -> Group:
    """Return the group of a label as the table has it, or of `label=value`; `value` fills its width."""
    name, _, given = text.partition("=")
    spec = next((label for label in ORDER[mode] if label.name == name), None)
    horodate = "H260115120000" if spec is not None and spec.horodate else None
    if not given:
        given = _DIGITS.get(name) or value * (spec.widths[0] if spec is not None else 1)
    return Group(name, given, horodate, mode)


def frame(text: str, mode: Mode = HIST, value: str = "0") -> list[Group | RejectionCause]:
    """Return the lines of a frame, given as labels; `?` is a damaged line."""
    return [RejectionCause.CHECKSUM if label == "?" else group(label, mode, value) for label in text.split()]


def withheld(trust: Trust, text: str, mode: Mode = HIST, value: str = "0", *, parity: bool = True) -> str:
    """Give a frame and return the labels that are not believed."""
    return " ".join(one.label for one in trust.believe(frame(text, mode, value), parity=parity)[1])


def acquainted(text: str = HC, mode: Mode = HIST) -> Trust:
    """Return what is known after three equal frames."""
    trust = Trust()
    for _ in range(3):
        assert withheld(trust, text, mode) == ""
    return trust


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (HC, ""),
        (HC.replace("IINST ", "IINST ADPS "), ""),
        (HC.replace(" IINST ", " ? "), ""),  # a damaged line is there
        (HC.replace(" HCHP", ""), "HCHC PTEC"),  # the tail of HCHC may be that of HCHP
        (HC.replace(" ISOUSC HCHC ", " ? "), "HCHP"),  # two are missing, one is damaged
        (HC.replace(" HCHC HCHP", ""), "ISOUSC PTEC"),  # OPTARIF says that they must be there
        (HC.replace(" MOTDETAT", ""), "HHPHC"),
        (HC.replace("IMAX PAPP", "PAPP IMAX"), "IINST PAPP IMAX"),  # against the order
        (TRI.replace(" PAPP", ""), "PMAX MOTDETAT"),  # every meter of three phases has it
        ("ADIR1 ADIR3 ADCO ? IINST2 IINST3", ""),
        (SHORT.replace(" IINST2", ""), "IINST1 IINST3"),
    ],
)
def test_in_the_very_first_frame_the_documents_are_the_measure(lines: str, expected: str) -> None:
    assert withheld(Trust(), lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (HC, ""),
        (HC.replace(" HCHP", ""), "HCHC"),
        (HC.replace(" PAPP", ""), "IMAX"),  # what this meter once had it still has
        (HC.replace(" HCHC HCHP", "").replace("OPTARIF", "?"), "ISOUSC"),
        (HC.replace(" PTEC", " EJPHN PTEC"), "EJPHN"),  # a new label beside a gap: EJPHPM is missing
        (HC.replace(" ISOUSC", " ISOUSC BASE BBRHCJB"), "BASE BBRHCJB"),
        (HC.replace(" HCHC", " ? BASE"), "BASE"),  # it is no label of this contract
        # Two are missing, one is damaged.
        (HC.replace(" IINST ", " ? IMAX3 ").replace(" IMAX ", " "), "IMAX3"),
    ],
)
def test_what_a_meter_has_shown_is_the_measure_of_later_frames(lines: str, expected: str) -> None:
    assert withheld(acquainted(), lines, value="1") == expected


def test_a_suspect_group_that_says_what_was_last_believed_is_believed() -> None:
    trust = acquainted()

    assert withheld(trust, HC.replace(" HCHP", "")) == ""
    assert withheld(trust, HC.replace(" HCHP", ""), value="1") == "HCHC"


def test_three_frames_in_a_row_confirm_what_is_against_the_documents() -> None:
    """A meter that lacks a label is believed then, and for ever."""
    trust = Trust()
    lines = HC.replace(" IMAX", "")
    said = [withheld(trust, lines, value=value) for value in "123"]

    assert said == ["IINST PAPP", "IINST", ""]
    assert withheld(trust, HC, value="4") == ""
    assert withheld(trust, lines, value="5") == ""


def test_frames_are_counted_for_each_label() -> None:
    trust = acquainted(TRI)
    lines = TRI.replace(" IMAX2", "")
    said = []
    for value in "123":
        said.append(withheld(trust, lines, value=value))
        for _ in range(20):
            assert withheld(trust, "ADIR1 " + SHORT, value=value) == ""
    assert said == ["IMAX1", "IMAX1", ""]
    for between, expected in ((TRI, ""), (TRI.replace(" IMAX2 IMAX3", ""), "IMAX1")):
        trust = acquainted(TRI)
        frames = (lines, lines, between, lines)
        said = [withheld(trust, text, value=value) for text, value in zip(frames, "1234", strict=True)]
        assert said == ["IMAX1", "IMAX1", expected, "IMAX1"]


def test_an_overrun_of_days_withholds_nothing() -> None:
    trust = Trust()
    for number, alarms in islice(enumerate(cycle(product((0, 1), repeat=3))), 400):
        short = " ".join(f"ADIR{i}" for i, alarm in enumerate(alarms, 1) if alarm)
        assert withheld(trust, f"{short} {SHORT}", value=str(number % 10)) == ""
        if number % 20 == 19:
            assert withheld(trust, TRI, value=str(number % 7)) == ""
    assert withheld(trust, TRI.partition(" IMAX1")[0], value="8") == "IINST3"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("BASE", "BBRHCJB BBRHPJB BBRHCJW BBRHPJW BBRHCJR BBRHPJR"),
        ("BBRHCJB BBRHPJB BBRHCJW BBRHPJW BBRHCJR BBRHPJR", "HCHC HCHP"),
        ("EJPHN EJPHPM", "BASE"),
    ],
)
def test_a_change_of_contract_withholds_nothing(before: str, behind: str) -> None:
    """Indexes, the subscription and the period change in one frame."""
    options = {"BASE": "BASE", "BBRHCJB": "BBR(", "HCHC": "HC..", "EJPHN": "EJP."}
    frames = []
    for indexes in (before, behind):
        demain = "DEMAIN=---- " if "BBR" in indexes else ""
        head = f"ADCO OPTARIF={options[indexes.split()[0]]} ISOUSC {indexes}"
        frames.append(f"{head} PTEC {demain}IINST IMAX PAPP MOTDETAT")
    trust = acquainted(frames[0])

    for value in "123":
        assert withheld(trust, frames[1], value=value) == ""


def test_alarms_and_notices_come_and_go() -> None:
    """Also those that were there in the first frame, and that the meter has always sent."""
    with_all = STANDARD.replace("STGE", "STGE DPM1 FPM1").replace("MSG1", "MSG1 MSG2")
    trust = acquainted(with_all, STD)

    for lines in (STANDARD, STANDARD.replace("STGE", "STGE DPM1 FPM1"), STANDARD + " PPOINTE"):
        assert withheld(trust, lines, STD, value="1") == ""


def test_the_end_of_a_peak_behind_its_begin_is_not_lost_unseen() -> None:
    assert withheld(acquainted(STANDARD, STD), STANDARD.replace("STGE", "STGE DPM1"), STD) == "DPM1"


def test_an_alarm_of_another_width_waits_for_three_frames() -> None:
    """Head and tail of two lines; the documented width is believed at once before and afterwards."""
    trust = acquainted()
    wide, usual = (HC.replace("IINST ", f"IINST ADPS={value} ") for value in ("034471", "034"))

    assert [withheld(trust, text) for text in (usual, wide, wide, usual)] == ["", "ADPS", "ADPS", ""]
    assert [withheld(trust, wide) for _ in range(3)] == ["ADPS", "ADPS", ""]


def test_a_label_outside_the_table_before_a_line_that_is_always_malformed_is_learned() -> None:
    """In the third frame; a tail of that line, or of a later one, is then no value of the label."""
    trust = Trust()
    text = HC.replace("PAPP ", "PAPP NEW ? ")

    assert [withheld(trust, text) for _ in range(5)] == ["NEW", "NEW", "", "", ""]
    assert withheld(trust, text.replace("NEW ?", "NEW=7")) == "NEW"
    assert withheld(trust, text.replace("NEW ? HHPHC", "NEW=7")) == "NEW"
    assert withheld(trust, text) == ""


def test_an_alarm_that_has_the_value_of_a_later_phase_is_withheld() -> None:
    """ADIR1 says what IINST1 says; head and tail of two alarms would say what IINST2 says."""
    frame_ = "ADIR1={} ADCO IINST1=031 IINST2=047 IINST3=002"

    assert withheld(Trust(), frame_.format("031")) == ""
    assert withheld(Trust(), frame_.format("037")) == "ADIR1"
    assert withheld(Trust(), frame_.format("035")) == ""
    assert withheld(Trust(), frame_.format("035").replace("IINST2=047", "?")) == ""
    assert withheld(Trust(), frame_.format("037").replace("ADCO", "ADIR2 ADCO")) == ""


def test_a_meter_whose_alarms_say_another_current_is_learned() -> None:
    """Three frames in a row show it; a frame in which it says its own current ends the row."""
    trust = Trust()
    own, other = (f"ADIR1={value} ADCO IINST1=031 IINST2=047 IINST3=002" for value in ("031", "037"))
    said = [withheld(trust, lines) for lines in (other, other, own, other, other, other, other)]

    assert said == ["ADIR1", "ADIR1", "", "ADIR1", "ADIR1", "ADIR1", ""]
    assert trust.is_settled


def withheld_in_turn(trust: Trust, label: str, values: Sequence[str]) -> list[str]:
    """Give a frame for each of these values of a label; return the labels that are not believed in each."""
    return [withheld(trust, HC.replace(label, f"{label}={value}")) for value in values]


def test_a_width_close_to_the_first_of_the_table_is_believed_at_once() -> None:
    """HCHC with 8 digits in place of 9: three digits cannot be lost unnoticed."""
    assert withheld_in_turn(Trust(), "HCHC", ["01234567"]) == [""]


def test_the_second_width_of_the_table_is_believed_from_its_second_frame() -> None:
    """MOTDETAT with 10 characters in place of 6."""
    assert withheld_in_turn(Trust(), "MOTDETAT", ["0123456789"] * 3) == ["MOTDETAT", "", ""]


def test_a_width_that_the_table_lacks_is_believed_from_its_third_frame() -> None:
    """PAPP with 6 digits in place of 5."""
    assert withheld_in_turn(Trust(), "PAPP", ["001940"] * 4) == ["PAPP", "PAPP", "", ""]


def test_a_label_whose_width_varies_is_believed_from_its_third_frame() -> None:
    """Each of three frames has another unknown width: then any width is believed."""
    assert withheld_in_turn(Trust(), "IMAX", ["1111", "11111", "111111", "11"]) == ["IMAX", "IMAX", "", ""]


def test_a_known_width_ends_the_row_of_unknown_widths() -> None:
    """After the width of the table, another two frames are not enough."""
    assert withheld_in_turn(Trust(), "IMAX", ["1111", "111", "11", "11111"]) == ["IMAX", "", "IMAX", "IMAX"]


def test_nothing_is_settled_while_a_width_waits_for_confirmation() -> None:
    """PAPP with 2 digits, between them once with the 5 of the table."""
    trust = acquainted()
    narrow = "01"
    believed_and_settled = []
    for value in (narrow, narrow, "00000", narrow, narrow, narrow, narrow):
        [labels] = withheld_in_turn(trust, "PAPP", [value])
        believed_and_settled.append((labels == "", trust.is_settled))

    waits = (False, False)
    confirmed = (True, False)  # this frame showed something new
    settled = (True, True)
    assert believed_and_settled == [waits, waits, settled, waits, waits, confirmed, settled]


@pytest.mark.parametrize("lines", [f"NEW={{}} {HC}", HC.replace("PTEC", "NEW={} PTEC"), f"{HC} NEW={{}}"])
def test_a_label_that_the_table_lacks_is_believed_from_its_second_frame(lines: str) -> None:
    """Whatever its width, twice in a row at the same place; a frame without it begins the row anew."""
    trust = acquainted()
    said = [
        withheld(trust, lines.format("1")),
        withheld(trust, HC),
        *(withheld(trust, lines.format("X" * width)) for width in (1, 2, 3)),
    ]

    assert said == ["NEW", "", "NEW", "", ""]
    # The meter has shown its neighbours beside each other too.
    assert withheld(trust, HC, value="2") == ""


def test_what_a_label_said_before_it_went_does_not_vouch_for_it_when_it_comes_again() -> None:
    trust = acquainted()
    lines = HC.replace(" PTEC", " NEW=1 PTEC")
    said = [withheld(trust, text) for text in (lines, lines, HC, lines.replace(" PTEC", ""))]

    assert said == ["NEW", "", "", "NEW"]


def test_another_spelling_of_a_label_is_believed_from_its_second_frame() -> None:
    trust = Trust()
    lines = STANDARD.replace("SMAXSN ", "SMAXN ").replace("SMAXSN-1", "SMAXN-1")
    groups = frame(lines, STD)
    for place, line in enumerate(groups):
        if isinstance(line, Group) and line.label.startswith("SMAXN"):
            groups[place] = line._replace(value="00000", horodate="H260115120000")

    _believed, not_believed = trust.believe(groups, parity=True)
    assert [each.label for each in not_believed] == ["SMAXN", "SMAXN-1"]
    _believed, not_believed = trust.believe(groups, parity=True)
    assert not_believed == []


def test_a_notice_without_parity_is_first_believed_in_its_second_frame_in_a_row() -> None:
    """Two wrong bits make DPM3 of DPM1. With parity, or if it has come before, a notice does not wait."""
    lines = STANDARD.replace("STGE", "STGE DPM1 FPM1")
    trust = acquainted(STANDARD, STD)
    texts = (lines, STANDARD, lines, lines, STANDARD, lines)
    said = [(withheld(trust, text, STD, parity=False), trust.is_settled) for text in texts]

    no = ("DPM1 FPM1", False)
    yes = ("", True)
    assert said == [no, yes, no, yes, yes, yes]
    assert trust.notices == {"DPM1", "FPM1"}
    assert withheld(acquainted(STANDARD, STD), lines, STD) == ""


def test_another_mode_is_learned_anew() -> None:
    trust = acquainted()
    found = [group("ADSC", STD), *frame(HC)]
    foreign = [one.label for one in trust.believe(found, parity=True)[1]]
    withheld(trust, "ADSC VTIC", STD)

    assert "ADSC" in foreign
    # The label that was known is new again.
    assert withheld(trust, HC.replace(" HCHC HCHP", " HCHP")) == "ISOUSC HCHP"


def test_families_without_an_order_are_protected_by_their_own_links() -> None:
    """All is right at first; a line that is missing later shows, until the frame has come three times."""
    trust = Trust()
    full = "CONTRAT=B PTCOUR=C EA=1Wh ERP=2varh MODE=HPH"
    other = "CONTRAT=B PTCOUR={} ERP=2varh"
    for _ in range(2):
        assert withheld(trust, full) == ""

    assert withheld(trust, full.replace(" ERP=2varh", "").replace("1Wh", "7Wh")) == "EA"
    assert withheld(trust, "CONTRAT=B NEXT=1 PTCOUR=C EA=1Wh ERP=2varh") == "NEXT"
    said = [withheld(trust, lines) for i in "123" for lines in (other.format(i), full)]

    assert said == ["PTCOUR", "", "PTCOUR", "", "", ""]


def test_what_opens_the_second_part_of_an_ice_frame_is_never_withheld() -> None:
    decoder = Decoder()
    parts = "EA=12Wh ERP=1varh Appli=INJECTION EA=7Wh ERP=3varh"
    lines = encode_frame([one for one in frame(parts) if isinstance(one, Group)])
    readings = decoder.feed(lines * 3)

    assert [list(reading.values) for reading in readings] == [
        ["EA", "ERP", "Appli", "EA_INJECTION", "ERP_INJECTION"]
    ] * 3
    [reading] = decoder.feed(lines.replace(encode_group(group("ERP=1varh")), b""))
    assert "Appli" in reading.values
    # EA stands beside ERP in the first part alone.
    trust = Trust()
    other = parts.replace(" ERP=3", " TGPHI=1 ERP=3")
    said = [withheld(trust, text) for text in (other, other, parts.replace("7Wh", "8Wh"))]
    assert said == ["", "", "EA"]


def test_what_is_remembered_is_bounded() -> None:
    trust = Trust()
    for number in range(MAX_UNKNOWN + 50):
        for _ in range(FRAMES_FOR_NEW):  # enough to be learned
            withheld(trust, HC.replace(" PTEC", f" N{number} PTEC"))
    for number in range(2 * MAX_CLAIMS):  # once: each is a claim that waits
        withheld(trust, HC.replace(" PTEC", f" M{number} PTEC"))
    withheld(trust, HC.replace(" PTEC", "".join(f" L{number}" for number in range(2 * MAX_CLAIMS))))

    assert sum(name.startswith("N") for name in trust._shown) == MAX_UNKNOWN
    assert (len(trust._claims), len(trust._neighbours)) == (MAX_CLAIMS, MAX_NEIGHBOURS)
    for _ in range(MAX_CLAIM_AGE + 1):
        withheld(trust, HC)
    assert len(trust._claims) == 0
    # What is longer than the table says waits for its third frame, as in a new decoder.
    assert [withheld(trust, HC.replace("PAPP", "PAPP=001940")) for _ in range(3)] == ["PAPP", "PAPP", ""]
