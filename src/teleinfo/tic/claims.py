"""
Claims about labels that wait for confirmation by further frames.

A claim is about one aspect of a label, such as its successor or its width. Only frames in a row count that
claim the same. The memory is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MAX_CLAIMS: Final = 256
"""The most claims that wait for confirmation; the oldest is dropped first."""

MAX_CLAIM_AGE: Final = 1000
"""Frames after which a waiting claim is dropped: a SAPHIR sends one long frame in some hundred frames."""


@dataclass(slots=True)
class _Claim:
    """A claim that `count` frames in a row have made, the last of them frame number `frame`."""

    what: object
    count: int
    frame: int


class Claims:
    """The claims that wait, by label and aspect."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], _Claim] = {}
        self._frame = 0  # the number of the present frame

    def __len__(self) -> int:
        return len(self._claims)

    def begin_frame(self) -> None:
        """Begin a frame: what it claims more than once counts once."""
        self._frame += 1

    def count(self, name: str, aspect: str, what: object = None) -> int:
        """Count the present frame, which claims `what`; return the number of frames in a row with it."""
        before = self._claims.pop((name, aspect), None)
        count = 1
        if before is not None and before.what == what:
            count = before.count
            if before.frame != self._frame:  # a label may come twice in a frame
                count += 1
        self._claims[name, aspect] = _Claim(what, count, self._frame)
        if len(self._claims) > MAX_CLAIMS:
            oldest = next(iter(self._claims))  # `pop` above puts a repeated claim at the end
            del self._claims[oldest]
        return count

    def settle(self, name: str, *aspects: str) -> None:
        """Drop the claims on these aspects of a label, which are confirmed or refuted."""
        for aspect in aspects:
            self._claims.pop((name, aspect), None)

    def drop(self, absent: AbstractSet[str]) -> None:
        """Drop the claims on labels that are `absent`, and those that have waited for too long."""
        for (name, aspect), claim in list(self._claims.items()):
            if name in absent or self._frame - claim.frame > MAX_CLAIM_AGE:
                del self._claims[name, aspect]
