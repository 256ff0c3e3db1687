"""
Build the app repository for Home Assistant: what `make homeassistant-app` does.

    build.py PACKAGE FOLDER

Writes into FOLDER what is published as a repository of apps (https://developers.home-assistant.io/docs/apps):
the files beside this one, the Debian package, a Dockerfile made of the Containerfile, and for each setting of
teleinfo an option with its explanation in English and French. Needs teleinfo to be importable.
"""

from __future__ import annotations

import enum
import json
import shutil
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le

from teleinfo import __version__
from teleinfo.common.i18n import catalogue
from teleinfo.settings import SECRETS
from teleinfo.settings.model import SettingsModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

HERE = Path(__file__).parent
CONTAINERFILE = HERE.parent / "container/Containerfile"
PORT = "serial_port"
BRIDGE = "bridge"
# Where the words of the settings file do not fit a form.
EXPLANATIONS = {
    PORT: ("The serial port that the meter is joined to", "Le port série auquel le compteur est relié"),
    BRIDGE: (
        "In place of the device, a bridge in the network: socket://host:port",
        "À la place du périphérique, un pont réseau : socket://hôte:port",
    ),
    "mqtt_host": (
        "A broker elsewhere; empty: the one of Home Assistant",
        "Un broker ailleurs ; vide : celui de Home Assistant",
    ),
    "mqtt_password": ("Password, if the broker asks for one", "Mot de passe, si le broker en demande un"),
}
NAMES = {
    "serial_port": ("Meter", "Compteur"),
    "bridge": ("Bridge", "Pont réseau"),
    "meter_name": ("Name of the meter", "Nom du compteur"),
    "serial_mode": ("Mode of the meter", "Mode du compteur"),
    "serial_baudrate": ("Speed", "Vitesse"),
    "plausibility": ("Plausibility", "Vraisemblance"),
    "mqtt_host": ("Broker", "Broker"),
    "mqtt_port": ("Port of the broker", "Port du broker"),
    "mqtt_username": ("User", "Utilisateur"),
    "mqtt_password": ("Password", "Mot de passe"),
    "mqtt_tls": ("TLS", "TLS"),
    "mqtt_tls_ca_file": ("TLS: authority", "TLS : autorité"),
    "mqtt_tls_cert_file": ("TLS: our certificate", "TLS : notre certificat"),
    "mqtt_tls_key_file": ("TLS: our key", "TLS : notre clé"),
    "mqtt_tls_insecure": ("TLS: accept anybody", "TLS : tout accepter"),
    "mqtt_version": ("Version of MQTT", "Version de MQTT"),
    "mqtt_client_id": ("Client id", "Identifiant du client"),
    "mqtt_topic": ("Topic", "Topic"),
    "mqtt_qos": ("Quality of service", "Qualité de service"),
    "mqtt_retain": ("Retain readings", "Conserver les relevés"),
    "mqtt_queue": ("Queue", "File d’attente"),
    "payload_numbers": ("Numbers", "Nombres"),
    "payload_timestamp": ("Timestamp", "Horodatage"),
    "payload_exclude": ("Étiquettes left out", "Étiquettes omises"),
    "publish_interval": ("Interval", "Intervalle"),
    "state": ("Decoded state", "État décodé"),
    "state_interval": ("Interval of the state", "Intervalle de l’état"),
    "state_topics": ("A topic for each field", "Un topic par champ"),
    "state_topics_dead_band": ("Dead bands of these topics", "Écarts minimaux de ces topics"),
    "prices": ("Prices", "Prix"),
    "offers": ("File of offers", "Fichier des offres"),
    "language": ("Language", "Langue"),
    "homeassistant": ("Discovery", "Découverte"),
    "homeassistant_discovery": ("Discovery messages", "Messages de découverte"),
    "homeassistant_prefix": ("Discovery prefix", "Préfixe de découverte"),
    "led": ("LED", "LED"),
    "log_level": ("Log", "Journal"),
    "web_listen": ("Address of the server of the page", "Adresse du serveur de la page"),
    "web_url": ("Address of the page", "Adresse de la page"),
    "web_hosts": ("More names of the page", "Autres noms de la page"),
    "web_metrics": ("Metrics for Prometheus", "Métriques pour Prometheus"),
    "metrics_file": ("File for Prometheus", "Fichier pour Prometheus"),
    "web_token": ("Secret of the page", "Secret de la page"),
}
"""Name of each option, in English and French; `translation` raises KeyError for a setting that is missing."""


