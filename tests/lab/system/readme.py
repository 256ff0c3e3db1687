"""The commands of README.md, for the tests that follow it on a bare system."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.docs.markdown import READMES, blocks
from tests.lab.system import roots

if TYPE_CHECKING:
    from tests.lab.system.container import Container

USER = "household"


def section(heading: str) -> list[str]:
    """Return the blocks of commands and of settings below a heading of either README, in their order."""
    for page in READMES.values():
        found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)^##", page, re.DOTALL | re.MULTILINE)
        if found is not None:
            return blocks(found[1], "sh")
    raise AssertionError(f"no README has a part {heading}")


def prepare(machine: Container) -> None:
    """Make an ordinary user who may use sudo, with what is committed to clone."""
    roots.add_user(machine.root, USER)
    # apt asks before it installs: the user presses Enter.
    (machine.root / "etc/apt/apt.conf.d/99enter").write_text('APT::Get::Assume-Yes "true";\n')


def type_in(machine: Container, block: str, *, seconds: float = 0) -> str:
    """
    Type the lines of a block as the user, in the home directory, and return what they said.

    With `seconds`, Ctrl-C ends the last line, which goes on by itself, after so long.
    """
    script = block.replace("ADDRESS=…", f"ADDRESS=file://{roots.REPOSITORY}")
    if seconds:
        script = f"timeout --signal=INT {seconds} {script} || test $? = 124"
    typed = shlex.quote(f"set -e\n{script}")
    return machine.run(f"su --login {USER} --command {typed}", limit=300)
