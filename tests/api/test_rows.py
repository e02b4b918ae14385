"""What the API shows is what a plain filter of all rows shows: with both walls, and with each of them alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest

from app.main import create_app
from app.services.access import Caller
from app.services.reference import Reference, Unit
from tests.api.chance import CASES, NATION, Book, client_of, random_book
from tests.conftest import settings_for
from tests.server import Served, serving

SEED: Final = 20_260_107
WALLS: Final = ("both walls", "query alone", "database alone")


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[Book]:
    with random_book(cluster, SEED) as made:
        yield made


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
        with client_of(served, granted) as client:
            found = _walked(client, "/v1/cases")
            assert sorted(found) == sorted(case.id for case in seen), granted
            tracked = _walked(client, "/v1/cases", flag="steering_committee")
            assert sorted(tracked) == sorted(case.id for case in seen if case.tracked), granted
            named = _walked(client, "/v1/cases", debtor="nguyen van")
            assert sorted(named) == sorted(case.id for case in seen), granted
    assert any(granted.bank and any(map(granted.sees, book.cases)) for granted in book.clients)


def test_a_unit_of_a_list_narrows_what_is_seen(served: Served, book: Book) -> None:
    for granted in book.clients:
        with client_of(served, granted) as client:
            for unit in book.units:
                if not any(unit.path.startswith(path) for path in granted.paths):
                    continue
                found = _walked(client, "/v1/cases", unit=unit.id, sort="decision_date")
                within = [case for case in book.cases if granted.sees(case) and case.path.startswith(unit.path)]
                assert sorted(found) == sorted(case.id for case in within), (granted, unit)


def test_single_cases_are_there_or_not(served: Served, book: Book) -> None:
    for granted in book.clients:
        with client_of(served, granted) as client:
            for case in book.cases[::3]:
                expected = 200 if granted.sees(case) else 404
                assert client.get(f"/v1/cases/{case.id}").status_code == expected, (granted, case)
                events = client.get(f"/v1/cases/{case.id}/events")
                assert events.status_code == expected, (granted, case)


def test_priority_lists_and_matters_too(served: Served, book: Book) -> None:
    for granted in (granted for granted in book.clients if granted.bank is None):
        seen = {case.id for case in book.cases if granted.sees(case)}
        with client_of(served, granted) as client:
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
        with client_of(served, granted) as client:
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
        with client_of(served, granted) as client:
            for path in ("/v1/priority-cases/summary", "/v1/target-attainment", "/v1/audit", "/v1/matters"):
                assert client.get(path).status_code == 403, (granted, path)
