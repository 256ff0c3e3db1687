# newcomer.sh DEMO TEST: type the command of the demo until its first message and a page with a year, then the
# command of the tests. Lines that begin with @@ are durations.
set -eu -o pipefail

shows_a_year() { # ADDRESS: fail unless the page there shows the twelve months before
    python3 - "$1" <<'END'
import re, sys, urllib.request as web
with web.urlopen(sys.argv[1] + "events", timeout=30) as events:
    [number] = next(found.groups() for line in events if (found := re.search(rb'"meters":\[\["(\w+)"', line)))
with web.urlopen(f"{sys.argv[1]}history/{number.decode()}/months13.csv", timeout=30) as months:
    sys.exit(len(months.readlines()) <= 12)
END
}

git clone --quiet /srv/teleinfo.git teleinfo
cd teleinfo
echo "$ $1"
{ $1 || true; } 2>&1 | {
    came=no page=
    while [ "$came" = no ] && IFS= read -r line; do
        printf '%s\n' "$line"
        [[ $line =~ http://[0-9.:]+/ ]] && page=${BASH_REMATCH[0]}
        [[ $line =~ teleinfo\ +\{\" ]] && came=yes
    done
    [ "$came" = yes ]
    shows_a_year "$page"
    echo "@@ from installed to a page with a year $(($(date +%s) - $(stat -c %Y .venv/.demo))) s"
}
echo "@@ from clone to first message $SECONDS s"
echo "$ $2"
SECONDS=0
eval "$2" 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line"
    # With this command `make test` begins, once all that it needs is there.
    case $line in *"bin/ruff check") echo "@@ downloads $SECONDS s" ;; esac
done
echo "@@ test, with its downloads, $SECONDS s"
