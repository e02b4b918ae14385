"""Runs the application in worker processes that end with this one."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from logging import getLogger
from typing import Any, Final

from fastapi import FastAPI
from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app import logging
from app.api.protocol import Protocol
from app.lifeline import die_with_parent
from app.main import create_app
from app.preflight import Refused
from app.settings import Settings

GRACE_SECONDS = 5
# how connections are treated; the tests serve in the same way
MANNERS: Final[dict[str, Any]] = {
    "loop": "uvloop",
    "http": Protocol,
    "ws": "none",
    "lifespan": "on",
    "log_config": None,
    "access_log": False,  # the application's own middleware writes one line per request
    "server_header": False,
    "timeout_keep_alive": 10,
    "timeout_graceful_shutdown": GRACE_SECONDS,
}
PING_SECONDS = 0.5
# a worker that is merely slow on a loaded machine must not be killed
SILENT_SECONDS = 60

logger = getLogger(__name__)


def application() -> FastAPI:
    """The application of one worker; its settings come from the environment."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with_parent(parent.pid, signal.SIGKILL)
    return create_app(Settings())


class _Workers(Multiprocess):
    """uvicorn's supervisor, but a worker that cannot start ends the service at once, and so does `healthy`.

    Once all have served, one that cannot start is tried again: the database may be restarting.
    """

    def __init__(
        self, config: Config, sock: socket.socket, ready: Callable[[], None], healthy: Callable[[], bool]
    ) -> None:
        self._stay = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # started under nohup
        super().__init__(config, [sock])
        self._ready: Callable[[], None] | None = ready
        self._healthy = healthy
        self._heard: dict[Process, float] = {}  # when each worker started or last answered
        self._served: set[Process] = set()
        self.failure = ""

    def init_processes(self) -> None:
        """Starts all workers."""
        super().init_processes()
        self._heard = dict.fromkeys(self.processes, time.monotonic())

    def keep_subprocess_alive(self) -> None:
        """Twice a second: asks every worker, replaces those that are gone, tells once when all serve."""
        if not self._healthy():
            self._fail("the embedded PostgreSQL ended")
        for index, worker in enumerate(self.processes):
            # after a signal to the whole group workers end because they should
            if not self._lives(worker) and not self.should_exit.is_set() and not self.signal_queue:
                self._replace(index, worker)
        if self._ready and self._served.issuperset(self.processes):
            self._ready()
            self._ready = None

    def _lives(self, worker: Process) -> bool:
        now = time.monotonic()
        if worker.process.is_alive() and worker.is_ready(PING_SECONDS):
            self._heard[worker] = now
            self._served.add(worker)
        return worker.process.is_alive() and now - self._heard[worker] < SILENT_SECONDS

    def _replace(self, index: int, worker: Process) -> None:
        worker.kill()
        worker.process.join()
        if worker not in self._served and self._ready is not None:
            self._fail("the service did not start; its log above says why")
            return
        logger.error("worker %s ended with exit code %s and is replaced", worker.pid, worker.exitcode)
        successor = Process(self.config, self.sockets)
        successor.start()
        self.processes[index] = successor
        self._heard[successor] = time.monotonic()
        del self._heard[worker]
        self._served.discard(worker)

    def join_all(self) -> None:
        """Waits for the workers, and ends those that do not end."""
        for worker in self.processes:
            worker.process.join(GRACE_SECONDS * 2)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def handle_hup(self) -> None:
        """A closed terminal ends the service, unless it was started under nohup."""
        if not self._stay:
            self.should_exit.set()

    def _fail(self, why: str) -> None:
        self.failure = why
        self.should_exit.set()


def serve(
    sock: socket.socket,
    workers: int,
    log_level: str,
    ready: Callable[[], None] = lambda: None,
    healthy: Callable[[], bool] = lambda: True,
) -> None:
    """Serves until SIGTERM or SIGINT; `ready` is called when all workers answer.

    Raises `Refused` when the workers cannot start or `healthy`, asked twice a second, no longer holds.
    """
    logging.configure(log_level)
    os.environ["THADS_WORKERS"] = str(workers)  # each gives its share of the quotas
    config = Config(
        "app.serving:application",
        factory=True,
        workers=workers,
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
        **MANNERS,
    )
    supervisor = _Workers(config, sock, ready, healthy)
    supervisor.run()
    if supervisor.failure:
        raise Refused(supervisor.failure)
