"""The service with the laboratory router, over a database of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from tests.api import lab
from tests.builders import NATION_ID, Service
from tests.conftest import new_database, settings_for
from tests.server import Served, serving


@dataclass(frozen=True)
class Lab:
    """A service, its database, and a client of each of two registrations."""

    served: Served
    database: str
    client: httpx.Client
    other: httpx.Client
    secret: str
    service: Service

    def post(self, body: Any, key: str = "k", **headers: str) -> httpx.Response:
        """A POST of JSON with its key."""
        return self.client.post("/v1/samples", json=body, headers={"Idempotency-Key": key, **headers})

    def post_raw(self, body: bytes | str, **headers: str) -> httpx.Response:
        """A POST of these bytes as JSON."""
        given = {"Content-Type": "application/json", "Idempotency-Key": "raw", **headers}
        return self.client.post("/v1/samples", content=body, headers=given)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="session")
def laboratory(cluster: str) -> Iterator[Lab]:
    """One laboratory for the run of a worker."""
    with new_database(cluster) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(lab.TABLE.encode())
        service = Service.over(url)
        secrets = {name: _registered(service, name) for name in ("alpha", "beta")}
        settings = settings_for(url, lock_timeout_ms=1_000, cursor_epoch=2, pool_size=2, pool_wait_seconds=0.5)
        with (
            serving(create_app(settings, [lab])) as served,
            _client(served, "alpha", secrets["alpha"]) as first,
            _client(served, "beta", secrets["beta"]) as second,
        ):
            yield Lab(served, url, first, second, secrets["alpha"], service)
        service.close()


def _registered(service: Service, client_id: str) -> str:
    scopes = frozenset(SCOPES)
    return service.runner.run(
        service.db.write(
            lambda session: register(
                session, Actor("tests"), client_id=client_id, name=client_id, scopes=scopes, unit_ids=[NATION_ID]
            )
        )
    )


def _client(served: Served, name: str, secret: str) -> httpx.Client:
    token = served.token(name, secret)
    return httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


@pytest.fixture
def new_key() -> Callable[[], str]:
    """Idempotency keys nobody used."""
    return lambda: str(uuid4())
