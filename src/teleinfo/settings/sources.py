"""
Load the settings from flags, the environment, one file, and directories of secrets, in this order.

pydantic-settings reads the environment and the secrets, and pydantic validates every value.
pydantic-settings is not used for:

- the file (see `env_file`): python-dotenv expands `$`, drops unreadable lines, and keeps no line numbers;
- unknown names (see `faults`): pydantic-settings does not suggest the name that was meant;
- messages (see `faults`): its own quote secrets, and are in English only;
- flags (see `cli.run`): its help is in English only, with types such as {SecretStr,null}.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic_settings
from pydantic import ValidationError, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, SecretsSettingsSource

from teleinfo.common.i18n import N_
from teleinfo.mqtt.config import Topics
from teleinfo.settings import renamed
from teleinfo.settings.env_file import DAMAGED, at_line, read_env_file, unreadable
from teleinfo.settings.faults import PREFIX, SECRETS, SettingsError, is_ours, unknown, variable_of, wrong
from teleinfo.settings.model import IN_WORDS, SettingsModel
from teleinfo.settings.renamed import RENAMED, by_present_name
from teleinfo.settings.values import DEFAULTS, Settings
from teleinfo.vocabulary.words import Language, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECRETS = Path("/run/secrets")
# The settings that no two meters may share. The topic identifies a meter in the log, and its memory on the
# disk, whatever the broker.
_OWN = ("serial_port", "mqtt_topic", "mqtt_client_id", "metrics_file")


# The library reads every variable as a text or None: `SettingsModel` turns the texts into its types.
_TEXTS: dict[str, Any] = dict.fromkeys((*DEFAULTS, *RENAMED), (str | None, None))
_Variables = create_model("_Variables", __base__=BaseSettings, **_TEXTS)


def load(env_file: Path | None = None, flags: Mapping[str, str] | None = None) -> Settings:
    """
    Return the settings of the process; an empty value means the default.

    The file is `env_file`, which must exist; by default it is `.env` in the working directory, if that
    exists. `flags` has the settings of the command line. Raises SettingsError with every fault; neither the
    error nor its context holds a secret.
    """
    file = read_env_file(env_file, DEFAULTS)
    faults = list(file.faults)
    secrets = _secrets(faults)
    outside = _environment() | dict(flags or {})
    given = _without_blanks(secrets | file.values | outside)
    try:
        settings = Settings(**dict(SettingsModel(**given)))
    except ValidationError as error:
        for name, cause in _causes(error).items():
            # The line of a damaged value is among the faults already.
            if given.get(name) is DAMAGED:
                continue
            fault = wrong(name, IN_WORDS[name], cause, given)
            if name in file.places and name not in outside:
                fault = at_line(file.places[name], fault)
            faults.append(fault)
    # Outside of `except`: there, pydantic's error, which holds secrets, would become the context.
    if faults:
        raise SettingsError(faults, _language(given))
    return settings


def _secrets(faults: list[Message]) -> dict[str, object]:
    """Return the settings in directories of secrets; add a file that cannot be read to `faults`."""
    directories = _secrets_directories()
    # The library would warn about a missing directory.
    if not directories:
        return {}
    try:
        read = SecretsSettingsSource(_Variables, directories, env_prefix=PREFIX)
        return by_present_name(read())
    except pydantic_settings.SettingsError as error:
        cause = error.__cause__  # the error of the file
        if not isinstance(cause, OSError | ValueError):
            raise
        # Text that is not UTF-8 is an error without the name of the file.
        path = getattr(cause, "filename", None) or ", ".join(map(str, directories))
        faults.append(unreadable(path, cause))
        return {}


def _without_blanks(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values without blanks at their ends, and without empty ones, which mean the default."""
    stripped: dict[str, object] = {}
    for name, value in values.items():
        if value == "":
            continue
        # A password may begin or end with a blank.
        if isinstance(value, str) and name not in SECRETS:
            stripped[name] = value.strip()
        else:
            stripped[name] = value
    return stripped


def _causes(error: ValidationError) -> dict[str, object]:
    """Return each wrong setting with the exception that a check raised; None if pydantic found the fault."""
    causes: dict[str, object] = {}
    # The last error of a setting counts: pydantic reports one for each type of a union.
    for detail in error.errors(include_url=False, include_input=False):
        name = str(detail["loc"][0])
        causes[name] = detail.get("ctx", {}).get("error")
    return causes


def _environment() -> dict[str, object]:
    """Return the settings in the environment."""
    return by_present_name(EnvSettingsSource(_Variables, env_prefix=PREFIX)())


def _language(given: Mapping[str, object]) -> Language:
    """Return the language of settings that may be wrong: French unless they say `en`."""
    language = str(given.get("language")).strip().lower()
    if language == Language.EN:
        return Language.EN
    return Language.FR


