"""Processes of a run: started together, ended together, and what they have cost in CPU."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app import lifeline

STOP_SECONDS: Final = 15
_TICK: Final = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """The run cannot go on; the text says why and what to do."""


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Runs a command to its end; its standard output. `Failed` with the end of what it said."""
    words = [str(part) for part in command]
    try:
        done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Failed(f"{words[0]} is not installed") from error
    if done.returncode:
        raise Failed(f"{' '.join(words)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


@contextmanager
def running(
    *command: str | Path, cwd: Path, environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A server while the block runs; it ends with this process, even after SIGKILL."""
    program = shutil.which(command[0])
    if program is None:
        raise Failed(f"{command[0]} is not installed")
    words = [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid()), "", "", program, *map(str, command[1:])]
    with log.open("wb") as file:
        process = subprocess.Popen(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what the server left behind
    process.wait()


def parent_of(pid: int) -> int:
    """The parent of a process."""
    return _stat(pid)[0]


def cpu_seconds(root: int) -> float:
    """User and system time of a process and everything below it, including children that have ended."""
    family = {root}
    stats: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                stats[int(entry.name)] = _stat(int(entry.name))
    while more := {pid for pid, (parent, _) in stats.items() if parent in family} - family:
        family |= more
    return sum(stats[pid][1] for pid in family if pid in stats)


def _stat(pid: int) -> tuple[int, float]:
    """Parent and CPU seconds (own, and of children waited for) of a process."""
    # the name stands in brackets and may hold anything, brackets and spaces too
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICK
