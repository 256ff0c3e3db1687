"""Certificates made for one test by the `openssl` program: an authority, and servers that it vouches for."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.process import LIMIT

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and of its key."""

    cert: Path
    key: Path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=LIMIT)


def make_authority(folder: Path, *, name: str = "authority") -> Certificate:
    """Make a certificate authority in `folder`, with the extensions that mosquitto-tls(7) asks for."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", f"/CN=teleinfo test {name}", "-keyout", str(made.key), "-out", str(made.cert)),
        *("-extensions", "v3_ca"),
    )
    return made


def make_certificate(
    folder: Path,
    authority: Certificate,
    *,
    name: str = "server",
    san: str = "IP:127.0.0.1,DNS:localhost",
    life: tuple[str, ...] = ("-days", "2"),
) -> Certificate:
    """Make a certificate for the hosts in `san`, signed by `authority`; `life` is in openssl's own words."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    request = folder / f"{name}.csr"
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={san}\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", str(made.key), "-out", str(request)),
    )
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(authority.cert), "-CAkey", str(authority.key)),
        *("-set_serial", "1", *life, "-extfile", str(extensions), "-out", str(made.cert)),
    )
    return made
