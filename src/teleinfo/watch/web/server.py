"""
Server of the page: four files, a stream of events (WHATWG HTML, section 9.2) and the history, all read-only.

Only this file imports aiohttp, the extra `web`. Other sites can read nothing (Host, no CORS,
Content-Security-Policy). Connections and streams are bounded, and a client that requests nothing or does not
read the answer is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import html
import json
import re
import socket
import sqlite3
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from teleinfo.common.i18n import N_, _, accepted, use_language
from teleinfo.vocabulary.words import Language
from teleinfo.watch.plain import PlainLines
from teleinfo.watch.web import hosts, tables, view

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterable, Sequence

    from teleinfo.watch.live_model import LiveModel
    from teleinfo.watch.web.hosts import Address
    from teleinfo.watch.web.recorder import HistoryRecorder

FOLDER: Final = Path(__file__).parent / "page"

ASSETS: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "nodes.js": "text/javascript",
    "pictures.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "page.webmanifest": "application/manifest+json",
}
"""Files beside the page, with their types."""

PAGE: Final = "page"
"""Name of the route of the page itself."""

MARKED: Final = re.compile(r"\[\[(.+?)\]\]")
"""Pattern of a message in the page."""

ALIVE: Final = b"event: alive\ndata:\n\n"
"""Message in place of an unchanged view: after 12 s without one, the page takes the stream for cut."""

RETRY: Final = b"retry: 2000\n\n"
"""Request to the browser to reconnect after this many milliseconds."""

MAX_INTERVAL: Final = 1.0
MIN_INTERVAL: Final = 0.5
"""Seconds between two views, at most and at least; durations change without a reading."""

MAX_STREAMS: Final = 200
MAX_CONNECTIONS: Final = 512
MAX_OF_ADDRESS: Final = 64
"""Limits: of all clients, and of the connections of one address other than loopback (a proxy, ssh)."""

REQUEST_TIMEOUT: Final = 5.0
"""Seconds for a request, from the begin of the connection or the end of the last answer."""

READ_TIMEOUT: Final = 10.0
"""Seconds for a client to read the answer."""

END_TIMEOUT: Final = 0.1
"""Seconds for answers to end when the program ends; streams, which never end by themselves, are cut."""

TOO_MANY: Final = N_("Too many look at this page already. It tries again in a minute.")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "teleinfo",
}


IN_A_FRAME: Final = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""Headers for Home Assistant, which shows the page in a frame of its own."""


def page(language: Language) -> bytes:
    """Return the page, index.html with its messages in this language."""
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    with use_language(language):
        text = MARKED.sub(lambda marked: html.escape(_(marked[1])), text)
    return text.replace("$language", language).encode()


