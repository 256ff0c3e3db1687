"""The surroundings of every test of the settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from teleinfo.tic import labels

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory and environment: the developer's own settings are not read."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TELEINFO")]:
        monkeypatch.delenv(name)


@pytest.fixture
def _few_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    def label(name: str) -> labels.LabelSpec:
        kind, charset = labels.Kind.IDENTIFIER, labels.Charset.DIGITS
        return labels.LabelSpec(
            name=name, kind=kind, charset=charset, unit=None, horodate=False, french="", english=""
        )

    monkeypatch.setattr(labels, "HISTORIQUE", {name: label(name) for name in ("ADCO", "PAPP")})
    monkeypatch.setattr(
        labels, "STANDARD", {name: label(name) for name in ("ADSC", "PRM", "EAp1HPH", "SMAXSN")}
    )
