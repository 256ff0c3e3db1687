#!/bin/bash
# Pack the repository of apps for Home Assistant, dist/teleinfo-homeassistant-app_VERSION.zip: what
# `make homeassistant-app` does, with the Debian package that is in dist/.
#
#   archive.sh PYTHON
#
# Unpacked it is the content of a git repository of its own (Home Assistant wants repository.yaml at its top), and
# its folder `teleinfo` alone is a local app.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
dist=$(realpath -m "${DIST:-dist}")
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/teleinfo/__init__.py)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$1" systemd/homeassistant-app/build.py "$dist/teleinfo_${version}_all.deb" "$scratch/repository"
archive=$dist/teleinfo-homeassistant-app_$version.zip
rm -f "$archive"
python=$(realpath -s "$1")
(cd "$scratch/repository" && "$python" -m zipfile -c "$archive" repository.yaml teleinfo)
echo "$archive ($(stat -c %s "$archive") bytes)"
