"""Load by wrk, and what a request costs while it runs."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders import Contender
from bench.database import Loaded
from bench.operations import Operation
from bench.processes import Failed, cpu_seconds, run

CONNECTIONS: Final = 32
THREADS: Final = 2
SCRIPT: Final = Path(__file__).parent / "requests.lua"


@dataclass(frozen=True, slots=True)
class Measured:
    """One round, or the medians of several: rates per second, times in milliseconds, CPU in µs per request."""

    rate: float
    p50: float
    p99: float
    application: float
    database: float

    @property
    def cpu(self) -> float:
        """CPU of application and database together."""
        return self.application + self.database


def require_wrk() -> None:
    """`Failed` when there is no load generator."""
    if shutil.which("wrk") is None:
        raise Failed("wrk is not installed; it makes the load (Debian: apt-get install wrk, macOS: brew install wrk)")


class Load:
    """Sends one operation to one contender after another."""

    def __init__(self, database: Loaded, token: str, seconds: int, warm_up: int) -> None:
        self._database = database
        self._token = token
        self._seconds = seconds
        self._warm_up = warm_up

    def measure(self, operation: Operation, contender: Contender) -> Measured:
        """One round, after a warm-up."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as paths:
            paths.write("\n".join(operation.paths))
            paths.flush()
            self._wrk(paths.name, contender, self._warm_up)
            application, database = cpu_seconds(contender.process.pid), cpu_seconds(self._database.postmaster)
            result = self._wrk(paths.name, contender, self._seconds)
            application = cpu_seconds(contender.process.pid) - application
            database = cpu_seconds(self._database.postmaster) - database
        requests = result["requests"]
        if not requests:
            raise Failed(f"{contender.name} answered nothing in {self._seconds} s: {operation.title}; give it more")
        if result["refused"]:
            raise Failed(f"{contender.name} refused {result['refused']} of {requests} requests: {operation.title}")
        return Measured(
            rate=requests / (result["microseconds"] / 1e6),
            p50=result["p50"] / 1e3,
            p99=result["p99"] / 1e3,
            application=application * 1e6 / requests,
            database=database * 1e6 / requests,
        )

    def _wrk(self, paths: str, contender: Contender, seconds: int) -> dict[str, int]:
        options = (f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout=20s", f"-s{SCRIPT}")
        said = run("wrk", *options, contender.address, "--", paths, self._token, cwd=SCRIPT.parent)
        result: dict[str, int] = json.loads(said.splitlines()[-1])
        return result


def medians(rounds: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    names = ("rate", "p50", "p99", "application", "database")
    return Measured(**{name: median(getattr(one, name) for one in rounds) for name in names})
