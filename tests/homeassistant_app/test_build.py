"""The repository of apps that is published: valid, complete, in step with the settings and the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from teleinfo import __version__
from teleinfo.settings import DEFAULTS
from tests.homeassistant_app.programs import build, start
from tests.support.settings import settings_of

PACKAGE = f"teleinfo_{__version__}_all.deb"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the repository, with something in the place of the Debian package."""
    folder = tmp_path_factory.mktemp("app")
    (folder / PACKAGE).write_bytes(b"package")
    build.build(folder / PACKAGE, folder / "repository")
    return folder / "repository"


def read(path: Path) -> dict[str, Any]:
    """Return the table in a YAML file."""
    table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


def test_its_files_are_those_that_home_assistant_looks_for(repository: Path) -> None:
    """repository.yaml at the top; in the folder of the app all that its image is built of, and its pages."""
    found = {str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()}

    image = {"config.yaml", "Dockerfile", "start.py", PACKAGE}
    pages = {"README.md", "DOCS.md", "CHANGELOG.md", "icon.png"}
    translations = {"translations/en.yaml", "translations/fr.yaml"}
    assert found == {"repository.yaml", *(f"teleinfo/{name}" for name in image | pages | translations)}


def test_its_configuration_is_valid(repository: Path) -> None:
    config = read(repository / "teleinfo/config.yaml")
    assert read(repository / "repository.yaml").keys() <= {"name", "url", "maintainer"}
    jsonschema.validate(config, read(Path(__file__).with_name("schema.yaml")))

    assert config["version"] == __version__
    assert config["services"] == ["mqtt:need"]
    assert set(config["options"]) <= set(config["schema"])


def test_there_is_an_option_for_every_setting(repository: Path) -> None:
    """One to one, and the bridge, which the picker of devices does not offer; each named and explained."""
    config = read(repository / "teleinfo/config.yaml")
    names = set(config["schema"])

    assert names == {*DEFAULTS, "bridge"}
    assert config["schema"]["serial_port"] == "device(subsystem=tty)?"
    assert config["schema"]["serial_mode"] == "list(auto|historique|standard)?"
    assert config["schema"]["payload_numbers"] == "list(none|quantities|all)?"
    for language in ("en", "fr"):
        table = read(repository / f"teleinfo/translations/{language}.yaml")
        assert table.keys() == {"configuration"}
        assert table["configuration"].keys() == names
        assert all(each.keys() == {"name", "description"} for each in table["configuration"].values())


def test_the_french_words_are_french(repository: Path) -> None:
    english, french = (
        read(repository / f"teleinfo/translations/{language}.yaml")["configuration"]
        for language in ("en", "fr")
    )

    assert [name for name in english if english[name]["description"] == french[name]["description"]] == []


def samples(option_type: str) -> list[object]:
    """Return values that a user can give to an option of this type, the bounds of its range among them."""
    kind, _, rest = option_type.removesuffix("?").removesuffix(")").partition("(")
    match kind:
        case "bool":
            return [True, False]
        case "list":
            return [*rest.split("|")]
        case "int" | "float" if rest:
            return [int(bound) if kind == "int" else float(bound) for bound in rest.split(",")]
        case "device":
            return ["/dev/ttyUSB0"]
    return []


TEXTS = {
    "bridge": "socket://192.168.1.7:4001",
    "mqtt_host": "192.168.1.10",
    "payload_exclude": "ADCO,PRM",
    "serial_baudrate": 1200,
}
VALUES = [
    (name, value)
    for name, kind in build.schema().items()
    for value in [*samples(kind), *([TEXTS[name]] if name in TEXTS else [])]
]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_what_the_form_lets_through_teleinfo_takes(name: str, value: object) -> None:
    """Every choice, and both ends of every range, is a valid setting."""
    settings_of(start.settings_of({"mqtt_tls": True, name: value}))


def test_it_runs_the_same_image(repository: Path) -> None:
    """Its Dockerfile is the Containerfile, but for the stage of the package, and a start of its own."""
    containerfile = build.CONTAINERFILE.read_text(encoding="utf-8")
    dockerfile = (repository / "teleinfo/Dockerfile").read_text(encoding="utf-8")
    image = containerfile.partition("COPY --from=package")[2].partition("\n")[2]

    assert image in dockerfile
    assert f"COPY {PACKAGE} /tmp/" in dockerfile
    assert "--from=package" not in dockerfile
    assert [line for line in dockerfile.splitlines() if line.startswith(("ARG", "FROM"))] == [
        "ARG BASE=docker.io/library/debian:trixie-slim",
        "FROM ${BASE} AS teleinfo",
        "FROM teleinfo",
    ]


def test_its_user_is_that_of_the_image() -> None:
    """start.py becomes the user that the Containerfile makes."""
    assert f"USER {start.USER}:{start.DIALOUT}\n" in build.CONTAINERFILE.read_text(encoding="utf-8")


def test_the_page_is_served_where_the_supervisor_requests_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], str]] = []

    def run(command: list[str], *, env: dict[str, str], check: bool) -> None:
        assert not check
        started.append((command, env["TELEINFO_WEB_TOKEN"]))
        if len(started) == 2:
            raise SystemExit

    monkeypatch.setattr(start.os, "fork", lambda: 0)
    monkeypatch.setattr(start.signal, "signal", lambda *_: None)
    monkeypatch.setattr(start.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(start.subprocess, "run", run)
    with pytest.raises(SystemExit):
        start.serve_page({"TELEINFO_WEB_TOKEN": "0123456789abcdef"})
    config = yaml.safe_load((repository / "teleinfo/config.yaml").read_text(encoding="utf-8"))
    port = config["ingress_port"]

    assert started == [(["/usr/bin/teleinfo", "web", "--mqtt", "--listen", f"0.0.0.0:{port}"], "")] * 2
