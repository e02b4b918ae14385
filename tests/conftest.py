"""One temporary PostgreSQL for the whole run, one database per worker, and the service over real HTTP."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any, Final

import httpx
import psycopg
import pytest
from psycopg import sql

from app import preflight
from app.embedded import temporary
from app.main import create_app
from app.settings import Settings
from tests.api.contract import Contract
from tests.api.world import World, make_world
from tests.builders import Service
from tests.server import Served, serving

ClientOf = Callable[[str], httpx.Client]

TEMPLATE: Final = "thads"
_running: Final = ExitStack()
_cluster: Final[list[str]] = []
_numbers: Final = count(1)


SERVING: Final = "serving"
"""Role and password of the service in the temporary server."""


def _start_cluster() -> str:
    """The URL of the migrated template database of a server that ends with this process."""
    if not _cluster:
        server = _running.enter_context(temporary())
        preflight.migrate(Settings.model_validate({"database_url": server.url(TEMPLATE)}))
        with psycopg.connect(server.url(TEMPLATE), autocommit=True) as connection:
            role, password = sql.Identifier(SERVING), sql.Literal(SERVING)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE thads_service").format(role, password))
        _cluster.append(server.url(TEMPLATE))
    return _cluster[0]


def as_service(url: str) -> str:
    """The same database for the role that serves; that of the owner is for preparing and looking."""
    return f"postgresql://{SERVING}:{SERVING}@" + url.rpartition("@")[2]


def pytest_configure(config: pytest.Config) -> None:
    """Keeps pytest-alembic from collecting by itself: 0.13 fails at that under pytest 9.2; its fixtures work."""
    config.option.pytest_alembic_tests_path = "none"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The process that hands out the tests owns the server; its workers get the address."""
    node.workerinput["cluster"] = _start_cluster()


def pytest_unconfigure() -> None:
    """Stops the server, if this process started one."""
    _running.close()


def settings_for(url: str, **values: Any) -> Settings:
    """Settings as in production but for short waits, a quiet log, and quotas that no test uses up by accident.

    The service gets its own role, behind both walls, whoever's URL this is.
    """
    quotas = dict.fromkeys(("client_rate", "client_burst", "address_rate", "address_burst"), 1_000_000)
    quotas["party_searches_per_minute"] = 10_000
    given = {"database_url": as_service(url), "pool_size": 4, "write_pool_size": 4, "log_level": "error"}
    given["webhooks_allow_private"] = True  # receivers of the tests, and names nobody resolves
    return Settings.model_validate({**given, **quotas, **values})


@contextmanager
def new_database(template: str) -> Iterator[str]:
    """A copy of the template database that is dropped when the block ends."""
    server, _, name = template.rpartition("/")
    copy = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(copy), sql.Identifier(name)))
    try:
        yield f"{server}/{copy}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy)))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> str:
    """The URL of the migrated template database; nobody may stay connected to it."""
    given = getattr(request.config, "workerinput", {}).get("cluster")
    return str(given) if given else _start_cluster()


@pytest.fixture(scope="session")
def database_url(cluster: str) -> Iterator[str]:
    """The database of this worker."""
    with new_database(cluster) as url:
        yield url


@pytest.fixture
def fresh_database(cluster: str) -> Iterator[Callable[[], str]]:
    """Makes databases that nobody else uses."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(new_database(cluster))


@contextmanager
def _service_over(url: str) -> Iterator[Service]:
    made = Service.over(url)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _clients(served: Served, world: World, judge: Contract) -> Iterator[ClientOf]:
    with ExitStack() as stack:

        @cache
        def client(name: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {served.token(name, world.secrets[name])}"}
            hooks = {"response": [judge.check]}
            made = httpx.Client(base_url=served.address, headers=headers, event_hooks=hooks, timeout=30)
            return stack.enter_context(made)

        yield client


@pytest.fixture(scope="session")
def service(database_url: str) -> Iterator[Service]:
    """The service layer over the database of this worker."""
    with _service_over(database_url) as made:
        yield made


@pytest.fixture(scope="session")
def world(service: Service) -> World:
    """Two provinces with an office each, things in both, and clients who may see different parts."""
    return make_world(service)


@pytest.fixture(scope="session")
def api(database_url: str, world: World) -> Iterator[Served]:
    """The service as it is, over HTTP."""
    assert world
    with serving(create_app(settings_for(database_url))) as served:
        yield served


@pytest.fixture(scope="session")
def contract(api: Served) -> Contract:
    """The OpenAPI document, as a judge of answers."""
    return Contract(api.app)


@pytest.fixture(scope="session")
def client_of(api: Served, world: World, contract: Contract) -> Iterator[ClientOf]:
    """HTTP clients by the name of their registration; every answer they get is held against the contract."""
    with _clients(api, world, contract) as client:
        yield client


@pytest.fixture(scope="session")
def national(client_of: ClientOf) -> httpx.Client:
    """Sees the nation, may do everything."""
    return client_of("national")


@pytest.fixture(scope="session")
def province(client_of: ClientOf) -> httpx.Client:
    """Sees the first province, may do everything there."""
    return client_of("province")


@pytest.fixture(scope="session")
def partner(client_of: ClientOf) -> httpx.Client:
    """Sees the office of the first province, may do everything there."""
    return client_of("partner")


@dataclass(frozen=True)
class Island:
    """A world, its service and clients that no other module touches: for tests that count, or that change much."""

    service: Service
    world: World
    served: Served
    client_of: ClientOf


@contextmanager
def island_with(cluster: str, **settings: Any) -> Iterator[Island]:
    """An island whose service has other settings."""
    with new_database(cluster) as url, _service_over(url) as service:
        world = make_world(service)
        with (
            serving(create_app(settings_for(url, **settings))) as served,
            _clients(served, world, Contract(served.app)) as client_of,
        ):
            yield Island(service, world, served, client_of)


@pytest.fixture(scope="module")
def island(cluster: str) -> Iterator[Island]:
    """One for the module."""
    with island_with(cluster) as made:
        yield made
