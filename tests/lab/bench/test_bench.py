"""The benchmark works in its smallest size, and its rows of truth and price can fail."""

from __future__ import annotations

import pytest

from teleinfo.tic.framing import Framer
from teleinfo.tic.groups import parse_frame
from teleinfo.tic.labels import Group
from teleinfo.tic.reading import Reading, build_reading
from tests.lab.bench import __main__ as bench
from tests.lab.bench import meters, noise, walk
from tests.lab.bench.judge import LASTING
from tests.lab.bench.scale import Scale

LEAST = Scale(
    modes=("standard",),
    settle=0.1,
    pieces=1,
    piece_bytes=4000,
    frames=2,
    paced=1,
    seconds=0.5,
    damaged=50,
    sound=50,
    stride=211,
    meters=(2, 3),
    meter_seconds=2.0,
    household_hours=6,
    history_days=400,
    history_requests=1,
)
PROGRAMS = ("latency", "cpu", "scale", "web")


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.real if part in PROGRAMS else ()) for part in bench.PARTS]
)
def test_a_part_returns_its_rows_and_breaks_no_promise(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mode, meter and program has its figures, and a floor to compare them with."""
    monkeypatch.setattr(meters, "GROUPS", {"simulator": ("tri", "standard"), "documents": ("doc:overrun",)})
    rows = bench.PARTS[part](LEAST)

    assert len({row.what for row in rows}) == len(rows) > 0
    # A row `each further` is the difference of two short runs: noise can make it negative.
    assert all(row.measured >= 0 or "each further" in row.what for row in rows)
    assert all(row.floor is None or row.floor > 0 for row in rows)
    assert [row.what for row in rows if row.promise and not row.reached] == []


class Gullible:
    """A decoder that believes every sound group, and publishes no tariff."""

    def __init__(self) -> None:
        self._framer = Framer()

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the sound groups of each frame say."""
        frames = map(self._framer.frame, self._framer.split(data))
        found = [parse_frame(frame[0]) for frame in frames if frame is not None]
        sound = [
            [each for each in groups if isinstance(each, Group) and each.label != "PTEC"] for groups in found
        ]
        return [reading for reading in map(build_reading, sound) if reading is not None]


def test_a_decoder_that_believes_all_and_withholds_a_tariff_breaks_the_promises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bytes that were lost, wrong bits and the tariff are found out: the rows of truth and price can fail."""
    monkeypatch.setattr(noise, "Decoder", Gullible)
    monkeypatch.setattr(walk, "Decoder", Gullible)
    lost = walk.walk("tri", 9)["1 to 64 bytes lost", True]
    bits, _ = noise.listen("hc", "stripped, 3 in 1000 bits wrong", damaged=500, sound=0)
    _, paid = noise.listen("doc:cbemm", "clean line", damaged=0, sound=500)

    assert lost.example
    assert lost.count(*LASTING)
    assert bits.count(*LASTING)
    assert paid.withheld == {"PTEC": paid.sound // 10}
    assert paid.longest == (paid.sound // 10, "PTEC")
