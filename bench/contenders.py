"""The service and its peers as running servers: two workers each, the same database, the same token key."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from joserfc.jwk import OKPKey

from app.preflight import ROOT
from app.settings import Settings
from bench.database import Loaded, client_secret
from bench.processes import Failed, run, running

WORKERS: Final = 2
START_SECONDS: Final = 60
TOKEN_SECONDS: Final = 86_400
PEERS: Final = Path(__file__).parent / "peers"
SERVICE: Final = "service"
DRF: Final = "drf"
FASTIFY: Final = "fastify"
REMEMBERING: Final = "fastify-remembering"
USUAL: Final = "fastify-usual"
LABELS: Final = {
    SERVICE: "this service",
    DRF: "Django REST framework",
    FASTIFY: "Fastify + pg",
    REMEMBERING: "Fastify + pg, tokens remembered",
    USUAL: "Fastify + pg, names joined in SQL",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that answers: where, the process at the root of its tree, and what it says."""

    name: str
    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for(self, path: str, token: str | None = None) -> None:
        """Waits until it answers this path with 200; `Failed` when it ends or the time is over."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limit = time.monotonic() + START_SECONDS
        seen = "no answer"
        while time.monotonic() < limit and self.process.poll() is None:
            with suppress(httpx.TransportError):
                answer = httpx.get(self.address + path, headers=headers, timeout=10)
                if answer.status_code == httpx.codes.OK:
                    return
                seen = f"{answer.status_code} {answer.text[:200]}"
            time.sleep(0.2)
        raise Failed(f"{LABELS[self.name]} does not serve {path}: {seen}; see {self.log}")


@dataclass(frozen=True, slots=True)
class Started:
    """Everything that runs, and the token all of it accepts."""

    contenders: list[Contender]
    token: str

    @property
    def service(self) -> Contender:
        """The one that is compared with the others."""
        return next(contender for contender in self.contenders if contender.name == SERVICE)


@contextmanager
def started(database: Loaded, folder: Path, peers: tuple[str, ...]) -> Iterator[Started]:
    """The service and these peers, while the block runs."""
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    access = _access(folder)
    environment = {**database.environment_of_peers(), **access}
    with ExitStack() as stack:
        service = stack.enter_context(_service({**database.environment(), **access}, logs))
        token = token_of(service, "bench", client_secret(database))
        makers = {DRF: _drf, FASTIFY: _fastify, REMEMBERING: _fastify, USUAL: _fastify}
        found = [service, *(stack.enter_context(makers[peer](peer, environment, folder, logs)) for peer in peers)]
        for contender in found:
            contender.wait_for("/v1/cases?limit=1", token)
        yield Started(found, token)


def _access(folder: Path) -> dict[str, str]:
    """The public half of the key the service signs with, and who the tokens are from and for."""
    key = OKPKey.import_key(Path(os.environ["THADS_SIGNING_KEY"]).read_bytes())
    public = folder / "signing.pub.pem"
    public.write_bytes(key.as_pem(private=False))
    settings = Settings()
    return {
        "THADS_TOKEN_SECONDS": str(TOKEN_SECONDS),
        **dict.fromkeys(("THADS_CLIENT_RATE", "THADS_CLIENT_BURST"), "1000000"),  # counted, but never used up
        "PEER_PUBLIC_KEY": str(public),
        "PEER_ISSUER": settings.issuer,
        "PEER_AUDIENCE": settings.audience,
        "PEER_WORKERS": str(WORKERS),
    }


@contextmanager
def _service(environment: Mapping[str, str], logs: Path) -> Iterator[Contender]:
    port = _free_port()
    command = (sys.executable, "-m", "app.cli", "serve", f"--port={port}", f"--workers={WORKERS}")
    with _serving(SERVICE, port, *command, cwd=ROOT, environment=environment, logs=logs) as contender:
        contender.wait_for("/readyz")
        yield contender


@contextmanager
def _drf(name: str, environment: Mapping[str, str], folder: Path, logs: Path) -> Iterator[Contender]:
    source, venv = PEERS / "django_drf", folder / "django_drf"
    wanted = source / "requirements.txt"
    if not _same(wanted, venv / "installed.txt"):
        sys.stderr.write("Installing Django REST framework (once) …\n")
        shutil.rmtree(venv, ignore_errors=True)
        run(sys.executable, "-m", "venv", venv, cwd=folder)
        run(venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted, cwd=folder)
        shutil.copy(wanted, venv / "installed.txt")
    port = _free_port()
    bind = (f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}", "--worker-class=sync", "--no-control-socket")
    command = (venv / "bin/gunicorn", *bind, "peer.wsgi")
    with _serving(name, port, *command, cwd=source, environment=environment, logs=logs) as contender:
        yield contender


@contextmanager
def _fastify(name: str, environment: Mapping[str, str], folder: Path, logs: Path) -> Iterator[Contender]:
    place = folder / "fastify"
    shutil.copytree(PEERS / "fastify", place, dirs_exist_ok=True)
    if not _same(place / "package-lock.json", place / "node_modules/installed.json"):
        sys.stderr.write("Installing Fastify (once) …\n")
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=place)
        shutil.copy(place / "package-lock.json", place / "node_modules/installed.json")
    port = _free_port()
    flavour = {"PEER_REMEMBERS_TOKENS": str(int(name == REMEMBERING)), "PEER_USUAL": str(int(name == USUAL))}
    more = {"PORT": str(port), "NODE_ENV": "production", **flavour}
    with _serving(
        name, port, "node", "server.js", cwd=place, environment={**environment, **more}, logs=logs
    ) as contender:
        yield contender


@contextmanager
def _serving(
    name: str, port: int, *command: str | Path, cwd: Path, environment: Mapping[str, str], logs: Path
) -> Iterator[Contender]:
    log = logs / f"{name}.log"
    with running(*command, cwd=cwd, environment=environment, log=log) as process:
        yield Contender(name, f"http://127.0.0.1:{port}", process, log)


def _same(wanted: Path, installed: Path) -> bool:
    return installed.exists() and installed.read_bytes() == wanted.read_bytes()


def token_of(service: Contender, client: str, secret: str) -> str:
    """A token of this client."""
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{service.address}/oauth/token", data=form, auth=(client, secret), timeout=10)
    if answer.status_code != httpx.codes.OK:
        raise Failed(f"the service gave no token: {answer.text}")
    return str(answer.json()["access_token"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