class Streams:
    """
    The streams of the views of `model`, and its history by `recorder`.

    `readers` is the number of readers in each language. Each part of a view is created once for all readers
    of a language, and only while there are readers.
    """

    def __init__(self, model: LiveModel, recorder: HistoryRecorder) -> None:
        self.model = model
        self.recorder = recorder
        self.readers = Counter[Language]()
        self._parts: dict[Language, dict[str, bytes]] = {language: {} for language in Language}
        self._updated = asyncio.Event()  # set for an instant

    @property
    def is_full(self) -> bool:
        """True if there are as many readers as may be."""
        return self.readers.total() >= MAX_STREAMS

    def update(self) -> None:
        """Create the view in each language that has readers, and wake the readers."""
        now = asyncio.get_running_loop().time()
        for language in +self.readers:  # without the languages that have no reader any more
            own = self._parts[language]
            with use_language(language):
                parts = {
                    "words": view.words_part(self.model),
                    "now": view.now_part(self.model, now=now),
                    "rows": view.rows_part(self.model),
                }
            for name, part in parts.items():
                own[name] = json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
        self._updated.set()
        self._updated.clear()

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send all parts, then each part that changed, until the browser leaves or stops reading."""
        if self.is_full:
            return web.Response(status=503, text="Too many look at this page already.\n")
        language = accepted(request.headers.get("Accept-Language", ""))
        own, sent, message = self._parts[language], dict[str, bytes](), RETRY
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}  # for nginx
        response = web.StreamResponse(headers=headers)
        self.readers[language] += 1
        self.model.changed.set()
        try:
            while True:
                async with asyncio.timeout(READ_TIMEOUT):
                    await response.prepare(request)
                    await response.write(message)
                await self._updated.wait()
                new = {name: text for name, text in own.items() if text != sent.get(name)}
                sent |= new
                parts = (b"event: %s\ndata: %s\n\n" % (name.encode(), text) for name, text in new.items())
                message = b"".join(parts) or ALIVE
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()  # do not wait for unsent data to drain
            return response
        finally:
            self.readers[language] -= 1
            if not self.readers[language]:
                own.clear()  # the next browser must not get old parts of the page

    async def send_history(self, request: web.Request) -> web.Response:
        """Send a table of the history of a meter, as JSON or CSV."""
        meter, name, form = (request.match_info[part] for part in ("meter", "name", "form"))
        try:
            table = await self.recorder.table(meter, name)
        except sqlite3.Error:  # the recorder reports it with its next batch
            return web.Response(status=503, text="The history cannot be read.\n")
        if table is None or (form == "csv" and "columns" not in table):
            raise web.HTTPNotFound
        text = tables.as_csv(table) if form == "csv" else json.dumps(table, separators=(",", ":"))
        kind = "text/csv" if form == "csv" else "application/json"
        response = web.Response(text=text, content_type=kind)
        response.enable_compression()
        return response


async def show(
    listening: socket.socket,
    address: Address,
    streams: Streams,
    *,
    names: Iterable[str] = (),
    token: str = "",
) -> None:
    """
    Serve the page at a socket that listens already at `address`, and print notes, until cancelled.

    The page may be requested by these `names` too. A `token` is the first part of the path of every URL.
    Excess connections, and connections without a request in time, are closed. The view is created here: an
    error of the program must end the process, but in a handler aiohttp would swallow the error.
    """
    loop = asyncio.get_running_loop()
    waiting: set[asyncio.BaseProtocol] = set()  # connections without a request so far
    runner = web.AppRunner(
        _application(hosts.own_names(address.host, socket.gethostname(), names), token, streams, waiting),
        access_log=None,
        keepalive_timeout=REQUEST_TIMEOUT,
        lingering_time=0.0,
        shutdown_timeout=END_TIMEOUT,
    )

    def connection() -> asyncio.Protocol:
        assert runner.server is not None  # noqa: S101 - the runner is set up
        handler = runner.server()
        waiting.add(handler)
        loop.call_later(0, drop_excess, handler, runner.server.connections)  # once it knows its client
        loop.call_later(REQUEST_TIMEOUT, drop, handler)
        return handler

    def drop_excess(handler: web.RequestHandler, every: Sequence[web.RequestHandler]) -> None:
        client = _client(handler.transport)
        if len(every) > MAX_CONNECTIONS or (
            not hosts.is_loopback(client)
            and sum(_client(each.transport) == client for each in every) > MAX_OF_ADDRESS
        ):
            drop(handler)

    def drop(handler: web.RequestHandler) -> None:
        if handler in waiting:
            waiting.discard(handler)
            handler.force_close()

    lines = PlainLines()
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(runner.cleanup)
        await runner.setup()
        ending.enter_context(contextlib.closing(await loop.create_server(connection, sock=listening)))
        while True:
            streams.model.changed.clear()
            lines.print_note(streams.model)
            streams.update()
            await streams.model.next_change(MAX_INTERVAL)
            await asyncio.sleep(MIN_INTERVAL)


def _client(transport: asyncio.BaseTransport | None, name: str = "peername") -> str:
    """Return the address of the client, or our own with the name "sockname"."""
    place = None if transport is None else transport.get_extra_info(name)
    return str(place[0]) if place else ""


def _is_ingress(request: web.Request) -> bool:
    return hosts.is_ingress(_client(request.transport), _client(request.transport, "sockname"))


def _refusal(request: web.Request, names: Container[str], token: str) -> tuple[int, str] | None:
    """Return the status and the reason why a request is refused, None for a request to be answered."""
    if not hosts.is_at_home(_client(request.transport), _client(request.transport, "sockname")):
        return 403, "This page answers the home network alone."
    if not _is_ingress(request) and not hosts.is_ours(request.headers.get("Host", ""), names=names):
        return 421, "This name is not one of this machine."
    if token and not hmac.compare_digest(request.match_info.get("token", "").encode(), token.encode()):
        return 403, "This page needs its token."
    is_elsewhere = request.headers.get("Sec-Fetch-Site", "none") == "cross-site"
    if is_elsewhere and request.match_info.route.name != PAGE:
        return 403, "This is not for pages of other sites."
    return None


def _application(
    names: Container[str], token: str, streams: Streams, waiting: set[asyncio.BaseProtocol]
) -> web.Application:
    pages = {language: page(language) for language in Language}
    files = {name: ((FOLDER / name).read_bytes(), kind) for name, kind in ASSETS.items()}

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        waiting.discard(request.protocol)
        if refusal := _refusal(request, names, token):
            return web.Response(status=refusal[0], text=f"{refusal[1]}\n")
        return await handler(request)

    async def index(request: web.Request) -> web.Response:
        language = accepted(request.headers.get("Accept-Language", ""))
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        if streams.is_full:
            with use_language(language):
                return web.Response(text=_(TOO_MANY), status=503, headers=headers | {"Refresh": "60"})
        body = pages[language]
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def file(request: web.Request) -> web.Response:
        body, kind = files[request.match_info["file"]]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS | (IN_A_FRAME if _is_ingress(request) else {}))

    application = web.Application(middlewares=[check])
    application.on_response_prepare.append(add_headers)
    prefix = "/{token}" if token else ""
    application.router.add_get(f"{prefix}/", index, name=PAGE)
    application.router.add_get(f"{prefix}/{{file:{'|'.join(map(re.escape, files))}}}", file)
    application.router.add_get(f"{prefix}/history/{{meter}}/{{name}}.{{form:json|csv}}", streams.send_history)
    application.router.add_get(f"{prefix}/events", streams.send, allow_head=False)
    return application
