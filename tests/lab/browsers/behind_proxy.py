"""The page behind nginx and Caddy with the lines of docs/web.md, where these programs are installed."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.web.server import ASSETS
from tests.docs.markdown import PAGES, blocks
from tests.support.process import LIMIT, Process
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port
from tests.web.scenario import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "meter.example.org"
CONFIGURATIONS = Path(__file__).with_name("proxies")


@pytest.fixture
def page() -> Iterator[Page]:
    """Return a page that accepts a name of the household, with readings of the last three seconds."""
    page = Page()
    page.names = [NAME]
    reading = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PTEC": "HP..", "PAPP": "01940"})
    for seconds_ago in (3, 2, 1):
        page.model.add_reading(reading, now=time.monotonic() - seconds_ago)
    with page:
        yield page


@contextlib.contextmanager
def proxy(folder: Path, page: Page, program: str) -> Iterator[int]:
    """Run this program with the lines of the documentation, and yield its port."""
    executable = shutil.which(program)
    if executable is None:
        pytest.skip(f"there is no {program}: use make test-web")
    port = free_port()
    configuration = folder / "proxy.conf"
    if program == "nginx":
        language = "nginx"  # of its block on the page
        command = [executable, "-c", str(configuration), "-e", str(folder / "error.log")]
    else:
        language = "text"
        command = [executable, "run", "--adapter", "caddyfile", "--config", str(configuration)]
    _before, _title, from_section = PAGES["web.md"].partition("## Behind a reverse proxy\n")
    section, _next_title, _behind = from_section.partition("\n## ")
    [lines] = blocks(section, language)
    lines = lines.replace(":8080", f":{page.address.port}")
    template = (CONFIGURATIONS / program).read_text()
    configuration.write_text(template.format(folder=folder, host=HOST, port=port, name=NAME, lines=lines))
    environ = {"PATH": "/usr/sbin:/usr/bin", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with Process(command, folder / "proxy.log", environ):
        until(lambda: ask(port, "/meter/")[0] == 200, what=f"the page behind {program}")
        yield port


def ask(port: int, path: str, host: str = NAME) -> tuple[int, str, bytes]:
    """Return status, location and body of an answer of the proxy; the status is 0 before it listens."""
    connection = http.client.HTTPConnection(HOST, port, timeout=LIMIT)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read()
    except OSError:
        return 0, "", b""
    finally:
        connection.close()


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_the_page_lies_below_a_path_of_the_proxy(tmp_path: Path, page: Page, program: str) -> None:
    """Page, files, history and stream by the name of the settings, and by no other name."""
    with proxy(tmp_path, page, program) as port:
        for path in ("", *ASSETS, "history/041961123456/hour.json"):
            assert ask(port, f"/meter/{path}")[0] == 200, path
        # Without the last slash, the proxy leads to the page.
        status, location, _body = ask(port, "/meter")
        assert status in {301, 302}
        assert location.removeprefix(f"http://{NAME}:{port}") == "/meter/"
        assert ask(port, "/meter/", "other.example.org")[0] == 421
        connection = http.client.HTTPConnection(HOST, port, timeout=LIMIT)
        connection.request("GET", "/meter/events", headers={"Host": f"{NAME}:{port}"})
        stream = connection.getresponse()
        until(lambda: b"event: now" in stream.readline(), what="a stream that is not kept back")
        until(lambda: b"event: alive" in stream.readline(), what="a stream that goes on")
        connection.close()
