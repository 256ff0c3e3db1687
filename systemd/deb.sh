#!/bin/bash
# Build the Debian package, dist/teleinfo_VERSION_all.deb: what `make deb` does. DIST may name another folder.
#
# It needs Debian 13, whose own Python libraries the package depends on, and the packages that debian/control
# names. The same files give the same bytes, whenever and wherever it runs: every time stamp is that of the last
# commit, or SOURCE_DATE_EPOCH.
set -eu -o pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8 LANGUAGE="" TZ=UTC PYTHONDONTWRITEBYTECODE=1

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/teleinfo/__init__.py)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

# As the tests' programs: nothing is asked of the system when all is there already.
needs=$(sed -n '/^Build-Depends:/,/^[^ ]/s/^ //p' systemd/debian/control | tr -d '\n')
if ! dpkg-checkbuilddeps systemd/debian/control 2>/dev/null; then
    echo "Installing what builds a Debian package: $needs"
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo systemd/apt.sh satisfy "build-essential, fakeroot, ${needs%,}"
fi

dist=$(realpath -m "${DIST:-dist}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What a checkout has beside the sources (caches, environments) stays out.
stage=$scratch/teleinfo-$version
mkdir -p "$stage" "$dist"
cp -r pyproject.toml README.md README.fr.md CHANGELOG.md LICENSE .env-sample src docs systemd "$stage"
find "$stage" -name __pycache__ -prune -exec rm -rf {} +
mv "$stage/systemd/debian" "$stage/debian"
# Under its own name it would take the place of Debian's changelog.
mv "$stage/CHANGELOG.md" "$stage/debian/WHATSNEW.md"
chmod -R u=rwX,go=rX "$stage"

maintainer=$(sed -n 's/^Maintainer: //p' "$stage/debian/control")
cat >"$stage/debian/changelog" <<END
teleinfo ($version) unstable; urgency=medium

  * What changed: /usr/share/doc/teleinfo/WHATSNEW.md.gz

 -- $maintainer  $(date --rfc-email --date="@$SOURCE_DATE_EPOCH")
END

cd "$stage"
log=$scratch/build.log
dpkg-buildpackage --build=binary --no-sign --no-check-builddeps >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
package=teleinfo_${version}_all.deb
cp "$scratch/$package" "$dist/"
echo "$dist/$package ($(stat -c %s "$dist/$package") bytes)"
