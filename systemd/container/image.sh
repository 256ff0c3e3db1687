#!/bin/bash
# Build the container image of this machine's architecture, dist/teleinfo-image_VERSION_ARCHITECTURE.tar.gz: what
# `make image` does. DIST may name another folder, PLATFORM another architecture (linux/arm64, for example).
#
# The archive is that of docker-archive(5), which every Docker and podman loads (`docker load`, `podman load`): the
# OCI format has no health check. The Debian package is that of dist/, or is built first.
#
# BASE names the image to build on: Debian's slim one, or, where no registry can be reached, a tar file with a
# file system such as `mmdebstrap --variant=minbase trixie` makes.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
base=${BASE:-docker.io/library/debian:trixie-slim}
dist=$(realpath -m "${DIST:-dist}")
# Programs of this machine run in the image, also where it is a container itself and has no cgroups of its own.
limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)

if ! command -v buildah >/dev/null; then
    echo "Installing what builds an image: buildah, netavark"
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo systemd/apt.sh install buildah netavark
fi

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/teleinfo/__init__.py)
package=$dist/teleinfo_${version}_all.deb
[ -e "$package" ] || DIST=$dist systemd/deb.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/package"
cp "$package" "$scratch/package"

if [ -f "$base" ]; then
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$base" / >/dev/null
    buildah commit --quiet --rm "$container" localhost/teleinfo-base >/dev/null
    base=localhost/teleinfo-base
fi
image=localhost/teleinfo:latest
log=$scratch/build.log
# Messages of apt and of dpkg are of interest only if it fails.
buildah build --format docker --isolation chroot "${limits[@]}" --layers=false \
    ${PLATFORM:+--platform "$PLATFORM"} --build-arg BASE="$base" --build-context package="$scratch/package" \
    --target teleinfo --ignorefile systemd/container/Containerfile.dockerignore \
    --timestamp "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}" \
    --label org.opencontainers.image.version="$version" --label org.opencontainers.image.licenses=MIT \
    --label org.opencontainers.image.title=teleinfo \
    --file systemd/container/Containerfile --tag "$image" . >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
architecture=$(buildah inspect --type image --format '{{.OCIv1.Architecture}}{{.OCIv1.Variant}}' "$image")
archive=$dist/teleinfo-image_${version}_${architecture}.tar
rm -f "$archive" "$archive.gz"
buildah push --quiet "$image" "docker-archive:$archive:localhost/teleinfo:latest"
gzip -n "$archive"
echo "$archive.gz ($(stat -c %s "$archive.gz") bytes)"
