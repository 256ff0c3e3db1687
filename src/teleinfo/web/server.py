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
from typing import TYPE_CHECKING, Final, Literal, NoReturn
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
    if len(meters) == 1:
        return ""
    links = []
    for topic, streams in meters.items():
        query = urlencode({"meter": topic})
        is_current = "page" if topic == chosen else "false"
        name = html.escape(streams.name or topic)
        links.append(f'<a href="?{query}" aria-current="{is_current}">{name}</a>')
    return "\n".join(links)


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
        meters = self.recorder.meters
        fault = self.recorder.fault
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
        parts = self._parts[language]  # `update` changes them
        sent: dict[str, bytes] = {}
        message = RETRY
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
                message = b""
                for name, text in parts.items():
                    if text != sent.get(name):
                        sent[name] = text
                        message += b"event: %s\ndata: %s\n\n" % (name.encode(), text)
                message = message or ALIVE
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()  # do not wait for unsent data to drain
            return response
        finally:
            self.readers[language] -= 1
            if not self.readers[language]:
                parts.clear()  # the next browser must not get old parts of the page

    async def send_history(self, request: web.Request) -> web.Response:
        """Send a table of the history of a meter, as JSON or CSV, until now or the day `end` in the query."""
        meter = request.match_info["meter"]
        name = request.match_info["name"]
        is_csv = request.match_info["form"] == "csv"
        end = None
        if "end" in request.query:
            try:
                end = dt.date.fromisoformat(request.query["end"])
            except ValueError as error:
                raise web.HTTPNotFound from error
        try:
            table = await self.recorder.table(meter, name, end=end)
        except BusyError:
            return web.Response(status=503, text="Too many other requests are waiting.\n", headers=BUSY)
        except UnreadableError:
            return web.Response(status=503, text="The history cannot be read.\n")
        if table is None or (is_csv and "columns" not in table):
            raise web.HTTPNotFound
        if name == "contract":
            with use_language(_language_of(request)), in_zone_of(meter):
                table = contract_part(table)
        if is_csv:
            response = web.Response(text=tables.as_csv(table), content_type="text/csv")
        else:
            text = json.dumps(table, separators=(",", ":"))
            response = web.Response(text=text, content_type="application/json")
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
    host_names = hosts.own_names(address.host, socket.gethostname(), names)
    application = _application(host_names, token, meters)
    if metrics:
        application.router.add_get(f"{_prefix(token)}/metrics", partial(_send_metrics, meters))
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
        await asyncio.gather(*[streams.run() for streams in meters.values()])
    finally:
        await runner.cleanup()


def _prefix(token: str) -> str:
    """Return the begin of every path, in the language of aiohttp: {token} stands for a part of the path."""
    if not token:
        return ""
    return "/{token}"


def _host_of(transport: asyncio.BaseTransport | None, end: Literal["peername", "sockname"]) -> str:
    """Return the address of the client (peername) or our own (sockname); "" if the client has gone."""
    if transport is None:
        return ""
    address = transport.get_extra_info(end)
    if not address:
        return ""
    return str(address[0])


def _language_of(request: web.Request) -> Language:
    return accepted(request.headers.get("Accept-Language", ""))


def _refusal(request: web.Request, names: Container[str], token: str) -> tuple[int, str] | None:
    """Return the status and the reason why a request is refused, None for a request to be answered."""
    client = _host_of(request.transport, "peername")
    own = _host_of(request.transport, "sockname")
    if not hosts.is_at_home(client, own):
        return 403, "This page answers the home network alone."
    if not hosts.is_app(own) and not hosts.is_ours(request.headers.get("Host", ""), names=names):
        return 421, "This name is not one of this machine."
    if token:
        given_token = request.match_info.get("token", "")
        if not hmac.compare_digest(given_token.encode(), token.encode()):
            return 403, "This page needs its token."
    is_elsewhere = request.headers.get("Sec-Fetch-Site", "none") == "cross-site"
    if is_elsewhere and request.match_info.route.name != PAGE:
        return 403, "This is not for pages of other sites."
    return None


async def _send_metrics(meters: Mapping[str, Streams], _request: web.Request) -> web.Response:
    models = {topic: streams.model for topic, streams in meters.items()}
    return web.Response(text=exposition(models, now=asyncio.get_running_loop().time()))


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _application(names: Container[str], token: str, meters: Mapping[str, Streams]) -> web.Application:
    """Return the application that answers requests to these `names`, with the `token` if there is one."""
    handlers = _Handlers(names, token, meters)
    application = web.Application(middlewares=[handlers.check])
    application.on_response_prepare.append(_add_headers)
    # Parts in braces are patterns of aiohttp, whose matches are in `match_info`.
    any_asset = "|".join(map(re.escape, ASSETS))
    prefix = _prefix(token)
    application.router.add_get(prefix + "/", handlers.index, name=PAGE)
    application.router.add_get(prefix + "/{file:" + any_asset + "}", handlers.file)
    application.router.add_get(prefix + "/history/{meter}/{name}.{form:json|csv}", handlers.history)
    application.router.add_get(prefix + "/events", handlers.events, allow_head=False)
    return application


class _Handlers:
    """
    What answers the requests: those to one of these host `names`, and with the `token` if there is one.

    The query `meter` of a URL is a base topic, one of the keys of `meters`. The part {meter} of the path of
    the history is the number of a meter, since the history of an earlier meter stays.
    """

    def __init__(self, names: Container[str], token: str, meters: Mapping[str, Streams]) -> None:
        self._names = names
        self._token = token
        self._meters = meters
        self._files = {name: (FOLDER / name).read_bytes() for name in ASSETS}
        self._pages: dict[tuple[str, Language], bytes] = {}
        for topic in meters:
            for language in Language:
                self._pages[topic, language] = page(language, _links(meters, topic))

    @web.middleware
    async def check(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a request by its handler, or refuse it."""
        refusal = _refusal(request, self._names, self._token)
        if refusal is None:
            return await handler(request)
        status, reason = refusal
        return web.Response(status=status, text=f"{reason}\n")

    async def index(self, request: web.Request) -> web.Response:
        """Answer with the page."""
        language = _language_of(request)
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        body = self._pages[self._topic_of(request), language]
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def file(self, request: web.Request) -> web.Response:
        """Answer with a file beside the page."""
        name = request.match_info["file"]
        return web.Response(body=self._files[name], content_type=ASSETS[name], charset="utf-8")

    async def history(self, request: web.Request) -> web.Response:
        """Answer with a table of the history."""
        return await self._meters[self._topic_of(request)].send_history(request)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Answer with the stream of the views."""
        readers = sum(streams.readers.total() for streams in self._meters.values())
        if readers >= MAX_STREAMS:
            return web.Response(status=503, text="Too many look at this page already.\n")
        return await self._meters[self._topic_of(request)].send(request)

    def _topic_of(self, request: web.Request) -> str:
        """Return the base topic that a request asks for, by default that of the first meter."""
        topic = request.query.get("meter", "")
        if topic in self._meters:
            return topic
        return next(iter(self._meters))
