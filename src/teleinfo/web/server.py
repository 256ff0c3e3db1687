"""
Server of the page: four files, a stream of events (WHATWG HTML, section 9.2) and the history, all read-only.

Only this file imports aiohttp, the extra `web`. Other sites can read nothing (Host, no CORS,
Content-Security-Policy). Streams are bounded, a client that does not read the answer is dropped, and a
request whose client has gone is cancelled.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import html
import json
import re
import socket
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlencode

from aiohttp import web

from teleinfo.common.i18n import _, accepted, use_language
from teleinfo.contract.days import in_zone_of
from teleinfo.history import tables
from teleinfo.history.recorder import BusyError, UnreadableError
from teleinfo.live.model import LiveModel, exposition
from teleinfo.vocabulary.words import Language
from teleinfo.web import hosts, view
from teleinfo.web.contract import contract_part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterable, Mapping

    from teleinfo.history.recorder import HistoryRecorder
    from teleinfo.settings.checks import Address

FOLDER: Final = Path(__file__).parent / "assets"

ASSETS: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "nodes.js": "text/javascript",
    "pictures.js": "text/javascript",
    "contract.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "page.webmanifest": "application/manifest+json",
}
"""Files beside the page, with their types."""

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

HEADERS: Final = {
    "Content-Security-Policy": "; ".join(_CONTENT_SECURITY_POLICY),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "teleinfo",
}
"""Headers of every answer. Home Assistant shows the page in a frame of its own origin."""

PAGE: Final = "page"
"""Name of the route to which other sites may link."""

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
"""The most readers at a time; descriptors bound the connections."""

KEEP_ALIVE: Final = 5.0
"""Seconds for which a connection stays open after an answer."""

READ_TIMEOUT: Final = 10.0
"""Seconds for a client to read the answer."""

BUSY: Final = {"Retry-After": "5"}
"""Header of the answer to a request when too many others wait: seconds until the next attempt."""

END_TIMEOUT: Final = 0.1
"""Seconds for answers to end when the program ends; streams, which never end by themselves, are cut."""


def page(language: Language, links: str = "") -> bytes:
    """Return the page, index.html with its messages in this language, and with `links` to the meters."""
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    with use_language(language):
        text = MARKED.sub(lambda marked: html.escape(_(marked[1])), text)
    return text.replace("$language", language).replace("$meters", links).encode()


def _links(meters: Mapping[str, Streams], chosen: str) -> str:
    """Return a link to the page of each meter, in HTML; none if there is only one."""
    links = [
        f'<a href="?{urlencode({"meter": topic})}" aria-current="{"page" if topic == chosen else "false"}">'
        f"{html.escape(each.name or topic)}</a>"
        for topic, each in meters.items()
    ]
    return "\n".join(links) if len(links) > 1 else ""


class Streams:
    """
    The streams of the views of `model`, and its history by `recorder`.

    `name` is the name of the meter in the settings. `readers` is the number of readers in each language. Each
    part of a view is created once for all readers of a language, and only while there are readers.
    """

    def __init__(self, model: LiveModel, recorder: HistoryRecorder, name: str | None = None) -> None:
        self.model = model
        self.recorder = recorder
        self.name = name
        self.readers = Counter[Language]()
        self._parts: dict[Language, dict[str, bytes]] = {language: {} for language in Language}
        self._updated = asyncio.Event()  # set for an instant

    async def run(self) -> NoReturn:
        """Create the views after each change of the model, until cancelled."""
        while True:
            self.model.changed.clear()
            self.update()
            await self.model.next_change(MAX_INTERVAL)
            await asyncio.sleep(MIN_INTERVAL)

    def update(self) -> None:
        """Create the view in each language that has readers, and wake the readers."""
        now = asyncio.get_running_loop().time()
        meters, fault = self.recorder.meters, self.recorder.fault
        for language in +self.readers:  # without the languages that have no reader any more
            with use_language(language):
                parts = {
                    "words": view.words_part(self.model),
                    "now": view.now_part(self.model, now=now, meters=meters, fault=fault),
                    "rows": view.rows_part(self.model),
                }
            for name, part in parts.items():
                text = json.dumps(part, separators=(",", ":"), ensure_ascii=False)
                self._parts[language][name] = text.encode()
        self._updated.set()
        self._updated.clear()

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send all parts, then each part that changed, until the browser leaves or stops reading."""
        language = _language_of(request)
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
        """Send a table of the history of a meter, as JSON or CSV, until now or the day `end` in the query."""
        meter, name, form = (request.match_info[part] for part in ("meter", "name", "form"))
        end = request.query.get("end")
        try:
            day = None if end is None else dt.date.fromisoformat(end)
        except ValueError as error:
            raise web.HTTPNotFound from error
        try:
            table = await self.recorder.table(meter, name, end=day)
        except BusyError:
            return web.Response(status=503, text="Too many other requests are waiting.\n", headers=BUSY)
        except UnreadableError:
            return web.Response(status=503, text="The history cannot be read.\n")
        if table is None or (form == "csv" and "columns" not in table):
            raise web.HTTPNotFound
        if name == "contract":
            with use_language(_language_of(request)), in_zone_of(meter):
                table = contract_part(table)
        text = tables.as_csv(table) if form == "csv" else json.dumps(table, separators=(",", ":"))
        kind = "text/csv" if form == "csv" else "application/json"
        response = web.Response(text=text, content_type=kind)
        response.enable_compression()
        return response


