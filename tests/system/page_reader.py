"""
Read the page beside the service as a browser does, and end its unit meanwhile.

Runs inside, as root, by any Python 3.11 with nothing but its standard library. Prints a JSON object: the
values by étiquette that the page shows, and its power.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request

EVENTS = "http://127.0.0.1:8080/events"
LIMIT = 30.0
DATA = b"data: "


def main() -> None:
    """Look until all is there, then end the page as docs/watch.md says."""
    found: dict[str, object] = {}
    with urllib.request.urlopen(EVENTS, timeout=LIMIT) as stream:
        for line in stream:
            part = json.loads(line.removeprefix(DATA)) if line.startswith(DATA) else {}
            if part.get("power"):
                found["power"] = part["power"]["figure"]
            if part.get("rows"):
                found["values"] = {row["key"]: row["value"] for row in part["rows"]}
            if len(found) == 2:
                break
        subprocess.run(["systemctl", "disable", "--now", "--quiet", "teleinfo-web"], check=True)
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
