"""
The least program that does the job, as people write it: no check, no repair, nothing but the way through.

It takes the variables of the daemon that it needs, and listens to the same port for the same topic.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tty

import serial
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

SEVEN = bytes(range(128)) * 2


def values_of(frame: bytes) -> dict[str, str]:
    """Return étiquette → valeur of the bytes between two ETX."""
    values = {}
    for line in frame.translate(SEVEN).rpartition(b"\x02")[2].decode("ascii").split("\r")[:-1]:
        label, *rest = line[1:-2].split("\t" if line[-2] == "\t" else " ", 2)
        values[label] = rest[-1].strip() or rest[0] if line[-2] == "\t" else rest[-1].rstrip(".")
        if len(rest) > 1 and line[-2] == "\t" and rest[1]:
            values[f"{label}_HORODATE"] = rest[0]
    return values


def void(_: object) -> None:
    """Return nothing: paho's callbacks do."""


async def main() -> None:
    """Read the port and publish each frame, until killed."""
    loop = asyncio.get_running_loop()
    setting = {k[9:]: v for k, v in os.environ.items() if k[:9] == "TELEINFO_"}
    client = Client(CallbackAPIVersion.VERSION2, client_id=setting["MQTT_CLIENT_ID"])
    client.on_socket_open = lambda _client, _data, opened: loop.add_reader(opened, client.loop_read)
    client.on_socket_close = lambda _client, _data, closed: void(loop.remove_reader(closed))
    client.on_socket_register_write = lambda _client, _data, full: loop.add_writer(full, client.loop_write)
    client.on_socket_unregister_write = lambda _client, _data, empty: void(loop.remove_writer(empty))
    client.connect(setting["MQTT_HOST"], int(setting["MQTT_PORT"]))
    port = serial.Serial(
        setting["SERIAL_PORT"], 9600 if setting["SERIAL_MODE"] == "standard" else 1200, timeout=0
    )
    tty.setraw(port.fileno())
    pieces = bytearray()

    def take() -> None:
        pieces.extend(os.read(port.fileno(), 4096))
        while (end := pieces.find(b"\x03")) >= 0:
            text = json.dumps(values_of(bytes(pieces[:end])), separators=(",", ":"))
            client.publish(setting["MQTT_TOPIC"], text, qos=1)
            del pieces[: end + 1]

    loop.add_reader(port.fileno(), take)
    if "NOTIFY_SOCKET" in os.environ:
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])

    def look_after() -> None:
        if client.loop_misc() == 0:
            loop.call_later(1, look_after)

    look_after()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