async def show(
    listening: socket.socket,
    address: Address,
    meters: Mapping[str, Streams],
    *,
    names: Iterable[str] = (),
    token: str = "",
    metrics: bool = False,
) -> None:
    """
    Serve the page at a socket that listens already at `address` until cancelled.

    `meters` are by base topic; the query `meter` of a URL names one of them, by default it is the first.
    `names` are further host names by which the page may be requested. A `token` is the first part of the
    path of every URL. With `metrics` there are those of Prometheus. The views are created here: an error
    of the program must end the process, but in a handler aiohttp would swallow the error.
    """
    own = hosts.own_names(address.host, socket.gethostname(), names)
    application = _application(own, token, meters)
    if metrics:
        path = "/{token}/metrics" if token else "/metrics"
        application.router.add_get(path, partial(_send_metrics, meters))
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE,
        lingering_time=0.0,
        shutdown_timeout=END_TIMEOUT,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await asyncio.gather(*(each.run() for each in meters.values()))
    finally:
        await runner.cleanup()


def _client(transport: asyncio.BaseTransport | None, name: str = "peername") -> str:
    """Return the address of the client, or our own with the name "sockname"."""
    place = None if transport is None else transport.get_extra_info(name)
    return str(place[0]) if place else ""


def _language_of(request: web.Request) -> Language:
    return accepted(request.headers.get("Accept-Language", ""))


def _refusal(request: web.Request, names: Container[str], token: str) -> tuple[int, str] | None:
    """Return the status and the reason why a request is refused, None for a request to be answered."""
    client, own = _client(request.transport), _client(request.transport, "sockname")
    if not hosts.is_at_home(client, own):
        return 403, "This page answers the home network alone."
    if not hosts.is_app(own) and not hosts.is_ours(request.headers.get("Host", ""), names=names):
        return 421, "This name is not one of this machine."
    if token and not hmac.compare_digest(request.match_info.get("token", "").encode(), token.encode()):
        return 403, "This page needs its token."
    is_elsewhere = request.headers.get("Sec-Fetch-Site", "none") == "cross-site"
    if is_elsewhere and request.match_info.route.name != PAGE:
        return 403, "This is not for pages of other sites."
    return None


async def _send_metrics(meters: Mapping[str, Streams], _request: web.Request) -> web.Response:
    models = {topic: each.model for topic, each in meters.items()}
    return web.Response(text=exposition(models, now=asyncio.get_running_loop().time()))


def _application(names: Container[str], token: str, meters: Mapping[str, Streams]) -> web.Application:
    pages = {(key, language): page(language, _links(meters, key)) for key in meters for language in Language}
    files = {name: ((FOLDER / name).read_bytes(), kind) for name, kind in ASSETS.items()}

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if refusal := _refusal(request, names, token):
            return web.Response(status=refusal[0], text=f"{refusal[1]}\n")
        return await handler(request)

    def topic_of(request: web.Request) -> str:
        topic = request.query.get("meter", "")
        return topic if topic in meters else next(iter(meters))

    async def events(request: web.Request) -> web.StreamResponse:
        if sum(each.readers.total() for each in meters.values()) >= MAX_STREAMS:
            return web.Response(status=503, text="Too many look at this page already.\n")
        return await meters[topic_of(request)].send(request)

    async def history(request: web.Request) -> web.Response:
        return await meters[topic_of(request)].send_history(request)

    async def index(request: web.Request) -> web.Response:
        language = _language_of(request)
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        body = pages[topic_of(request), language]
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def file(request: web.Request) -> web.Response:
        body, kind = files[request.match_info["file"]]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS)

    application = web.Application(middlewares=[check])
    application.on_response_prepare.append(add_headers)
    prefix = "/{token}" if token else ""
    application.router.add_get(f"{prefix}/", index, name=PAGE)
    application.router.add_get(f"{prefix}/{{file:{'|'.join(map(re.escape, files))}}}", file)
    application.router.add_get(f"{prefix}/history/{{meter}}/{{name}}.{{form:json|csv}}", history)
    application.router.add_get(f"{prefix}/events", events, allow_head=False)
    return application
