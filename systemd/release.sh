#!/bin/bash
# Check that this checkout is a release, and build all of its files in dist/. `make release` calls it, and then
# runs all the tests. It publishes nothing, and changes nothing but dist/.
#
#   release.sh [PYTHON]
#
# A release has: the public address of the repository ([project.urls] of pyproject.toml); a clean checkout; a version
# of the form 1.2.3, for which the changelog has a section with a date, above every other, and nothing left under
# "Unreleased"; a tag of that version, if there is one, at this commit. Without PYTHON that is all, and what the
# changelog says of the version is printed: the notes of the release.
#
# PYTHON is that of the development environment, with which the versions of the libraries are checked:
# systemd/constraints.txt has to be complete, and what the tests run with. Each picture of the documentation has to
# be drawn from the files that are there (make pictures). `build` and `twine` get an environment of their own. In
# dist/ are then the wheel, the source distribution, the Debian package, the app for Home Assistant, the container
# image of this architecture (not with IMAGE=no in the environment), the notes, and the checksums.
set -eu -o pipefail
cd "$(dirname "$0")/.."
python=${1:-}
faults=0

fault() {
    echo "Not a release: $*" >&2
    faults=$((faults + 1))
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/teleinfo/__init__.py)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fault "the version $version (src/teleinfo/__init__.py) is not like 1.2.3."
repository=$(sed -n '/^\[project\.urls\]/,/^\[project\.scripts\]/s/^Repository = "\(https:[^"]*\)"$/\1/p' pyproject.toml)
[ -n "$repository" ] ||
    fault "pyproject.toml does not say where the repository is: [project.urls] wants a line Repository = \"https://…\"."
changed=$(git status --porcelain | cut -c 4- | tr '\n' ' ')
[ -z "$changed" ] || fault "the checkout has changes that are not committed: $changed"
if git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null &&
    [ "$(git rev-parse "v$version^{commit}")" != "$(git rev-parse HEAD)" ]; then
    fault "v$version is the tag of another commit: the version in src/teleinfo/__init__.py has to grow."
fi
newest=$(grep -m 1 '^## \[[0-9]' CHANGELOG.md || true)
[[ $newest =~ ^\#\#\ \["$version"\]\ -\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
    fault "the newest section of CHANGELOG.md is \"$newest\", not \"## [$version] - YEAR-MONTH-DAY\"."
unreleased=$(sed -n '/^## \[Unreleased\]/,/^## \[[0-9]/p' CHANGELOG.md | grep -v -e '^## ' -e '^Nothing yet\.$' -e '^$' || true)
[ -z "$unreleased" ] || fault "CHANGELOG.md has entries under Unreleased."
[ "$faults" -eq 0 ] || exit 1

# The section of this version in the changelog, without blank lines around it.
notes=$(awk -v heading="## [$version]" 'index($0, "## ") == 1 { inside = index($0, heading) == 1; next } inside' CHANGELOG.md |
    sed '/./,$!d')
if [ -z "$python" ]; then
    echo "$notes"
    exit
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The entries of the first list that the second lacks, in one line.
missing() {
    grep -v '^#' "$1" | { grep -v -x -F -f "$2" || true; } | tr '\n' ' '
}

# The libraries that `make install` would install now, and those of the tests.
"$python" -m tests.docs.drawn || fault "pictures are old: make pictures draws them."
"$python" -m venv "$scratch/household"
"$scratch/household/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint systemd/constraints.txt '.[watch,web]'
"$scratch/household/bin/python" -m pip freeze --exclude teleinfo-mqtt >"$scratch/installed"
"$python" -m pip freeze >"$scratch/tested"
unpinned=$(missing "$scratch/installed" systemd/constraints.txt)
[ -z "$unpinned" ] || fault "systemd/constraints.txt does not have $unpinned(make lock renews it)."
untested=$(missing systemd/constraints.txt "$scratch/tested")
[ -z "$untested" ] || fault "systemd/constraints.txt has ${untested}which the tests do not run with (make lock)."
[ "$faults" -eq 0 ] || exit 1

"$python" -m venv "$scratch/tools"
"$scratch/tools/bin/python" -m pip install --quiet --disable-pip-version-check build twine
rm -rf dist
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir "$scratch/tree"
git archive HEAD | tar -x -C "$scratch/tree"
# On PyPI, README.md stands alone: its links lead to the files of this version in the repository.
sed -i -E "s,\]\((docs/images/[^)]+)\),](${repository%/}/raw/v$version/\1),g
    s,\]\(([^):#][^):]*)\),](${repository%/}/blob/v$version/\1),g" "$scratch/tree/README.md"
"$scratch/tools/bin/python" -m build --outdir dist "$scratch/tree" >"$scratch/build.log" 2>&1 ||
    { cat "$scratch/build.log" >&2; exit 1; }
"$scratch/tools/bin/python" -m twine check --strict dist/*
systemd/deb.sh
# Wheel and source distribution give the same command, without anything of this checkout.
for package in dist/*.whl dist/*.tar.gz; do
    "$python" -m venv --clear "$scratch/alone"
    "$scratch/alone/bin/python" -m pip install --quiet --disable-pip-version-check "$package"
    [ "$(cd "$scratch" && alone/bin/teleinfo --version)" = "teleinfo $version" ]
    echo "$package installs, and says that it is $version."
done
systemd/homeassistant-app/archive.sh "$python"
[ "${IMAGE:-}" = no ] || systemd/container/image.sh
echo "$notes" >dist/NOTES.md
(cd dist && sha256sum -- * >"$scratch/SHA256SUMS")
mv "$scratch/SHA256SUMS" dist/
