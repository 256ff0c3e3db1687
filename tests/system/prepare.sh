#!/bin/sh
# Install the programs that the tests of whole systems need: `prepare.sh`, or `prepare.sh board` for the
# emulated board too. As root, on Debian 13.
set -eu
export DEBIAN_FRONTEND=noninteractive

programs="arch-test debian-archive-keyring iproute2 lintian mmdebstrap systemd systemd-container util-linux"
if [ "${1:-}" = board ]; then
    programs="$programs cpio qemu-system-arm"
fi
apt-get update -qq
# shellcheck disable=SC2086 # one word for each package
apt-get install -y -qq --no-install-recommends $programs >/dev/null
