"""
The messages that docs/topics.md shows in both languages, and the version in the log of the READMEs.

`make generated` writes them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.payload import Options, encode
from teleinfo.port import health
from teleinfo.tic.decoder import Counts
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import build_reading
from tests.docs.markdown import BLOCK, ROOT
from tests.support.frames import whole

if TYPE_CHECKING:
    from pathlib import Path

HISTORIQUE = whole(OPTARIF="HC..", BASE="", HCHC="000019212", HCHP="000068306", PTEC="HP..", HHPHC="A")
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
    counts = Counts(frames=2411, groups=26520, parity=1, lost={"IMAX": 1})
    quality = health.Quality()
    for now, seen in ((0, Counts()), (3300, Counts(groups=24310, parity=1)), (3600, counts)):
        quality.sample(seen, now=now)
    after_an_hour = health.Health(
        version=__version__,
        mode=Mode.HISTORIQUE,
        baudrate=1200,
        parity_checked=True,
        time="2026-01-14T22:01:15+00:00",
        last_frame="2026-01-14T22:01:14+00:00",
        uptime=3600,
        source="5d0fa3c1",
        meter="8901",
        fingerprint="254aa248",
    )
    return health.encode(health.complete(after_an_hour, counts, quality)).decode()


def messages() -> list[str]:
    """Return the four messages, in the order of the page."""
    return [
        published(HISTORIQUE),
        published(STANDARD),
        published(HISTORIQUE, Options(numbers="all", timestamp=True), 1768431674.25),
        health_message(),
    ]


def written() -> dict[Path, str]:
    """Return each page that shows messages or the version with its text."""
    texts = {}
    for name in ("docs/topics.md", "docs/fr/topics.md"):
        shown = iter(messages())

        def block(match: re.Match[str]) -> str:
            indent, kind, content = match.groups()
            if kind == "json":
                content = f"{next(shown)}\n"  # noqa: B023 - called at once
            return f"{indent}```{kind}\n{content}{indent}```"

        texts[ROOT / name] = BLOCK.sub(block, (ROOT / name).read_text(encoding="utf-8"))
    for name in ("README.md", "README.fr.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        texts[ROOT / name] = re.sub(r"(?<=]: teleinfo )\S+", __version__, text)
    return texts


def main() -> None:
    """Write the pages."""
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
