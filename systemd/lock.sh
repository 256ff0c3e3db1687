#!/bin/sh
# Write the newest versions that go together: `make lock`.
#
#   lock.sh PYTHON
#
# tests/constraints.txt is for the environment of the tests; systemd/constraints.txt, a part of it, is for
# `make install`. PYTHON is the oldest that is supported: newer ones take the same versions.
# tests/lab/homeassistant/requirements has those that two releases of Home Assistant want. Environments are made and
# thrown away; pip is used as it is configured on this machine.
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

# A file in the wheel of Home Assistant has the versions of its parts.
tool="$scratch/uv/bin/python -m uv"
"$python" -m venv "$scratch/uv"
"$scratch/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv

# home_assistant RELEASE PYTHON: write tests/lab/homeassistant/requirements/RELEASE.txt
home_assistant() {
    folder=tests/lab/homeassistant/requirements
    compile="$tool pip compile --quiet --no-annotate --no-header --python-version $2"
    compile="$compile --no-python-downloads --overrides $folder/$1.overrides"
    $compile --output-file "$scratch/$1.first" "$folder/$1.in"
    release=$(grep '^homeassistant==' "$scratch/$1.first")
    "$scratch/uv/bin/python" -m pip download --quiet --no-deps --python-version "$2" --only-binary :all: \
        --dest "$scratch/$1" "$release"
    overridden=$(sed -n 's/^\([a-z0-9-]*\).*/\1/p' "$folder/$1.overrides" | paste -sd '|')
    "$scratch/uv/bin/python" -m zipfile -e "$scratch/$1"/homeassistant-*.whl "$scratch/$1"
    grep -vE "^(${overridden:-none})[=>]" "$scratch/$1/homeassistant/package_constraints.txt" >"$scratch/$1.constraints"
    echo "# ${release} and what goes with it, for \`make test-homeassistant\`. Made by \`make lock\`." >"$scratch/list"
    echo "$release" | cat "$folder/$1.in" - >"$scratch/$1.in"
    $compile --constraints "$scratch/$1.constraints" "$scratch/$1.in" >>"$scratch/list"
    cp "$scratch/list" "$folder/$1.txt"
}
home_assistant newest 3.14.8
home_assistant oldest 3.13.5
