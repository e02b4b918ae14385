"""Taking personal data away: from which cases, what is left, what is never touched, and that once is enough."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

import psycopg
import pytest

from app.services.access import Actor
from app.services.books.queries import verify
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, change_case, create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.privacy import queries
from app.services.privacy.commands import Batch, anonymise, change_hold, forget_relatives, place_hold
from app.services.privacy.rules import PLACEHOLDER, NewHold, RetentionClass
from app.services.reference import Officer
from app.services.relatives.commands import end, register
from tests.builders import Service
from tests.services.organisation import Organisation
from tests.services.relatives.test_conflicts import relative

ON: Final = date(2026, 6, 30)
OPERATOR: Final = Actor("operator", reason="privacy anonymise", source="person")
CLASSES: Final = [
    RetentionClass("case_ended", ("completed", "terminated", "returned", "withdrawn"), 10, "Luật Lưu trữ", True),
    RetentionClass("case_moved", ("entrusted", "pulled_up"), 5, "Luật Lưu trữ", True),
]
SECRETS: Final = ("Lò Thị Pằng", "lo thi pang", "L*** T*** P***", "011090004321", "Nà Tấu", "0912345678")
DEBTOR: Final = NewParty(
    "debtor", "individual", "Lò Thị Pằng", id_number="011 090 004 321", address="Bản Nà Tấu", phone="0912345678"
)
BANK: Final = NewParty(
    "creditor", "organisation", "Ngân hàng TMCP Sông Hồng", True, "0100112437", "198 Trần Quang Khải", "02439343137"
)


class Archive(Organisation):
    """A book of its own with an officer, in which cases can be made that ended long ago."""

    def __init__(self, service: Service, url: str) -> None:
        super().__init__(service)
        self.url = url
        self.keeper: Officer = self.officer(self.province().id)

    def case(self, *events: Event, **values: Any) -> str:  # type: ignore[override]  # other cases than its parent's
        """A case of 2010 with these events."""
        new = NewCase(
            file_no="1/HS",
            decision_no="1/QĐ-CCTHADS",
            decision_date=date(2010, 5, 5),
            accepted_on=date(2010, 5, 5),
            unit_id=self.keeper.postings[0].unit_id,
            officer_id=self.keeper.id,
            kind="civil",
            initiation="on_request",
            obligations=[NewObligation("money_party", 1_000_000, "Trả nợ")],
            parties=[BANK, DEBTOR, replace(DEBTOR, role="related")],
        )
        case_id = self.run(create_case, replace(new, **values))
        for event in events:
            self.run(book_event, case_id, None, Posting(event))
        return case_id

    def anonymise(self, on: date = ON, limit: int = 100) -> Batch:
        """One batch."""
        return self.service.runner.run(
            self.service.db.write(lambda session: anonymise(session, OPERATOR, CLASSES, on, limit))
        )

    def snapshot(self, *tables: str) -> dict[str, list[Any]]:
        """All rows of tables."""
        with psycopg.connect(self.url) as owner:
            return {t: owner.execute(f"SELECT t::text FROM {t} t ORDER BY 1".encode()).fetchall() for t in tables}

    def parties(self, case_id: str) -> list[Any]:
        """What is kept of the parties of a case."""
        columns = "name, masked_name, search_name, id_number, address, phone"
        return self.rows(f"SELECT {columns} FROM party WHERE case_id = %s ORDER BY no", case_id)


@pytest.fixture
def archive(fresh_database: Callable[[], str]) -> Iterator[Archive]:
    url = fresh_database()
    service = Service.over(url)
    yield Archive(service, url)
    service.close()


def ended(day: date, event: str = "completed") -> Event:
    """The end of a case."""
    return Event(event, day)


def test_nothing_of_a_person_is_left_anywhere(archive: Archive) -> None:
    case_id = archive.case(ended(date(2012, 1, 1)))
    bank, *_ = archive.parties(case_id)
    assert archive.anonymise() == Batch(1, 1, 2)
    gone = (PLACEHOLDER, PLACEHOLDER, "", None, None, None)
    assert archive.parties(case_id) == [bank, gone, gone]
    tables = [row[0] for row in archive.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    everything = str(archive.snapshot(*tables))
    assert "Sông Hồng" in everything
    assert [secret for secret in SECRETS if secret in everything] == []


@pytest.mark.parametrize(
    ("event", "day", "due"),
    [
        ("completed", date(2016, 6, 30), True),
        ("completed", date(2016, 7, 1), False),
        ("terminated", date(2012, 1, 1), True),
        ("withdrawn", date(2012, 1, 1), True),
        ("entrusted", date(2021, 6, 30), True),
        ("entrusted", date(2021, 7, 1), False),
        ("conditions_lost", date(2012, 1, 1), False),
        ("suspended", date(2012, 1, 1), False),
    ],
)
def test_only_cases_that_ended_long_enough_ago_are_due(archive: Archive, event: str, day: date, due: bool) -> None:
    case_id = archive.case(ended(day, event))
    assert archive.anonymise().cases == due
    assert (archive.parties(case_id)[1][0] == PLACEHOLDER) is due


def test_the_separate_register_is_no_end(archive: Archive) -> None:
    archive.case(ended(date(2011, 1, 1), "conditions_lost"), ended(date(2012, 1, 1), "to_separate_register"))
    assert archive.anonymise() == Batch(0, 0, 0)


def test_who_was_forgotten_on_29_february_is_so_on_the_28th(archive: Archive) -> None:
    archive.case(ended(date(2012, 2, 29)))
    assert archive.anonymise(on=date(2022, 2, 27)).cases == 0
    assert archive.anonymise(on=date(2022, 2, 28)).cases == 1


def test_a_held_case_stays_until_its_hold_is_over(archive: Archive) -> None:
    case_id = archive.case(ended(date(2012, 1, 1)))
    archive.run(place_hold, case_id, NewHold("Yêu cầu số 45/YC-VKS", date(2026, 1, 1)))
    assert archive.anonymise() == Batch(0, 0, 0)
    archive.run(change_hold, case_id, 2, ON)
    assert archive.anonymise(on=date(2026, 6, 29)).cases == 0
    assert archive.anonymise().cases == 1


def test_a_hold_that_comes_meanwhile_is_not_overlooked(archive: Archive) -> None:
    """The hold is placed after the search found the case, and before it was locked: as if between the statements."""
    case_id = archive.case(ended(date(2012, 1, 1)))
    archive.run(place_hold, case_id, NewHold("Yêu cầu số 45/YC-VKS", date(2026, 1, 1)))
    done = archive.service.runner.run(queries.anonymise_locked(archive.service.db, [case_id], ON))
    assert done == []
    assert archive.parties(case_id)[1][0] == DEBTOR.name


def test_who_places_a_hold_keeps_the_case_from_the_job(archive: Archive) -> None:
    """The case is at work elsewhere, so this run leaves it, and the next sees the hold."""
    case_id = archive.case(ended(date(2012, 1, 1)))
    with psycopg.connect(archive.url) as other:
        other.execute("SELECT FROM enforcement_case WHERE id = %s FOR NO KEY UPDATE", [case_id])
        assert archive.anonymise() == Batch(0, 0, 0)
    assert archive.anonymise() == Batch(1, 1, 2)


def test_twice_is_as_good_as_once(archive: Archive) -> None:
    for _ in range(3):
        archive.case(ended(date(2012, 1, 1)))
    assert archive.anonymise(limit=2) == Batch(2, 2, 4)
    assert archive.anonymise(limit=2) == Batch(1, 1, 2)
    tables = ("enforcement_case", "party", "audit_record", "change_record")
    before = archive.snapshot(*tables)
    assert archive.anonymise() == Batch(0, 0, 0)
    assert archive.snapshot(*tables) == before


def test_books_figures_and_amounts_are_untouched(archive: Archive) -> None:
    archive.case(Event("collected", date(2011, 1, 1), amount=400_000), ended(date(2012, 1, 1)))
    archive.case()
    untouched = ("entry", "obligation", "open_stock", "rollup_unit_month", "rollup_unit_day", "rollup_officer_month",
                 "unit_opening", "legal_hold")  # fmt: skip
    money = "SELECT id, account, amount_vnd, outstanding_vnd, left_on FROM enforcement_case ORDER BY id"
    before, amounts = archive.snapshot(*untouched), archive.rows(money)
    assert archive.anonymise().cases == 1
    assert (archive.snapshot(*untouched), archive.rows(money)) == (before, amounts)
    assert archive.service.runner.run(verify(archive.service.db)) == []


def test_each_case_has_one_record_and_a_new_version(archive: Archive) -> None:
    made = [archive.case(ended(date(2012, 1, 1))) for _ in range(3)]
    archive.anonymise()
    columns = "subject_id, unit_id, unit_path, action, client_id, reason, after"
    records = archive.rows(f"SELECT {columns} FROM audit_record WHERE action = 'anonymised' ORDER BY subject_id")
    unit_id = archive.keeper.postings[0].unit_id
    path = archive.now(unit_id).path
    after = {"class": "case_ended", "people": 2}
    assert records == [
        (case_id, unit_id, path, "anonymised", "operator", OPERATOR.reason, after) for case_id in sorted(made)
    ]
    changes = archive.rows("SELECT subject_id, version FROM change_record WHERE action = 'anonymised' ORDER BY 1")
    assert changes == [(case_id, 3) for case_id in sorted(made)]
    assert archive.rows("SELECT DISTINCT version, anonymised_on FROM enforcement_case") == [(3, str(ON))]


def test_parties_that_are_put_in_again_are_due_again(archive: Archive) -> None:
    case_id = archive.case(ended(date(2012, 1, 1)))
    archive.anonymise()
    archive.run(change_case, case_id, None, {"parties": [BANK, DEBTOR]})
    assert archive.parties(case_id)[1][0] == DEBTOR.name
    assert archive.anonymise() == Batch(1, 1, 1)


def test_people_who_were_forgotten_are_found_by_no_search(archive: Archive) -> None:
    archive.case(ended(date(2012, 1, 1)))
    archive.anonymise()
    sql = "SELECT count(*) FROM party WHERE kind = 'individual' AND search_name LIKE %s"
    assert archive.rows(sql, "%khu nhan%") == [(0,)]


def test_relatives_are_forgotten_when_entry_or_service_is_over(archive: Archive) -> None:
    gone = archive.officer(archive.province().id)
    over, kept, served = (
        archive.run(register, officer.id, relative(number)).id
        for officer, number in ((archive.keeper, "025090111111"), (archive.keeper, "025090222222"), (gone, "1"))
    )
    archive.run(end, archive.keeper.id, over, 1, date(2021, 6, 30))
    with psycopg.connect(archive.url, autocommit=True) as owner:
        owner.execute(
            "UPDATE officer_posting SET validity = '[2010-01-01,2020-01-01)' WHERE officer_id = %s", [gone.id]
        )
    assert archive.service.runner.run(queries.count_over(archive.service.db, date(2021, 6, 30))) == 2

    def forget(limit: int) -> int:
        day = date(2021, 6, 30)
        return archive.service.runner.run(
            archive.service.db.write(lambda session: forget_relatives(session, OPERATOR, day, limit))
        )

    assert [forget(1) for _ in range(3)] == [1, 1, 0]
    assert archive.rows("SELECT id FROM officer_relative") == [(kept,)]
    removed = archive.rows("SELECT subject_id FROM audit_record WHERE action = 'removed'")
    assert {row[0] for row in removed} == {over, served}
