"""Recordings of our simulated meters, which stand here, and of real meters, which belong to others."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent
CAPTURES = Path(os.environ.get("TIC_CAPTURES", FOLDER.parents[2] / "shared" / "captures"))
"""The folder with recordings of real meters, which need not be there."""

RECORDINGS = sorted(path for folder in (FOLDER, CAPTURES) for path in folder.glob("*.tic"))
