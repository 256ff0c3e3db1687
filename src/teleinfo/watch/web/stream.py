"""
What the page is sent: the parts of a view that changed, as server-sent events (WHATWG HTML, section 9.2).

A stream is for all readers of one language: each part is made once, and only while somebody reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import use_language
from teleinfo.vocabulary.words import Language
from teleinfo.watch.power_history import BIN
from teleinfo.watch.web import view
from teleinfo.watch.web.curve import curve_part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from teleinfo.state.fields import Json
    from teleinfo.watch.web.page_model import PageModel

ALIVE: Final = b"event: alive\ndata:\n\n"
RETRY: Final = b"retry: 2000\n\n"
"""Milliseconds after which a browser connects again."""

ALIVE_AFTER: Final = 4.0
"""Seconds after which a reader is told that nothing changed; the page calls a stream cut after 12."""

MAX_INTERVAL: Final = 1.0
MIN_INTERVAL: Final = 0.5
"""Seconds between two views at most, since durations go on, and at least."""


class Stream:
    """The parts of the view in one language, each with the number of its last change."""

    def __init__(self, language: Language) -> None:
        self.readers = 0
        self._language = language
        self._parts: dict[str, tuple[int, bytes]] = {}
        self._version = 0
        self._changed = asyncio.Condition()
        self._curve_bin: int | None = None
        self._ended = False

    async def update(self, model: PageModel, *, now: float) -> None:
        """Make the view anew at the monotonic time `now`, and wake the readers if it changed."""
        before = self._version
        with use_language(self._language):
            self._set("now", view.now_part(model, now=now))
            self._set("rows", view.rows_part(model, now=now))
            if self._curve_bin != int(now // BIN):
                self._curve_bin = int(now // BIN)
                self._set("curve", curve_part(model, now=now))
        if self._version != before:
            async with self._changed:
                self._changed.notify_all()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield what a reader is sent until `end`: all parts first, then each one that changed."""
        seen = 0  # below every version
        yield RETRY
        while not self._ended:
            new = [(name, text) for name, (version, text) in self._parts.items() if version > seen]
            seen = self._version
            if new:
                yield b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), text) for name, text in new)
                continue
            async with self._changed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALIVE_AFTER):
                        await self._changed.wait_for(lambda: self._ended or self._version > seen)  # noqa: B023 - waited for here
            if self._version == seen:
                yield ALIVE

    async def end(self) -> None:
        """Let every reader come to its end."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    @contextlib.contextmanager
    def reader(self) -> Iterator[None]:
        """Count a reader inside the block."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers:
                self._parts.clear()  # the next reader is not to see what is old by then
                self._curve_bin = None

    def _set(self, name: str, part: dict[str, Json]) -> None:
        text = json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
        if name not in self._parts or self._parts[name][1] != text:
            self._version += 1
            self._parts[name] = (self._version, text)


class Streams:
    """A stream for each language; `update` makes those that are read."""

    def __init__(self, model: PageModel) -> None:
        self._model = model
        self._streams = {language: Stream(language) for language in Language}

    def __getitem__(self, language: Language) -> Stream:
        return self._streams[language]

    @property
    def readers(self) -> int:
        """How many read, in all."""
        return sum(stream.readers for stream in self._streams.values())

    async def update(self) -> None:
        """Make the view of each language that somebody reads."""
        for stream in self._streams.values():
            if stream.readers:
                await stream.update(self._model, now=asyncio.get_running_loop().time())

    async def end(self) -> None:
        """Let every reader come to its end."""
        for stream in self._streams.values():
            await stream.end()
