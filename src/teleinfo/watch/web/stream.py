"""
Messages for the page: the parts of a view that changed, as server-sent events (WHATWG HTML, section 9.2).

Each part is created once for all readers of one language, and only while there are readers.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import use_language
from teleinfo.vocabulary.words import Language
from teleinfo.watch.history import BIN
from teleinfo.watch.web import view

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from teleinfo.watch.live_model import LiveModel

ALIVE: Final = b"event: alive\ndata:\n\n"
"""Message in place of an unchanged view: after 12 s without one, the page takes the stream for cut."""

RETRY: Final = b"retry: 2000\n\n"
"""Request to the browser to reconnect after this many milliseconds."""

MAX_INTERVAL: Final = 1.0
MIN_INTERVAL: Final = 0.5
"""Seconds between two views, at most and at least; durations change without a reading."""


class Streams:
    """The views of `model` in each language, and the number of `readers` of each."""

    def __init__(self, model: LiveModel) -> None:
        self.model = model
        self.readers = Counter[Language]()
        self._parts: dict[Language, dict[str, bytes]] = {language: {} for language in Language}
        self._curve_bin = 0
        self._updated = asyncio.Event()  # set for an instant

    def update(self) -> None:
        """Create the view in each language that has readers, and wake the readers."""
        now = asyncio.get_running_loop().time()
        curve_bin = int(now // BIN)
        for language in +self.readers:  # without the languages that have no reader any more
            own = self._parts[language]
            with use_language(language):
                parts = {"now": view.now_part(self.model, now=now), "rows": view.rows_part(self.model)}
                if curve_bin != self._curve_bin or "curve" not in own:
                    parts["curve"] = view.curve_part(self.model, now=now)
            for name, part in parts.items():
                own[name] = json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
        self._curve_bin = curve_bin
        self._updated.set()
        self._updated.clear()

    async def events(self, language: Language) -> AsyncGenerator[bytes]:
        """
        Yield the messages for a reader after each update, without end: at first all parts, then what changed.

        `readers` counts this reader until the iterator is closed.
        """
        own, sent = self._parts[language], dict[str, bytes]()
        self.readers[language] += 1
        self.model.changed.set()
        try:
            yield RETRY
            while True:
                await self._updated.wait()
                new = {name: text for name, text in own.items() if text != sent.get(name)}
                sent |= new
                parts = (b"event: %s\ndata: %s\n\n" % (name.encode(), text) for name, text in new.items())
                yield b"".join(parts) or ALIVE
        finally:
            self.readers[language] -= 1
            if not self.readers[language]:
                own.clear()  # the parts would be out of date for the next reader
