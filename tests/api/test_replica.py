"""The program of the partner guide keeps a true copy, whatever happens to it, to the service and to the grants."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import pytest

from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import amend
from tests.api.v1.cases import book, create
from tests.api.world import Place
from tests.conftest import Island, settings_for
from tests.replica import Copy, cases_of, program
from tests.server import Served, serving

STEPS: Final = int(os.environ.get("REPLICA_STEPS", "50"))
AMOUNT: Final = 1_000


def test_the_program_is_short() -> None:
    assert len([line for line in program().splitlines() if line.strip()]) < 60


class Gateway:
    """An address that stays while the service behind it is stopped and started."""

    def __init__(self, island: Island, settings: dict[str, Any]) -> None:
        self._island, self._settings = island, settings
        self._running = ExitStack()
        self.port = 0

    def start(self) -> Served:
        """Serves at the same port as before."""
        app = create_app(settings_for(self._island.service.database.settings.libpq_url, **self._settings))
        served = self._running.enter_context(serving(app, port=self.port))
        self.port = served.port
        return served

    def stop(self) -> None:
        """Ends the service."""
        self._running.close()


@pytest.fixture
def gateway(island: Island) -> Iterator[Gateway]:
    made = Gateway(island, {"token_seconds": 60})
    yield made
    made.stop()


class Life:
    """Random changes, by a client who sees the nation."""

    def __init__(self, island: Island, random: Random) -> None:
        self._island, self._random = island, random
        self._national = island.client_of("national")
        self._places = (island.world.own, island.world.foreign)
        self._cases: dict[str, Place] = {}

    def happen(self) -> None:
        """One of the things that happen."""
        what = self._random.choice(
            (self._new, self._new, self._collect, self._end, self._move, self._move, self._correct)
        )
        what()

    def _new(self) -> None:
        place = self._random.choice(self._places)
        made = create(self._national, place, decision_no=f"{len(self._cases)}/QĐ")
        self._cases[made["id"]] = place

    def _one(self) -> str | None:
        return self._random.choice(list(self._cases)) if self._cases else None

    def _collect(self) -> None:
        if case_id := self._one():
            book(self._national, case_id, "collected", amount_vnd=AMOUNT)  # or refused: nothing may be outstanding

    def _end(self) -> None:
        if case_id := self._one():
            book(self._national, case_id, self._random.choice(("completed", "suspended", "continued", "reversed")))

    def _move(self) -> None:
        if case_id := self._one():
            place = next(place for place in self._places if place is not self._cases[case_id])
            to = {"to_unit_id": place.office_id, "to_officer_id": place.objects["officer_id"]}
            if book(self._national, case_id, "handed_over", **to).status_code == 201:
                self._cases[case_id] = place

    def _correct(self) -> None:
        if case_id := self._one():
            change = {"file_no": f"{self._random.random()}", "reason": "Đính chính"}
            self._national.patch(f"/v1/cases/{case_id}", json=change, headers={"If-Match": "*"})

    def grants_change(self) -> None:
        """The partner sees its province, or the office, or the nation."""
        own = self._island.world.own
        units = [self._random.choice((own.province_id, own.office_id, "01890000-0000-7000-8000-000000000001"))]
        clearance = self._random.choice((0, 1))
        work = self._island.service.db.write(
            lambda session: amend(session, Actor("tests"), "province", unit_ids=units, clearance=clearance)
        )
        self._island.service.runner.run(work)


def test_the_copy_is_true_in_the_end(island: Island, gateway: Gateway, tmp_path: Path) -> None:
    random = Random(7)
    life = Life(island, random)
    copy = Copy(tmp_path, gateway.start().address, "province", island.world.secrets["province"])
    copy.start()
    try:
        for step in range(1, STEPS + 1):
            for _ in range(random.randint(1, 4)):
                life.happen()
            if random.random() < 0.15:
                copy.kill()
                copy.start()
            if random.random() < 0.05:
                life.grants_change()
            if step % 25 == 0:
                gateway.stop()
                life.happen()
                gateway.start()
            time.sleep(random.random() * 0.1)
        source, kept = copy.becomes(lambda: cases_of(island.client_of("province")), 60)
        assert kept == source
        assert len(source) > 5
        client = island.client_of("province")
        assert _in_the_end_none(lambda: copy.untrue_units(client)) == []
    finally:
        copy.kill()
    spoilt = source[random.choice(list(source))]
    copy.spoil(spoilt["id"])
    assert copy.untrue_units(client) == [spoilt["unit"]["id"]], "what is not true is found by its unit"


def _in_the_end_none(ask: Callable[[], list[str]]) -> list[str]:
    """The answer; a copy that has just become true may not have kept the cursor that says so."""
    limit = time.monotonic() + 30
    while True:
        try:
            if not (found := ask()) or time.monotonic() > limit:
                return found
        except httpx.HTTPStatusError:
            if time.monotonic() > limit:
                raise
        time.sleep(0.2)
