"""The partner of the guide: its program, run as it stands, killed at any moment, and what it has kept."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

GUIDE: Final = Path(__file__).parents[1] / "docs/partners.md"


def program() -> str:
    """The program, as the guide has it."""
    return _listings()[0]


def _listings() -> tuple[str, str]:
    """The program, and the function that compares its copy with the service."""
    program, check = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    return program, check


class Copy:
    """A partner that runs the program; it may be killed at any moment, and goes on."""

    def __init__(self, folder: Path, address: str, client_id: str, secret: str) -> None:
        self._file, self._script = folder / "replica.db", folder / "replica.py"
        self._script.write_text(program())
        self._environment = {"THADS_URL": address, "THADS_ID": client_id, "THADS_SECRET": secret}
        self._environment |= {"REPLICA": str(self._file)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Runs it."""
        self._process = subprocess.Popen([sys.executable, self._script], env={**os.environ, **self._environment})

    def kill(self) -> None:
        """Ends it without a word; it must not have ended by itself."""
        assert self._process is not None
        assert self._process.poll() is None, "the program ended"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def cases(self) -> dict[str, Any] | None:
        """The copy by id; None before the first snapshot is complete."""
        with sqlite3.connect(self._file, timeout=5) as db:
            if db.execute("SELECT complete FROM place").fetchone() != (1,):
                return None
            return {case_id: json.loads(body) for case_id, body in db.execute("SELECT id, body FROM cases")}

    def untrue_units(self, client: httpx.Client) -> list[str]:
        """Units whose cases in the copy are not those of the service, as the guide finds them out."""
        names: dict[str, Any] = {}
        exec(compile(_listings()[1], GUIDE, "exec"), names)
        with sqlite3.connect(self._file, timeout=5) as db:
            found: list[str] = names["untrue_units"](client, db)
        return found

    def spoil(self, case_id: str) -> None:
        """Has it keep an older version of a case than it was given."""
        with sqlite3.connect(self._file, timeout=5) as db:
            db.execute("UPDATE cases SET body = json_set(body, '$.version', 0) WHERE id = ?", [case_id])

    def becomes(self, source: Callable[[], dict[str, Any]], seconds: float) -> tuple[dict[str, Any], Any]:
        """The source and the copy, once they are equal, or when the time is over."""
        limit = time.monotonic() + seconds
        while True:
            expected, kept = source(), None
            with suppress(sqlite3.OperationalError):
                kept = self.cases()
            if kept == expected or time.monotonic() > limit:
                return expected, kept
            time.sleep(0.2)


def cases_of(client: httpx.Client) -> dict[str, Any]:
    """The cases a caller may see, by id, as the list has them."""
    items: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/cases", params={"limit": 500, **cursor}).raise_for_status().json()
        items |= {item["id"]: item for item in page["items"]}
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}
