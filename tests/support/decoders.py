"""The real decoder without its cache of layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.tic.decoder import Decoder
from teleinfo.tic.layout import LayoutCache

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from teleinfo.tic.layout import LayoutReading


class NoLayouts(LayoutCache):
    """A cache that reads no frame at once."""

    def read(self, segment: bytes, notices: AbstractSet[str]) -> LayoutReading | None:
        """Return None: the frame is read group by group."""


def decoder_by_groups(*, plausibility: bool = True) -> Decoder:
    """Return a decoder that takes each frame group by group."""
    decoder = Decoder(plausibility=plausibility)
    decoder._layouts = NoLayouts()
    return decoder
