"""What the tests of webhooks share: a client, its subscriptions, and what happens to cases."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from app.services.access import Actor
from app.services.clients import commands as clients
from tests.api.v1.cases import book, create, key
from tests.conftest import Island
from tests.receiver import Behaviour, Receiver, receiving, wait_for


@dataclass
class Hooks:
    """A client of an island and its receivers; what it subscribed to ends with the test."""

    island: Island
    running: ExitStack
    name: str = "partner"

    @property
    def client(self) -> httpx.Client:
        """The client."""
        return self.island.client_of(self.name)

    def receiver(self, behave: Behaviour | None = None) -> Receiver:
        """A server for events."""
        return self.running.enter_context(receiving(behave))

    def subscribe(self, receiver: Receiver, **values: Any) -> dict[str, Any]:
        """A subscription to cases; the answer that made it."""
        body = {"url": receiver.url, "kinds": ["case"], **values}
        answer = self.client.post("/v1/webhooks", json=body, headers=key())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        client = self.client
        self.running.callback(lambda: client.delete(f"/v1/webhooks/{made['id']}", headers={"If-Match": "*"}))
        return made

    def subscribed(self, behave: Behaviour | None = None, **values: Any) -> tuple[Receiver, dict[str, Any]]:
        """A receiver with its subscription."""
        receiver = self.receiver(behave)
        return receiver, self.subscribe(receiver, **values)

    def case(self, collected: int = 0, **values: Any) -> str:
        """A new case of the office, with so much collected one by one."""
        made = create(self.island.client_of("national"), self.island.world.own, **values)
        for _ in range(collected):
            self.collect(made["id"])
        return str(made["id"])

    def collect(self, case_id: str) -> None:
        """One more event of a case."""
        answer = book(self.island.client_of("national"), case_id, "collected", amount_vnd=1)
        assert answer.status_code == 201, answer.text

    def read(self, hook: dict[str, Any]) -> dict[str, Any]:
        """The subscription as it stands."""
        answer = self.client.get(f"/v1/webhooks/{hook['id']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, hook: dict[str, Any], what: str, body: Any = None) -> httpx.Response:
        """A POST to a part of the subscription."""
        given = {} if body is None else {"json": body}
        return self.client.post(f"/v1/webhooks/{hook['id']}/{what}", headers=key(), **given)

    def change(self, hook: dict[str, Any], **values: Any) -> None:
        """Changes the subscription."""
        answer = self.client.patch(f"/v1/webhooks/{hook['id']}", json=values, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    def log(self, hook: dict[str, Any], number: int = 0) -> list[dict[str, Any]]:
        """The log of the subscription, oldest first, once it has so many lines."""

        def lines() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = self.client.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
            return items[::-1]

        wait_for(lambda: len(lines()) >= number, shown=lines)
        return lines()

    def settled(self, hook: dict[str, Any]) -> None:
        """Everything that happened so far is done with."""
        ends = "SELECT position FROM change_head WHERE NOT EXISTS (SELECT FROM change_record WHERE position IS NULL)"
        wait_for(lambda: self.rows(ends) == [(self.read(hook)["position"],)])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the owner of the tables sees, or does."""
        settings = self.island.service.database.settings
        with psycopg.connect(settings.libpq_url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def amend(self, **values: Any) -> None:
        """Changes what was granted to the client."""
        self._do(lambda session: clients.amend(session, Actor("tests"), self.name, **values))

    def disable(self, disabled: bool) -> None:
        """Shuts the client out, or lets it in."""
        self._do(lambda session: clients.set_disabled(session, Actor("tests"), self.name, disabled=disabled))

    def _do(self, work: Any) -> None:
        service = self.island.service
        service.runner.run(service.db.write(work))
