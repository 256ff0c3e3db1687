#!/bin/sh
# The command teleinfo, as `sudo make install` puts it into the virtual environment of the program.
#
# An environment has the libraries for one version of Python. When the system is upgraded to another version, the
# program must be installed anew: this says so, with status 78, after which systemd does not try again.
set -eu
program=@program@
python=$program/bin/python
if [ -x "$python" ] && [ "$(readlink -f "$python")" = "@interpreter@" ]; then
    exec "$python" -P -m teleinfo "$@"
fi

# shellcheck source=systemd/language.sh
. "$program/language.sh"
text=$(localized \
    "The Python of this machine was upgraded, and teleinfo must be installed again (its settings stay). In its folder:" \
    "Le Python de cette machine a été mis à jour : il faut réinstaller teleinfo (ses réglages restent). Dans son dossier :")
prefix=
[ -z "${JOURNAL_STREAM:-}" ] || [ -t 2 ] || prefix="<3>" # the priority of an error, sd-daemon(3)
printf "$prefix%s\n" "$text" "    cd @folder@" "    sudo make install" >&2
exit 78
