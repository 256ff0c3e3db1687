"""
Judge to which meter, mode and contract a frame belongs, and which of its keys are confirmed.

The number identifies the meter: ADCO in historique equals ADSC in standard (54E §6.1). One frame of another
meter, mode or contract may be an accident of the line, so `FRAMES_FOR_NEW` in a row are needed. State, Home
Assistant and the screens follow this judgement and count no frames themselves. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from teleinfo.tic.labels import ALARMS, NOTICES, TARIFF_LABELS, Mode
from teleinfo.tic.meter_id import number_of
from teleinfo.tic.reading import Belief, Reading, set_belief, texts_of
from teleinfo.tic.trust import FRAMES_FOR_NEW

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

_NO_RIVAL: Final = (None, None, None)


class Judge:
    """The judge of one line."""

    def __init__(self) -> None:
        self._meter = 0
        self._number: str | None = None
        self._mode: Mode | None = None
        self._contract: str | None = None
        self._rival: tuple[str | None, Mode | None, str | None] = _NO_RIVAL
        self._rival_frames = 0
        self._belief: Belief | None = None
        self._is_settled = False  # a frame that repeats the last one changes nothing
        self._forget_frames()

    def _forget_frames(self) -> None:
        """Forget the frames so far, for another meter or another mode."""
        self._frames = self._numbered = 0
        self._seen: dict[str, int] = {}  # the number of the last frame with each unconfirmed key
        self._confirmed: frozenset[str] = frozenset()
        self._sent: frozenset[str] = frozenset()  # alarms and notices of the last frame that can have them
        self._tariff: tuple[str, ...] = ()  # of the last frame that has one

    def judge(self, reading: Reading) -> None:
        """Set the belief of a reading, foreign if it may be of another meter, mode or contract."""
        if self._is_followed(reading) or self._belief is None:
            self._weigh(reading)
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

    def _is_followed(self, reading: Reading) -> bool:
        """True if a reading is of the followed meter, mode and contract; it may itself confirm a change."""
        said, contract = number_of(reading), texts_of(reading).get("OPTARIF", texts_of(reading).get("NGTF"))
        if contract is not None and contract.startswith("BBR"):
            contract = "BBR"  # the last character of BBRx may change (02E, "OPTARIF")
        is_same_mode = self._mode in (None, reading.mode)
        number = said or self._number if is_same_mode else said
        is_same_meter = is_same_mode and self._number in (None, number)
        frames = 1
        if not is_same_meter or (contract is not None and self._contract not in (None, contract)):
            rival = number, reading.mode, contract if is_same_meter else None
            self._rival_frames = self._rival_frames + 1 if rival == self._rival else 1
            self._rival = rival
            needed = FRAMES_FOR_NEW if is_same_mode or said is not None else FRAMES_WITHOUT_NUMBER
            if self._rival_frames < needed:
                return False
            frames = self._rival_frames
            if not is_same_meter:
                self._meter += number is None or number != self._number
                self._forget_frames()
                self._contract = None
        elif contract is not None or self._rival[2] is None:  # a short frame does not contradict a contract
            self._rival = _NO_RIVAL
        self._number, self._mode, self._contract = number, reading.mode, contract or self._contract
        self._frames += frames
        self._numbered += frames if said is not None else 0
        return True

    def _weigh(self, reading: Reading) -> None:
        """Form the belief from a reading of the meter that is followed."""
        values = texts_of(reading)
        is_short = "IINST1" in values and "OPTARIF" not in values
        possible = ALARMS if is_short else ALARMS | NOTICES
        sent = possible & values.keys()
        sending, self._sent = sent | self._sent, sent | (self._sent - possible)
        tariff = tuple(values.get(label, "") for label in TARIFF_LABELS)
        is_steady = self._frames > 1 and (tariff == self._tariff or not any(tariff))
        if any(tariff):
            self._tariff = tariff
        others = values.keys() - self._confirmed
        if others:
            recent = {key for key, at in self._seen.items() if self._frames - at <= CONFIRM_WITHIN}
            if len(self._confirmed) < MAX_CONFIRMED:
                self._confirmed |= others & recent
            self._seen = {key: self._seen[key] for key in recent - others}
            self._seen |= dict.fromkeys(others - self._confirmed, self._frames)
        is_numbered = self._number is not None
        belief = Belief(
            meter=self._meter,
            number=self._number,
            mode=reading.mode,
            contract=self._contract,
            is_known=is_numbered or self._frames >= FRAMES_WITHOUT_NUMBER,
            is_certain=self._numbered >= CERTAIN_FRAMES
            if is_numbered
            else self._frames >= CERTAIN_FRAMES_WITHOUT_NUMBER,
            is_steady=is_steady,
            confirmed=self._confirmed,
            sending=sending,
        )
        self._is_settled = (
            belief.is_certain and is_steady and sending == self._sent and self._confirmed >= values.keys()
        )
        if belief != self._belief:
            self._belief = belief
