#!/bin/sh
# Remove what install.sh brought: what `sudo make uninstall` does.
#
# The settings stay: /etc/teleinfo, and drop-ins that the household made (`systemctl edit`). With PURGE=1 in the
# environment they go too. Exit status 0, also when nothing was installed; 1 without the rights.
set -eu

if [ "$(id -u)" -ne 0 ]; then
    echo "This removes files of the system: please run it as root (sudo make uninstall)." >&2
    exit 1
fi

units=/usr/local/lib/systemd/system
if [ -e "$units/teleinfo.service" ]; then
    services=teleinfo.service
    for link in /etc/systemd/system/*.wants/teleinfo@*.service; do
        [ ! -L "$link" ] || services="$services $(basename "$link")"
    done
    # shellcheck disable=SC2086 # one word for each service
    systemctl --quiet disable $services
    if [ -d /run/systemd/system ]; then
        systemctl stop teleinfo.service 'teleinfo@*.service'
    fi
fi
rm -rf /opt/teleinfo
rm -f /usr/local/bin/teleinfo /usr/local/share/man/man1/teleinfo.1
rm -f "$units/teleinfo.service" "$units/teleinfo@.service"
# What install.sh may have had to make goes if nobody else uses it.
rmdir --ignore-fail-on-non-empty -p "$units" 2>/dev/null || true
if [ "${PURGE:-}" = 1 ]; then
    rm -rf /etc/teleinfo /etc/systemd/system/teleinfo.service.d /etc/systemd/system/teleinfo@*.service.d
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl reset-failed 'teleinfo.service' 'teleinfo@*.service' 2>/dev/null || true
fi
if [ -d /etc/teleinfo ]; then
    echo "teleinfo is removed. Its settings are still in /etc/teleinfo; PURGE=1 takes them too."
else
    echo "teleinfo is removed."
fi
