#!/bin/sh
# Install teleinfo on this machine, or upgrade it: what `sudo make install` does.
#
#   install.sh PYTHON
#
# PYTHON, 3.11 or newer, becomes the interpreter of the virtual environment. Nothing of the machine is touched
# but the paths below and, where Python cannot make environments, the package python3-venv. The settings are
# never overwritten. Exit status 0: installed, and running where systemd runs; 1: not. A first installation that
# fails leaves nothing behind, an upgrade that fails the version that was there.
#
# With DESTDIR everything goes below that folder, and nothing is started. With TELEINFO_LANGUAGE=en a first
# installation speaks English, and so does its service.
set -eu
umask 022
cd "$(dirname "$0")/.."

python=${1:-python3}
root=${DESTDIR:-}
# shellcheck source=systemd/language.sh
. systemd/language.sh
program=$root/opt/teleinfo
command=$root/usr/local/bin/teleinfo
manuals=$root/usr/local/share/man
units=$root/usr/local/lib/systemd/system
generators=$root/usr/local/lib/systemd/system-generators
settings=$root/etc/teleinfo/teleinfo.env
# The language of the service, from the first line to the last.
[ -e "$settings" ] || TELEINFO_LANGUAGE=${TELEINFO_LANGUAGE:-fr}
TELEINFO_LANGUAGE=$(language)
export TELEINFO_LANGUAGE

# fail ENGLISH FRENCH
fail() {
    localized "$1" "$2" >&2
    exit 1
}

# step ENGLISH FRENCH
step() {
    echo "-- $(localized "$1" "$2")"
}

check_machine() {
    [ -n "$root" ] || [ "$(id -u)" -eq 0 ] ||
        fail "This writes to $program and /etc: please run it as root (sudo make install)." \
            "L’installation écrit dans $program et /etc : lancez-la en tant que root (sudo make install)."
    command -v systemctl >/dev/null || fail "This machine has no systemd, which starts and keeps the service." \
        "Cette machine n’a pas systemd, qui démarre et maintient le service."
    if [ -e "$root/usr/lib/systemd/system/teleinfo.service" ] || [ -e "$root/lib/systemd/system/teleinfo.service" ]; then
        fail "The Debian package of teleinfo is installed already. Upgrade that one, or remove it first (sudo apt remove teleinfo)." \
            "Le paquet Debian de teleinfo est déjà installé. Mettez celui-là à jour, ou retirez-le d’abord (sudo apt remove teleinfo)."
    fi
    # What is there and not ours, a checkout in /opt/teleinfo for example, would be lost.
    if [ -e "$program" ] && [ ! -e "$program/pyvenv.cfg" ]; then
        fail "$program is there already, and is no environment of teleinfo: move it elsewhere. Nothing was changed." \
            "$program existe déjà, et n’est pas un environnement de teleinfo : déplacez-le. Rien n’a été changé."
    fi
    if [ -e "$command" ] && [ "$(readlink "$command")" != "$program/bin/teleinfo" ]; then
        fail "$command is another program: move it elsewhere. Nothing was changed." \
            "$command est un autre programme : déplacez-le. Rien n’a été changé."
    fi
    for path in "$program" "$command" "$manuals" "$units" "$generators" "$settings" "$root/etc/systemd/system"; do
        until [ -e "$path" ]; do path=$(dirname "$path"); done
        [ -w "$path" ] || fail "$path cannot be written (is its file system read-only?): nothing was changed." \
            "$path ne peut pas être écrit (son système de fichiers est-il en lecture seule ?) : rien n’a été changé."
    done
}

check_python() {
    "$python" -P -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "teleinfo needs Python 3.11 or newer: Debian 12, Raspberry Pi OS bookworm, or newer." \
            "Il faut à teleinfo Python 3.11 ou plus récent : Debian 12, Raspberry Pi OS bookworm, ou plus récent."
    "$python" -P -c 'import venv, ensurepip' 2>/dev/null && return
    command -v apt-get >/dev/null || fail "$python cannot make virtual environments (venv, ensurepip)." \
        "$python ne sait pas créer d’environnements virtuels (venv, ensurepip)."
    step "Installing the package python3-venv: $python cannot make virtual environments yet" \
        "Installation du paquet python3-venv : $python ne sait pas encore créer d’environnements virtuels"
    systemd/apt.sh install python3-venv
}

# Everything that needs the network, before anything is changed.
fetch_program() {
    step "Fetching the libraries and building teleinfo (a minute; on a small Pi several)" \
        "Téléchargement des bibliothèques et construction de teleinfo (une minute ; sur un petit Pi, plusieurs)"
    "$python" -P -m venv "$scratch/venv"
    "$scratch/venv/bin/python" -P -m pip wheel --quiet --no-cache-dir --wheel-dir "$scratch/wheels" \
        --constraint systemd/constraints.txt '.[watch,web]' ||
        fail "The libraries could not be fetched (is there a network?): nothing was changed." \
            "Les bibliothèques n’ont pas pu être téléchargées (y a-t-il du réseau ?) : rien n’a été changé."
}

