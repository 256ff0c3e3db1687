"""The page as any program on the network meets it: requests, headers, limits, the stream of events."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.web import server, view
from teleinfo.web.hosts import listen
from teleinfo.web.server import ASSETS, FOLDER, Streams, page
from tests.support.process import LIMIT
from tests.support.scenario import until
from tests.support.tcp_ports import HOST
from tests.web.scenario import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture
def served() -> Iterator[Page]:
    """Return the page of a meter that was heard for a moment."""
    with Page() as running:
        running.add(Reading(Mode.HISTORIQUE, {"PTEC": "HP..", "PAPP": "01940", "ISOUSC": "45"}))
        yield running


def ask(
    served: Page, path: str = "/", *, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """Return status, headers and body of a request."""
    connection = http.client.HTTPConnection(HOST, served.address.port, timeout=LIMIT)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def raw(served: Page, request: str = "") -> socket.socket:
    """Return a connection on which this was sent."""
    connection = socket.create_connection((HOST, served.address.port), LIMIT)
    connection.sendall(request.encode())
    return connection


def events(served: Page, **headers: str) -> socket.socket:
    """Return a connection that was asked for the events."""
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
    return raw(served, f"GET /events HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n")


def read_until(connection: socket.socket, wanted: Callable[[str], bool]) -> str:
    """Return what came, once it has what is wanted."""
    came = b""
    end = time.monotonic() + LIMIT
    while not wanted(came.decode(errors="replace")):
        assert time.monotonic() < end, came[-1000:]
        part = connection.recv(65536)
        assert part, came[-1000:]
        came += part
    return came.decode(errors="replace")


@pytest.mark.parametrize(
    ("wanted", "language", "title"), [("fr-FR,fr;q=0.9", "fr", "Tarif"), ("de,en;q=0.1", "en", "Tariff")]
)
def test_the_page_is_in_the_language_of_the_browser(
    served: Page, wanted: str, language: str, title: str
) -> None:
    """French or English, said in the page and in the headers."""
    status, headers, body = ask(served, Accept_Language=wanted)

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (headers["Content-Language"], headers["Vary"]) == (language, "Accept-Language")
    assert f'<html lang="{language}">' in body
    assert f">{title}</h2>" in body


@pytest.mark.parametrize("path", ["/", *(f"/{name}" for name in ASSETS), "/nothing"])
def test_every_answer_has_the_headers_of_a_closed_page(served: Page, path: str) -> None:
    """Nothing from elsewhere, in no frame of another site, kept by nobody, and without a word of aiohttp."""
    _status, headers, body = ask(served, path)
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Server": "teleinfo",
        "Access-Control-Allow-Origin": None,
    }

    assert policy["default-src"] == policy["base-uri"] == "'none'"
    names = ("frame-ancestors", "script-src", "style-src", "connect-src")
    assert {policy[name] for name in names} == {"'self'"}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert {name: headers.get(name) for name in expected} == expected
    if path[1:] in ASSETS:  # a browser that is told not to guess must be told
        assert headers["Content-Type"] == f"{ASSETS[path[1:]]}; charset=utf-8"
        assert body == (FOLDER / path[1:]).read_text(encoding="utf-8")


def test_the_page_asks_nobody_else() -> None:
    """No address of another site, no markup from text, no inline script or style; every file is served."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    html = page(Language.FR).decode()

    assert texts.keys() == {"index.html", *ASSETS}
    for name, text in texts.items():
        code = re.sub(r"(?:^|(?<=\s))// .*", "", text, flags=re.MULTILINE)
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+", code))
        assert addresses <= {"http://www.w3.org"}, name
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(", texts["page.js"]
    )
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! type=\"module\" src=)", html)
    assert set(re.findall(r'(?:src|href)="([^"]+)"', html)) == ASSETS.keys()
    assert "$" not in html


@pytest.mark.parametrize("path", ["/", "/events", "/page.js"])
def test_a_name_that_is_not_ours_gets_nothing(served: Page, path: str) -> None:
    status, _headers, body = ask(served, path, Host="evil.example:8080")
    with raw(served, f"GET {path} HTTP/1.0\r\n\r\n") as connection:
        nameless = read_until(connection, lambda text: "\r\n\r\n" in text)

    assert (status, body) == (421, "This name is not one of this machine.\n")
    assert nameless.startswith("HTTP/1.0 421")


