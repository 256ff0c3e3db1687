r"""
A reader of French electricity meters: the TIC line goes in, JSON on MQTT comes out.

The daemon is a program, `teleinfo`. Whoever has a recording, or a port of their own, can use its decoder:

>>> from teleinfo import Decoder, Options, encode, lookup
>>> decoder = Decoder()
>>> [reading] = decoder.feed(b"\x02\nPTEC HP..  \r\nPAPP 00750 -\r\nIINST 004 Z\r\x03")
>>> reading.values
{'PTEC': 'HP', 'PAPP': '00750'}
>>> decoder.counts.groups, decoder.counts.checksum
(2, 1)
>>> encode(reading, Options(numbers=True), now=0)
b'{"PTEC":"HP","PAPP":750}'
>>> label = lookup(reading.mode, "PAPP")
>>> label.english, label.unit
('Apparent power', 'VA')

Bytes go in as they came from the port, in any pieces, with their parity in bit 7 or without it. Nothing here
raises because of what a meter sent. What is not named in `__all__` may change in any version.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teleinfo.tic.decoder import Counts, Decoder
    from teleinfo.tic.labels import LabelSpec, Mode, lookup
    from teleinfo.tic.payload import Options, encode
    from teleinfo.tic.reading import Reading

__version__ = "0.1.0"
__all__ = ["Counts", "Decoder", "LabelSpec", "Mode", "Options", "Reading", "__version__", "encode", "lookup"]

# Where each name lives: it is fetched when it is asked for, so that `teleinfo --version` does without.
_HOMES = {
    "Counts": "tic.decoder",
    "Decoder": "tic.decoder",
    "LabelSpec": "tic.labels",
    "Mode": "tic.labels",
    "Options": "tic.payload",
    "Reading": "tic.reading",
    "encode": "tic.payload",
    "lookup": "tic.labels",
}

if not TYPE_CHECKING:  # or every name would be one, to a checker of types

    def __getattr__(name: str) -> object:
        """Fetch a public name from its room."""
        from importlib import import_module  # noqa: PLC0415 - as above

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
