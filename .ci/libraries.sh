#!/bin/bash
# The tests of what rests on a library, with the versions that are named (of Debian 13, the oldest), or the newest.
# The tools are those of the lock.
#
#   libraries.sh [REQUIREMENT…]
set -eu -o pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

grep -v -x -F -f systemd/constraints.txt tests/constraints.txt >"$scratch/tools"
"$PYTHON" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --constraint "$scratch/tools" --editable '.[dev]'
# Without what they want: a tool may want a newer rich, and is not run here.
[ "$#" -eq 0 ] || "$scratch/venv/bin/python" -m pip install --quiet --no-deps "$@"
"$scratch/venv/bin/python" -m pip freeze | grep -E '^(aiohttp|aiomqtt|paho-mqtt|pydantic-settings|pyserial-asyncio|rich)=='
PATH="$PATH:/usr/sbin" "$scratch/venv/bin/python" -m pytest -p no:cacheprovider --numprocesses=4 \
    tests/settings tests/mqtt tests/console tests/cli tests/watch tests/web