# The daemon goes on while its program is replaced: it has loaded all that it needs.
install_program() {
    step "Installing the program in $program" "Installation du programme dans $program"
    version='import sys; print(*sys.version_info[:2])'
    # There is none yet, or the system's Python was upgraded, which breaks an environment: one that was made with
    # `python3` has the new version then, and no library.
    if [ "$("$program/bin/python" -P -c "$version" 2>/dev/null)" != "$("$python" -P -c "$version")" ] ||
        ! "$program/bin/python" -P -c 'import pip' 2>/dev/null; then
        rm -rf "$program"
        "$python" -P -m venv "$program"
    fi
    "$program/bin/python" -P -m pip install --quiet --no-cache-dir --upgrade --no-index "$scratch"/wheels/*.whl
    # pip leaves alone what has the same version, and a checkout changes between two releases.
    "$program/bin/python" -P -m pip install --quiet --no-cache-dir --force-reinstall --no-deps --no-index \
        "$scratch"/wheels/teleinfo_mqtt-*.whl
    # A strict umask would leave it closed to the service.
    chmod -R go=u-w "$program"
    # In place of the command that pip has made.
    sed -e "s|@program@|$program|" -e "s|@interpreter@|$(readlink -f "$program/bin/python")|" -e "s|@folder@|$PWD|" \
        systemd/teleinfo.sh >"$program/bin/teleinfo"
    install -m 0644 systemd/language.sh "$program/language.sh"
    chmod 0755 "$program/bin/teleinfo"
    mkdir -p "$(dirname "$command")" "$manuals/man1" "$manuals/fr/man1"
    ln -sf "$program/bin/teleinfo" "$command"
    "$program/bin/python" -P docs/manpage.py en >"$manuals/man1/teleinfo.1"
    "$program/bin/python" -P docs/manpage.py fr >"$manuals/fr/man1/teleinfo.1"
    chmod 0644 "$manuals/man1/teleinfo.1" "$manuals/fr/man1/teleinfo.1"
}

install_service() {
    step "Installing the service teleinfo.service, with its settings in $settings" \
        "Installation du service teleinfo.service, dont les réglages sont dans $settings"
    install -d -m 0755 "$(dirname "$settings")"
    [ -e "$settings" ] || new_settings .env-sample systemd/teleinfo.fr.env "$settings"
    install -d "$units" "$generators"
    for unit in systemd/teleinfo.service systemd/teleinfo@.service systemd/teleinfo-*.*; do
        sed -e '/^@sandbox@$/{r systemd/sandbox.conf' -e 'd}' "$unit" >"$units/$(basename "$unit")"
        chmod 0644 "$units/$(basename "$unit")"
    done
    install -m 0755 systemd/teleinfo-generator "$generators/"
    # A unit that the household disabled stays so.
    [ -n "$upgrade" ] || systemctl --quiet ${root:+--root="$root"} enable teleinfo.service
}

start_service() {
    [ -z "$root" ] && [ -d /run/systemd/system ] || return 0
    step "Starting the service" "Démarrage du service"
    systemctl daemon-reload
    systemctl try-restart 'teleinfo@*.service' 'teleinfo-relay@*.service' teleinfo-web.service
    if ! systemctl --quiet is-enabled teleinfo.service; then
        systemctl try-restart teleinfo.service
    elif ! systemctl restart teleinfo.service; then
        fail "teleinfo is installed, but it did not start. Why: journalctl -u teleinfo -n 20" \
            "teleinfo est installé, mais n’a pas démarré. Pourquoi : journalctl -u teleinfo -n 20"
    fi
}

# Called at every end; before `installed` is set, a first installation has failed half-way.
clean_up() {
    rm -rf "$scratch"
    if [ -n "$changing" ] && [ -z "$installed$upgrade" ]; then
        systemd/uninstall.sh >/dev/null
        [ -n "$had_settings" ] || rm -rf "$(dirname "$settings")"
        localized "teleinfo is not installed, and nothing of it was left behind." \
            "teleinfo n’est pas installé, et il n’en reste rien." >&2
    fi
}

upgrade=""
installed=""
changing=""
had_settings=""
[ ! -e "$units/teleinfo.service" ] || upgrade=yes
[ ! -e "$(dirname "$settings")" ] || had_settings=yes
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
scratch=$(mktemp -d)
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

check_machine
check_python
fetch_program
changing=yes
install_program
install_service
installed=yes
start_service

version=$("$command" --version)
page="http://$(uname -n).local:8080/"
localized "\
$version is installed, and starts with this machine. Settings: $settings (then: sudo systemctl restart teleinfo).
What it does: journalctl -u teleinfo -f; why nothing comes: sudo teleinfo doctor --env-file $settings.
The messages: mosquitto_sub -v -t 'teleinfo/#' (package mosquitto-clients; -h BROKER where the broker is another machine).
The page, for every device at home: $page after TELEINFO_WEB_LISTEN=0.0.0.0:8080 in the settings, and sudo systemctl enable --now teleinfo-web." "\
$version est installé, et démarre avec cette machine. Réglages : $settings (puis : sudo systemctl restart teleinfo).
Ce qu’il fait : journalctl -u teleinfo -f ; pourquoi rien n’arrive : sudo teleinfo doctor --env-file $settings.
Les messages : mosquitto_sub -v -t 'teleinfo/#' (paquet mosquitto-clients ; -h BROKER si le broker est sur une autre machine).
La page, pour tous les appareils de la maison : $page après TELEINFO_WEB_LISTEN=0.0.0.0:8080 dans les réglages, et sudo systemctl enable --now teleinfo-web."
