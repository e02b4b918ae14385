"""The operator commands as real processes: what they refuse, what they start, what they leave behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from app import preflight
from app.cli import app
from app.commands.base import OPERATOR
from app.embedded import Embedded, temporary
from app.errors import Conflict, NotFound
from app.preflight import Refused, bind
from app.settings import Settings
from tests.conftest import SERVING, as_service

ROOT = Path(__file__).parent.parent
SCALE = "0.001"


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with temporary() as running:
        yield running


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder every user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _environment(**values: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THADS_")}
    return kept | {name: str(value) for name, value in values.items()}


def _run(*command: str, **environment: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *command],
        cwd=ROOT,
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _invoke(*command: str) -> str:
    """Runs a command inside this process; what it prints."""
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def _refused(*command: str, **environment: object) -> str:
    """What the command says when it refuses: one sentence, exit status 2."""
    done = _run(*command, **environment)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _processes(mark: str) -> list[int]:
    """Processes that carry the mark in their command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in said:
            found.append(int(entry.name))
    return found


def _gone(mark: str, seconds: float = 20) -> list[int]:
    """What is left of the marked processes after a while."""
    limit = time.monotonic() + seconds
    while (left := _processes(mark)) and time.monotonic() < limit:
        time.sleep(0.1)
    return left


