"""Units, cases and clients by chance, and the plain filter that says who sees which."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import httpx

from app.services.access import RESTRICTED, SECRET, Actor, Caller
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from app.services.matters.commands import create_matter, start_tracking
from app.services.reference import Officer, Unit
from tests.builders import NATION_ID, Service
from tests.conftest import new_database
from tests.server import Served
from tests.services.organisation import Organisation

CASES: Final = 90
BANKS: Final = ("BIDV", "VCB", "AGRIBANK")
NATION: Final = Caller("tests", frozenset(SCOPES), ("vn.",), SECRET)
DECIDED: Final = date(2019, 3, 1)


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


@contextmanager
def random_book(cluster: str, seed: int) -> Iterator[Book]:
    """A database of its own, alike for the same seed."""
    chance = random.Random(seed)
    with new_database(cluster) as url:
        service = Service.over(url)
        made = Book(url, Organisation(service))
        _fill(made, chance)
        made.clients = [_register(made, chance, number) for number in range(14)]
        yield made
        service.close()


def client_of(served: Served, granted: Granted) -> httpx.Client:
    """The service as this client sees it."""
    headers = {"Authorization": f"Bearer {served.token(granted.id, granted.secret)}"}
    return httpx.Client(base_url=served.address, headers=headers, timeout=30)
