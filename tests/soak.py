"""A partner's copy under load while workers are killed and the database is restarted; in the end it must be the source.

    .venv/bin/python -m tests.soak --minutes 10

Serves a demo book with two workers, books events from four threads, kills a worker every 20 seconds, and restarts
PostgreSQL after a third and after two thirds of the time. Exit status 1 when the copy is not equal in the end.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg

from app import embedded, preflight
from app.embedded import Embedded, temporary
from app.services.access import Actor
from app.services.clients.commands import replace_secret
from app.services.demo.clients import ensure_clients
from app.services.demo.load import load
from app.settings import Settings
from tests.replica import Copy, cases_of
from tests.services.audit.book import on

WRITERS: Final = 4
KILL_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 0.05
NATIONAL: Final = "demo-national"
PARTNER: Final = "demo-province"


@dataclass
class Soak:
    """One run."""

    server: Embedded
    address: str
    secrets: dict[str, str]
    random: Random = field(default_factory=lambda: Random(1))
    over: threading.Event = field(default_factory=threading.Event)
    booked: int = 0
    refused: int = 0
    killed: int = 0
    restarted: int = 0

    def client(self, client_id: str) -> httpx.Client:
        """A client that has logged in."""
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(f"{self.address}/oauth/token", data=form, auth=(client_id, self.secrets[client_id]))
        token = answer.raise_for_status().json()["access_token"]
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def write(self, number: int) -> None:
        """Books events until it is over, whatever is refused or breaks."""
        random = Random(number)
        client, known = self.client(NATIONAL), self._open_cases()
        while not self.over.wait(PAUSE_SECONDS):
            with suppress(httpx.HTTPError):
                answer = client.post(
                    f"/v1/cases/{random.choice(known)}/events",
                    json=self._event(random),
                    headers={"Idempotency-Key": uuid4().hex},
                )
                if answer.status_code == 401:
                    client = self.client(NATIONAL)
                self.booked += answer.status_code == 201
                self.refused += answer.status_code != 201

    def _open_cases(self) -> list[str]:
        with psycopg.connect(self.server.url()) as connection:
            rows = connection.execute("SELECT id::text FROM enforcement_case WHERE is_open ORDER BY id LIMIT 300")
            return [row[0] for row in rows]

    def _event(self, random: Random) -> dict[str, Any]:
        """Money comes in, cases stop and go on, and move between the partner's province and others."""
        today = {"effective_on": time.strftime("%Y-%m-%d")}
        what = random.choice(("collected", "suspended", "continued", "handed_over", "handed_over"))
        if what == "collected":
            return {"event": what, **today, "amount_vnd": random.randint(1, 1_000)}
        if what == "handed_over":
            unit, officer = random.choice(self._desks)
            return {"event": what, **today, "to_unit_id": unit, "to_officer_id": officer}
        return {"event": what, **today}

    def prepare(self) -> None:
        """Finds desks to hand cases over to: some of the partner's province, some elsewhere."""
        sql = """SELECT u.id::text, p.officer_id::text FROM unit u JOIN officer_posting p ON p.unit_id = u.id
            WHERE u.level = 'regional' AND p.validity @> current_date AND u.path {} LIKE 'vn.t25.%' LIMIT 5"""
        with psycopg.connect(self.server.url()) as connection:
            found = [connection.execute(sql.format(where).encode()).fetchall() for where in ("", "NOT")]
        self._desks: list[tuple[str, str]] = [desk for desks in found for desk in desks]

    def rage(self, service: int, seconds: float) -> None:
        """Kills and restarts until the time is over."""
        began = time.monotonic()
        restarts = [began + seconds / 3, began + 2 * seconds / 3]
        while (now := time.monotonic()) < began + seconds:
            time.sleep(min(KILL_SECONDS, began + seconds - now))
            self._kill_a_worker(service)
            if restarts and time.monotonic() > restarts[0]:
                restarts.pop(0)
                self._restart_the_database()

    def _kill_a_worker(self, service: int) -> None:
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(service)], capture_output=True, text=True, check=False
        )
        workers = [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]
        if workers:
            os.kill(self.random.choice(workers), signal.SIGKILL)
            self.killed += 1

    def _restart_the_database(self) -> None:
        port = self.server.port
        self.server.stop()
        embedded._free_port = lambda: port  # its clients know this address
        self.server.start()
        self.restarted += 1


@contextmanager
def _service(url: str, port: int) -> Iterator[int]:
    """The service with two workers; its process id."""
    environment = {
        **os.environ,
        "THADS_DATABASE_URL": url,
        "PORT": str(port),
        "WORKERS": "2",
        "THADS_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "app.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 60
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            assert process.poll() is None, "the service ended"
            assert time.monotonic() < limit
            time.sleep(0.2)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _secrets(url: str) -> dict[str, str]:
    on(url, lambda db: db.write(ensure_clients))
    return {name: on(url, lambda db, name=name: _secret(db, name)) for name in (NATIONAL, PARTNER)}  # type: ignore[misc]  # a default binds it


async def _secret(db: Any, name: str) -> str:
    secret: str = await db.write(lambda session: replace_secret(session, Actor("soak"), name))
    return secret


def main() -> int:
    """Runs it and says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    with temporary() as server, tempfile.TemporaryDirectory() as folder:
        owner = Settings.model_validate({"database_url": server.url()})
        preflight.migrate(owner)
        load(server.url(), scale=0.01, seed=1, progress=lambda *_: None)
        port = embedded._free_port()
        soak = Soak(server, f"http://127.0.0.1:{port}", _secrets(server.url()))
        soak.prepare()
        with _service(preflight.service_url(owner, Path(folder)), port) as service, ExitStack() as stack:
            copy = Copy(Path(folder), soak.address, PARTNER, soak.secrets[PARTNER])
            copy.start()
            stack.callback(copy.kill)
            writers = [threading.Thread(target=soak.write, args=(number,)) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            soak.rage(service, seconds)
            soak.over.set()
            for writer in writers:
                writer.join()
            source, kept = copy.becomes(lambda: cases_of(soak.client(PARTNER)), 60)
            untrue = copy.untrue_units(soak.client(PARTNER))
    sys.stdout.write(
        f"{seconds:.0f} s, {soak.booked} events booked, {soak.refused} refused, {soak.killed} workers killed, "
        f"database restarted {soak.restarted} times\n{len(source)} cases at the source, {len(kept or ())} in the copy: "
        f"{'equal' if kept == source else 'NOT EQUAL'}; units that differ by their checksums: {len(untrue)}\n"
    )
    return int(kept != source or bool(untrue))


if __name__ == "__main__":
    sys.exit(main())
