"""Another device at home, which looks at the page: a network namespace in the container, and a browser."""

from __future__ import annotations

import contextlib
import re
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from tests.lab.browsers.browser import browser
from tests.lab.system.container import LIMIT
from tests.support.process import Process
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.lab.journeys.player import House

PAGE = "192.168.77.1:8080"


class Phone:
    """A device that has opened the page in its browser, which prefers French."""

    def __init__(self, port: int, driver: WebDriver) -> None:
        self._port = port
        self._driver = driver

    def shown(self, element: str) -> str:
        """Return the text of an element that is seen; an empty one if it is hidden."""
        return str(self._driver.find_element("id", element).text)

    def shows(self, element: str, pattern: str) -> str:
        """Return the text of an element once it matches `pattern`."""
        end = time.monotonic() + LIMIT
        while True:
            text = self.shown(element)
            if re.search(pattern, text):
                return text
            assert time.monotonic() < end, f"{element} shows {text!r}, not {pattern}"
            time.sleep(0.2)

    def sees(self, selector: str) -> None:
        """Return once an element of this selector of CSS is there."""
        until(lambda: self._driver.find_elements("css selector", selector), what=selector)

    def reload(self) -> None:
        """Open the page anew, once there is one and it has room for this reader."""
        until(lambda: self.status("localhost") == HTTPStatus.OK, what="the page")
        self._driver.get(f"http://127.0.0.1:{self._port}/")

    def status(self, host: str, path: str = "/") -> int:
        """Return the status of the answer to a request under this name of the machine, once there is one."""
        end = time.monotonic() + LIMIT
        while True:
            with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=LIMIT)) as connection:
                try:
                    connection.request("GET", path, headers={"Host": host})
                    return connection.getresponse().status
                except (OSError, HTTPException):
                    assert time.monotonic() < end, "there is no page"
            time.sleep(0.2)


@contextlib.contextmanager
def phone(house: House, log: Path) -> Iterator[Phone]:
    """Join the network of the house for this block, and open the page."""
    house.staged("phone")
    port = free_port()
    # A port of this machine leads to the page, by the network of the phone: the browser itself is outside.
    through = f"nsenter --net={house.namespace('phone')} socat - TCP:{PAGE}"
    door = ["socat", f"TCP-LISTEN:{port},bind={HOST},fork", f'EXEC:"{through}"']
    with Process(door, log), browser(language="fr") as driver:
        screen = Phone(port, driver)
        screen.reload()
        yield screen
