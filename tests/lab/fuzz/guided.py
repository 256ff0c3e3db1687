"""
Fuzz one target with atheris (libFuzzer), which follows the branches of the code.

    python -m tests.lab.fuzz.guided TARGET [libFuzzer options and folders]

libFuzzer ends the process itself, and leaves a file `crash-…` when an input breaks the target.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    """Fuzz one target; the arguments are in the docstring of the module."""
    atheris: Any = importlib.import_module("atheris")
    program, name, *arguments = sys.argv
    with atheris.instrument_imports(include=["teleinfo"]):
        from tests.lab.fuzz import corpus  # noqa: PLC0415 - its branches are counted from here on

        check = corpus.target(name).check
    atheris.Setup([program, *arguments], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
