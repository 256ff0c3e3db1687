"""
Times of a recording, `a.tic.times` beside `a.tic`: when its bytes came, as lines of text. Pure.

    0 1795793084.050
    138 1795793085.216

A line is an offset in bytes, and the time, s since 1970, at which the bytes from there on came, at the speed
of the line. The last line is the end.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIX: Final = ".times"
UP_TO_ETX: Final = re.compile(rb"[^\x03]*\x03|[^\x03]+")
"""Each piece of a recording up to the end of a frame, and the rest."""

_LINE: Final = re.compile(rb"(\d{1,15}) (\d{1,11}\.\d{3})\n")


class RecordingTimes:
    """Times in `lines`, up to the first line that is damaged; they are known up to the offset `known`."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._offsets = array("q")
        self._times = array("d")
        self.known = 0
        last_time = 0.0
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is None:
                break
            offset = int(match[1])
            time = float(match[2])
            if offset < self.known or time < last_time:
                break
            self.known = offset
            last_time = time
            self._offsets.append(offset)
            self._times.append(time)

    def split(self, data: bytes, at: int) -> Iterator[tuple[bytes, float | None]]:
        """
        Cut `data`, the bytes from the offset `at` on, at each offset that has a time.

        Yield each piece and the time at which it came, in s since 1970, or None before the first known time.
        """
        end = at + len(data)
        first = bisect_right(
            self._offsets, at
        )  # the first line behind `at`: the line before it counts at `at`
        last = bisect_left(self._offsets, end)
        cuts = [at, *self._offsets[first:last], end]
        line_number = first - 1
        for start, stop in pairwise(cuts):
            time = self._times[line_number] if line_number >= 0 else None
            yield data[start - at : stop - at], time
            line_number += 1
