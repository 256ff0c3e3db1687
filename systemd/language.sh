# The language of this machine, for the messages of install.sh and `make help`, and for the settings file.
# shellcheck shell=sh
#
# To be sourced. `root` may name a folder in place of the root of the machine.

# Print fr or en: by the environment, as gettext does, else by the locale of the system.
language() {
    locale=${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}
    if [ -z "$locale" ] && [ -r "${root:-}/etc/default/locale" ]; then
        locale=$(sed -n 's/^[[:space:]]*LANG="\{0,1\}\([^"[:space:]]*\).*/\1/p' "${root:-}/etc/default/locale" | tail -n 1)
    fi
    case $locale in
        fr | fr[_.@]*) echo fr ;;
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
