"""What the feed tells a client, put together, is what a plain filter shows: through classes, handovers and parties."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import httpx
import pytest

from app.main import create_app
from app.services.access import RESTRICTED, SECRET
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, change_case
from app.services.cases.rules import NewParty
from app.services.matters.commands import change_matter
from tests.api.chance import BANKS, DECIDED, NATION, Book, Granted, Known, client_of, random_book
from tests.conftest import settings_for
from tests.server import serving

SEED: Final = 20_261_125
PATIENCE: Final = 10.0


@dataclass
class Follower:
    """A client that keeps the ids of the cases it may see, as the feed tells it."""

    granted: Granted
    client: httpx.Client
    kept: set[str] = field(default_factory=set)
    cursor: str | None = None

    def follow(self) -> None:
        """Reads what is there, and forgets what has left."""
        while True:
            asked: dict[str, Any] = {"kinds": "case", "limit": 13}
            asked |= {"cursor": self.cursor} if self.cursor else {}
            answer = self.client.get("/v1/changes", params=asked)
            assert answer.status_code == 200, answer.text
            for item in answer.json()["items"]:
                (self.kept.add if item["change"] == "upsert" else self.kept.discard)(item["id"])
            self.cursor = answer.json()["next"]
            if not answer.json()["more"]:
                return

    def comes_to_keep(self, cases: list[Known]) -> None:
        """In a moment it keeps what the plain filter shows, no more and no less."""
        expected = {case.id for case in cases if self.granted.sees(case)}
        limit = time.monotonic() + PATIENCE
        self.follow()
        while self.kept != expected and time.monotonic() < limit:
            time.sleep(0.1)
            self.follow()
        assert self.kept == expected, self.granted


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[Book]:
    with random_book(cluster, SEED) as made:
        yield made


def _classified(book: Book, chance: random.Random) -> list[Known]:
    """Every matter gets another class, up or down, and its cases with it."""
    levels = {}
    for matter, (_, level) in book.matters.items():
        levels[matter] = chance.choice([other for other in (0, RESTRICTED, SECRET) if other != level])
        book.org.run(partial(change_matter, confidentiality=levels[matter]), matter, None, caller=NATION)
    rows = book.org.rows("SELECT id::text, matter_id::text FROM enforcement_case WHERE matter_id IS NOT NULL")
    of = {case_id: levels[matter] for case_id, matter in rows}
    return [replace(case, confidentiality=of.get(case.id, case.confidentiality)) for case in book.cases]


def _handed_over(book: Book, chance: random.Random) -> list[Known]:
    """Every third case goes to another unit."""
    officers = {unit.id: book.org.officer(unit.id) for unit in book.units}
    book.org.service.runner.run(book.org.service.reference.reload())
    after = []
    for number, case in enumerate(book.cases):
        if number % 3 == 0:
            unit = chance.choice([unit for unit in book.units if unit.id != case.unit_id])
            event = Event(
                "handed_over", DECIDED + timedelta(days=100), to_unit_id=unit.id, to_officer_id=officers[unit.id].id
            )
            book.org.run(book_event, case.id, None, Posting(event), caller=NATION)
            after.append(replace(case, path=unit.path, unit_id=unit.id))
        else:
            after.append(case)
    return after


def _other_banks(book: Book, chance: random.Random) -> list[Known]:
    """Every fourth case gets other creditors."""
    after = []
    for number, case in enumerate(book.cases):
        if number % 4 == 0:
            banks = chance.sample(BANKS, chance.choice((0, 1, 2)))
            parties = [NewParty("debtor", "individual", "Nguyễn Văn An")]
            parties += [NewParty("creditor", "organisation", bank, True, institution=bank) for bank in banks]
            book.org.run(change_case, case.id, None, {"parties": parties}, caller=NATION)
            after.append(replace(case, banks=frozenset(banks)))
        else:
            after.append(case)
    return after


def _snapshot(client: httpx.Client) -> set[str]:
    """Ids of the cases of a snapshot."""
    lines = [json.loads(line) for line in client.get("/v1/snapshots/cases").text.splitlines()]
    assert "snapshot" in lines[0]
    assert lines[-1] == {"end": {"cases": len(lines) - 2}}
    return {line["id"] for line in lines[1:-1]}


def test_replayed_the_feed_shows_what_a_plain_filter_shows(book: Book) -> None:
    chance = random.Random(SEED)
    with serving(create_app(settings_for(book.url))) as served, ExitStack() as stack:
        followers = [Follower(granted, stack.enter_context(client_of(served, granted))) for granted in book.clients]
        for change in (lambda *_: book.cases, _classified, _handed_over, _other_banks):
            before = book.cases
            book.cases = change(book, chance)
            for follower in followers:
                follower.comes_to_keep(book.cases)
                assert _snapshot(follower.client) == follower.kept
            pairs = list(zip(before, book.cases, strict=True))
            left = sum(who.sees(was) and not who.sees(now) for was, now in pairs for who in book.clients)
            assert left > 0 or book.cases is before, change
