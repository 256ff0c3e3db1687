"""A server of RFC 2217 in front of a serial port, by pyserial's own part for servers."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

import serial
import serial.rfc2217


class _Port(serial.Serial):
    """A port without modem lines, which a pseudo-terminal does not have."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    def _update_break_state(self) -> None:
        pass


class Rfc2217Server:
    """Serves the port at `device` at `url`, to one client at a time, until the end of the block."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

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

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._client, _address = self._listener.accept()
                with self._client, _Port(self._device, timeout=0.05) as port:
                    manager = serial.rfc2217.PortManager(port, _Writer(self._client))  # type: ignore[arg-type]
                    copying = threading.Thread(target=self._copy, args=(port, manager, self._client))
                    copying.start()
                    with contextlib.suppress(OSError):
                        while data := self._client.recv(1024):
                            port.write(b"".join(manager.filter(data)))
                    self.hang_up()
                    copying.join(20)

    @staticmethod
    def _copy(port: _Port, manager: serial.rfc2217.PortManager, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client.sendall(b"".join(manager.escape(port.read(64))))


class _Writer:
    """The client as the manager writes to it."""

    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall
