"""
The jobs of .ci/run: each of them a command, with the seconds that it may take.

Those that prepare the machine run first, one after the other, and end the run if they fail. `make
test-faults` runs by itself. The others wait in two queues, the longest first: of those that take all of the
processor one runs at a time, and beside it two of those that mostly wait. One that fails stops no other. What
a job prints is shown when it ends. At the end stand how long each job took, and how much of a processor's
time, the summary of each run of tests, and, last, the end of what each failed job printed and the assertions
in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BEGAN = time.monotonic()
LATE = 124
"""The status of a job that took too long, as of `timeout`."""
GRACE = 20.0
"""Seconds for a job to end by itself when it is told to."""

SUMMARY = re.compile(r"^=+ .*(?:passed|failed|error).*", re.MULTILINE)
"""The line in which pytest, or the trial of the README, sums up."""
CPU_TIMES = re.compile(r"^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$", re.MULTILINE)
"""A line of bash's `times`, one for the shell and one for its children: in programs, and in the system."""
REASON = re.compile(r"^(?:_{3,} .* _{3,}$|E  |FAILED |ERROR ).*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Job:
    """A command of bash, which may take so many `seconds`; `here`: this machine can run it."""

    seconds: float
    command: str
    here: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a job, in seconds since the beginning."""

    job: Job
    began: float
    ended: float
    status: int
    said: str

    @property
    def cpu_seconds(self) -> float:
        """Return the processor's time of all its processes, but for those that no process waited for."""
        seconds = 0.0
        for line in CPU_TIMES.findall(self.said)[-2:]:
            user_minutes, user_seconds, system_minutes, system_seconds = map(float, line)
            seconds += 60 * (user_minutes + system_minutes) + user_seconds + system_seconds
        return seconds


def may_mount() -> bool:
    """Return True for root on Debian 13 who may mount: a container with a systemd of its own needs that."""
    if os.geteuid() != 0 or "VERSION_CODENAME=trixie" not in Path("/etc/os-release").read_text("utf-8"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


ROOT = os.geteuid() == 0
SYSTEMS = may_mount()
PREPARATION = [
    Job(600, "make programs-faults", ROOT),
    Job(600, "make programs-board", SYSTEMS),
    Job(600, "make $VENV/.dev"),
]
ALONE = [
    # It holds promises of seconds, under attacks that take all of the processor.
    Job(1500, "make test-faults"),
]
AT_WORK = "tests/lab/homeassistant/at_work.py"
BUSY = [
    # The newcomer to Debian 13 types `make test`, and leaves out what only root can do; the coverage is
    # measured by the one to Debian 14. Elsewhere the tests run in two halves, of which one is measured.
    Job(1800, "$VENV/bin/python -m tests.lab.system.newcomer trixie", SYSTEMS),
    Job(1800, "make check pytest TESTS='-m \"(real or hypothesis or no_cover) and not long\"'", not SYSTEMS),
    Job(1200, "make coverage", not SYSTEMS),
    Job(1200, "$VENV/bin/python -m tests.lab.system.newcomer forky", SYSTEMS),
    Job(1200, "$VENV/bin/python -m tests.lab.system.newcomer bookworm", SYSTEMS),
    Job(
        600,
        ".ci/libraries.sh aiomqtt==2.3.1 paho-mqtt==2.1.0 pydantic-settings==2.8.1"
        " rich==13.9.4 aiohttp==3.11.16",
    ),
    Job(600, ".ci/libraries.sh"),
    # What is root's is in the next job.
    Job(1200, "make test-long TESTS='-n 2 -m \"(long or hypothesis) and not root\"'"),
    Job(600, "make pytest TESTS='-m root -n 2'", ROOT),
    Job(600, "make fuzz FUZZ='--seconds 60'"),
]
WAITING = [
    Job(1800, "make test-journeys TESTS='-m brief -n 0'", SYSTEMS),
    Job(1500, "make test-system", SYSTEMS),
    Job(1500, f"make test-homeassistant HOMEASSISTANT=newest TESTS={AT_WORK}", SYSTEMS),
    Job(1200, "make test-container", SYSTEMS),
    Job(1200, "make test-board", SYSTEMS),
    Job(
        # What the newest has shown of the daemon and the broker holds for it too: four meters, one restart.
        1200,
        "make test-homeassistant HOMEASSISTANT=oldest"
        f""" TESTS="{AT_WORK} -k 'every_entity or wrong_message or broker-daemon-hass'" """,
        sys.version_info[:2] == (3, 13),
    ),
    Job(1200, "make test-web"),
    Job(900, "make test-brokers"),
    Job(900, "make test-consumers"),
    Job(600, "make check-workflows"),
    Job(180, ".ci/demo.sh"),
    Job(180, ".ci/wheel.sh"),
]


def say(line: str) -> None:
    """Print a line of our own, with the seconds since the beginning."""
    print(f"== {time.monotonic() - BEGAN:.0f} s: {line}", flush=True)


async def run(job: Job, results: list[Result], at_once: asyncio.Semaphore) -> None:
    """Run a job when it is its turn, show what it prints, and keep its result."""
    async with at_once:
        began, status = time.monotonic() - BEGAN, 1
        with tempfile.TemporaryFile() as file:
            shell = ("bash", "-eu", "-o", "pipefail", "-c", f"trap times EXIT\n{job.command}")
            process = await asyncio.create_subprocess_exec(
                *shell, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
            say(f"begins: {job.command}")
            try:
                status = await asyncio.wait_for(process.wait(), job.seconds)
            except TimeoutError:
                status = LATE
            finally:
                await end(process)
                file.seek(0)
                said = file.read().decode(errors="replace")
                say(f"ended with exit status {status}: {job.command}")
                print(said, flush=True)
                results.append(Result(job, began, time.monotonic() - BEGAN, status, said))


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs, with those that it has started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE)
            os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Jobs:
    """All jobs of a run: see above."""

    preparation: list[Job]
    alone: list[Job]
    busy: list[Job]
    waiting: list[Job]


async def run_all(jobs: Jobs, *, results: list[Result]) -> None:
    """Run all jobs that this machine can run; without what the preparation brings, none."""
    one, two = asyncio.Semaphore(1), asyncio.Semaphore(2)
    for job in jobs.preparation:
        if job.here:
            await run(job, results, one)
            if results[-1].status:
                return
    for job in jobs.alone:
        if job.here:
            await run(job, results, one)
    # Unlike `gather` it waits for all of them, even if it is cancelled.
    async with asyncio.TaskGroup() as group:
        for queue, at_once in ((jobs.busy, one), (jobs.waiting, two)):
            for job in queue:
                if job.here:
                    group.create_task(run(job, results, at_once))


def report(results: list[Result]) -> None:
    """Print the durations, the summaries of the tests, and the end of what failed jobs printed."""
    print("== the jobs")
    for each in sorted(results, key=lambda result: result.began):
        seconds = each.ended - each.began
        times = f"{each.began:6.0f} s to {each.ended:5.0f} s {seconds:6.0f} s, CPU {each.cpu_seconds:6.0f} s"
        print(f"{times}  {each.job.command}")
    print("== the tests")
    for each in results:
        for line in SUMMARY.findall(each.said)[-1:]:
            print(f"{line}  {each.job.command}")
    failed = [each for each in results if each.status]
    for each in failed:
        print(f"== the last lines of: {each.job.command}", *each.said.splitlines()[-60:], sep="\n")
    for each in failed:
        limit = f"; not done in {each.job.seconds:.0f} s" if each.status == LATE else ""
        print(f"== FAILED: {each.job.command} (exit status {each.status}{limit})")
        print(*(line[:300] for line in REASON.findall(each.said)[-60:]), sep="\n")


async def until_a_signal(jobs: Jobs, *, results: list[Result]) -> None:
    """Run all jobs; the signals that end a program end those that run."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await run_all(jobs, results=results)


def main(jobs: Jobs) -> int:
    """Run these jobs, and sum up; return the exit status: 0 if none has failed."""
    os.environ |= {"PYTHON": sys.executable, "VENV": ".venv-ci"}
    results: list[Result] = []
    status = 0
    try:
        asyncio.run(until_a_signal(jobs, results=results))
        status = int(any(result.status for result in results))
    except asyncio.CancelledError:
        status = 143
    report(results)
    if not SYSTEMS:
        print("== no whole systems were tested: that takes root on Debian 13, and mount namespaces")
    say(f"FAILED (exit status {status})" if status else "all jobs passed")
    return status


if __name__ == "__main__":
    sys.exit(main(Jobs(PREPARATION, ALONE, BUSY, WAITING)))
