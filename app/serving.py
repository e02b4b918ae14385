"""Runs the application in worker processes that end with this one."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable

from fastapi import FastAPI
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.lifeline import die_with_parent
from app.main import create_app
from app.preflight import Refused
from app.settings import Settings

KEEP_ALIVE_SECONDS = 10
GRACE_SECONDS = 5
# a worker that is merely slow on a loaded machine must not be killed
HEALTHCHECK_SECONDS = 30


def application() -> FastAPI:
    """The application of one worker; its settings come from the environment."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with_parent(parent.pid, signal.SIGKILL)
    return create_app(Settings())


class _Workers(Multiprocess):
    """uvicorn's supervisor, which also tells once when all workers serve and stops with `healthy`."""

    def __init__(
        self, config: Config, sock: socket.socket, ready: Callable[[], None], healthy: Callable[[], bool]
    ) -> None:
        self._stay = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # started under nohup
        super().__init__(config, [sock])
        self._ready: Callable[[], None] | None = ready
        self._healthy = healthy
        self.failure = ""

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if any(process.exitcode == STARTUP_FAILURE for process in self.processes):
            self._fail("the service did not start; its log above says why")
        elif not self._healthy():
            self._fail("the embedded PostgreSQL ended")
        elif self._ready and not self.should_exit.is_set() and all(p.is_ready(1) for p in self.processes):
            self._ready()
            self._ready = None

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
    ready: Callable[[], None] = lambda: None,
    healthy: Callable[[], bool] = lambda: True,
) -> None:
    """Serves until SIGTERM or SIGINT; `ready` is called when all workers answer.

    Raises `Refused` when the workers cannot start or `healthy`, asked twice a second, no longer holds.
    """
    config = Config(
        "app.serving:application",
        factory=True,
        workers=workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # the application's own middleware writes one line per request
        server_header=False,
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=HEALTHCHECK_SECONDS,
    )
    supervisor = _Workers(config, sock, ready, healthy)
    supervisor.run()
    if supervisor.failure:
        raise Refused(supervisor.failure)
