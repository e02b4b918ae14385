"""What must hold before the service starts; every refusal is one sentence for the person at the terminal."""

import hashlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from joserfc.jwk import OKPKey
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import ValidationError
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from app.settings import Settings

ROOT: Final = Path(__file__).parent.parent
OLDEST_SERVER: Final = 18
CONNECT_SECONDS: Final = 5
# one migration at a time, however many containers start together
_MIGRATION_LOCK: Final = 0x7468616473


class Refused(Exception):
    """The service cannot start like this; the text says why and what to do, without secrets."""


def read_settings() -> Settings:
    """The settings of the environment; names the variable that does not hold, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        raise Refused("; ".join(_fault(fault) for fault in error.errors(include_input=False))) from error


def _fault(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    variable, *inside = map(str, fault["loc"])
    return " ".join([f"THADS_{variable.upper()}:", *inside, message])


def secrets_from_files() -> None:
    """Takes THADS_X from the file that THADS_X_FILE names, as containers hand out secrets."""
    for name, path in list(os.environ.items()):
        if name.startswith("THADS_") and name.endswith("_FILE"):
            try:
                os.environ[name.removesuffix("_FILE")] = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(f"{name}: cannot read {path}") from error


def own_secrets(folder: Path) -> None:
    """Names the signing key and the cursor secret of the data folder in the environment; makes them once.

    What the environment already names stays.
    """
    key = _once(folder / "signing.pem", lambda: OKPKey.generate_key("Ed25519").as_pem(private=True).decode())
    secret = _once(folder / "cursor.secret", lambda: secrets.token_urlsafe(48))
    os.environ.setdefault("THADS_SIGNING_KEY", str(key))
    os.environ.setdefault("THADS_CURSOR_SECRET", secret.read_text())


def _once(path: Path, make: Callable[[], str]) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(make())
        draft.rename(path)
    return path


def bind(host: str, port: int) -> socket.socket:
    """The socket to serve on, so that a taken port is known before anything long begins."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise Refused(f"cannot serve on {host}:{port}: {error.strerror}; set another PORT") from error
    sock.set_inheritable(True)
    return sock


@contextmanager
def connected(settings: Settings) -> Iterator[psycopg.Connection]:
    """An autocommit connection to a server that is new enough."""
    place = _place(settings)
    try:
        connection = psycopg.connect(settings.libpq_url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        reason = reason.removeprefix("connection failed: ").removeprefix("connection is bad: ")
        raise Refused(f"cannot connect to PostgreSQL at {place}: {reason}") from error
    with connection:
        if connection.info.server_version < OLDEST_SERVER * 10_000:
            found = connection.info.parameter_status("server_version")
            raise Refused(f"PostgreSQL {OLDEST_SERVER} or later is needed, {place} runs {found}")
        yield connection


def _place(settings: Settings) -> str:
    """Host, port and database of the URL, without user and password."""
    try:
        parts = conninfo_to_dict(settings.libpq_url)
    except psycopg.ProgrammingError as error:
        # libpq may repeat the whole URL here, password included
        raise Refused("THADS_DATABASE_URL: not a valid postgresql:// URL") from error
    return f"{parts.get('host', 'the local socket')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Brings the schema to the newest revision; the revisions before and after."""
    with connected(settings) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        before = _revision(guard)
        engine = create_engine(settings.sqlalchemy_url, poolclass=pool.NullPool)
        try:
            with engine.connect() as connection:
                config = _alembic()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DBAPIError as error:
            raise Refused(_why_not_migrated(error, guard.info.user)) from error
        return before, _revision(guard) or ""


def require_schema(settings: Settings) -> None:
    """Refuses a database that is not at the revision this version was written for."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with connected(settings) as connection:
        found = _revision(connection)
    if found != head:
        raise Refused(f"the database schema is at revision {found}, this version needs {head}; run migrate")


# Whom row-level security does not bind, or who could become such a role, is not let in.
_MIGHT: Final = """
    SELECT array_remove(ARRAY[
        CASE WHEN r.rolsuper THEN 'is a superuser' END,
        CASE WHEN r.rolbypassrls THEN 'bypasses row-level security' END,
        CASE WHEN r.rolcreaterole THEN 'may create roles' END,
        CASE WHEN EXISTS (SELECT FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace
            AND pg_has_role(r.oid, t.relowner, 'MEMBER')) THEN 'owns tables' END,
        CASE WHEN EXISTS (SELECT FROM pg_roles o WHERE (o.rolsuper OR o.rolbypassrls) AND o.oid <> r.oid
            AND pg_has_role(r.oid, o.oid, 'MEMBER')) THEN 'may become a role that is above the walls' END,
        CASE WHEN NOT pg_has_role(r.oid, 'thads_service', 'USAGE') THEN 'is not a member of thads_service' END
    ], NULL) FROM pg_roles r WHERE r.rolname = session_user"""


def require_walls(settings: Settings) -> None:
    """Refuses to serve as a role that row-level security does not bind."""
    with connected(settings) as connection:
        row = connection.execute(_MIGHT).fetchone()
        role = connection.info.user
    if row is not None and row[0]:
        raise Refused(
            f"the role {role} {' and '.join(row[0])}: serve with THADS_DATABASE_URL of a member of thads_service, "
            f"and give the owner's URL to THADS_OWNER_URL"
        )


def step_down(folder: Path) -> Settings:
    """The settings to serve with, for development: a role of the service's own where only the owner's URL is known.

    Makes the role once for each data folder, and names both URLs in the environment.
    """
    settings = read_settings()
    if settings.owner_url is None:
        os.environ["THADS_OWNER_URL"] = settings.libpq_url
        os.environ["THADS_DATABASE_URL"] = service_url(settings, folder)
        settings = read_settings()
    require_walls(settings)
    return settings


def service_url(owner: Settings, folder: Path) -> str:
    """The URL of the role that serves the owner's database; makes the role when it is not there."""
    password = _once(folder / "database.secret", lambda: secrets.token_urlsafe(24)).read_text()
    role = f"thads_{hashlib.sha256(password.encode()).hexdigest()[:12]}"
    with connected(owner) as connection:
        _make_role(connection, role, password)
    return _url_of(owner.libpq_url, role, password)


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None:
        return
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE thads_service")
    try:
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(
            f"the role {connection.info.user} may not create the role that serves: give it CREATEROLE, or make one as "
            f"docs/operations.md says and set THADS_OWNER_URL too"
        ) from error


def _url_of(url: str, role: str, password: str) -> str:
    """The URL with another role and password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:{password}@{place}").geturl()


def _alembic() -> Config:
    return Config(ROOT / "alembic.ini")


def _revision(connection: psycopg.Connection) -> str | None:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _why_not_migrated(error: DBAPIError, role: str) -> str:
    original = error.orig
    message = str(getattr(getattr(original, "diag", None), "message_primary", None) or original).splitlines()[0]
    if isinstance(original, psycopg.errors.InsufficientPrivilege):
        return (
            f"the role {role} may not migrate this database ({message}): "
            f"it must own the database, or be granted CREATE on it and on its schema public; "
            f"the role thads_service must be there, or it must have CREATEROLE"
        )
    if isinstance(original, psycopg.errors.LockNotAvailable):
        return "the migration waited too long for a lock; stop what uses the database and run migrate again"
    return f"the migration failed and was rolled back: {message}"
