"""The whole service with an outside issuer it trusts: for trying who may come in, and what they then see."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.oauth import EXCHANGE, JWT
from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import amend
from app.services.clients.tokens import Tokens
from tests.api.issuer import AUDIENCE, ISSUER, FakeIssuer, issuing
from tests.api.world import World, make_world
from tests.builders import Service
from tests.conftest import new_database, settings_for
from tests.server import Served, serving

T = TypeVar("T")
TESTS: Final = Actor("tests")
REFRESH_SECONDS: Final = 0.3


@dataclass(frozen=True)
class Portal:
    """The service, its world and the issuer."""

    served: Served
    service: Service
    world: World
    issuer: FakeIssuer
    url: str

    @property
    def tokens(self) -> Tokens:
        """What the service signs and verifies with."""
        found: Tokens = self.served.app.state.tokens
        return found

    def change(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """A change of clients, known to the service when this returns."""
        made = self.service.runner.run(self.service.db.write(work))
        self.reload()
        return made

    def reload(self) -> None:
        """Waits until the service knows what the database knows."""
        self.service.runner.run(self.service.reference.reload())
        wanted = self.service.reference.current.clients
        for _ in range(500):
            if self.served.app.state.reference.current.clients == wanted:
                return
            time.sleep(0.02)
        raise AssertionError("the service did not hear of the change")

    def grant(self, client_id: str, **what: Any) -> None:
        """Changes what a client may do and see."""
        self.change(lambda session: amend(session, TESTS, client_id, **what))

    def ask(self, token: str, path: str = "/v1/cases?limit=1") -> httpx.Response:
        """GET with a bearer token."""
        return httpx.get(f"{self.served.address}{path}", headers={"Authorization": f"Bearer {token}"})

    def form(self, form: dict[str, str], auth: tuple[str, str] | None = None) -> httpx.Response:
        """A request to the token endpoint."""
        return httpx.post(f"{self.served.address}/oauth/token", data=form, auth=auth)

    def exchange(self, subject_token: str, client_id: str = "national", **form: str) -> httpx.Response:
        """A token exchange by a client with its secret."""
        asked = {"grant_type": EXCHANGE, "subject_token": subject_token, "subject_token_type": JWT, **form}
        return self.form(asked, (client_id, self.world.secrets[client_id]))


@contextmanager
def portal(cluster: str) -> Iterator[Portal]:
    """One with clients `national`, `province` (both registered with the issuer) and `partner` (not)."""
    with issuing() as issuer, new_database(cluster) as url:
        service = Service.over(url)
        world = make_world(service)
        for client_id in ("national", "province"):
            work = partial(amend, actor=TESTS, client_id=client_id, issuer=ISSUER)
            service.runner.run(service.db.write(work))
        trusted = [{"issuer": ISSUER, "jwks_url": issuer.address, "audience": AUDIENCE, "role_claim": "thads_role"}]
        settings = settings_for(url, trusted_issuers=trusted, issuer_refresh_seconds=REFRESH_SECONDS)
        with serving(create_app(settings)) as served:
            yield Portal(served, service, world, issuer, url)
        service.close()
