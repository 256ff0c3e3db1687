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
# With DESTDIR everything goes below that folder, and nothing is started.
set -eu
umask 022
cd "$(dirname "$0")/.."

python=${1:-python3}
root=${DESTDIR:-}
program=$root/opt/teleinfo
command=$root/usr/local/bin/teleinfo
manual=$root/usr/local/share/man/man1/teleinfo.1
units=$root/usr/local/lib/systemd/system
generators=$root/usr/local/lib/systemd/system-generators
settings=$root/etc/teleinfo/teleinfo.env

fail() {
    echo "$*" >&2
    exit 1
}

step() {
    echo "-- $*"
}

check_machine() {
    [ -n "$root" ] || [ "$(id -u)" -eq 0 ] ||
        fail "This writes to $program and /etc: please run it as root (sudo make install)."
    command -v systemctl >/dev/null || fail "This machine has no systemd, which starts and keeps the service."
    if [ -e "$root/usr/lib/systemd/system/teleinfo.service" ] || [ -e "$root/lib/systemd/system/teleinfo.service" ]; then
        fail "The Debian package of teleinfo is installed already. Upgrade that one, or remove it first" \
             "(sudo apt remove teleinfo)."
    fi
    for path in "$program" "$command" "$manual" "$units" "$generators" "$settings" "$root/etc/systemd/system"; do
        until [ -e "$path" ]; do path=$(dirname "$path"); done
        [ -w "$path" ] || fail "$path cannot be written (is its file system read-only?): nothing was changed."
    done
}

check_python() {
    "$python" -P -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "teleinfo needs Python 3.11 or newer: Debian 12, Raspberry Pi OS bookworm, or newer."
    "$python" -P -c 'import venv, ensurepip' 2>/dev/null && return
    command -v apt-get >/dev/null || fail "$python cannot make virtual environments (venv, ensurepip)."
    step "Installing the package python3-venv: $python cannot make virtual environments yet"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

# Everything that needs the network, before anything is changed.
fetch_program() {
    step "Fetching the libraries and building teleinfo (a minute; on a small Pi several)"
    "$python" -P -m venv "$scratch/venv"
    "$scratch/venv/bin/python" -P -m pip wheel --quiet --no-cache-dir --wheel-dir "$scratch/wheels" \
        --constraint systemd/constraints.txt '.[watch]' ||
        fail "The libraries could not be fetched (is there a network?): nothing was changed."
}

# The daemon goes on while its program is replaced: it has loaded all that it needs.
install_program() {
    step "Installing the program in $program"
    version='import sys; print(*sys.version_info[:2])'
    if [ "$("$program/bin/python" -P -c "$version" 2>/dev/null)" != "$("$python" -P -c "$version")" ]; then
        # There is none yet, or the system's Python was upgraded, which breaks an environment.
        rm -rf "$program"
        "$python" -P -m venv "$program"
    fi
    # The distribution was called teleinfo at first: pip would leave its files among those of teleinfo-mqtt.
    if "$program/bin/python" -P -m pip show --quiet teleinfo 2>/dev/null; then
        "$program/bin/python" -P -m pip uninstall --quiet --yes teleinfo
    fi
    "$program/bin/python" -P -m pip install --quiet --no-cache-dir --upgrade --no-index "$scratch"/wheels/*.whl
    # An earlier version left it closed to the service, if the umask was strict.
    chmod -R go=u-w "$program"
    mkdir -p "$(dirname "$command")" "$(dirname "$manual")"
    ln -sf "$program/bin/teleinfo" "$command"
    LC_ALL=C.UTF-8 LANGUAGE='' "$program/bin/python" -P docs/manpage.py >"$manual"
    chmod 0644 "$manual"
}

install_service() {
    step "Installing the service teleinfo.service, with its settings in $settings"
    install -d -m 0755 "$(dirname "$settings")"
    [ -e "$settings" ] || install -m 0600 .env-sample "$settings"
    install -d "$units" "$generators"
    install -m 0644 systemd/teleinfo.service systemd/teleinfo@.service "$units/"
    install -m 0755 systemd/teleinfo-generator "$generators/"
    # A unit that the household disabled stays so.
    [ -n "$upgrade" ] || systemctl --quiet ${root:+--root="$root"} enable teleinfo.service
}

start_service() {
    [ -z "$root" ] && [ -d /run/systemd/system ] || return 0
    step "Starting the service"
    systemctl daemon-reload
    systemctl try-restart 'teleinfo@*.service'
    if ! systemctl --quiet is-enabled teleinfo.service; then
        systemctl try-restart teleinfo.service
    elif ! systemctl restart teleinfo.service; then
        fail "teleinfo is installed, but it did not start. Why: journalctl -u teleinfo -n 20"
    fi
}

# Called at every end; before `installed` is set, a first installation has failed half-way.
clean_up() {
    rm -rf "$scratch"
    if [ -n "$changing" ] && [ -z "$installed$upgrade" ]; then
        systemd/uninstall.sh >/dev/null
        [ -n "$had_settings" ] || rm -rf "$(dirname "$settings")"
        echo "teleinfo is not installed, and nothing of it was left behind." >&2
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

why=
if "$command" doctor --help >/dev/null 2>&1; then
    why="; why nothing comes: sudo teleinfo doctor --env-file $settings"
fi
cat <<END
$("$command" --version) is installed, and starts with this machine. Settings: $settings (then: sudo systemctl restart teleinfo).
What it does: journalctl -u teleinfo -f$why.
The messages: mosquitto_sub -v -t 'teleinfo/#' (package mosquitto-clients; -h BROKER where the broker is another machine).
END
