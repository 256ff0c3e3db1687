"""
The pictures of `watch`, `doctor` and `demo` in a terminal, as SVG, in both languages.

`make pictures` draws them, and those of the page (`tests.lab.browsers.pictures`). No test compares a picture
with the program: whoever changes a screen draws it anew and looks at it.
"""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleDimensions
from rich.text import Text

from teleinfo.common.i18n import use_language
from teleinfo.doctor import report
from teleinfo.live.declared import integer
from teleinfo.live.model import LiveModel
from teleinfo.port import health
from teleinfo.simulator.catalogue import build
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.words import Language
from teleinfo.watch.layout import RecentPower, compose
from tests.demo.expected import demo_lines
from tests.docs import drawn
from tests.docs.markdown import ROOT
from tests.doctor.machine_tree import Tree, findings_of

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS = 82
WIDE = 106
"""Columns for the messages of the demo."""
HEATER = 2000
"""Less than the power of the water heater, VA."""


def watch_lines() -> list[Text]:
    """Return the screen of a household a minute after its water heater has started, 80 columns wide."""
    start = dt.datetime(2026, 1, 14, 22, 58)  # noqa: DTZ001 - a meter knows local time only
    meter = build("hc", start=start, rng=random.Random(12))
    model = LiveModel(patience=10.0)
    decoder = Decoder()
    recent = RecentPower()
    for frame in range(131):
        [reading] = decoder.feed(meter.emit(start + dt.timedelta(seconds=1.5 * frame)))
        model.add_reading(reading, now=1.5 * frame)
        recent.add(integer(model.state(), "power.apparent_import") or 0, now=1.5 * frame)
    quality = health.Quality()
    quality.sample(decoder.counts, now=195)
    known = health.Health(mode=Mode.HISTORIQUE, baudrate=1200, parity_checked=True)
    model.told_health = health.complete(known, decoder.counts, quality)
    size = ConsoleDimensions(80, 17)
    page = compose(
        model, recent, size, page=0, now=195, clock=f"{start + dt.timedelta(seconds=195):%H:%M:%S}"
    )
    power = integer(model.state(), "power.apparent_import") or 0
    assert power > HEATER, f"the water heater is off: {power} VA"
    return page.lines


def doctor_lines(folder: Path) -> list[Text]:
    """Return the screen of the doctor on a Raspberry Pi whose login console still has the serial port."""
    tree = Tree(folder)
    tree.raspberry(
        command_line="console=ttyAMA0,115200 console=tty1", config="enable_uart=1\ndtoverlay=disable-bt\n"
    )
    tree.file("/dev/ttyAMA0")
    tree.link("/dev/serial0", "ttyAMA0")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))
    shown = report.format_area("port", [*found.values()], report.Screen(width=80, colours=True))
    return [Text.from_ansi(line) for line in shown.strip("\n").split("\n")]


def draw(lines: Iterable[Text], *, name: str, columns: int) -> str:
    """Return an SVG of `teleinfo NAME` with these lines, broken at so many columns."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="256")
    for line in lines:
        for start in range(0, max(1, len(line)), columns):
            console.print(line[start : start + columns], no_wrap=True, highlight=False)
    svg = console.export_svg(title=f"teleinfo {name}", unique_id=name)
    # A font from elsewhere is neither needed nor ours to fetch.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def pictures() -> dict[Path, str]:
    """Return each picture by its path: those of the English pages, and those of the French ones."""
    svgs = {}
    for folder, language in (("docs", Language.EN), ("docs/fr", Language.FR)):
        with use_language(language), tempfile.TemporaryDirectory() as machine:
            screens = {"watch": watch_lines(), "doctor": doctor_lines(Path(machine))}
        for name, lines in screens.items():
            svgs[ROOT / folder / f"images/{name}.svg"] = draw(lines, name=name, columns=COLUMNS)
        with use_language(language):
            demo = draw(demo_lines(), name="demo", columns=WIDE)
        svgs[ROOT / folder / "images/demo.svg"] = demo
    return svgs


def main() -> None:
    """Draw them."""
    for path, svg in pictures().items():
        path.write_text(svg, encoding="utf-8")
        drawn.record([str(path.relative_to(ROOT))])


if __name__ == "__main__":
    main()
