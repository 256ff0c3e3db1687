# The language in which the service speaks, for install.sh and uninstall.sh, the package, and `make help`.
# shellcheck shell=sh
#
# To be sourced. `root` may name a folder in place of the root of the machine.

# Print fr or en: by TELEINFO_LANGUAGE, else by the settings of the service, French by default. As long as there are
# none, by the locale of the environment, as gettext does, or of the system.
language() {
    settings_of_service=${CREDENTIALS_DIRECTORY:-${root:-}/etc/teleinfo}/teleinfo.env
    spoken=${TELEINFO_LANGUAGE:-}
    if [ -z "$spoken" ] && [ -e "$settings_of_service" ]; then
        spoken=$(sed -n "s/^[[:space:]]*TELEINFO_LANGUAGE[[:space:]]*=[[:space:]]*[\"']\{0,1\}\([A-Za-z]*\).*/\1/p" \
            "$settings_of_service" 2>/dev/null | tail -n 1)
        spoken=${spoken:-fr}
    fi
    spoken=${spoken:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}
    if [ -z "$spoken" ] && [ -r "${root:-}/etc/default/locale" ]; then
        spoken=$(sed -n 's/^[[:space:]]*LANG="\{0,1\}\([^"[:space:]]*\).*/\1/p' "${root:-}/etc/default/locale" | tail -n 1)
    fi
    case $spoken in
        fr | FR | fr[_.@]*) echo fr ;;
        *) echo en ;;
    esac
}

# Print one of two texts: localized ENGLISH FRENCH
localized() {
    case $(language) in
        fr) printf '%s\n' "$2" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

# Write the settings file of a new service: new_settings ENGLISH FRENCH FILE. Root alone may read it: it may hold a
# password. The service speaks the language of its installation.
new_settings() {
    install -m 0600 "$(localized "$1" "$2")" "$3"
    [ "$(language)" = fr ] || sed -i 's/^#TELEINFO_LANGUAGE=.*/TELEINFO_LANGUAGE=en/' "$3"
}
