"""The directory of what outlives a restart."""

from __future__ import annotations

import re

import pytest

from teleinfo.common.state_directory import state_directory


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "XDG_STATE_HOME": "/x"}, "/var/lib/a"),
        ({"XDG_STATE_HOME": "/x"}, "/x/teleinfo"),
        ({"XDG_STATE_HOME": "relative"}, r".+/\.local/state/teleinfo"),
        ({}, r".+/\.local/state/teleinfo"),
    ],
)
def test_the_directory_is_the_service_s_or_the_user_s(
    environ: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, environ.get(name, ""))
    assert re.fullmatch(found, str(state_directory()))

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert (state_directory() is None) is (".+" in found)
