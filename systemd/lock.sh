#!/bin/sh
# Write down the newest versions that go together: what `make lock` does.
#
#   lock.sh PYTHON
#
# tests/constraints.txt is for the environment of the tests; systemd/constraints.txt, a part of it, is what
# `make install` installs. PYTHON is the oldest that is supported: newer ones take the same versions. Two
# environments are made and thrown away; pip is used as it is configured on this machine.
set -eu
cd "$(dirname "$0")/.."
python=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# write FILE WHAT PIP-ARGUMENT…: install into a new environment, and list what is in it but for ourselves
write() {
    file=$1
    what=$2
    shift 2
    "$python" -m venv --clear "$scratch/venv"
    "$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    echo "# $what Made by \`make lock\`." >"$scratch/list"
    "$scratch/venv/bin/python" -m pip freeze --exclude teleinfo-mqtt >>"$scratch/list"
    cp "$scratch/list" "$file"
}

write tests/constraints.txt "The versions of the tools and libraries that the tests run with." '.[dev]'
write systemd/constraints.txt "The versions of the libraries that \`make install\` installs, which were tested." \
    --constraint tests/constraints.txt '.[watch,web]'
