"""The container image at work: built by `make image`, run by podman, between a meter and a real mosquitto."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo import __version__
from tests.docs.markdown import PAGES, blocks
from tests.homeassistant_app.supervisor import NOT_ENABLED, TOKEN, supervisor
from tests.lab.system.podman import IMAGE, Compose, Podman, build_app, build_image
from tests.lab.system.roots import PROJECT
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.figures import promise
from tests.support.scenario import IDENTIFIER, historique
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.subscriber import Received

DIALOUT = 20
"""Number of this group in Debian, and so in the image."""
FRAME = historique(19212)  # Wh: any index


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive of the image of this checkout, beside its package."""
    return build_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Iterator[Podman]:
    """Return podman with the image of this checkout."""
    # Short, since the paths of sockets are bounded.
    folder = tmp_path_factory.mktemp("podman")
    (package,) = image.parent.glob("*.deb")
    with Podman(folder, image, build_app(image.parent, package)) as running:
        yield running


def give_to_dialout(meter: Meter) -> None:
    """Let the port of the meter belong to the group dialout, as serial ports do."""
    os.chown(meter.line.port, 0, DIALOUT)
    os.chmod(meter.line.port, 0o660)  # noqa: PTH101 - a text


@pytest.fixture
def meter() -> Iterator[Meter]:
    """Return a meter on a pseudo-terminal."""
    with Meter(FRAME) as meter:
        give_to_dialout(meter)
        yield meter


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a mosquitto on loopback."""
    with MosquittoBroker(tmp_path) as broker:
        yield broker


def settings_for(broker: MosquittoBroker) -> dict[str, object]:
    """Return the settings that join the container to this broker, and to a port inside."""
    return {"serial_port": "/dev/ttyTIC", "mqtt_host": broker.host, "mqtt_port": broker.port}


def has_power(reading: Received) -> bool:
    """Return True if a reading has the last group of its frame: in the first ones it may be withheld."""
    return b"PAPP" in reading.payload


def port_of(meter: Meter) -> tuple[str, str]:
    """Return the options that put the port of the meter into a container."""
    return ("--volume", f"{meter.line.port}:/dev/ttyTIC")


def test_messages_arrive_from_one_process_that_is_not_root_and_cannot_write(
    podman: Podman, broker: MosquittoBroker, meter: Meter
) -> None:
    """
    Readings on the broker; process 1 is the daemon, without rights, on a file system that is read-only.

    Without a volume for its memory it logs that once, and works all the same.
    """
    with (
        Subscriber(broker.host, broker.port) as subscriber,
        podman.start(settings_for(broker) | {"state": True}, options=port_of(meter)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        running.expect_log(
            "impossible d’écrire dans /var/lib/teleinfo\u00a0: le système de fichiers est en lecture seule"
        )
        reading = subscriber.expect("teleinfo", predicate=has_power).payload
        status = running.inside("cat", "/proc/1/status").stdout
        programs = running.inside("sh", "-c", "echo /proc/[0-9]*").stdout.split()
        written = running.inside(
            "sh", "-c", "for each in / /tmp /run /etc /var/tmp; do touch $each/x && echo $each; done"
        )
        running.stop()
        said = running.log.count("impossible d’écrire")

    assert json.loads(reading)["PAPP"] == "01940"
    assert said == 1
    assert re.search(r"^Uid:\t950\t950\t950\t950$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    assert len(programs) == 2  # and the shell that looks
    assert written.stdout == ""


def test_what_is_remembered_outlives_the_container_in_a_volume(
    podman: Podman, broker: MosquittoBroker, meter: Meter
) -> None:
    """A new volume belongs to the user of the image, which writes there; the next container reads it."""
    settings = settings_for(broker) | {"state": True}
    remembered = []
    for _ in range(2):
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            podman.start(
                settings, options=(*port_of(meter), "--volume", "memory:/var/lib/teleinfo")
            ) as running,
        ):
            subscriber.expect("teleinfo/state", predicate=lambda message: not message.retain)
            running.stop()
            assert "impossible d’écrire" not in running.log
            assert "est perdu" not in running.log
            volume = json.loads(podman.run("volume", "inspect", "memory").stdout)[0]["Mountpoint"]
            remembered.append(json.loads(Path(volume, "teleinfo.json").read_bytes())["meter"])

    assert remembered == [IDENTIFIER] * 2


def test_the_health_check_says_whether_readings_come(
    podman: Podman, broker: MosquittoBroker, meter: Meter
) -> None:
    """
    1. A meter sends: healthy. 2. It is silent: not. 3. It sends again: healthy.

    4. SIGTERM to process 1, without an init beside it: exit status 0, `offline` delivered.
    """
    with (
        Subscriber(broker.host, broker.port) as subscriber,
        podman.start(settings_for(broker), options=port_of(meter)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        sending = running.is_healthy()
        subscriber.expect("teleinfo")
        meter.frame = None
        subscriber.expect("teleinfo/status", b"offline", limit=30)
        silent = running.is_healthy()
        meter.frame = FRAME
        subscriber.expect("teleinfo/status", b"online")
        again = running.is_healthy()
        status = running.stop()
        subscriber.expect("teleinfo/status", b"offline")

    assert [sending, silent, again] == [True, False, True]
    assert status == 0


def test_a_stop_while_it_loads_ends_it(podman: Podman, broker: MosquittoBroker) -> None:
    """A handler is there before the daemon is loaded: without it the kernel keeps signals from process 1."""
    for _ in range(3):
        with podman.start(settings_for(broker)) as running:
            running.wait_for_handler(signal.SIGTERM)
            status = running.stop()
            # Before the daemon is loaded, the handler ends the process as SIGTERM would.
            assert status in {0, 128 + signal.SIGTERM}, running.log


def test_settings_come_from_a_file_and_from_secrets_too(podman: Podman, tmp_path: Path, meter: Meter) -> None:
    """The file is mounted in the place of the empty one, the password is a file in /run/secrets."""
    secret = tmp_path / "secret"
    file = tmp_path / "teleinfo.env"
    secret.write_text("s3cret")
    with MosquittoBroker(tmp_path, users={"house": "s3cret"}) as broker:
        file.write_text(
            f"TELEINFO_SERIAL_PORT=/dev/ttyTIC\nTELEINFO_MQTT_HOST={broker.host}\n"
            f"TELEINFO_MQTT_PORT={broker.port}\nTELEINFO_MQTT_USERNAME=house\n"
        )
        volumes = (
            *port_of(meter),
            *("--volume", f"{file}:/etc/teleinfo/teleinfo.env:ro"),
            *("--volume", f"{secret}:/run/secrets/teleinfo_mqtt_password:ro"),
        )
        with (
            Subscriber(broker.host, broker.port, username="house", password="s3cret") as subscriber,
            podman.start({}, options=volumes) as running,
        ):
            subscriber.expect("teleinfo/status", b"online")
            healthy = running.is_healthy()

    assert healthy


def test_the_image_is_small_and_says_what_it_is(podman: Podman) -> None:
    """Not root, no shell around the command, a health check, no lists of apt; words are UTF-8."""
    french = podman.once("decode", "--help", options=("--env=LANG=fr_FR.UTF-8",))
    found = json.loads(podman.run("image", "inspect", IMAGE).stdout)[0]

    assert "réglages" in french.stdout
    assert found["Config"]["User"] == "950:20"
    assert found["Config"]["Entrypoint"] == ["teleinfo"]
    assert found["Labels"]["org.opencontainers.image.version"] == __version__
    assert found["Healthcheck"]["Test"] == ["CMD", "teleinfo", "doctor", "--quiet"]
    # Neither of the two folders has a file.
    listed = podman.once("-c", "ls -A /var/lib/apt/lists /tmp", options=("--entrypoint", "sh"))
    assert listed.stdout.split() == ["/tmp:", "/var/lib/apt/lists:"]
    promise("container image", found["Size"] / 1e6, at_most=180, unit="MB")


def test_the_app_for_home_assistant_takes_its_options_and_the_broker_of_the_supervisor(
    podman: Podman, tmp_path: Path, meter: Meter
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    options = data / "options.json"
    options.write_text(json.dumps({"serial_port": "/dev/ttyTIC", "homeassistant": True}))
    options.chmod(0o600)
    os.chown(meter.line.port, 0, 18)  # Home Assistant OS has another number for dialout
    with MosquittoBroker(tmp_path, users={"addons": "s3cret"}) as broker:
        address = {"host": broker.host, "port": broker.port, "ssl": False}
        service = {"result": "ok", "data": address | {"username": "addons", "password": "s3cret"}}
        with (
            supervisor(NOT_ENABLED, (200, service), address=("127.0.0.2", 80)),
            Subscriber(broker.host, broker.port, username="addons", password="s3cret") as subscriber,
            podman.start_app(
                *("--volume", f"{data}:/data", *port_of(meter)),
                *("--env", f"SUPERVISOR_TOKEN={TOKEN}", "--add-host", "supervisor:127.0.0.2"),
            ) as running,
        ):
            subscriber.expect("teleinfo/status", b"online", limit=30)
            reading = subscriber.expect("teleinfo", predicate=has_power).payload
            status = running.inside("cat", "/proc/1/status").stdout
            environ = Path(f"/proc/{running.state()['Pid']}/environ").read_text()
            log = running.log
            ended = running.stop()
            subscriber.expect("teleinfo/status", b"offline")

    assert json.loads(reading)["PAPP"] == "01940"
    assert "no broker: Service not enabled." in log
    assert re.search(r"^Uid:\t950\t950\t950\t950$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert "TELEINFO_HOMEASSISTANT=true" in environ
    assert TOKEN not in environ
    assert ended == 0
    assert json.loads((data / "teleinfo/teleinfo.json").read_bytes())["meter"] == IDENTIFIER


def test_compose_is_the_whole_installation(tmp_path_factory: pytest.TempPathFactory, image: Path) -> None:
    """docs/containers.md with podman-compose: the port written, one line typed, and the messages come."""
    first, log, messages, *_ = blocks(PAGES["containers.md"], "sh")
    device = Path(f"/dev/teleinfo-compose-{os.getpid()}")
    with Compose(tmp_path_factory.mktemp("compose"), image) as compose, Meter(FRAME, link=device) as meter:
        give_to_dialout(meter)
        compose.write_port(device)
        compose.type_in(first.splitlines()[-1])
        received = compose.type_in(messages, "-C 8 -W 30")
        logged = compose.type_in(log.replace("--follow ", ""))
        healthy = compose.run("healthcheck", "run", "container_teleinfo_1", check=False).returncode
        compose.type_in("docker compose down")

    assert f'teleinfo {{"ADCO":"{IDENTIFIER}"' in received
    assert "connecté au broker à mosquitto:1883" in logged
    assert healthy == 0


def test_podman_takes_the_quadlet_unit(tmp_path: Path) -> None:
    """The generator of podman makes a service of the unit, and knows each of its keys."""
    unit = (PROJECT / "systemd/teleinfo.container").read_text(encoding="utf-8")
    (tmp_path / "teleinfo.container").write_text(unit, encoding="utf-8")
    done = subprocess.run(
        ["/usr/libexec/podman/quadlet", "-dryrun"],
        env=os.environ | {"QUADLET_UNIT_DIRS": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert "unsupported key" not in done.stderr
    assert "--read-only" in done.stdout
    assert "Type=notify" in done.stdout
