"""The fuzzer that needs no library: it mutates known inputs at random, blind to the branches they take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.lab.fuzz import corpus

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

LONGEST = 4096
"""Bytes of an input at most, with atheris too."""

_MARKS = [b"\x02", b"\x03", b"\x04", b"\n", b"\r", b"\t", b" ", b"\x00", b"\x80", b"\xff", b"=", b"'", b"\\"]


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return the input after one to eight mutations."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice([0, 1, 1, 2, 8, 64]))
        other = rng.choice(others)
        place = rng.randint(0, len(other))
        new = rng.choice(
            [
                b"",
                rng.choice(_MARKS),
                rng.randbytes(1),
                bytes(byte ^ 1 << rng.randrange(8) for byte in data[start:end][:1]),
                bytes(byte + rng.choice([1, 255]) & 0xFF for byte in data[start:end]),
                data[start:end] * rng.choice([2, 3]),
                other[place : place + rng.choice([4, 32, 256])],
                bytes(byte & 0x7F for byte in data[start:end]),
            ]
        )
        data = data[:start] + new + data[end:]
    return data[:LONGEST]


def tries(name: str, rng: random.Random) -> Iterator[bytes]:
    """Yield inputs for a target without end: the known ones, then mutations of them."""
    known = corpus.inputs(name)
    yield from known
    while True:
        yield mutated(rng.choice(known), known, rng)


def fuzz(name: str, seconds: float, rng: random.Random, *, say: Callable[[str], None]) -> None:
    """Try a target for so many seconds; keep the input that breaks it, and raise what it raised."""
    check = corpus.target(name).check
    end = time.monotonic() + seconds
    for count, data in enumerate(tries(name, rng), start=1):
        try:
            check(data)
        except BaseException:
            say(corpus.keep_broken(name, data))
            raise
        if time.monotonic() > end:
            say(f"{name}: {count} inputs, mutated at random")
            break
