"""
The live meter on the whole screen (rich, the extra `watch`); the terminal is restored at the end.

Space, n and the arrows turn the pages, q quits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.live import Live

from teleinfo.watch.layout import RecentPower, compose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.live.model import LiveModel

MAX_INTERVAL: Final = 1.0
"""The most seconds between two redraws: the time of day and the duration of a silence go on."""

MIN_INTERVAL: Final = 0.2
"""The fewest seconds between two redraws."""

# Right, down, and page down; left, up, and page up, as terminals send them (ECMA-48, xterm).
_FORWARD: Final = (b" ", b"n", b"\t", b"\x1b[C", b"\x1b[B", b"\x1b[6~")
_BACK: Final = (b"p", b"\x1b[D", b"\x1b[A", b"\x1b[5~")
_QUIT: Final = (b"q", b"Q", b"")  # b"": the end of the input


async def show(model: LiveModel) -> None:
    """Draw the model after each of its changes, until cancelled."""
    console = Console(highlight=False, markup=False, emoji=False)
    live = Live(
        console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
    )
    recent = RecentPower()
    page = 0
    task = asyncio.current_task()

    def act(typed: bytes) -> None:
        nonlocal page
        if typed in _FORWARD:
            page += 1
        elif typed in _BACK:
            page -= 1
        elif typed in _QUIT and task is not None:
            task.cancel()
        model.changed.set()

    with live, _keyboard(act):
        while True:
            model.changed.clear()
            now = asyncio.get_running_loop().time()
            clock = f"{model.clock():%H:%M:%S}"
            shown = compose(model, recent, console.size, page=page, now=now, clock=clock)
            page = shown.number  # `compose` begins again after the last page
            live.update(Group(*shown.lines), refresh=True)
            await model.next_change(MAX_INTERVAL)
            await asyncio.sleep(MIN_INTERVAL)


@contextlib.contextmanager
def _keyboard(act: Callable[[bytes], None]) -> Iterator[None]:
    """Pass the keys that are typed inside the block to `act`."""
    descriptor = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    attributes_before = termios.tcgetattr(descriptor)
    # Ctrl-Z would leave the drawn screen on the terminal.
    handler_before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, lambda: act(os.read(descriptor, 64)))
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes_before)
        signal.signal(signal.SIGTSTP, handler_before)
