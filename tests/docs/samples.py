"""
The messages that the READMEs show, and their pictures of `watch`, `doctor` and `demo`, made by the program.

After a change that is meant, make them anew, read the difference and look at the pictures:

    python -m tests.docs.samples
"""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import ConsoleDimensions
from rich.text import Text

from teleinfo.common.i18n import use_language
from teleinfo.doctor import check_port, report
from teleinfo.live.model import LiveModel
from teleinfo.port import health
from teleinfo.simulator.catalogue import build
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Counts, Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import build_reading
from teleinfo.vocabulary.words import Language
from teleinfo.watch.layout import compose
from tests.demo.expected import demo_lines
from tests.docs.markdown import BLOCK, ROOT
from tests.doctor.machine_tree import Tree, findings_of
from tests.support.picture import draw

if TYPE_CHECKING:
    import re

COLUMNS = 82
HISTORIQUE = [
    Group(label, value, None, Mode.HISTORIQUE)
    for label, value in (
        ("ADCO", "012345678901"), ("OPTARIF", "HC.."), ("ISOUSC", "45"), ("HCHC", "000019212"),
        ("HCHP", "000068306"), ("PTEC", "HP.."), ("IINST", "008"), ("IMAX", "090"), ("PAPP", "01940"),
        ("HHPHC", "A"), ("MOTDETAT", "000000"),
    )
]  # fmt: skip
STANDARD = [
    Group("ADSC", "012345678901", None, Mode.STANDARD),
    Group("VTIC", "02", None, Mode.STANDARD),
    Group("DATE", "", "H240213083144", Mode.STANDARD),
    Group("LTARF", "   HP  BLEU     ", None, Mode.STANDARD),
    Group("SMAXSN", "02740", "E220609060531", Mode.STANDARD),
]


def published(groups: list[Group], options: Options = Options(), now: float = 0) -> str:  # noqa: B008
    """Return the payload of a frame with these groups."""
    reading = build_reading(groups)
    assert reading is not None
    return (encode(reading, options, now=now) or b"").decode()


def health_message() -> str:
    """Return the health of a good line after an hour."""
    counts = Counts(frames=2411, groups=26520, parity=1)
    quality = health.Quality()
    quality.sample(counts, now=0)
    after_an_hour = health.Health(
        mode=Mode.HISTORIQUE,
        baudrate=1200,
        parity=True,
        time="2026-01-14T22:01:15+00:00",
        last_frame="2026-01-14T22:01:14+00:00",
        uptime=3600,
    )
    return health.encode(health.complete(after_an_hour, counts, quality)).decode()


def messages() -> list[str]:
    """Return the four messages, in the order of the page."""
    return [
        published(HISTORIQUE),
        published(STANDARD),
        health_message(),
        published(HISTORIQUE, Options(numbers="all", timestamp=True), 1768431674.25),
    ]


def watch_lines() -> list[Text]:
    """Return the screen of a household in the minute in which its water heater starts, 80 columns wide."""
    start = dt.datetime(2026, 1, 14, 22, 58)  # noqa: DTZ001 - a meter knows local time only
    meter = build("hc", start=start, rng=random.Random(1))
    model, decoder = LiveModel(patience=10.0), Decoder()
    for frame in range(131):
        [reading] = decoder.feed(meter.emit(start + dt.timedelta(seconds=1.5 * frame)))
        model.add_reading(reading, now=1.5 * frame)
    quality = health.Quality()
    quality.sample(decoder.counts, now=195)
    known = health.Health(mode=Mode.HISTORIQUE, baudrate=1200, parity=True)
    model.set_health(health.complete(known, decoder.counts, quality))
    page = compose(model, ConsoleDimensions(80, 17), page=0, now=195, clock="23:01:15", keys=True)
    return page.lines


def doctor_lines(folder: Path) -> list[Text]:
    """Return the screen of the doctor on a Raspberry Pi whose login console still has the serial port."""
    tree = Tree(folder)
    tree.raspberry(
        command_line="console=serial0,115200 console=tty1", config="enable_uart=1\ndtoverlay=disable-bt\n"
    )
    tree.file("/dev/ttyAMA0")
    tree.link("/dev/serial0", "ttyAMA0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_port, "_user", lambda: "pi")
        found = findings_of("port", tree.case("/dev/ttyAMA0"))
    shown = report.format_area("port", [*found.values()], report.Screen(width=80, colours=True))
    return [Text.from_ansi(line) for line in shown.strip("\n").split("\n")]


def pictures() -> dict[Path, str]:
    """Return each picture by its path: those of the English pages, those of the French ones, and the demo."""
    svgs = {ROOT / "docs/images/demo.svg": draw(demo_lines(), name="demo", columns=106)}
    for folder, language in (("docs", Language.EN), ("docs/fr", Language.FR)):
        with use_language(language), tempfile.TemporaryDirectory() as machine:
            screens = {"watch": watch_lines(), "doctor": doctor_lines(Path(machine))}
        for name, lines in screens.items():
            svgs[ROOT / folder / f"images/{name}.svg"] = draw(lines, name=name, columns=COLUMNS)
    return svgs


def main() -> None:
    """Write the messages into both READMEs, and draw the pictures."""
    for path, svg in pictures().items():
        path.write_text(svg, encoding="utf-8")
    for name in ("README.md", "README.fr.md"):
        path = ROOT / name
        shown = iter(messages())

        def block(match: re.Match[str]) -> str:
            indent, kind, content = match.groups()
            if kind == "json":
                content = f"{next(shown)}\n"  # noqa: B023 - called at once
            return f"{indent}```{kind}\n{content}{indent}```"

        path.write_text(BLOCK.sub(block, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
