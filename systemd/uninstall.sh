#!/bin/sh
# Remove what install.sh installed: what `sudo make uninstall` does.
#
# The settings stay: /etc/teleinfo. With PURGE=1 in the environment the settings files (*.env, offers.toml) and the
# memory go too, and before them what the broker keeps of each meter (`teleinfo forget`), so that Home Assistant
# removes the device; a broker that does not answer is named, and keeps it. Drop-ins (`systemctl edit`) and scripts
# of relays are the household's own work: they stay, and are named. Exit status 0, also when nothing was installed;
# 1 without the rights. DESTDIR as for install.sh.
set -eu

root=${DESTDIR:-}
# shellcheck source=systemd/language.sh
. "$(dirname "$0")/language.sh"
# Before the settings go, which have it.
TELEINFO_LANGUAGE=$(language)
export TELEINFO_LANGUAGE
if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
    localized "This removes files of the system: please run it as root (sudo make uninstall)." \
        "La désinstallation retire des fichiers du système : lancez-la en tant que root (sudo make uninstall)." >&2
    exit 1
fi

# setting NAME DEFAULT: its value in $file.
setting() {
    value=$(sed -n "s/^[[:space:]]*TELEINFO_$1[[:space:]]*=[[:space:]]*//p" "$file" | tail -n 1 | tr -d "\"'[:space:]")
    echo "${value:-$2}"
}

# Print the files of the household that a purge leaves.
theirs() {
    for folder in "$root/etc/teleinfo" "$root"/etc/systemd/system/teleinfo*.service.d; do
        [ ! -d "$folder" ] || find "$folder" ! -type d
    done
}

units=$root/usr/local/lib/systemd/system
generators=$root/usr/local/lib/systemd/system-generators
manuals=$root/usr/local/share/man
running=
[ -n "$root" ] || [ ! -d /run/systemd/system ] || running=yes
if [ -e "$units/teleinfo.service" ]; then
    services="teleinfo.service teleinfo-web.service"
    for link in "$root"/etc/systemd/system/*.wants/teleinfo@*.service "$root"/etc/systemd/system/*.wants/teleinfo-relay@*.service; do
        [ ! -L "$link" ] || services="$services $(basename "$link")"
    done
    # shellcheck disable=SC2086 # one word for each service
    systemctl --quiet ${root:+--root="$root"} disable $services
    [ -z "$running" ] || systemctl stop teleinfo.service 'teleinfo@*.service' teleinfo-web.service \
        'teleinfo-relay@*.service' 'teleinfo-name-servers.*'
    # After a Debian package was removed, Debian remembers that its unit was enabled. It would take the missing link
    # for a decision of the household, and leave the unit disabled when the package is installed again.
    remembered=$root/var/lib/systemd/deb-systemd-helper-enabled
    rm -f "$remembered/teleinfo.service.dsh-also" "$remembered/multi-user.target.wants/teleinfo.service"
fi
if [ "${PURGE:-}" = 1 ]; then
    for file in "$root"/etc/teleinfo/*.env "$root"/etc/teleinfo/meters/*.env; do
        [ -e "$file" ] || continue
        if [ ! -e "$root/usr/local/bin/teleinfo" ]; then
            clear="mosquitto_sub -h $(setting MQTT_HOST localhost) -t '$(setting MQTT_TOPIC teleinfo)/#' --retained-only --remove-retained -W 3"
            localized "The broker of $file still keeps its messages of this meter: what clears them was removed by the uninstallation before. By hand: $clear; and delete the device in Home Assistant." \
                "Le broker de $file conserve encore ses messages de ce compteur : ce qui les efface a été retiré par la désinstallation précédente. À la main : $clear ; et supprimez l’appareil dans Home Assistant." >&2
        elif [ -z "$root" ] && ! timeout 20 /usr/local/bin/teleinfo forget --env-file "$file"; then
            localized "The broker of $file still keeps its messages of this meter." \
                "Le broker de $file conserve encore ses messages de ce compteur." >&2
        fi
    done
fi
# What another program has there stays.
[ ! -e "$root/opt/teleinfo/pyvenv.cfg" ] || rm -rf "$root/opt/teleinfo"
[ "$(readlink "$root/usr/local/bin/teleinfo")" != "$root/opt/teleinfo/bin/teleinfo" ] || rm "$root/usr/local/bin/teleinfo"
rm -f "$manuals/man1/teleinfo.1" "$manuals/fr/man1/teleinfo.1" "$generators/teleinfo-generator"
rm -f "$units/teleinfo.service" "$units/teleinfo@.service" "$units/teleinfo-web.service" "$units/teleinfo-relay@.service" \
    "$units/teleinfo-name-servers.path" "$units/teleinfo-name-servers.service"
# Folders that install.sh may have made go if they are empty.
for folder in "$units" "$generators" "$(dirname "$units")" "$manuals/man1" "$manuals/fr/man1" "$manuals/fr"; do
    [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
done
if [ "${PURGE:-}" = 1 ]; then
    rm -f "$root"/etc/teleinfo/*.env "$root"/etc/teleinfo/meters/*.env "$root/etc/teleinfo/offers.toml"
    for folder in "$root/etc/teleinfo/meters" "$root/etc/teleinfo/relay" "$root/etc/teleinfo"; do
        [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
    done
    # The memory of the services: in private, with a link to it in /var/lib, as systemd makes it for DynamicUser=.
    for state in "$root/var/lib/private/teleinfo" "$root"/var/lib/private/teleinfo-*; do
        link=$root/var/lib/$(basename "$state")
        [ ! -L "$link" ] || rm "$link"
        rm -rf "$state"
    done
fi
if [ -n "$running" ]; then
    systemctl daemon-reload
    systemctl reset-failed teleinfo.service 'teleinfo@*.service' teleinfo-web.service 'teleinfo-relay@*.service' 2>/dev/null || true
fi
if [ "${PURGE:-}" != 1 ] && [ -d "$root/etc/teleinfo" ]; then
    localized "teleinfo is removed. Its settings are still in $root/etc/teleinfo, and the broker keeps its messages." \
        "teleinfo est désinstallé. Ses réglages sont encore dans $root/etc/teleinfo, et le broker conserve ses messages."
else
    localized "teleinfo is removed." "teleinfo est désinstallé."
    files=$(theirs)
    [ -z "$files" ] || localized "Files of yours, which stay:
$files" "Vos propres fichiers, qui restent :
$files"
fi
