"""Another device at home, which looks at the page: a network namespace in the container, and a browser."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from tests.lab.browsers.browser import browser
from tests.lab.system.container import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.lab.journeys.player import House

PAGE = ("192.168.77.1", 8080)


class Phone:
    """A device that has opened the page in its browser."""

    def __init__(self, port: int, driver: WebDriver) -> None:
        self._port = port
        self._driver = driver

    def shown(self, element: str) -> str:
        """Return the text of an element that is seen; an empty one if it is hidden."""
        return str(self._driver.find_element("id", element).text)

    def shows(self, element: str, pattern: str) -> str:
        """Return the text of an element once it matches."""
        end = time.monotonic() + LIMIT
        while not re.search(pattern, text := self.shown(element)):
            assert time.monotonic() < end, f"{element} shows {text!r}, not {pattern}"
            time.sleep(0.2)
        return text

    def sees(self, selector: str) -> None:
        """Return once an element of this selector of CSS is there."""
        end = time.monotonic() + LIMIT
        while not self._driver.find_elements("css selector", selector):
            assert time.monotonic() < end, f"there is no {selector}"
            time.sleep(0.2)

    def reload(self) -> None:
        """Open the page anew, once there is one and it has room for this reader."""
        end = time.monotonic() + LIMIT
        while self.status("localhost") != HTTPStatus.OK:
            assert time.monotonic() < end, "the page is refused"
            time.sleep(0.2)
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
def phone(house: House) -> Iterator[Phone]:
    """Join the network of the house for this block, and open the page."""
    house.staged("phone")
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(_door(house.namespace("phone")))
        screen = Phone(port, stack.enter_context(browser()))
        screen.reload()
        yield screen


@contextlib.contextmanager
def _door(namespace: str) -> Iterator[int]:
    """Let a port of this machine lead to the page, by the network of another namespace."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        system: Any = os  # `setns` came with Python 3.12, while the types are checked with 3.11, too
        with open(namespace) as file:  # noqa: PTH123 - a namespace is no regular file
            system.setns(file.fileno(), system.CLONE_NEWNET)
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(PAGE, 10)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until one of the two connections ends, and end both."""
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(65536):
            target.sendall(data)
