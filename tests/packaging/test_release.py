"""What a release has to have, and the workflow that publishes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml")
}


class Repository:
    """A repository with the few files that make a release, all of them in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("src/teleinfo/__init__.py", '__version__ = "1.2.3"\n')
        self.write("pyproject.toml", '[project.urls]\nRepository = "https://forge.example"\n')
        shutil.copy(Path(__file__).with_name("stubs") / "CHANGELOG.md", folder)
        (folder / "systemd").mkdir()
        shutil.copy(ROOT / "systemd/release.sh", folder / "systemd")
        self.git("init", "--quiet")
        self.commit()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        """Run git, as somebody."""
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid")
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, timeout=60)

    def commit(self) -> None:
        """Commit all that is there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=State")

    def check(self) -> subprocess.CompletedProcess[str]:
        """Ask whether this is a release."""
        command = [self.folder / "systemd/release.sh"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository that is a release."""
    return Repository(tmp_path)


def test_the_sources_have_no_link() -> None:
    """Archives are not unpacked if a link is absolute; a copy of the tree fails if a link dangles."""
    files = [path for name in ("src", "systemd", "tests", "docs") for path in (ROOT / name).rglob("*")]

    assert [path for path in files if path.is_symlink()] == []


def test_the_notes_of_a_release_are_its_section_of_the_changelog(repository: Repository) -> None:
    """The heading, and the sections of other versions, are left out."""
    result = repository.check()

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "All is better.\n\n### Added\n\n- Something.\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        ("pyproject.toml", 'Repository = "https', '# Repository = "https', "[project.urls]"),
        ("src/teleinfo/__init__.py", "1.2.3", "1.3.0", '"## [1.3.0] - YEAR-MONTH-DAY"'),
        ("src/teleinfo/__init__.py", "1.2.3", "1.2.3rc1", "not like 1.2.3"),
        ("CHANGELOG.md", " - 2026-01-14", "", "YEAR-MONTH-DAY"),
        ("CHANGELOG.md", "Nothing yet.", "- Something else.", "under Unreleased"),
    ],
)
def test_what_is_missing_is_named(repository: Repository, name: str, old: str, new: str, named: str) -> None:
    """The address of the repository, the version, the date, or entries of no version: nothing is built."""
    text = (repository.folder / name).read_text(encoding="utf-8")
    repository.write(name, text.replace(old, new))
    repository.commit()
    result = repository.check()

    assert result.returncode == 1
    assert named in result.stderr
    assert result.stdout == ""


def test_a_release_is_what_is_committed_and_tagged(repository: Repository) -> None:
    repository.git("tag", "v1.2.3")
    assert repository.check().returncode == 0
    repository.write("README.md", "text")
    dirty = repository.check()
    repository.commit()
    moved = repository.check()

    assert (dirty.returncode, moved.returncode) == (1, 1)
    assert "not committed: README.md" in dirty.stderr
    assert "tag of another commit" in moved.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_trusts_no_tag_of_others_and_may_do_nothing_by_default(name: str) -> None:
    """Each action is pinned to a commit, and named by its version. No secret is used."""
    used = re.findall(r"uses: (.*)", WORKFLOWS[name])

    assert used
    assert re.search(r"^permissions: \{\}$", WORKFLOWS[name], re.MULTILINE)
    assert "secrets." not in WORKFLOWS[name]
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
