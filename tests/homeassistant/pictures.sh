#!/bin/sh
# In a chroot of Debian's next release, as root: give the newest Home Assistant what its frontend needs besides.
set -eu
venv=.venv-homeassistant-newest
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ python3-dev >/dev/null
$venv/bin/python -m uv pip install --quiet --python $venv --no-deps --requirement tests/homeassistant/requirements/pictures.txt