def option_type(name: str, field: FieldInfo) -> str:
    """Return the type of the option for a setting, as the Supervisor writes it; none has to be given."""
    if name == PORT:
        return "device(subsystem=tty)?"
    is_union = get_origin(field.annotation) in {Union, UnionType}
    kinds = [
        get_args(kind)[0] if get_origin(kind) is Annotated else kind
        for kind in (get_args(field.annotation) if is_union else (field.annotation,))
        if kind is not NoneType
    ]
    choices = [item for kind in kinds for item in _choices(kind)]
    if kinds == [bool]:
        return "bool?"
    if choices:
        return f"list({'|'.join(choices)})?"
    if kinds in ([int], [float]):
        least = next((item.ge for item in field.metadata if isinstance(item, Ge)), "")
        most = next((item.le for item in field.metadata if isinstance(item, Le)), "")
        return f"{kinds[0].__name__}({least},{most})?" if (least, most) != ("", "") else "int?"
    return "password?" if name in SECRETS else "str?"


def _choices(kind: Any) -> list[str]:  # noqa: ANN401 - a type, or what typing has in the place of one
    """Return the values of a type that has few of them."""
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(each.value) for each in kind]
    return ["false", "true"] if kind is bool else []


def schema() -> dict[str, str]:
    """Return the options: name → type."""
    found = {name: option_type(name, field) for name, field in SettingsModel.model_fields.items()}
    return {PORT: found.pop(PORT), BRIDGE: "str?", **found}


def translation(language: str) -> dict[str, Any]:
    """Return the names and explanations of all options in a language."""
    words = catalogue(language)
    column = ("en", "fr").index(language)
    explanations = {name: field.description or "" for name, field in SettingsModel.model_fields.items()}
    found = {name: words.get(text, text) for name, text in explanations.items()}
    found |= {name: texts[column] for name, texts in EXPLANATIONS.items()}
    return {
        "configuration": {
            name: {"name": NAMES[name][column], "description": found[name]} for name in schema()
        }
    }


def dockerfile(package: str) -> str:
    """Return the Containerfile without the stage that builds the package, and the app's own lines."""
    head, _, rest = CONTAINERFILE.read_text(encoding="utf-8").partition("ARG BASE=")
    del head
    base, _, rest = rest.partition("\n")
    image = rest[rest.index("FROM ${BASE} AS teleinfo") :]
    image = image.replace("COPY --from=package /teleinfo_*_all.deb", f"COPY {package}")
    own = (HERE / "teleinfo/Dockerfile").read_text(encoding="utf-8")
    return f"ARG BASE={base}\n\n{image}{own}"


def yaml(table: Mapping[str, Any], indent: str = "") -> str:
    """Return a table of texts and tables as YAML; JSON's texts are YAML's, too (YAML 1.2, section 1.3)."""
    lines = [
        f"{indent}{name}:\n{yaml(value, f'{indent}  ')}"
        if isinstance(value, dict)
        else f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}\n"
        for name, value in table.items()
    ]
    return "".join(lines)


def build(package: Path, folder: Path) -> None:
    """Write the repository into `folder`, in the place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    app = folder / "teleinfo"
    shutil.copytree(
        HERE, folder, ignore=shutil.ignore_patterns("build.py", "archive.sh", "*.svg", "__pycache__")
    )
    shutil.copy(package, app)
    shutil.copy(HERE.parents[1] / "CHANGELOG.md", app)
    (app / "Dockerfile").write_text(dockerfile(package.name), encoding="utf-8")
    with (app / "config.yaml").open("a", encoding="utf-8") as config:
        config.write(yaml({"version": __version__, "schema": schema()}))
    (app / "translations").mkdir()
    for language in ("en", "fr"):
        (app / f"translations/{language}.yaml").write_text(yaml(translation(language)), encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
