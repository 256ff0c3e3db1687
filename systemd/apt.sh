#!/bin/sh
# Install packages of Debian, as root:
#
#   apt.sh install mosquitto openssl
#   apt.sh satisfy "debhelper-compat (= 13), python3-all"
#
# Another apt may be at work, as in the first minutes of a new machine, which upgrades itself: then this waits for it,
# for five minutes at most. Output is that of apt, without its progress. Exit status: that of apt.
set -eu
export DEBIAN_FRONTEND=noninteractive
wait=300 # s

# The lock of the lists, unlike that of dpkg, is not waited for by apt itself.
update() {
    until said=$(LC_ALL=C apt-get update -qq 2>&1); do
        case $said in
            *"Could not get lock"*) ;;
            *) wait=0 ;;
        esac
        if [ "$wait" -le 0 ]; then
            echo "$said" >&2
            return 1
        fi
        sleep 2
        wait=$((wait - 2))
    done
}

update
verb=$1
shift
exec apt-get "$verb" -y -qq --no-install-recommends -o DPkg::Lock::Timeout="$wait" "$@" >/dev/null
