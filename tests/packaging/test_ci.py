"""The runner of the jobs of .ci/run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from jobs import Job, Jobs, main
sys.exit(main(Jobs([Job(9, "echo made")], [], eval(sys.argv[2]), eval(sys.argv[3]))))
"""


def run(busy: str, waiting: str, *, until: str = "") -> tuple[int, str]:
    """Run jobs, with a SIGTERM when one has printed `until`; return the exit status and what was printed."""
    command = [sys.executable, "-c", PROGRAM, str(CI), busy, waiting]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]}
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if until and until in line:
                process.send_signal(signal.SIGTERM)
                until = ""
    return process.returncode, said


@pytest.mark.long
def test_a_job_that_fails_or_takes_too_long_stops_no_other_and_is_shown_at_the_end() -> None:
    """The status, the summary of pytest and the assertions stand below what all jobs printed."""
    failing = "echo '=== 1 failed in 2 s ==='; echo 'E  assert False'; exit 3"
    busy = "for ((i = 0; i < 1000000; i++)); do :; done"
    status, said = run(
        f"""[Job(60, "{busy}")]""",
        f"""[Job(9, "{failing}"), Job(0.1, "sleep 60"), Job(9, "echo third"), Job(9, "no", False)]""",
    )
    _, _, end = said.partition("== the jobs\n")

    assert status == 1
    assert "\nthird\n" in said
    assert f"=== 1 failed in 2 s ===  {failing}" in end
    assert f"== FAILED: {failing} (exit status 3)\nE  assert False\n" in end
    assert "== FAILED: sleep 60 (exit status 124; not done in 0 s)" in end
    assert [line for line in end.splitlines() if line.endswith("no")] == []
    [cpu_seconds] = re.findall(r" s, CPU +(\d+) s  for ", end)
    assert int(cpu_seconds) > 0


def test_a_signal_ends_what_runs_and_leaves_the_rest() -> None:
    """Of the busy jobs one runs, beside two of those that wait."""
    status, said = run(
        """[Job(60, "sleep 60"), Job(60, "echo second")]""",
        """[Job(60, "sleep 61"), Job(60, "sleep 62"), Job(60, "echo third")]""",
        until="sleep 62",
    )

    assert status == 143
    assert all(f"== FAILED: sleep {seconds}" in said for seconds in (60, 61, 62))
    assert "begins: echo second" not in said
    assert "begins: echo third" not in said
