"""
Judge to which meter, mode and contract a frame belongs, and which of its keys are confirmed.

The number identifies the meter: ADCO in historique equals ADSC in standard (54E §6.1). One frame of another
meter, mode or contract may be an accident of the line, so `FRAMES_FOR_NEW` in a row are needed. State, Home
Assistant and the screens follow this judgement and count no frames themselves. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic.labels import ALARMS, NOTICES, TARIFF_LABELS, Mode
from teleinfo.tic.meter_id import number_of
from teleinfo.tic.reading import Belief, Reading, set_belief, texts_of
from teleinfo.tic.trust import FRAMES_FOR_NEW

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

FRAMES_WITHOUT_NUMBER: Final = 10
"""Frames after which a meter without a number is known: its group may be damaged; CJE and ICE send none."""

CERTAIN_FRAMES: Final = 5
"""Frames with a number after which a meter is certain: a false first index is replaced in the fourth."""

CERTAIN_FRAMES_WITHOUT_NUMBER: Final = 100
"""The same for a meter without a number: with 1 wrong bit in 100, six of seven numbers are damaged."""

CONFIRM_WITHIN: Final = 30
"""Frames within which a key must come again: 20 of 21 frames of a three-phase meter may be short."""

MAX_CONFIRMED: Final = 1000
"""The most keys that are confirmed, many times those of the largest meter: a bound on memory."""


class _Rival(NamedTuple):
    """The number, mode and contract of frames that are not those of the followed meter."""

    number: str | None
    mode: Mode | None
    contract: str | None


_NO_RIVAL: Final = _Rival(None, None, None)


class Judge:
    """The judge of one line."""

    def __init__(self) -> None:
        self._meter = 0
        self._number: str | None = None
        self._mode: Mode | None = None
        self._contract: str | None = None
        self._rival = _NO_RIVAL
        self._rival_frames = 0
        self._belief: Belief | None = None
        self._is_settled = False  # True if a frame like the last one would change nothing but `_frames`
        self._forget_frames()

    def _forget_frames(self) -> None:
        """Forget the frames so far, for another meter or another mode."""
        self._frames = 0
        self._numbered_frames = 0  # those of them that sent the number of the meter
        self._last_frame_of: dict[str, int] = {}  # each unconfirmed key: `_frames` at the last frame with it
        self._confirmed: frozenset[str] = frozenset()
        self._sent: frozenset[str] = frozenset()  # alarms and notices of the last frames that could have them
        self._tariff: tuple[str, ...] = ()  # of the last frame that has one

    def judge(self, reading: Reading) -> None:
        """Set the belief of a reading, foreign if it may be of another meter, mode or contract."""
        is_followed = self._follow(reading)
        if is_followed or self._belief is None:  # None before the first frame, which is always followed
            self._form_belief(reading)
            set_belief(reading, self._belief)
        else:
            self._is_settled = False
            set_belief(reading, replace(self._belief, is_foreign=True))

    def judge_again(self, reading: Reading) -> None:
        """Fast path for a reading with the keys, number, contract and tariff of the reading before."""
        if self._is_settled:
            self._frames += 1
            set_belief(reading, self._belief)
        else:
            self.judge(reading)

    def _follow(self, reading: Reading) -> bool:
        """
        Count a reading for the followed meter, mode and contract, or for their rival.

        Return True if it is of the followed ones: also if it is the frame that makes the rival the followed.
        """
        sent_number = number_of(reading)
        contract = _contract_of(reading)
        is_same_mode = self._mode is None or self._mode is reading.mode
        number = sent_number
        if number is None and is_same_mode:
            number = self._number  # the frame has lost the group of the number
        is_same_meter_and_mode = is_same_mode and (self._number is None or self._number == number)
        is_same_contract = contract is None or self._contract is None or self._contract == contract
        if is_same_meter_and_mode and is_same_contract:
            # A short frame, which names no contract, does not contradict a rival contract.
            contradicts_rival = contract is not None or self._rival.contract is None
            if contradicts_rival:
                self._rival = _NO_RIVAL
            new_frames = 1
        else:
            contract_of_rival = contract if is_same_meter_and_mode else None
            self._count_for_rival(_Rival(number, reading.mode, contract_of_rival))
            needed = FRAMES_FOR_NEW
            if not is_same_mode and sent_number is None:
                needed = FRAMES_WITHOUT_NUMBER  # it may be our meter in another mode, whose number was lost
            if self._rival_frames < needed:
                return False
            new_frames = self._rival_frames
        if not is_same_meter_and_mode:
            is_other_mode_only = number is not None and number == self._number
            if not is_other_mode_only:
                self._meter += 1
            self._forget_frames()
            self._contract = None
        self._number = number
        self._mode = reading.mode
        if contract:
            self._contract = contract
        self._frames += new_frames
        if sent_number is not None:
            self._numbered_frames += new_frames
        return True

    def _count_for_rival(self, rival: _Rival) -> None:
        """Count a frame for a rival; another rival than before begins with it."""
        if rival != self._rival:
            self._rival_frames = 0
        self._rival = rival
        self._rival_frames += 1

    def _form_belief(self, reading: Reading) -> None:
        """Set `_belief` and `_is_settled` from a reading of the meter that is followed."""
        values = texts_of(reading)
        # A short frame has the alarms and no notices: what is left out of it may still be in force.
        is_short = "IINST1" in values and "OPTARIF" not in values
        possible = ALARMS if is_short else ALARMS | NOTICES
        sent = possible & values.keys()
        sending = sent | self._sent
        self._sent = sent | (self._sent - possible)
        tariff = tuple(values.get(label, "") for label in TARIFF_LABELS)
        has_tariff = any(tariff)
        is_steady = self._frames > 1 and (tariff == self._tariff or not has_tariff)
        if has_tariff:
            self._tariff = tariff
        self._confirm(values.keys())
        if self._number is not None:
            is_known = True
            is_certain = self._numbered_frames >= CERTAIN_FRAMES
        else:
            is_known = self._frames >= FRAMES_WITHOUT_NUMBER
            is_certain = self._frames >= CERTAIN_FRAMES_WITHOUT_NUMBER
        belief = Belief(
            meter=self._meter,
            number=self._number,
            mode=reading.mode,
            contract=self._contract,
            is_known=is_known,
            is_certain=is_certain,
            is_steady=is_steady,
            confirmed=self._confirmed,
            sending=sending,
        )
        are_all_confirmed = values.keys() <= self._confirmed
        self._is_settled = is_certain and is_steady and sending == self._sent and are_all_confirmed
        if belief != self._belief:  # an equal belief stays the same object, as others compare by `is`
            self._belief = belief

    def _confirm(self, keys: AbstractSet[str]) -> None:
        """Confirm the keys of a frame that came within the last `CONFIRM_WITHIN` frames; note its others."""
        unconfirmed = keys - self._confirmed
        if not unconfirmed:
            return
        last_frame_of = self._last_frame_of
        recent = {key for key, frame in last_frame_of.items() if self._frames - frame <= CONFIRM_WITHIN}
        if len(self._confirmed) < MAX_CONFIRMED:
            self._confirmed |= unconfirmed & recent
        self._last_frame_of = {key: last_frame_of[key] for key in recent - unconfirmed}
        for key in unconfirmed - self._confirmed:
            self._last_frame_of[key] = self._frames


def _contract_of(reading: Reading) -> str | None:
    """Return the contract that a reading names, None if it names none."""
    values = texts_of(reading)
    contract = values.get("OPTARIF", values.get("NGTF"))
    if contract is not None and contract.startswith("BBR"):
        return "BBR"  # the last character of BBRx may change (02E, "OPTARIF")
    return contract
