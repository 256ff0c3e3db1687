"""A bridge to a serial port that serves one client at a time and refuses others, raw or by RFC 2217."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self

import serial
import serial.rfc2217

# Begin of the answer to SET_CONTROL (RFC 2217).
SERVER_SET_CONTROL = b"\xff\xfa\x2c\x69"


class _Port(serial.Serial):
    """A port without modem lines, which a pseudo-terminal does not have."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    def reset_input_buffer(self) -> None:
        """Purge nothing: pyserial takes a port for lost if that is done while another thread reads it."""


class Bridge:
    """
    Serves the port at `device` at `url` until the end of the block: `raw` bytes, or RFC 2217.

    With `junk`, it sends that to each client, and nothing else. After a client has gone, it is busy for
    `slow` seconds. `served` and `refused` count its clients.
    """

    def __init__(self, device: str, *, raw: bool = False, junk: bytes = b"", slow: float = 0) -> None:
        self._device = device
        self._raw = raw
        self._junk = junk
        self._slow = slow
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._is_busy = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.served = self.refused = 0
        scheme = "socket" if raw else "rfc2217"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join(20)

    def hang_up(self) -> None:
        """End the connection to the client."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                if self._is_busy:
                    self.refused += 1
                    client.close()
                    continue
                self.served += 1
                self._is_busy = True
                self._client = client
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with _Port(self._device, 1200, timeout=0.05) as port, contextlib.suppress(OSError):
            manager = serial.rfc2217.PortManager(port, _Writer(client))  # type: ignore[arg-type]
            ended = threading.Event()
            copying = threading.Thread(target=self._copy, args=(port, manager, client, ended))
            copying.start()
            with contextlib.suppress(OSError):
                while data := client.recv(1024):
                    if not self._raw and not self._junk:
                        port.write(b"".join(manager.filter(data)))
            ended.set()
            copying.join(20)
        time.sleep(self._slow)
        self._is_busy = False
        client.close()

    def _copy(
        self, port: _Port, manager: serial.rfc2217.PortManager, client: socket.socket, ended: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while not ended.wait(0.01):
                data = self._junk or port.read(64)
                client.sendall(data if self._raw or self._junk else b"".join(manager.escape(data)))


class _Writer:
    """The client as the manager writes to it, which gets no answer to SET_CONTROL: sredird gives none."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def write(self, data: bytes) -> None:
        if not data.startswith(SERVER_SET_CONTROL):
            self._client.sendall(data)