def load_all(
    env_files: Sequence[Path | None], flags: Mapping[str, str] | None = None, *, unique: Sequence[str] = _OWN
) -> list[Settings]:
    """
    Return the settings of several meters in one process, one for each of `env_files` (see `load`).

    A directory stands for its `*.env` files. No two meters may share a setting that is `unique`; client ids
    may be equal at different brokers. Neither may the topics of one meter lie on or below those of another.
    Raises SettingsError with every fault of every file.
    """
    loaded: dict[Path | None, Settings] = {}
    language = _language(_environment() | dict(flags or {}))
    files, empty_folders = _files(env_files)
    faults = [Message("{path}: there is no file *.env in it", path=folder) for folder in empty_folders]
    for path in files:
        try:
            loaded[path] = load(path, flags)
        except SettingsError as error:
            language = error.language
            for message in error.messages:
                names_its_file = len(files) == 1 or str(path) in message  # a message is a str
                if names_its_file:
                    faults.append(message)
                else:
                    faults.append(Message("{path}: {fault}", path=path, fault=message))
    for (other_path, other), (path, settings) in itertools.combinations(loaded.items(), 2):
        for name in unique:
            if _is_shared(name, settings, other):
                text = N_("{variable}: {path} and {other} have the same; each meter needs its own")
                faults.append(Message(text, variable=variable_of(name), path=path, other=other_path))
        lower = nested(settings, other)
        if lower is settings:
            faults.append(nested_topics(settings.mqtt_topic, path, other_path))
        elif lower is other:
            faults.append(nested_topics(other.mqtt_topic, other_path, path))
    if faults:
        raise SettingsError(faults, language)
    return list(loaded.values())


def _files(env_files: Sequence[Path | None]) -> tuple[list[Path | None], list[Path]]:
    """Return the files, each once, with those of a directory, sorted, in its place; and empty directories."""
    files: list[Path | None] = []
    empty_folders = []
    for path in env_files:
        if path is not None and os.path.isdir(path):  # noqa: PTH112 - never raises, however odd the path is
            in_folder = sorted(path.glob("*.env"))
            files += in_folder
            if not in_folder:
                empty_folders.append(path)
        else:
            files.append(path)
    return list(dict.fromkeys(files)), empty_folders


def _is_shared(name: str, one: Settings, other: Settings) -> bool:
    """True if two meters have the same value of a setting, and each needs its own."""
    if getattr(one, name) is None or getattr(one, name) != getattr(other, name):
        return False
    return name != "mqtt_client_id" or one.broker.address == other.broker.address


def nested(one: Settings, other: Settings) -> Settings | None:
    """
    Return the meter, of two, whose base topic is a topic of the other meter or below one; None if neither.

    With the base topic `tic`, such topics are `tic/state` and `tic/state/x`, but neither `tic` nor `tic/a`.
    """
    if one.broker.address != other.broker.address:
        return None
    if Topics(other.mqtt_topic).covers(one.mqtt_topic):
        return one
    if Topics(one.mqtt_topic).covers(other.mqtt_topic):
        return other
    return None


def nested_topics(topic: str, path: Path | None, other: Path | None) -> Message:
    """Return the fault of the `topic` in the file `path`, which is a topic of the meter of `other`."""
    return Message(
        "{variable}: {topic}, of {path}, lies among the topics of the meter of {other}; give it another one",
        variable=variable_of("mqtt_topic"),
        topic=topic,
        path=path,
        other=other,
    )


def file_warnings(env_files: Sequence[Path | None]) -> list[Message]:
    """Return the warnings about lines of the files: a repeated one, a former name of a setting."""
    warnings: list[Message] = []
    files, _empty_folders = _files(env_files)
    for path in files:
        warnings += read_env_file(path, DEFAULTS).warnings
    return warnings


def environment_warnings() -> list[Message]:
    """
    Return the warnings about names with our prefix in the environment and in directories of secrets.

    A name is a former one of a setting, or unknown: Docker's links and Kubernetes add some.
    """
    our_variables = {variable_of(name) for name in DEFAULTS}
    present_by_former = {variable_of(former): variable_of(present) for former, present in RENAMED.items()}
    secrets: set[str] = set()
    for directory in _secrets_directories():
        secrets |= {path.name for path in directory.iterdir()}
    # A directory of secrets has files of other programs, and the settings file itself.
    our_secrets = [name for name in secrets if name.upper().startswith(PREFIX)]

    warnings = []
    for name in [*os.environ, *sorted(our_secrets)]:
        variable = name.upper()
        if variable in present_by_former:
            warnings.append(renamed.warning(name, present_by_former[variable]))
        # In the environment the prefix may be misspelt, too.
        elif variable not in our_variables and is_ours(name, our_variables):
            warnings.append(unknown(name, DEFAULTS))
    return warnings


def _secrets_directories() -> list[Path]:
    """Return the directories with one file per secret: /run/secrets of containers, systemd's credentials."""
    directories = [_SECRETS]
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials:
        directories.append(Path(credentials))
    return [path for path in directories if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]
