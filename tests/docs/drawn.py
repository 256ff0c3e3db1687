"""
The pictures of the documentation, and whether they still show the program as it is.

Whoever draws a picture calls `record`, which writes the digest of the files that it shows into drawn.json.
`python -m tests.docs.drawn` names the pictures whose files have changed since, and exits with 1 if there is
one: `make release` asks that. A digest, unlike a date of git, is the same in every clone, and a picture that
comes out the same is not old.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Final

from tests.docs.markdown import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DIGESTS: Final = ROOT / "tests/docs/drawn.json"

_SRC: Final = "src/teleinfo"
_FRENCH: Final = f"{_SRC}/locale/fr"
_PAGE: Final = (
    f"{_SRC}/web",
    f"{_SRC}/live",
    f"{_SRC}/history",
    f"{_SRC}/contract",
    "tests/lab/browsers/household.py",
)
_ENTITIES: Final = (f"{_SRC}/homeassistant", f"{_SRC}/state", "tests/lab/homeassistant/pictures.py")
_PAGE_FRENCH: Final = tuple(f"{_FRENCH}/{name}.po" for name in ("web", "contract", "state", "vocabulary"))
_ENTITIES_FRENCH: Final = tuple(f"{_FRENCH}/{name}.po" for name in ("homeassistant", "state", "vocabulary"))

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "docs/images/web.png": _PAGE,
    "docs/images/web-phone.png": _PAGE,
    "docs/fr/images/web.png": (*_PAGE, *_PAGE_FRENCH),
    "docs/fr/images/web-phone.png": (*_PAGE, *_PAGE_FRENCH),
    "docs/images/home-assistant-device.png": _ENTITIES,
    "docs/images/home-assistant-energy.png": _ENTITIES,
    "docs/images/home-assistant-tempo.png": (*_ENTITIES, "docs/home-assistant-examples.md"),
    "docs/fr/images/home-assistant-device.png": (*_ENTITIES, *_ENTITIES_FRENCH),
    "docs/fr/images/home-assistant-energy.png": (*_ENTITIES, *_ENTITIES_FRENCH),
    "docs/fr/images/home-assistant-tempo.png": (
        *_ENTITIES,
        *_ENTITIES_FRENCH,
        "docs/fr/home-assistant-examples.md",
    ),
    "docs/images/demo.svg": (f"{_SRC}/demo", "tests/demo/expected.py"),
    "docs/fr/images/demo.svg": (f"{_SRC}/demo", "tests/demo/expected.py", f"{_FRENCH}/demo.po"),
    "docs/images/watch.svg": (f"{_SRC}/watch", f"{_SRC}/live"),
    "docs/fr/images/watch.svg": (f"{_SRC}/watch", f"{_SRC}/live", f"{_FRENCH}/watch.po"),
    "docs/images/doctor.svg": (f"{_SRC}/doctor",),
    "docs/fr/images/doctor.svg": (f"{_SRC}/doctor", f"{_FRENCH}/doctor.po"),
}
"""The files and folders that each picture shows, by its path; both are relative to the checkout."""

DRAWINGS: Final = frozenset({"docs/images/circuit.svg", "docs/images/terminals.svg"})
"""Pictures that show nothing of the program."""


def digest(paths: Iterable[str], root: Path = ROOT) -> str:
    """Return the digest of files, and of all files in folders but what Python makes there."""
    summed = hashlib.sha256()
    for path in paths:
        start = root / path
        files = [start] if start.is_file() else sorted(start.rglob("*"))
        for file in files:
            if file.is_dir() or "__pycache__" in file.parts:
                continue
            summed.update(f"{file.relative_to(root)}\0".encode())
            summed.update(hashlib.sha256(file.read_bytes()).digest())
    return summed.hexdigest()


def recorded() -> dict[str, str]:
    """Return the digest of each picture's files when it was drawn."""
    digests: dict[str, str] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    return digests


def record(pictures: Iterable[str]) -> None:
    """Note that these pictures have been drawn now."""
    digests = recorded()
    for picture in pictures:
        digests[picture] = digest(SHOWN[picture])
    text = json.dumps(digests, indent=2, sort_keys=True)
    DIGESTS.write_text(f"{text}\n", encoding="utf-8")


def old(digests: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return the pictures whose files are not those that were there when they were drawn."""
    return [picture for picture, paths in SHOWN.items() if digests.get(picture) != digest(paths, root)]


def main() -> int:
    """Name the old pictures on standard error; return 1 if there is one."""
    names = old(recorded())
    for name in names:
        sys.stderr.write(f"{name} is older than what it shows: draw it anew, and look at it.\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
