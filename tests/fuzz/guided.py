"""
The fuzzer that follows the branches, atheris (libFuzzer), if it is installed: one process a target.

    python -m tests.fuzz.guided TARGET SELF [what libFuzzer takes]

libFuzzer ends the process itself, and leaves a file `crash-…` where a target broke. SELF is a program that
does the same with other arguments: libFuzzer calls it for each step of a merge.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    """Fuzz one target: the arguments are those that the file begins with."""
    atheris: Any = importlib.import_module("atheris")
    _, name, *arguments = sys.argv
    with atheris.instrument_imports(include=["teleinfo"]):
        from tests.fuzz import corpus  # noqa: PLC0415 - its branches are counted from here on

        check = corpus.target(name).check
    atheris.Setup(arguments, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
