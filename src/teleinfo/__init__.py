r"""
A reader of French electricity meters: the TIC line goes in, JSON on MQTT comes out.

The daemon is a program, `teleinfo`. Its decoder, its table of étiquettes and its reader of the port are for
other programs too:

>>> from teleinfo import Decoder, Options, encode, lookup
>>> decoder = Decoder()
>>> [reading] = decoder.feed(b"\x02\nPTEC HP..  \r\nPAPP 00750 -\r\nIINST 004 Z\r\x03")
>>> dict(reading.values)
{'PTEC': 'HP', 'PAPP': '00750'}
>>> decoder.counts.groups, decoder.counts.checksum
(2, 1)
>>> encode(reading, Options(numbers="quantities"))
b'{"PTEC":"HP","PAPP":750}'
>>> label = lookup(reading.mode, "PAPP")
>>> label.english, label.unit
('Apparent power', 'VA')

docs/library.md shows the rest. What is not in `__all__` may change in any version.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teleinfo.payload import Options, encode
    from teleinfo.port.errors import PortError
    from teleinfo.port.library import read
    from teleinfo.tic.decoder import Counts, Decoder, decode
    from teleinfo.tic.library import lookup
    from teleinfo.tic.reading import Reading
    from teleinfo.tic.tables.reader import Kind, LabelSpec, Mode
    from teleinfo.vocabulary.line import PortErrorKind

__version__ = "1.0.0"
__all__ = [
    "Counts",
    "Decoder",
    "Kind",
    "LabelSpec",
    "Mode",
    "Options",
    "PortError",
    "PortErrorKind",
    "Reading",
    "__version__",
    "decode",
    "encode",
    "lookup",
    "read",
]

# The names by their module, which is imported when one is asked for: `teleinfo --version` does without.
_NAMES = {
    "port.errors": ("PortError",),
    "vocabulary.line": ("PortErrorKind",),
    "port.library": ("read",),
    "payload": ("Options", "encode"),
    "tic.decoder": ("Counts", "Decoder", "decode"),
    "tic.library": ("lookup",),
    "tic.reading": ("Reading",),
    "tic.tables.reader": ("Kind", "LabelSpec", "Mode"),
}

if not TYPE_CHECKING:  # a type checker would take any name for one of the module

    def __getattr__(name: str) -> object:
        """Import a public name (PEP 562)."""
        from importlib import import_module  # noqa: PLC0415 - as above

        for module, names in _NAMES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the public names."""
        return __all__
