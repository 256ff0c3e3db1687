"""
Ajv, jsonschema and the parser of AsyncAPI read docs/*.schema.json and docs/asyncapi.yaml, in 1 minute.

Ajv compiles each schema in its default mode, which refuses keywords and formats that it does not know. What
the real daemon publishes, and what the real doctor says, is valid for both validators.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.docs.asyncapi import FILE, document
from tests.docs.markdown import ROOT
from tests.docs.test_schemas import messages
from tests.doctor.test_command import doctor
from tests.lab.consumers.programs import npm_folder, program
from tests.lab.consumers.site import MODES, site
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = {path.name.partition(".")[0]: path for path in sorted((ROOT / "docs").glob("*.schema.json"))}

AJV = """
const Ajv = require('ajv/dist/2020');
const [schemas, messages] = JSON.parse(require('fs').readFileSync(0));
const warnings = [];
const logger = {log() {}, warn: (...said) => warnings.push(said.join(' ')), error: console.error};
const ajv = new Ajv({logger});
const check = {};
for (const name in schemas) check[name] = ajv.compile(schemas[name]);
const wrong = messages.filter(([name, message]) => !check[name](message));
process.stdout.write(JSON.stringify({compiled: Object.keys(check), warnings, wrong}));
"""

PARSER = """
const {Parser, fromFile} = require('@asyncapi/parser');
fromFile(new Parser(), process.argv[1]).parse().then(({document, diagnostics}) => {
  const channels = document ? document.allChannels().all().map(channel => channel.address()) : null;
  process.stdout.write(JSON.stringify({channels, diagnostics}));
});
"""


def node(package: str, script: str, *arguments: str, sent: str = "") -> Any:  # noqa: ANN401 - JSON
    """
    Return the JSON that a script of JavaScript prints, which uses a package of npm.

    It gets `arguments`, and `sent` on standard input.
    """
    folder = npm_folder(package)
    command = [program("node", "nodejs"), "--eval", script, "--", *arguments]
    result = subprocess.run(
        command, input=sent, cwd=folder.parent, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def schema(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the schema with this name, such as `state`."""
    return json.loads(SCHEMAS[name].read_text(encoding="utf-8"))


def expect_valid(named_messages: list[tuple[str, Any]]) -> None:
    """
    Assert that both validators accept these messages, and that ajv accepts every schema.

    Each message stands behind the name of its schema.
    """
    schemas = {name: schema(name) for name in SCHEMAS}
    for name, message in named_messages:
        jsonschema.Draft202012Validator(schemas[name]).validate(message)
    verdict = node("ajv", AJV, sent=json.dumps([schemas, named_messages]))

    assert verdict == {"compiled": list(schemas), "warnings": [], "wrong": []}


def test_the_messages_of_the_tests_are_valid() -> None:
    expect_valid(list(messages()))


def test_a_wrong_message_is_not() -> None:
    """Else the validator would accept anything."""
    wrong = [["state", {"time": 5, "meter": {}}], ["event", {"event": "new"}], ["doctor", []]]
    schemas = {name: schema(name) for name in ("state", "event", "doctor")}
    verdict = node("ajv", AJV, sent=json.dumps([schemas, wrong]))

    assert verdict["wrong"] == wrong


@pytest.mark.parametrize("meter", MODES)
def test_what_the_daemon_publishes_is_valid(tmp_path: Path, meter: str) -> None:
    """The retained messages, and what the doctor says of the daemon."""
    published: list[tuple[str, Any]] = []
    with site(tmp_path, meter) as running:
        broker = running.broker
        for name in ("state", "health", "meta"):
            with Subscriber(broker.host, broker.port) as late:  # all of them are retained
                payload = late.expect(f"teleinfo/{name}", limit=30).payload
            published.append((name, json.loads(payload)))
        settings = {
            "mqtt_host": broker.host,
            "mqtt_port": broker.port,
            "serial_port": tmp_path / "nowhere",
        }
        examined = doctor(tmp_path, "--json", settings=settings)
        published.append(("doctor", json.loads(examined.stdout)))

    expect_valid(published)


def test_the_parser_of_asyncapi_accepts_the_topics() -> None:
    """It may say that there is a newer version of AsyncAPI, and nothing else."""
    verdict = node("@asyncapi/parser", PARSER, str(FILE))
    complaints = [
        complaint for complaint in verdict["diagnostics"] if complaint["code"] != "asyncapi-latest-version"
    ]

    assert complaints == []
    assert verdict["channels"] == [channel["address"] for channel in document()["channels"].values()]