def test_a_page_of_another_site_reads_no_events(served: Page) -> None:
    assert ask(served, "/events", Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(served, "/", Sec_Fetch_Site="cross-site")[0] == 200


def test_nothing_can_be_changed_and_there_are_no_other_files(served: Page) -> None:
    """There is GET, and HEAD for files, of four addresses and of nothing of the disk behind them."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        for path in ("/", "/events", "/page.css"):
            assert ask(served, path, method=method)[0] == 405
    assert ask(served, method="HEAD")[::2] == (200, "")
    assert ask(served, "/events", method="HEAD")[0] == 405
    for path in ("/../server.py", "/page/page.js", "//etc/passwd", "/%2e%2e/server.py", "/index.html"):
        assert ask(served, path)[0] == 404


@pytest.mark.parametrize("token", ["", "0123456789abcdef"])
def test_prometheus_reads_the_metrics_if_they_are_asked_for(token: str) -> None:
    """As text, at the token if there is one; of each meter that is known."""
    page = Page()
    path = f"/{token}" if token else ""
    page.metrics = True
    page.token = token
    with page as served:
        for power in ("01930", "01940"):
            served.add(Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PTEC": "TH..", "PAPP": power}))
        until(
            lambda: 'apparent_import_volt_amperes{topic="teleinfo"} 1940' in ask(served, f"{path}/metrics")[2]
        )
        _status, headers, text = ask(served, f"{path}/metrics")
        assert ask(served, "/metrics")[0] == (403 if token else 200)

    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 'teleinfo_online{topic="teleinfo"} 1\n' in text
    assert 'teleinfo_bad_groups_ratio{topic="teleinfo"} 0\n' in text


def test_the_metrics_are_not_there_if_nobody_asks_for_them(served: Page) -> None:
    assert ask(served, "/metrics")[0] == 404


def test_the_stream_has_all_at_first_and_then_what_changes(served: Page) -> None:
    """1. The three parts. 2. A reading comes. 3. What it changed is sent, as the state has it."""
    with events(served, Accept_Language="fr") as connection:
        first = read_until(connection, lambda text: "event: rows" in text and text.endswith("\n\n\r\n"))
        served.add(Reading(Mode.HISTORIQUE, {"PTEC": "HP..", "PAPP": "02740", "ISOUSC": "45"}))
        later = read_until(connection, lambda text: '"2 740"' in text)

    assert "Content-Type: text/event-stream; charset=utf-8" in first
    assert re.findall(r"event: (\w+)", first) == ["words", "now", "rows"]
    [data, *_] = re.findall(r"event: now\ndata: (.*)", later)
    now = json.loads(data)
    assert now["power"]["figure"] == "2 740"
    assert now["power"]["limit"]["text"] == "30\N{NO-BREAK SPACE}% des 9 000 VA souscrits"


def test_a_reader_is_told_that_nothing_changed(served: Page) -> None:
    """So that the page can tell a quiet meter from a lost connection."""
    with events(served) as connection:
        assert read_until(connection, lambda text: "event: alive" in text)


@contextlib.asynccontextmanager
async def looked_at(page: Page) -> AsyncIterator[tuple[asyncio.Task[None], asyncio.StreamReader]]:
    """Serve the page in a task while somebody looks at it; yield both."""
    with listen(page.address) as listening:
        serving = asyncio.create_task(server.show(listening, page.address, page.meters))
        reader, writer = await asyncio.open_connection(HOST, page.address.port)
        writer.write(f"GET /events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        yield serving, reader
        writer.close()


def test_a_mistake_of_the_program_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError

    async def serve() -> None:
        async with looked_at(Page()) as (serving, _reader):
            await asyncio.wait([serving], timeout=LIMIT)
            assert isinstance(serving.exception(), ZeroDivisionError)

    monkeypatch.setattr(view, "now_part", fail)
    asyncio.run(serve())


def test_a_stop_does_not_wait_for_who_looks() -> None:
    async def serve() -> None:
        async with looked_at(Page()) as (serving, reader):
            await reader.readuntil(b"event: now")
            serving.cancel()
            # aiohttp itself would wait for the stream for a minute.
            await asyncio.wait([serving], timeout=LIMIT / 4)
            assert serving.cancelled()
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), LIMIT)

    asyncio.run(serve())


@pytest.fixture
def two() -> Iterator[Page]:
    """Return the page of two meters, the second of which has a name."""
    page = Page()
    other = Page()
    for each, number, power in ((page, "041961123456", "01940"), (other, "041961654321", "00000")):
        reading = Reading(Mode.HISTORIQUE, {"ADCO": number, "PTEC": "HP..", "PAPP": power})
        for second in range(3):
            each.model.add_reading(reading, now=time.monotonic() - 3 + second)
    page.meters["solar/roof & barn"] = Streams(other.model, other.recorder, "<Barn>")
    with page:
        yield page


SECOND = "?meter=solar%2Froof+%26+barn"


def test_several_meters_are_chosen_at_the_top(two: Page, served: Page) -> None:
    links = re.compile(r'<a href="([^"]*)" aria-current="(\w+)">([^<]*)</a>')
    first = ("?meter=teleinfo", "teleinfo")
    second = (SECOND, "&lt;Barn&gt;")
    for query, current in (("", first), (SECOND, second), ("?meter=gone", first)):
        assert links.findall(ask(two, f"/{query}")[2]) == [
            (url, "page" if (url, name) == current else "false", name) for url, name in (first, second)
        ]
    assert '<nav aria-label="Meters"></nav>' in ask(served)[2]


def test_each_meter_has_a_stream_and_a_history(two: Page) -> None:
    for query, number, power in (("", "041961123456", "1 940"), (SECOND, "041961654321", "0")):
        with raw(two, f"GET /events{query} HTTP/1.1\r\nHost: {HOST}\r\n\r\n") as stream:
            shown = read_until(stream, lambda text: "event: rows" in text and text.endswith("\n\n\r\n"))
        [now] = re.findall(r"event: now\ndata: (.*)", shown)
        assert (json.loads(now)["id"], json.loads(now)["power"]["figure"]) == (number, power)
        for meter in ("041961123456", "041961654321"):
            table = json.loads(ask(two, f"/history/{meter}/hour.json{query}")[2])
            assert bool(table["rows"]) == (meter == number)


def test_a_name_of_the_settings_is_answered() -> None:
    """A name of the household's own domain, which only the household may let point here."""
    page = Page()
    page.names = ["meter.example.org"]
    with page:
        assert ask(page, Host="Meter.Example.org:8080")[0] == 200
        assert ask(page, Host="other.example.org")[0] == 421


SUPERVISOR = "172.30.32.2"
APP = "172.30.33.5"


def test_the_supervisor_of_home_assistant_is_answered_by_any_name(
    served: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_host_of", lambda _, end: SUPERVISOR if end == "peername" else APP)

    assert ask(served, Host="ha.example.org")[0] == 200


@pytest.mark.parametrize(("client", "own"), [("172.30.33.9", APP), ("203.0.113.7", "203.0.113.7")])
def test_another_app_and_another_network_are_refused(
    served: Page, monkeypatch: pytest.MonkeyPatch, client: str, own: str
) -> None:
    """Of the apps of Home Assistant only the Supervisor has asked for a user and a password."""
    monkeypatch.setattr(server, "_host_of", lambda _, end: client if end == "peername" else own)

    assert ask(served)[::2] == (403, "This page answers the home network alone.\n")


def test_who_does_not_take_what_is_sent_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """1. A reader takes nothing. 2. A broker goes on sending much. 3. The reader is gone; memory is not."""
    monkeypatch.setattr(server, "READ_TIMEOUT", 0.5)
    monkeypatch.setattr(server, "MIN_INTERVAL", 0.01)
    with Page() as served, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((HOST, served.address.port))
        reader.sendall(f"GET /events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        until(lambda: served.streams.readers.total() == 1)
        for number in range(2000):
            if served.streams.readers.total() == 0:
                break
            values = {f"LABEL {at}": f"{number} " * 20 for at in range(500)}
            served.add(Reading(Mode.STANDARD, values))
            time.sleep(0.02)

        assert served.streams.readers.total() == 0
