#!/bin/bash
# The wheel has all that the command and the library need, without the checkout.
set -eu -o pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

make wheel
wheel=$(realpath dist/teleinfo_mqtt-*.whl)
"$PYTHON" -m zipfile -l "$wheel" | grep '^teleinfo/py.typed ' >/dev/null
"$PYTHON" -m venv "$scratch/alone"
"$scratch/alone/bin/python" -m pip install --quiet "$wheel"
# The library: the programs of its page, and what mypy says of them.
LIBRARY_PYTHON="$scratch/alone/bin/python" "${VENV:-.venv}/bin/python" -m pytest -q tests/docs/test_library_programs.py
cd "$scratch"
alone/bin/teleinfo --version
alone/bin/python -m teleinfo --version
# The demo's broker is an extra. Without it the demo says what to install.
if alone/bin/teleinfo demo --seconds 1 2>said; then exit 1; fi
grep -q "make demo" said
