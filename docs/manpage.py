"""
Write the manual page teleinfo(1), from what the program knows of itself: it cannot disagree with it.

    python docs/manpage.py en > teleinfo.1
    python docs/manpage.py fr > teleinfo.fr.1

Runs where teleinfo can be imported. The form is that of man(7), in UTF-8.
"""  # noqa: INP001 (a script beside the documentation, not a module that anybody imports)

from __future__ import annotations

import sys

from teleinfo import __version__
from teleinfo.cli.main import COMMANDS
from teleinfo.common import i18n
from teleinfo.settings import variable_of
from teleinfo.settings.faults import written
from teleinfo.settings.model import SettingsModel

HEAD = """\
.SH NAME
teleinfo \\- read a French electricity meter (TIC) and publish it on MQTT
.SH SYNOPSIS
.B teleinfo
.RB [ \\-\\-version ]
.RB [ \\-\\-help ]
.RB [ \\-\\-env\\-file
.IR PATH ]
.RI [ COMMAND ]
\\&...
.SH DESCRIPTION
.B teleinfo
reads the customer output (Télé-Information Client, TIC) of an electricity meter from a serial port,
checks every character and every group, and publishes each frame as one JSON message on an MQTT broker:
étiquette \\(-> valeur, in the order of the meter.
It waits for the port, the meter and the broker, and continues by itself after an outage.
As a rule systemd runs it, as the service
.BR teleinfo .
.SH COMMANDS
Each command tells its own options with
.BR \\-\\-help .
"""

TOPICS = """\
.SH TOPICS
Under the base topic, which is
.B teleinfo
unless TELEINFO_MQTT_TOPIC says otherwise:
.TP
.B teleinfo
one JSON message for each complete frame, and nothing else
.TP
.B teleinfo/status
.B online
or
.BR offline ,
retained
.TP
.B teleinfo/health
how good the line is, as JSON, retained, every minute and at each change
.TP
.B teleinfo/state
the decoded state, in one form for both modes of the meter, retained, unless TELEINFO_STATE=false; with
TELEINFO_STATE_TOPICS=true each of its fields on a topic of its own below it as well
.TP
.B teleinfo/event
one JSON message for each thing that begins or ends (overrun, tariff, colour of tomorrow, mobile peak,
breaker, silence), not retained, whenever the state is published
.TP
.B teleinfo/doctor
one message of
.B teleinfo doctor
to itself, not retained, to see it come back
"""

SETTINGS = """\
.SH SETTINGS
They are variables of the environment, or lines of one file, NAME=value; the environment wins.
The file is the one that
.B \\-\\-env\\-file
names, else
.I .env
in the working directory. That of the service is
.IR /etc/teleinfo/teleinfo.env ;
.BR doctor ,
.B watch
and
.B record
take that one when there is neither an
.B \\-\\-env\\-file
nor a
.IR .env .
Root alone may read it (sudo).
After a change:
.BR "systemctl restart teleinfo" .
"""

TAIL = """\
.SH EXIT STATUS
0 done; 1 failed; 2 wrong usage; 78 a setting is wrong, and standard error says which; 130 interrupted.
.SH FILES
.TP
.I /etc/teleinfo/teleinfo.env
the settings of the service; root's, mode 0600
.TP
.I /etc/teleinfo/NAME.env
those of one more meter, whose service is teleinfo@NAME
.SH EXAMPLES
What the service does, and what it publishes:
.PP
.EX
journalctl \\-u teleinfo \\-f
mosquitto_sub \\-v \\-t 'teleinfo/#'
.EE
.PP
The meter in a browser, at http://127.0.0.1:8080/, beside the service:
.PP
.EX
sudo teleinfo web \\-\\-mqtt
.EE
.PP
A second meter:
.PP
.EX
sudo install \\-m 0600 /etc/teleinfo/teleinfo.env /etc/teleinfo/production.env
sudoedit /etc/teleinfo/production.env
sudo systemctl enable \\-\\-now teleinfo@production
.EE
.SH SEE ALSO
.BR mosquitto_sub (1),
.BR journalctl (1),
.BR systemctl (1)
"""


HEAD_FR = """\
.SH NOM
teleinfo \\- lire un compteur électrique français (TIC) et le publier en MQTT
.SH SYNOPSIS
.B teleinfo
.RB [ \\-\\-version ]
.RB [ \\-\\-help ]
.RB [ \\-\\-env\\-file
.IR PATH ]
.RI [ COMMAND ]
\\&...
.SH DESCRIPTION
.B teleinfo
lit la sortie de téléinformation client (TIC) d’un compteur électrique par un port série,
vérifie chaque caractère et chaque groupe, et publie chaque trame en un message JSON sur un broker MQTT :
étiquette \\(-> valeur, dans l’ordre du compteur.
Il attend le port, le compteur et le broker, et reprend de lui-même après une panne.
D’ordinaire, systemd le fait tourner : c’est le service
.BR teleinfo .
.SH COMMANDES
Chaque commande donne ses propres options avec
.BR \\-\\-help .
"""

