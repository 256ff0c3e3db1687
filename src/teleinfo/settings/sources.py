"""
Load the settings: from the environment, which wins, from one file, and from directories of secrets.

pydantic-settings' own sources read the environment and the secrets, and its model checks every value. The
file has a reader of ours (`env_file`): python-dotenv expands `$`, drops a line that it cannot read, and keeps
no line numbers. The names that no setting has and the messages (`faults`) are ours too.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic_settings
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SecretsSettingsSource

from teleinfo.settings.env_file import read_env_file, unreadable
from teleinfo.settings.faults import (
    PREFIX,
    SECRET,
    Allowed,
    SettingsError,
    is_ours,
    unknown,
    variable_of,
    wrong,
)
from teleinfo.settings.model import Settings, written
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

_SECRETS = Path("/run/secrets")

_DAMAGED = object()
"""Stands for a line that cannot be read: no type takes it, and no other setting is compared with it."""


def load(env_file: Path | None = None) -> Settings:
    """
    Return the settings of the process.

    An empty value means the default. The file is `env_file`, which must be there, else `.env` in the working
    directory, which may be missing. Raises SettingsError with every fault; neither the error nor its context
    holds a secret.
    """
    file = read_env_file(env_file, Settings.model_fields)
    secrets, faults = _secrets()
    damaged = dict.fromkeys(file.damaged, _DAMAGED)
    given = _merged(secrets, damaged, file.values, EnvSettingsSource(Settings)())
    faults = [*file.faults, *faults]
    settings = None
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # texts, which the model turns into its types
    except ValidationError as error:
        faults += [
            _wrong_value(detail, given)
            for detail in error.errors(include_url=False, include_input=False)
            if given.get(str(detail["loc"][0])) is not _DAMAGED
        ]
    # Outside of `except`: the error of pydantic holds what was given, and would stay as the context.
    if faults or settings is None:
        raise SettingsError(faults, unreadable=file.unreadable)
    return settings


def _merged(*sources: Mapping[str, object]) -> dict[str, object]:
    """Return what the sources give: the last one wins, an empty value is none, blanks around it are cut."""
    given: dict[str, object] = {}
    for source in sources:
        given |= source
    return {
        name: value.strip() if isinstance(value, str) and name != SECRET else value
        for name, value in given.items()
        if value != ""
    }


def load_all(env_files: Sequence[Path | None]) -> list[Settings]:
    """
    Return the settings of several meters in one process, one for each of `env_files` (see `load`).

    No two may share a port, a topic, or a client id at one broker. Raises SettingsError with every fault of
    every file.
    """
    found: dict[Path | None, Settings] = {}
    faults: list[Message] = []
    unreadable = False
    for path in env_files:
        try:
            found[path] = load(path)
        except SettingsError as error:
            unreadable |= error.unreadable
            faults += error.messages if len(env_files) == 1 else error.messages_of(path)
    faults += [
        Message(
            "{variable}: {path} and {other} have the same; each meter needs its own",
            variable=variable_of(name),
            path=path,
            other=other,
        )
        for (other, one), (path, another) in itertools.combinations(found.items(), 2)
        for name in _shared(one, another)
    ]
    if faults:
        raise SettingsError(faults, unreadable=unreadable)
    return list(found.values())


def _shared(one: Settings, other: Settings) -> list[str]:
    """Return the settings that are the same in both and must not be."""
    same_broker = one.broker.address == other.broker.address
    names = ["serial_port", *(["mqtt_topic", "mqtt_client_id"] if same_broker else [])]
    return [name for name in names if getattr(one, name) == getattr(other, name)]


def unread_variables() -> list[Message]:
    """
    Return a warning for each unknown name with our prefix, in the environment or among the secrets.

    It is not a fault: an orchestrator may have put it there, as Docker's links and Kubernetes do.
    """
    fields = {variable_of(name) for name in Settings.model_fields}
    secrets = {path.name for directory in _secrets_directories() for path in directory.iterdir()}
    given = [*os.environ, *sorted(name for name in secrets if name.upper().startswith(PREFIX))]
    return [
        unknown(name, Settings.model_fields)
        for name in given
        if is_ours(name, fields) and name.upper() not in fields
    ]


def _secrets() -> tuple[dict[str, object], list[Message]]:
    # The library warns of a directory that is not there.
    if not (directories := _secrets_directories()):
        return {}, []
    try:
        return SecretsSettingsSource(Settings, secrets_dir=directories)(), []
    except pydantic_settings.SettingsError as error:
        cause = error.__cause__  # what opening the file raised
        path = getattr(cause, "filename", None) or ", ".join(map(str, directories))
        return {}, [unreadable(path, cause)]


def _secrets_directories() -> list[Path]:
    """Return the directories that hold a file for each secret: that of containers, systemd's credentials."""
    directories = [_SECRETS, *map(Path, filter(None, [os.environ.get("CREDENTIALS_DIRECTORY")]))]
    return [path for path in directories if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]


def _wrong_value(detail: ErrorDetails, given: Mapping[str, object]) -> Message:
    name = str(detail["loc"][0])
    model_field = Settings.model_fields[name]
    allowed = next(item for item in model_field.metadata if isinstance(item, Allowed))
    cause = detail.get("ctx", {}).get("error")
    return wrong(name, cause, allowed=allowed, default=written(model_field.default), given=given)
