"""
The faults of the broker, in words for the user.

Each member says what happened and what it means (`message`), and what to do next (`advice`, `commands`).
Their fields are {host}, {port}, {address}, {client_id}, {keepalive}, and those that the program gives to
`BrokerError`.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass
from typing import Final

from teleinfo.common.i18n import N_


@dataclass(frozen=True)
class BrokerExplanation:
    """
    The words of a fault, and what tells it.

    - `check` is the check of the doctor that reports the fault.
    - `commands` are to be typed, or to be written into the settings, as they are.
    - `is_passing`: the fault may end by itself.
    - `reason_codes` are those of CONNACK (MQTT 5 §3.2.2.2) and DISCONNECT (§3.14.2.1) that mean the fault;
      paho translates the return codes of MQTT 3.1.1 (§3.2.2.3) into these.
    - `certificate_codes` are those of OpenSSL (X509_V_ERR_…, x509_vfy.h) that mean it.
    """

    check: str
    message: str
    advice: str
    commands: tuple[str, ...] = ()
    _: KW_ONLY
    is_passing: bool = False
    reason_codes: tuple[int, ...] = ()
    certificate_codes: tuple[int, ...] = ()


class BrokerFault(enum.Enum):
    """The faults of a broker, and of the connection to it."""

    NAME = BrokerExplanation(
        "name",
        N_("the name {host} is not known here"),
        N_("Check the name in the settings, and the network:"),
        (
            "TELEINFO_MQTT_HOST=",
            "getent hosts {host}",
        ),
    )
    LOCAL_NAME = BrokerExplanation(
        "name",
        N_("the name {host} is not known here: a name that ends in .local needs mDNS"),
        N_("Install it here, and see that the other machine is switched on; or write its address:"),
        (
            "sudo apt install libnss-mdns",
            "TELEINFO_MQTT_HOST=",
        ),
    )
    NO_NAME_SERVER = BrokerExplanation(
        "name",
        N_("no name server of this machine answers for {host}"),
        N_("Check the network and /etc/resolv.conf. To see whether the sandbox of the service is the cause:"),
        ("sudo teleinfo doctor",),
        is_passing=True,
    )
    REFUSED = BrokerExplanation(
        "port",
        N_("nothing listens at {address}"),
        N_(
            "Check the address in the settings (localhost, if the broker is on this machine), and that the "
            "broker runs. Mosquitto listens to its own machine alone until a file in /etc/mosquitto/conf.d "
            "says otherwise (listener 1883):"
        ),
        ("systemctl status mosquitto",),
        is_passing=True,
    )
    SILENT = BrokerExplanation(
        "port",
        N_("{address} does not answer"),
        N_("Check that the broker runs, the network between, and any firewall:"),
        ("ping -c 3 {host}",),
        is_passing=True,
    )
    UNANSWERED = BrokerExplanation(
        "login",
        N_(
            "{address} accepts connections, and does not answer: it is no MQTT broker, but perhaps a web "
            "server, or it is frozen"
        ),
        N_("To find out which:"),
        ("sudo teleinfo doctor",),
        is_passing=True,
    )
    NETWORK = BrokerExplanation(
        "port",
        N_("the network does not reach {address} ({error})"),
        N_("Check the network:"),
        ("ping -c 3 {host}",),
        is_passing=True,
    )
    TLS = BrokerExplanation(
        "tls",
        N_("{address} does not speak TLS, or not as we do ({error})"),
        N_("Perhaps it is the port without TLS, usually 1883; the one with TLS is 8883:"),
        ("TELEINFO_MQTT_PORT=8883",),
    )
    TLS_FILE = BrokerExplanation(
        "tls",
        N_("the files of TELEINFO_MQTT_TLS_… cannot be used ({error})"),
        N_("They must be readable PEM files that belong together, the key without a pass phrase:"),
        ("openssl x509 -noout -subject -dates -in FILE",),
    )
    # Every other certificate that OpenSSL refuses.
    CERTIFICATE = BrokerExplanation(
        "tls",
        N_("nobody that we trust vouches for the certificate of {address}"),
        N_("Give the certificate of its authority, in a file of this machine:"),
        ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",),
    )
    CERTIFICATE_DATES = BrokerExplanation(
        "tls",
        N_("the certificate of {address} has expired, or is not valid yet"),
        N_("Renew it on the broker, or set the clock of this machine. Its dates:"),
        ("openssl s_client -connect {address} -servername {host} </dev/null | openssl x509 -noout -dates",),
        certificate_codes=(9, 10),
    )
    CERTIFICATE_OF_ANOTHER_HOST = BrokerExplanation(
        "tls",
        N_("the certificate is that of another machine than {host}"),
        N_("Put the name that stands in it into the settings (TELEINFO_MQTT_HOST). To see it:"),
        (
            (
                "openssl s_client -connect {address} -servername {host} </dev/null"
                " | openssl x509 -noout -ext subjectAltName"
            ),
        ),
        certificate_codes=(62, 64),
    )
    LOGIN = BrokerExplanation(
        "login",
        N_("the broker refuses the user name or the password"),
        N_("Correct both in the settings:"),
        (
            "TELEINFO_MQTT_USERNAME=",
            "TELEINFO_MQTT_PASSWORD=",
        ),
        reason_codes=(0x86, 0x87),
    )
    NO_CREDENTIALS = BrokerExplanation(
        "login",
        N_("the broker wants a user name and a password, and the settings have none"),
        N_("Put both into the settings:"),
        (
            "TELEINFO_MQTT_USERNAME=",
            "TELEINFO_MQTT_PASSWORD=",
        ),
    )
    # In MQTT 3.1.1 mosquitto gives the same answer if our keep-alive is too long.
    CLIENT_ID = BrokerExplanation(
        "login",
        N_("the broker refuses our client id, {client_id}, or our keep-alive of {keepalive} s"),
        N_("Choose another id. If that does not help, allow the keep-alive on the broker (max_keepalive):"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
        reason_codes=(0x85,),
    )
    VERSION = BrokerExplanation(
        "login",
        N_("the broker does not speak the version of MQTT that the settings ask for"),
        N_("Let teleinfo find out which one it speaks:"),
        ("TELEINFO_MQTT_VERSION=auto",),
        reason_codes=(0x84,),
    )
    CLOSED = BrokerExplanation(
        "login",
        N_(
            "the broker closed the connection. Was it restarted, does another program use our client id, "
            "{client_id}, or does it take no message as long as ours (max_packet_size)?"
        ),
        N_("See what it says of it, on its machine:"),
        ("sudo journalctl -u mosquitto -n 20",),
        is_passing=True,
    )
    CLOSED_UNANSWERED = BrokerExplanation(
        "login",
        N_(
            "{address} closed the connection without a word. Does it want TLS on this port, is it one for "
            "websockets, or does it take no packet as long as ours (max_packet_size)?"
        ),
        N_("To find out:"),
        ("teleinfo doctor",),
        is_passing=True,
    )
    WANTS_CERTIFICATE = BrokerExplanation(
        "login",
        N_("{address} closed the connection without a word"),
        N_("It probably wants a certificate of ours:"),
        (
            "TELEINFO_MQTT_TLS_CERT_FILE=",
            "TELEINFO_MQTT_TLS_KEY_FILE=",
        ),
        is_passing=True,
    )
    WANTS_TLS = BrokerExplanation(
        "tls",
        N_("{address} wants an encrypted connection"),
        N_("Switch it on, and give the certificate of the broker's authority if it has its own:"),
        ("TELEINFO_MQTT_TLS=true",),
    )
    # Port 8123 of Home Assistant, for example.
    WEB_SERVER = BrokerExplanation(
        "port",
        N_("a web server answers at {address}, or a broker that speaks websockets on this port"),
        N_("Take the port for MQTT, on the same machine usually 1883:"),
        ("TELEINFO_MQTT_PORT=1883",),
    )
    TAKEN_OVER = BrokerExplanation(
        "login",
        N_("another program, perhaps a teleinfo, uses our client id, {client_id}: each pushes the other out"),
        N_("Stop it, or give one of the two another id:"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
        reason_codes=(0x8E,),
    )
    # Of several losses in a row.
    CLOSED_AGAIN = BrokerExplanation(
        "login",
        N_(
            "the broker has closed the connection {count} times in a row: another program, perhaps a "
            "teleinfo, uses our client id, {client_id}, or the broker takes no message as long as ours "
            "(max_packet_size)"
        ),
        N_(
            "Stop that program, or give one of the two another id. See what the broker says of it, on its "
            "machine:"
        ),
        (
            "TELEINFO_MQTT_CLIENT_ID=",
            "sudo tail -n 20 /var/log/mosquitto/mosquitto.log",
        ),
    )
    # Every reason code without a section of its own.
    NOT_SERVED = BrokerExplanation(
        "login",
        N_("the broker does not serve us now, and gives the reason “{reason}”"),
        N_("See what it says of it, on its machine:"),
        ("sudo journalctl -u mosquitto -n 20",),
        is_passing=True,
    )
    UNACCEPTABLE = BrokerExplanation(
        "topic",
        N_(
            "teleinfo does not take what {address} sends: a message of more than 256 KiB on one of our "
            "topics, or a packet that no MQTT broker may send us"
        ),
        N_(
            "Find such a message and, if it is retained, remove it (mosquitto_pub -r -n -t TOPIC); else see "
            "whether there is a newer release of the broker. To see the topics:"
        ),
        ("mosquitto_sub -h {host} -p {port} -t 'TOPIC/#' -W 3 -F '%t %l'",),
    )
    NOT_READABLE = BrokerExplanation(
        "topic",
        N_("the broker does not let this user read the topic {topic}"),
        N_("Allow it in the broker's list of rights (ACL):"),
        ("topic read {topic}",),
    )
    REFUSES_TOPIC = BrokerExplanation(
        "topic",
        N_("the broker does not let this user publish on {topic}, and gives the reason “{reason}”"),
        N_("Allow it in the broker's list of rights (ACL):"),
        ("topic readwrite {topic}",),
    )
    # Once, it may be a connection that was lost at that moment.
    REFUSES_SUBSCRIPTION = BrokerExplanation(
        "topic",
        N_("the broker closes the connection when we subscribe to {topic}"),
        N_(
            "teleinfo does without that topic if it happens again. Allow it in the broker's list of rights "
            "(ACL):"
        ),
        ("topic read {topic}",),
        is_passing=True,
    )
    # DISCONNECT after CONNACK: the user name and the password were right.
    NO_RIGHT = BrokerExplanation(
        "topic",
        N_("the broker closed the connection: this user may not publish all of what teleinfo publishes"),
        N_("Allow our topic and those below it in the broker's list of rights (ACL):"),
        (
            "topic readwrite TOPIC",
            "topic readwrite TOPIC/#",
        ),
    )
    REFUSES_LENGTH = BrokerExplanation(
        "topic",
        N_("the broker takes no message as long as ours on {topic}, of {length} bytes"),
        N_("Allow it on the broker (mosquitto: max_packet_size, message_size_limit)."),
    )
    REFUSES_QOS = BrokerExplanation(
        "topic",
        N_("the broker does not allow the quality of service that we publish with"),
        N_("Allow quality of service 1 on the broker (mosquitto: max_qos)."),
        reason_codes=(0x9B,),
    )
    REFUSES_RETAINED = BrokerExplanation(
        "status",
        N_("the broker allows no retained messages"),
        N_("It must keep status and health for those who come later (mosquitto: retain_available)."),
        reason_codes=(0x9A,),
    )
    REFUSES_MESSAGE = BrokerExplanation(
        "topic",
        N_(
            "the broker closed the connection when we published a message. It may not allow quality of "
            "service 1 (max_qos), or no message as long as ours (max_packet_size)"
        ),
        N_("See what it says of it, on its machine:"),
        ("sudo journalctl -u mosquitto -n 20",),
    )


MESSAGE_REFUSALS: Final = frozenset({BrokerFault.REFUSES_TOPIC, BrokerFault.REFUSES_LENGTH})
"""The faults of a refused message; every other fault ends the connection."""

BY_REASON_CODE: Final = {code: fault for fault in BrokerFault for code in fault.value.reason_codes}
BY_CERTIFICATE_CODE: Final = {code: fault for fault in BrokerFault for code in fault.value.certificate_codes}
