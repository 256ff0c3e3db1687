"""The pages of the documentation taken apart: code blocks, sentences, tables, commands, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
READMES = {
    "en": (ROOT / "README.md").read_text(encoding="utf-8"),
    "fr": (ROOT / "README.fr.md").read_text(encoding="utf-8"),
}
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
FRENCH = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs/fr").rglob("*.md"))
}
# The changelog speaks of files and commands that were.
EVERY_PAGE = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("README*.md"), *sorted((ROOT / "docs").rglob("*.md")))
}
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(text: str, *languages: str) -> list[str]:
    """Return the contents of the code blocks of these languages, without the indent of a list."""
    return [
        re.sub(f"^{indent}", "", content, flags=re.MULTILINE).rstrip("\n")
        for indent, language, content in BLOCK.findall(text)
        if language in languages
    ]


def prose(text: str) -> str:
    """Return the text without its code blocks."""
    return BLOCK.sub("", text)


def code(text: str) -> list[str]:
    """Return the pieces of code in the sentences of a page."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def headings(text: str) -> list[str]:
    """Return the anchors of the headings of a page, as GitHub makes them, in their order."""
    found = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found]


def english(path: Path) -> Path:
    """Return the English page of a French page, and any other page itself."""
    if path.name == "README.fr.md":
        return path.with_name("README.md")
    french = ROOT / "docs/fr"
    twin = ROOT / "docs" / path.relative_to(french) if path.is_relative_to(french) else path
    twin = twin.with_name("hardware.md") if twin.name == "materiel.md" else twin
    return twin if twin.exists() else path


def destination(page: Path, target: str) -> str:
    """Return where a link leads, the same for both languages: the English page, the number of the heading."""
    if re.match(r"https?:", target):
        return target
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    number = f"#{headings(path.read_text(encoding='utf-8')).index(anchor)}" if anchor else ""
    return f"{english(path).relative_to(ROOT)}{number}"


def table(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose head begins like this."""
    found = re.search(rf"^{re.escape(head)}.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, f"no table {head}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def commands(text: str) -> list[list[str]]:
    """Return the command lines, in words: all of the blocks, those of teleinfo and make in sentences."""
    lines = [line for block in blocks(text, "sh") if "TELEINFO_" not in block for line in block.splitlines()]
    lines += re.findall(r"`((?:sudo |\.venv/bin/)?(?:teleinfo|make)(?: [^`\n]+)?)`", prose(text))
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] if line[0] == "sudo" else line for line in words if line and line != ["teleinfo"]]
