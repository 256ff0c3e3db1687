"""
Load the settings: from the environment, which wins, from one file, and from directories of secrets.

pydantic-settings reads the environment and the secrets, and checks every value.  The file (`sources`), the
names that no setting has and the messages (`faults`) are ours.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pydantic_settings
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SecretsSettingsSource

from teleinfo.common.i18n import Message
from teleinfo.settings.faults import SECRET, Allowed, SettingsError, variable_of, wrong
from teleinfo.settings.model import Settings, written
from teleinfo.settings.sources import (
    read_env_file,
    secrets_directories,
    unknown_variables,
    unreadable_secret,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

_DAMAGED = object()
"""Stands for a line that cannot be read: no type takes it, and no other setting is compared with it."""


def load(env_file: Path | None = None) -> Settings:
    """
    Return the settings of the process.

    An empty value means the default.  The file is `env_file`, which must be there, else `.env` in the working
    directory, which may be missing.  Raises SettingsError with every fault; neither the error nor its context
    holds a secret.
    """
    file = read_env_file(env_file, Settings.model_fields)
    secrets, faults = _secrets()
    sources = (secrets, dict.fromkeys(file.damaged, _DAMAGED), file.values, EnvSettingsSource(Settings)())
    given: dict[str, object] = {}
    for source in sources:  # the last one wins
        given |= source
    given = {
        name: value.strip() if isinstance(value, str) and name != SECRET else value
        for name, value in given.items()
        if value != ""
    }
    faults = [*file.faults, *faults]
    settings = None
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # texts, which the model turns into its types
    except ValidationError as error:
        faults += [
            _fault(detail, given)
            for detail in error.errors(include_url=False, include_input=False)
            if given.get(str(detail["loc"][0])) is not _DAMAGED
        ]
    # Outside of `except`: the error of pydantic holds what was given, and would stay as the context.
    if faults or settings is None:
        raise SettingsError(faults, unreadable=file.unreadable)
    return settings


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
    """Return a warning for each variable of the environment that has our prefix and that nothing reads."""
    return unknown_variables(Settings.model_fields)


def _secrets() -> tuple[dict[str, object], list[Message]]:
    # The library warns of a directory that is not there.
    if not (directories := secrets_directories()):
        return {}, []
    try:
        return SecretsSettingsSource(Settings, secrets_dir=directories)(), []
    except pydantic_settings.SettingsError as error:
        return {}, [unreadable_secret(error.__cause__)]


def _fault(detail: ErrorDetails, given: Mapping[str, object]) -> Message:
    name = str(detail["loc"][0])
    field = Settings.model_fields[name]
    allowed = next(item for item in field.metadata if isinstance(item, Allowed))
    cause = detail.get("ctx", {}).get("error")
    return wrong(name, cause, allowed=allowed, default=written(field.default), given=given)
