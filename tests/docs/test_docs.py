"""What docs/ says is there, is there; what it shows of a broker's configuration does what it says."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from teleinfo import settings
from teleinfo.cli import main as cli
from teleinfo.daemon.health import LineGrade
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from tests.docs.test_readme import (
    READMES,
    blocks,
    commands,
    prose,
    published,
    table,
    understood,
    understood_by_make,
)
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.settings import Settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "teleinfo"
PACKAGES = "|".join(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
RELIABILITY, OPERATIONS = PAGES["reliability.md"], PAGES["operations.md"]
# Where what a page calls tests/…, port/… or LICENSE is.
PLACES = (ROOT, PACKAGE, ROOT / "systemd", ROOT / "docs")
PASSWORDS = {"paris-12": "a secret", "lyon-3": "another", "collector": "a third"}
FRAME = encode_frame(
    [Group("ADCO", "041961123456", None, Mode.HISTORIQUE), Group("PAPP", "01940", None, Mode.HISTORIQUE)]
)


def code(text: str) -> list[str]:
    """Return what stands as code in the sentences of a page."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    """Yield every link of a page to another of our files, with the page it stands in."""
    pages = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
            if not re.match(r"https?:", target):
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(*link, id=f"{link[0].name}:{link[1]}") for link in links()]
)
def test_every_link_leads_somewhere(page: Path, target: str) -> None:
    """To a file that is there, and to a heading of it."""
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page

    assert path.exists()
    if anchor:
        assert anchor in anchors(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    """Tests, sources, examples and units, from the root of the checkout or of the package."""
    named = [
        word
        for piece in code(PAGES[page])
        for word in piece.split()
        if re.fullmatch(rf"(?:tests|src|docs|systemd|examples)/[\w./@-]*|(?:{PACKAGES})/|[\w/]+\.py", word)
    ]

    assert [name for name in named if not any((place / name).exists() for place in PLACES)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_and_command_that_a_page_names_exists(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours: those of make and of teleinfo."""
    for program, *arguments in commands(PAGES[page]):
        words = arguments[: arguments.index("&&")] if "&&" in arguments else arguments
        if program == "make":
            understood_by_make([word for word in words if "=" not in word])
        elif program == "teleinfo":
            understood(words, capsys)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    """In blocks, where it is read as it stands, and in sentences."""
    known = {spec.variable for spec in settings.field_specs()}
    for block in blocks(PAGES[page], "sh"):
        lines = block.splitlines()
        if all(line.startswith("TELEINFO_") for line in lines):
            given = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

            assert len(settings.load(Path("/dev/null"), given).model_fields_set) == len(lines)

    assert {name for name in re.findall(r"TELEINFO_[A-Z_]*[A-Z]", PAGES[page]) if name not in known} == set()


def test_each_promise_of_time_is_the_one_that_its_test_holds() -> None:
    """The seconds that the page promises stand in the test that it names, as its limit."""
    rows = re.findall(r"^\| .*?within (\d+) s \| .*? \| (.*) \|$", RELIABILITY, re.MULTILINE)
    broken = [
        (seconds, names)
        for seconds, names in rows
        if not any(int(seconds) in limits(ROOT / name) for name in re.findall(r"`(tests/\S+\.py)`", names))
    ]

    assert len(rows) >= 14
    assert broken == []


def limits(path: Path) -> set[float]:
    """Return the numbers that a test and the helpers beside it pass by keyword or assign to a name."""
    found: set[float] = set()
    helpers = {source for source in path.parent.glob("*.py") if not source.name.startswith("test_")}
    for source in {path, *helpers}:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            values = [node.value] if isinstance(node, ast.keyword | ast.Assign) else []
            found |= {
                each.value
                for value in values
                for each in ast.walk(value)
                if isinstance(each, ast.Constant) and isinstance(each.value, int | float)
            }
    return found


def test_the_keys_to_watch_are_those_of_health() -> None:
    """And the words of alarm are verdicts."""
    rows = table(OPERATIONS, "| key | alarm when |")
    localized = {key for row in rows for key in re.findall(r"`(\w+)`", row[0])}
    health = json.loads(READMES["en"].split("```json\n")[3].split("\n")[0])

    assert localized <= set(health)
    assert set(re.findall(r"`(\w+)`", rows[0][1])) <= set(LineGrade)


def test_the_exit_statuses_are_those_of_the_command_line() -> None:
    """78 is a wrong setting."""
    localized = [int(row[0]) for row in table(OPERATIONS, "| exit status |")]

    assert localized == [0, 1, 2, cli.EXIT_CONFIGURATION]


def test_the_keys_that_the_protocol_shows_are_those_that_come_out() -> None:
    """Repeated labels, the second part of an ICE-4Q, a horodate without season."""
    ice = [("EA", "422Wh"), ("PREAVIS", "DEP"), ("PREAVIS", "EJP"), ("Appli", "INJECTION"), ("EA", "7Wh")]
    of_ice = published([Group(label, value, None, Mode.HISTORIQUE) for label, value in ice])
    of_linky = published([Group("DPM1", "00", " 230213060000", Mode.STANDARD)])
    shown = [piece for piece in code(PAGES["protocol.md"]) if re.fullmatch(r'"\w+":".*"', piece)]

    assert len(shown) == 2
    assert [piece for piece in shown if piece not in of_ice + of_linky] == []
    assert {"EA", "EA_INJECTION"} <= json.loads(of_ice).keys()


# ---- The fleet ----