def _get(url: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return int(answer.status)


@contextmanager
def _started(data: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """`start` in a process group of its own, ready; with what it said until then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "start", "--workers", "2", "--scale", SCALE],
        cwd=ROOT,
        env=_environment(THADS_DATA=data, PORT=port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        with process.stdout:
            for line in process.stdout:
                said.append(line)
                if line.lstrip().startswith("curl"):
                    break
            yield process, said
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_url_of_another_product_is_refused() -> None:
    said = _refused("migrate", THADS_DATABASE_URL="mysql://thads:hush@db/thads")
    assert "THADS_DATABASE_URL: must be a postgresql:// URL" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    "url", ["postgresql://thads:hush@[broken/thads", "postgresql://thads:hush@db/thads?nonsense=1"]
)
def test_a_malformed_url_is_refused_without_repeating_it(url: str) -> None:
    said = _refused("migrate", THADS_DATABASE_URL=url)
    assert "not a valid postgresql:// URL" in said
    assert "hush" not in said


def test_an_unreachable_server_is_named() -> None:
    port = _free_port()
    for command in ("migrate", "serve", "demo", "rebuild-and-verify"):
        said = _refused(
            command, THADS_DATABASE_URL=f"postgresql://thads:hush@127.0.0.1:{port}/thads", PORT=_free_port()
        )
        assert f"cannot connect to PostgreSQL at 127.0.0.1:{port}/thads: " in said
        assert "Connection refused" in said
        assert "hush" not in said


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("mysql://thads:hush@db/thads\n")
    assert "must be a postgresql:// URL" in _refused("migrate", THADS_DATABASE_URL_FILE=file)
    file.unlink()
    assert f"THADS_DATABASE_URL_FILE: cannot read {file}" in _refused("migrate", THADS_DATABASE_URL_FILE=file)


def test_a_wrong_password_is_said(server: Embedded) -> None:
    said = _refused("migrate", THADS_DATABASE_URL=server.url().replace("thads:", "thads:x", 1))
    assert "password authentication failed" in said


def test_an_old_server_is_refused(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "OLDEST_SERVER", 99)
    monkeypatch.setenv("THADS_DATABASE_URL", server.url())
    with pytest.raises(Refused, match=r"^PostgreSQL 99 or later is needed, 127.0.0.1:\d+/thads runs 18"):
        preflight.migrate(Settings())


@pytest.mark.parametrize("right", ["extension", "table"])
def test_a_missing_right_is_named(server: Embedded, right: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE poor_{right}")
        owner.execute(f"CREATE ROLE poor_{right} LOGIN PASSWORD 'poor'")
    with psycopg.connect(server.url(f"poor_{right}"), autocommit=True) as owner:
        if right == "table":
            owner.execute("CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")
        else:
            owner.execute("GRANT CREATE ON SCHEMA public TO poor_extension")
    url = f"postgresql://poor_{right}:poor@127.0.0.1:{server.port}/poor_{right}"
    said = _refused("migrate", THADS_DATABASE_URL=url)
    assert f"the role poor_{right} may not migrate this database (permission denied" in said
    assert "be granted CREATE on it" in said


def test_a_taken_port_is_refused_before_anything_starts(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = _refused("start", THADS_DATA=data / "new", PORT=port)
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use; set another PORT" in said
    assert not (data / "new").exists()


def test_an_unknown_address_is_refused() -> None:
    with pytest.raises(Refused, match=r"cannot serve on 192\.0\.2\.1:8000"):
        bind("192.0.2.1", 8000)


def test_unsafe_settings_are_refused_in_production(server: Embedded) -> None:
    said = _refused("serve", THADS_ENVIRONMENT="production", THADS_DATABASE_URL=server.url(), PORT=_free_port())
    assert "THADS_CURSOR_SECRET must be set in production" in said


def test_serving_an_unmigrated_database_is_refused(server: Embedded) -> None:
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute("CREATE DATABASE bare")
    said = _refused("serve", THADS_DATABASE_URL=server.url("bare"), PORT=_free_port())
    assert "the database schema is at revision None" in said
    assert "run migrate" in said


def test_a_second_migration_changes_nothing_and_two_at_once_agree(server: Embedded) -> None:
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute("CREATE DATABASE twice")
    command = [sys.executable, "-m", "app.cli", "migrate"]
    environment = _environment(THADS_DATABASE_URL=server.url("twice"))
    both = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("(was empty)" in text for text in said) == 1


def test_clients_are_registered_listed_and_shut_out(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute("CREATE DATABASE clients")
    monkeypatch.setenv("THADS_DATABASE_URL", server.url("clients"))
    assert _invoke("migrate").startswith("Database schema: revision")
    register = ["clients", "register", "portal", "--name", "Cổng thông tin", "--scope", "cases:read", "--unit"]
    with pytest.raises(Refused, match="no such unit: G99"):
        _invoke(*register, "G99")
    secret = _invoke(*register, "G15").strip()
    assert len(secret) >= 43
    with pytest.raises(Conflict, match="exists already"):
        _invoke(*register, "G15")
    assert _invoke("clients", "secret", "portal").strip() not in ("", secret)
    assert _invoke("clients", "disable", "portal") == ""
    about = "portal\tdisabled\tCổng thông tin\tG15\tcases:read\tordinary\t-\t-\tsecrets=2\tkeys=0\n"
    assert _invoke("clients", "list") == about
    assert _invoke("clients", "secret", "portal", "--keep-days", "0").strip() != ""
    assert _invoke("clients", "enable", "portal") == ""
    assert _invoke("clients", "grant", "portal", "--unit", "G15", "--clearance", "restricted") == ""
    assert "\tenabled\tCổng thông tin\tG15\tcases:read\trestricted\t-\t-\tsecrets=1\t" in _invoke("clients", "list")
    more = ["--scope", "units:read", "--institution", "VCB", "--issuer", "https://sso.example"]
    assert _invoke("clients", "grant", "portal", *more) == ""
    assert "\tG15\tunits:read\trestricted\tVCB\thttps://sso.example\tsecrets=1\t" in _invoke("clients", "list")
    assert _invoke("clients", "grant", "portal", "--institution", "", "--issuer", "") == ""
    assert "\trestricted\t-\t-\tsecrets=1\t" in _invoke("clients", "list")
    with pytest.raises(NotFound):
        _invoke("clients", "enable", "nobody-known")
    with psycopg.connect(server.url("clients")) as connection:
        named = connection.execute("SELECT DISTINCT client_id FROM audit_record").fetchall()
    assert named == [(OPERATOR.client_id,)]


def test_a_domain_error_is_one_sentence(server: Embedded) -> None:
    url = server.url()
    assert _run("migrate", THADS_DATABASE_URL=url).returncode == 0
    assert "not a client id" in _refused(
        "clients", "register", "-", "--name", "x", "--scope", "cases:read", "--unit", "G15", THADS_DATABASE_URL=url
    )


def test_start_serves_stops_and_keeps_its_data(data: Path) -> None:
    port = _free_port()
    with _started(data, port) as (process, said):
        address = f"http://127.0.0.1:{port}"
        assert _get(f"{address}/readyz") == 200
        shown = re.search(r"Bearer (\S+)' '(\S+)'", " ".join(said))
        assert shown is not None
        assert _get(shown[2], shown[1]) == 200
        asked = urllib.request.Request(shown[2], headers={"Authorization": f"Bearer {shown[1]}"})
        with urllib.request.urlopen(asked, timeout=20) as answer:  # half of the quota: there are two workers
            assert answer.headers["RateLimit-Policy"] == '"client";q=500;w=5'
        assert _run("rebuild-and-verify", THADS_DATA=data).stdout.startswith("0 differences before")
        refused = _refused("start", THADS_DATA=data, PORT=_free_port())
        assert "already in use by a running server" in refused
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    assert _gone(str(data)) == []
    key = (data / "signing.pem").read_bytes()
    assert (data / "signing.pem").stat().st_mode & 0o777 == 0o600
    with _started(data, port) as (process, said):
        assert any("kept as it is" in line for line in said)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert _gone(str(data)) == []
    assert (data / "signing.pem").read_bytes() == key


def test_nothing_outlives_a_killed_start_and_the_next_one_works(data: Path) -> None:
    port = _free_port()
    with _started(data, port) as (process, _):
        process.kill()
        process.wait()
        assert _gone(str(data)) == []
    with _started(data, port) as (process, _):
        assert _get(f"http://127.0.0.1:{port}/readyz") == 200
        process.terminate()
        assert process.wait(20) == 0
    assert _gone(str(data)) == []


def test_a_worker_that_dies_is_replaced(data: Path) -> None:
    port = _free_port()
    with _started(data, port) as (process, _):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(workers) == 2
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        assert _get(f"http://127.0.0.1:{port}/readyz") == 200
        process.terminate()
        process.wait(20)
    assert _gone(str(data)) == []


def test_a_lost_database_server_ends_the_service_with_a_sentence(data: Path) -> None:
    with _started(data, _free_port()) as (process, _):
        pid = int((data / "postgres/data/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        assert process.wait(60) == 2
    assert _gone(str(data)) == []


def test_the_openapi_document_is_written_and_compared(tmp_path: Path) -> None:
    target = tmp_path / "docs/openapi.json"
    compare = ["openapi", "--check", "--output", str(target)]
    assert CliRunner().invoke(app, compare).exit_code == 1
    assert _invoke("openapi", "--output", str(target)) == ""
    assert json.loads(target.read_text())["openapi"].startswith("3.")
    assert _invoke(*compare) == ""
    target.write_text(target.read_text() + " ")
    different = _run(*compare)
    assert different.returncode == 1
    assert "run make openapi" in different.stderr


def test_workers_that_cannot_start_end_the_service(server: Embedded) -> None:
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute("CREATE DATABASE lost")
    url = server.url("lost")
    assert _run("migrate", THADS_DATABASE_URL=url).returncode == 0
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {SERVING} LOGIN PASSWORD '{SERVING}' IN ROLE thads_service".encode())
    url = as_service(url)
    done = _run("serve", THADS_DATABASE_URL=url, THADS_SIGNING_KEY="/nonexistent", PORT=_free_port())
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: the service did not start; its log above says why"
