"""Files that are written, and the folders that are made for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UMASKS = {"of-a-user": 0o022, "of-the-service": 0o077}


@pytest.fixture(params=list(UMASKS.values()), ids=list(UMASKS))
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the umask of this process for one test."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o644, 0o755), (0o600, 0o700)], ids=["public", "private"]
)
def test_each_folder_that_is_made_for_a_file_admits_whoever_may_read_it(
    file_mode: int, folder_mode: int, tmp_path: Path
) -> None:
    tmp_path.chmod(0o750)
    path = tmp_path / "metrics/node/teleinfo.prom"
    write_file(path, b"", mode=file_mode)

    assert path.stat().st_mode & 0o777 == file_mode
    assert path.parent.stat().st_mode & 0o777 == folder_mode
    assert path.parent.parent.stat().st_mode & 0o777 == folder_mode
    assert tmp_path.stat().st_mode & 0o777 == 0o750, "the mode of a folder that was there stays"
