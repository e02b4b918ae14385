"""What the API shows is what a plain filter of all rows shows: with both walls, and with each of them alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import httpx
import pytest

from app.main import create_app
from app.services.access import RESTRICTED, SECRET, Actor, Caller
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from app.services.matters.commands import create_matter, start_tracking
from app.services.reference import Officer, Reference, Unit
from tests.builders import NATION_ID, Service
from tests.conftest import new_database, settings_for
from tests.server import Served, serving
from tests.services.organisation import Organisation

SEED: Final = 20_260_107
CASES: Final = 90
BANKS: Final = ("BIDV", "VCB", "AGRIBANK")
NATION: Final = Caller("tests", frozenset(SCOPES), ("vn.",), SECRET)
DECIDED: Final = date(2019, 3, 1)
WALLS: Final = ("both walls", "query alone", "database alone")


@dataclass(frozen=True)
class Known:
    """A case as the test made it."""

    id: str
    path: str
    unit_id: str
    confidentiality: int
    banks: frozenset[str]
    tracked: bool


@dataclass(frozen=True)
class Granted:
    """A client as it was registered."""

    id: str
    secret: str
    paths: tuple[str, ...]
    clearance: int
    bank: str | None

    def sees(self, case: Known) -> bool:
        """The plain filter."""
        within = any(case.path.startswith(path) for path in self.paths)
        return within and case.confidentiality <= self.clearance and (self.bank is None or self.bank in case.banks)


@dataclass
class Book:
    """Units, cases and clients, all by chance."""

    url: str
    org: Organisation
    units: list[Unit] = field(default_factory=list)
    cases: list[Known] = field(default_factory=list)
    matters: dict[str, tuple[str, int]] = field(default_factory=dict)
    clients: list[Granted] = field(default_factory=list)


def _fill(book: Book, chance: random.Random) -> None:
    org = book.org
    for _ in range(chance.randint(3, 4)):
        province = org.province()
        book.units += [province, *(org.unit(province.id) for _ in range(chance.randint(1, 3)))]
    officers = {unit.id: org.officer(unit.id) for unit in book.units}
    org.service.runner.run(org.service.reference.reload())
    for number in range(12):
        unit, level = chance.choice(book.units), chance.choice((0, 0, RESTRICTED, SECRET))
        matter = org.run(create_matter, f"R-{number}", f"Vụ án {number}", unit.id, level, caller=NATION)
        book.matters[matter] = (unit.path, level)
    tracked = set(chance.sample(sorted(book.matters), 6))
    for matter in sorted(tracked):
        org.run(start_tracking, matter, "central", DECIDED, "enforcing", caller=NATION)
    for number in range(CASES):
        unit = chance.choice(book.units)
        book.cases.append(_case(book, chance, unit, officers[unit.id], number, tracked))


def _case(book: Book, chance: random.Random, unit: Unit, officer: Officer, number: int, tracked: set[str]) -> Known:
    matter = chance.choice([None, None, *sorted(book.matters)])
    banks = frozenset(chance.sample(BANKS, chance.choice((0, 0, 1, 2))))
    day = DECIDED + timedelta(days=number // 2)
    case_id = book.org.case(officer, day, 30_000_000_000, matter, caller=NATION, institutions=sorted(banks))
    level = book.matters[matter][1] if matter else 0
    return Known(case_id, unit.path, unit.id, level, banks, matter in tracked)


def _register(book: Book, chance: random.Random, number: int) -> Granted:
    units = chance.sample(book.units, chance.randint(1, 3)) if number else []
    paths = tuple(unit.path for unit in units) or ("vn.",)
    clearance, bank = chance.choice((0, RESTRICTED, SECRET)), chance.choice((None, None, *BANKS))
    name = f"client-{number}"
    values: dict[str, Any] = {"scopes": frozenset(SCOPES), "clearance": clearance, "institution": bank}
    values["unit_ids"] = [unit.id for unit in units] or [NATION_ID]
    service = book.org.service
    made = service.db.write(lambda session: register(session, Actor("tests"), client_id=name, name=name, **values))
    return Granted(name, service.runner.run(made), paths, clearance, bank)


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[Book]:
    chance = random.Random(SEED)
    with new_database(cluster) as url:
        service = Service.over(url)
        made = Book(url, Organisation(service))
        _fill(made, chance)
        made.clients = [_register(made, chance, number) for number in range(14)]
        yield made
        service.close()


def _whole_nation(self: Reference, caller: Caller, unit: Unit | None) -> Any:
    return _scope(self, NATION, unit)


_scope: Final = Reference.scope


@contextmanager
def _walls(book: Book, name: str) -> Iterator[Served]:
    """The service with both walls; without the database's, as its owner; or without that of the queries."""
    settings = settings_for(book.url)
    if name == "query alone":
        settings = settings_for(book.url, database_url=book.url)
    with pytest.MonkeyPatch.context() as patched:
        if name == "database alone":
            patched.setattr(Reference, "scope", _whole_nation)
            patched.setattr(Caller, "covers", lambda *_: True)
        with serving(create_app(settings)) as served:
            yield served