def configuration(mark: str) -> str:
    """Return the block of the broker's configuration that has this word."""
    [block] = [block for block in blocks(OPERATIONS, "conf") if mark in block]
    return block


def test_host_name_stands_for_the_machine_in_topic_and_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file gives each machine names of its own."""
    [block] = [block for block in blocks(OPERATIONS, "sh") if "{hostname}" in block]
    variables = dict(line.split("=", 1) for line in block.splitlines())

    def of(host: str) -> Settings:
        monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=host))
        return settings.load(Path("/dev/null"), variables)

    assert (of("paris-12").mqtt_topic, of("lyon-3").mqtt_topic) == ("teleinfo/paris-12", "teleinfo/lyon-3")
    assert (of("paris-12").mqtt_client_id, of("lyon-3").mqtt_client_id) == (
        "teleinfo-paris-12",
        "teleinfo-lyon-3",
    )


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a broker with the rules of the page, and a login for two machines and the collector."""
    rules = tmp_path / "teleinfo.acl"
    rules.write_text(configuration("pattern readwrite"), encoding="utf-8")
    rules.chmod(0o600)
    with MosquittoBroker(tmp_path, users=PASSWORDS, more=[f"acl_file {rules}"]) as broker:
        yield broker


def login(broker: MosquittoBroker, user: str, topics: str = "teleinfo/#") -> Subscriber:
    """Return a client of this user, who listens to all that he may hear of these topics."""
    return Subscriber(broker.host, broker.port, topics, username=user, password=PASSWORDS[user])


def send(client: Subscriber, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """Publish, and return once the broker has acknowledged it: it does so whatever its rules."""
    client._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)


@pytest.mark.real
def test_a_machine_publishes_on_its_own_topic_and_on_no_other(fleet: MosquittoBroker) -> None:
    """What paris-12 sends on the topic of lyon-3 reaches nobody; its own topic reaches the collector."""
    with login(fleet, "collector") as collector, login(fleet, "paris-12") as paris:
        for topic in ("teleinfo/lyon-3", "teleinfo/lyon-3/status", "teleinfo", "teleinfo/paris-12"):
            send(paris, topic, b"from paris")

        assert collector.messages.get(timeout=10).topic == "teleinfo/paris-12"


@pytest.mark.real
def test_a_machine_hears_itself_and_no_other(fleet: MosquittoBroker) -> None:
    """Which the doctor needs, to see its own message come back."""
    with login(fleet, "paris-12") as paris, login(fleet, "lyon-3") as lyon:
        send(lyon, "teleinfo/lyon-3", b"from lyon")
        send(paris, "teleinfo/paris-12/doctor", b"from paris")

        assert paris.messages.get(timeout=10).payload == b"from paris"


@pytest.mark.real
def test_the_collector_reads_and_writes_nothing(fleet: MosquittoBroker) -> None:
    """Its message on a topic that it may read reaches nobody, not even itself."""
    with login(fleet, "collector") as collector, login(fleet, "lyon-3") as lyon:
        send(collector, "teleinfo/lyon-3", b"from the collector")
        send(lyon, "teleinfo/lyon-3", b"from lyon")

        assert collector.messages.get(timeout=10).payload == b"from lyon"


@pytest.mark.real
def test_the_daemon_works_with_these_rules(fleet: MosquittoBroker, tmp_path: Path) -> None:
    """All of its topics come through: readings, status, health."""
    own = {
        "mqtt_topic": "teleinfo/paris-12",
        "mqtt_username": "paris-12",
        "mqtt_password": PASSWORDS["paris-12"],
    }
    with (
        login(fleet, "collector") as collector,
        Meter(FRAME) as meter,
        Daemon(tmp_path, **settings_for(fleet, meter.line), **own),
    ):
        heard = {collector.messages.get(timeout=10).topic for _ in range(8)}

    assert heard == {"teleinfo/paris-12", "teleinfo/paris-12/status", "teleinfo/paris-12/health"}


@pytest.mark.real
def test_the_bridge_takes_all_to_the_centre_and_tells_of_itself(tmp_path: Path) -> None:
    """A reading and a retained status of a site arrive in the centre; the state of the bridge does too."""
    (tmp_path / "site").mkdir()
    rules = tmp_path / "all.acl"
    rules.write_text("user paris\ntopic readwrite #\ntopic readwrite $SYS/#\n", encoding="utf-8")
    rules.chmod(0o600)
    users = {"paris": "secret"}
    with MosquittoBroker(tmp_path, port=free_port(), users=users, more=[f"acl_file {rules}"]) as centre:
        bridge = [
            line.replace("broker.example:8883", f"{HOST}:{centre.port}")
            for line in configuration("connection ").splitlines()
            if not line.startswith("bridge_cafile")  # the centre of the test has no certificate
        ]
        with (
            MosquittoBroker(tmp_path / "site", more=bridge) as site,
            Subscriber(centre.host, centre.port, "teleinfo/#", username="paris", password="secret") as heard,
            Subscriber(
                centre.host, centre.port, "$SYS/broker/connection/#", username="paris", password="secret"
            ) as states,
        ):
            state = "$SYS/broker/connection/paris-bridge/state"
            assert f"`{state}`" in OPERATIONS
            states.expect(state, b"1")
            with Subscriber(site.host, site.port) as kitchen:
                send(kitchen, "teleinfo/kitchen/status", b"online", retain=True)
                send(kitchen, "teleinfo/kitchen", b"{}")
            heard.expect("teleinfo/kitchen/status", b"online")
            heard.expect("teleinfo/kitchen", b"{}")
            site.stop()
            states.expect(state, b"0")
