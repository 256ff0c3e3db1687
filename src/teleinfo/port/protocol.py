"""
A stream of bytes that can be heard at once.

Who reads a stream in a task gets what came one turn of the event loop later. For the end of a frame that is
time lost, and at each byte of a line that never dozes it is work for nothing. So a stream may have a
listener, to whom bytes are handed as they come; `read` then waits for the end only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from teleinfo.common.executor import FailureGoesTo

if TYPE_CHECKING:
    from collections.abc import Callable


class Stream(asyncio.StreamReader):
    """
    A stream; once `listener` is set, it gets all bytes that come.

    What came before is still there to `read`. What the listener raises `read` raises too, and it is `thrown`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listener: Callable[[bytes], None] | None = None
        self.thrown: BaseException | None = None

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # wider in typeshed than what comes
        """Take what came from the transport."""
        if self.listener is None:
            super().feed_data(data)
        else:
            with FailureGoesTo(self._throw):
                self.listener(data)

    def _throw(self, error: BaseException) -> None:
        self.thrown = error
        self.set_exception(error)  # type: ignore[arg-type]  # typeshed has Exception; it is raised whatever it is
