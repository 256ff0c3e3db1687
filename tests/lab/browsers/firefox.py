"""
Firefox for tests, headless, by WebDriver BiDi (w3.org/TR/webdriver-bidi), which it speaks without a driver.

It loads only what the page asks for: no updates, no request of its own to the Internet.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from tests.lab.browsers.browser import TIMEOUT
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.lab.browsers.browser import Theme

PROGRAM: Final = "firefox-esr"

_THEMES: Final = {"dark": 0, "light": 1}
"""The numbers of the themes in a preference of Firefox."""


class Tab:
    """The tab of a browser behind a connection; `complaints` are warnings and errors of its console."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        self._connection = connection
        self._number = 0
        self._context = ""
        self.complaints: list[str] = []

    async def begin(self) -> None:
        """Begin a session, and find the tab."""
        await self._call("session.new", capabilities={})
        await self._call("session.subscribe", events=["log.entryAdded"])
        tree = await self._call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def _call(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        """Return the result of a command of WebDriver BiDi; keep the complaints that come before it."""
        self._number += 1
        await self._connection.send_json({"id": self._number, "method": method, "params": parameters})
        async with asyncio.timeout(TIMEOUT):
            while True:
                message = await self._connection.receive_json()
                if message.get("id") == self._number:
                    assert message["type"] == "success", message
                    return message["result"]
                if message.get("method") == "log.entryAdded":
                    entry = message["params"]
                    if entry["level"] != "info":
                        self.complaints.append(entry["text"])

    async def load(self, url: str, *, width: int) -> None:
        """Load a page on a screen of this width in CSS pixels."""
        size = {"width": width, "height": 900}
        await self._call("browsingContext.setViewport", context=self._context, viewport=size)
        await self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, script: str) -> Any:  # noqa: ANN401 - a value of JavaScript
        """Return the value of an expression of JavaScript, or that of its promise; None for undefined."""
        evaluated = await self._call(
            "script.evaluate",
            # As a text: a value would come with the type of each of its parts.
            expression=f"(async () => JSON.stringify((await ({script})) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert evaluated["type"] == "success", evaluated
        return json.loads(evaluated["result"]["value"])

    async def until(self, script: str) -> None:
        """Return once an expression is true."""
        end = time.monotonic() + TIMEOUT
        while not await self.run(script):
            assert time.monotonic() < end, script
            await asyncio.sleep(0.05)

    async def press(self, key: str) -> None:
        """Press a key, and release it; the code points of keys are those of WebDriver (§17.4.2)."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        await self._call("input.performActions", context=self._context, actions=[keyboard])


async def _connect(session: ClientSession, url: str) -> ClientWebSocketResponse:
    """Return a connection once the browser listens."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            return await session.ws_connect(url)
        except OSError:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def firefox(*, language: str, theme: Theme) -> AsyncIterator[Tab]:
    """Yield a tab of a Firefox that prefers this language and theme; skip the test where there is none."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"no browser: {PROGRAM} not installed")
    port = free_port()
    preferences = {
        "intl.accept_languages": language,
        "layout.css.prefers-color-scheme.content-override": _THEMES[theme],
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
    }
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()
        ]
        (Path(profile) / "user.js").write_text("".join(lines), encoding="utf-8")
        options = ("--headless", "--no-remote", "--profile", profile, f"--remote-debugging-port={port}")
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *options,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with ClientSession() as session:
                async with await _connect(session, f"http://127.0.0.1:{port}/session") as connection:
                    tab = Tab(connection)
                    await tab.begin()
                    yield tab
        finally:
            process.terminate()
            await process.wait()
