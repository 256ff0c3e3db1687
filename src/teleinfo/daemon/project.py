"""The public address of this project, which stands in the package (`[project.urls]` of pyproject.toml)."""

from __future__ import annotations

from importlib import metadata
from typing import Final

_PACKAGE: Final = "teleinfo-mqtt"
_REPOSITORY: Final = "Repository"


def project_url() -> str | None:
    """Return the address of the repository; None if the package does not say it, or is not installed."""
    try:
        urls = metadata.metadata(_PACKAGE).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return None
    for url in urls:
        name, _comma, address = str(url).partition(", ")  # Repository, https://…
        if name == _REPOSITORY:
            return address
    return None