TOPICS_FR = """\
.SH TOPICS
Sous le topic de base, qui est
.B teleinfo
à moins que TELEINFO_MQTT_TOPIC n’en dise un autre :
.TP
.B teleinfo
un message JSON par trame complète, et rien d’autre
.TP
.B teleinfo/status
.B online
ou
.BR offline ,
conservé
.TP
.B teleinfo/health
la qualité de la ligne, en JSON, conservée, chaque minute et à chaque changement
.TP
.B teleinfo/state
l’état décodé, sous une même forme pour les deux modes du compteur, conservé,
sauf avec TELEINFO_STATE=false ; avec TELEINFO_STATE_TOPICS=true,
chacun de ses champs aussi, sur son propre topic en dessous
.TP
.B teleinfo/event
un message JSON pour chaque chose qui commence ou finit (dépassement, tarif, couleur de demain, pointe mobile,
organe de coupure, silence), non conservé, quand l’état est publié
.TP
.B teleinfo/doctor
un message que
.B teleinfo doctor
s’envoie à lui-même, non conservé, pour le voir revenir
"""

SETTINGS_FR = """\
.SH RÉGLAGES
Ce sont des variables de l’environnement, ou des lignes d’un fichier, NOM=valeur ; l’environnement l’emporte.
Le fichier est celui que nomme
.BR \\-\\-env\\-file ,
sinon
.I .env
dans le répertoire courant. Celui du service est
.IR /etc/teleinfo/teleinfo.env ;
.BR doctor ,
.B watch
et
.B record
prennent celui-là quand il n’y a ni
.B \\-\\-env\\-file
ni
.IR .env .
Seul root peut le lire (sudo).
Après un changement :
.BR "systemctl restart teleinfo" .
"""

TAIL_FR = """\
.SH CODE DE SORTIE
0 : fait ; 1 : échec ; 2 : mauvais emploi ; 78 : un réglage est faux, et l’erreur standard dit lequel ;
130 : interrompu.
.SH FICHIERS
.TP
.I /etc/teleinfo/teleinfo.env
les réglages du service ; à root, droits 0600
.TP
.I /etc/teleinfo/NAME.env
ceux d’un compteur de plus, dont le service est teleinfo@NAME
.SH EXEMPLES
Ce que fait le service, et ce qu’il publie :
.PP
.EX
journalctl \\-u teleinfo \\-f
mosquitto_sub \\-v \\-t 'teleinfo/#'
.EE
.PP
Le compteur dans un navigateur, à http://127.0.0.1:8080/, à côté du service :
.PP
.EX
sudo teleinfo web \\-\\-mqtt
.EE
.PP
Un second compteur :
.PP
.EX
sudo install \\-m 0600 /etc/teleinfo/teleinfo.env /etc/teleinfo/production.env
sudoedit /etc/teleinfo/production.env
sudo systemctl enable \\-\\-now teleinfo@production
.EE
.SH VOIR AUSSI
.BR mosquitto_sub (1),
.BR journalctl (1),
.BR systemctl (1)
"""


def page(language: str) -> str:
    """Return the whole page in this language, `en` or `fr`."""
    french = i18n.catalogue("fr") if language == "fr" else {}
    head, topics, settings, tail = (
        (HEAD_FR, TOPICS_FR, SETTINGS_FR, TAIL_FR) if french else (HEAD, TOPICS, SETTINGS, TAIL)
    )
    default, none = ("Par défaut\N{NO-BREAK SPACE}: {}.", "aucun") if french else ("Default: {}.", "none")
    commands = "".join(_entry(name, french.get(each.help, each.help)) for name, each in COMMANDS.items())
    settings += "".join(
        _entry(
            variable_of(name),
            f"{french.get(text, text)}. {default.format(written(field.default) or none)}",
        )
        for name, field in SettingsModel.model_fields.items()
        for text in [str(field.description)]
    )
    title = f'.TH TELEINFO 1 "" "teleinfo {__version__}"\n'
    return title + head + commands + topics + settings + tail


def _entry(term: str, text: str) -> str:
    return f".TP\n.B {_plain(term)}\n{_plain(text)}\n"


def _plain(text: str) -> str:
    """Escape what man(7) would take for its own: backslash, hyphen, a dot or quote that starts a line."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # whatever the locale is
    sys.stdout.write(page(*(sys.argv[1:] or ["en"])))