@pytest.fixture(scope="module", params=WALLS)
def served(request: pytest.FixtureRequest, book: Book) -> Iterator[Served]:
    with _walls(book, request.param) as service:
        yield service


def _client(served: Served, granted: Granted) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.token(granted.id, granted.secret)}"}
    return httpx.Client(base_url=served.address, headers=headers, timeout=30)


def _walked(client: httpx.Client, path: str, **params: Any) -> list[str]:
    """Ids of all items of a list, page by page."""
    found: list[str] = []
    params |= {"limit": 7}
    while True:
        answer = client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        params["cursor"] = answer.json()["next"]


def test_lists_show_what_a_plain_filter_shows(served: Served, book: Book) -> None:
    for granted in book.clients:
        seen = [case for case in book.cases if granted.sees(case)]
        with _client(served, granted) as client:
            found = _walked(client, "/v1/cases")
            assert sorted(found) == sorted(case.id for case in seen), granted
            tracked = _walked(client, "/v1/cases", flag="steering_committee")
            assert sorted(tracked) == sorted(case.id for case in seen if case.tracked), granted
            named = _walked(client, "/v1/cases", debtor="nguyen van")
            assert sorted(named) == sorted(case.id for case in seen), granted
    assert any(granted.bank and any(map(granted.sees, book.cases)) for granted in book.clients)


def test_a_unit_of_a_list_narrows_what_is_seen(served: Served, book: Book) -> None:
    for granted in book.clients:
        with _client(served, granted) as client:
            for unit in book.units:
                if not any(unit.path.startswith(path) for path in granted.paths):
                    continue
                found = _walked(client, "/v1/cases", unit=unit.id, sort="decision_date")
                within = [case for case in book.cases if granted.sees(case) and case.path.startswith(unit.path)]
                assert sorted(found) == sorted(case.id for case in within), (granted, unit)


def test_single_cases_are_there_or_not(served: Served, book: Book) -> None:
    for granted in book.clients:
        with _client(served, granted) as client:
            for case in book.cases[::3]:
                expected = 200 if granted.sees(case) else 404
                assert client.get(f"/v1/cases/{case.id}").status_code == expected, (granted, case)
                events = client.get(f"/v1/cases/{case.id}/events")
                assert events.status_code == expected, (granted, case)


def test_priority_lists_and_matters_too(served: Served, book: Book) -> None:
    for granted in (granted for granted in book.clients if granted.bank is None):
        seen = {case.id for case in book.cases if granted.sees(case)}
        with _client(served, granted) as client:
            assert set(_walked(client, "/v1/priority-cases")) == seen, granted
            past = set(_walked(client, "/v1/priority-cases", as_of="2026-01-15"))
            assert past == seen, granted
            matters = {
                matter
                for matter, (path, level) in book.matters.items()
                if level <= granted.clearance and any(path.startswith(root) for root in granted.paths)
            }
            assert set(_walked(client, "/v1/matters")) == matters, granted


def test_figures_count_every_case_of_the_units(served: Served, book: Book) -> None:
    """Restricted ones included; and the nation's average is the same whoever asks."""
    for granted in (granted for granted in book.clients if granted.bank is None):
        with _client(served, granted) as client:
            for unit in (unit for unit in book.units if unit.path.startswith(granted.paths)):
                within = [case for case in book.cases if case.path.startswith(unit.path)]
                answer = client.get("/v1/priority-cases/summary", params={"unit": unit.id, "group_by": "officer"})
                assert answer.json()["overall"]["total"]["cases"] == len(within), (granted, unit)
                asked = {"unit": unit.id, "of": "self", "as_of": "2026-01-15"}
                attainment = client.get("/v1/target-attainment", params=asked).json()
                assert attainment["items"][0]["cases_rate"]["rate"]["denominator"] == len(within), (granted, unit)
                assert attainment["national"]["cases_rate"]["rate"]["denominator"] == CASES, (granted, unit)


def test_a_client_of_one_bank_gets_no_figures(served: Served, book: Book) -> None:
    for granted in (granted for granted in book.clients if granted.bank is not None):
        with _client(served, granted) as client:
            for path in ("/v1/priority-cases/summary", "/v1/target-attainment", "/v1/audit", "/v1/matters"):
                assert client.get(path).status_code == 403, (granted, path)
