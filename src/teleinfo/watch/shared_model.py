"""The live model between the feed that changes it and the screen or page that shows it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from teleinfo.watch.live_model import LiveModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.watch.notes import Note


def local_time() -> dt.datetime:
    """Return the local time with its offset."""
    return dt.datetime.now().astimezone()


class SharedModel(LiveModel):
    """A live model whose feed sets `changed` after each change."""

    def __init__(self, *, patience: float | None, clock: Callable[[], dt.datetime] = local_time) -> None:
        super().__init__(patience=patience, clock=clock)
        self.changed = asyncio.Event()

    def set_note(self, note: Note) -> None:
        """Set the note, and `changed`."""
        self.note = note
        self.changed.set()

    async def next_change(self, limit: float) -> None:
        """Return once the model has `changed`, or after `limit` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.changed.wait()
