"""A debtor's way onto the public list and off it, step by step."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.clock import today
from app.services.books.commands import rebuild_statements
from app.services.books.queries import verify
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, change_case, create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.public_debtors.commands import keep_listed
from app.services.reference import Officer
from tests.builders import Service
from tests.services.organisation import Organisation
from tests.services.public_debtors.reading import expected, stored

DECIDED = date(2026, 8, 26)
DEBTOR = NewParty("debtor", "individual", "Lò Thị Pằng", id_number="011090004321", address="Bản Nà Tấu", phone="09123")


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


@pytest.fixture(scope="module")
def officers(org: Organisation) -> tuple[Officer, Officer]:
    province = org.province()
    here, there = (org.officer(org.unit(province.id).id) for _ in range(2))
    return here, there


class Life:
    """One case and its entries on the list."""

    def __init__(self, org: Organisation, officer: Officer, *parties: NewParty) -> None:
        self.org = org
        duties = [
            NewObligation("money_party", 1_000_000, "Trả nợ gốc"),
            NewObligation("money_state_budget", 50_000, "Án phí dân sự sơ thẩm"),
        ]
        new = NewCase(
            file_no="1/HS",
            decision_no="1/QĐ-THADS",
            decision_date=date(2026, 3, 2),
            accepted_on=date(2026, 3, 2),
            unit_id=officer.postings[-1].unit_id,
            officer_id=officer.id,
            kind="civil",
            initiation="on_request",
            obligations=duties,
            parties=parties or (DEBTOR,),
            judgment_no="12/2025/DS-ST",
            judgment_date=date(2025, 11, 20),
            court="Tòa án nhân dân khu vực 1 - Điện Biên",
        )
        self.case_id = org.run(create_case, new)

    def book(self, event: str, day: date = DECIDED, **more: Any) -> None:
        """An event, with its documents."""
        documents = {name: more.pop(name) for name in ("document_no", "ground") if name in more}
        self.org.run(book_event, self.case_id, None, Posting(Event(event, day, **more), **documents))

    def lose(self, number: str = "9/QĐ-THADS") -> None:
        """The decision that there are no conditions."""
        self.book("conditions_lost", document_no=number, ground="Điều 44a Luật THADS")

    def listed(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of its rows; what is stored is what the books say."""
        rows = stored(self.org.service, [self.case_id])
        assert rows == expected(self.org.service, [self.case_id])
        shown = ", ".join(columns or ("name",))
        return self.org.rows(f"SELECT {shown} FROM public_debtor WHERE case_id = %s ORDER BY name", self.case_id)


@pytest.fixture
def life(org: Organisation, officers: tuple[Officer, Officer]) -> Life:
    return Life(org, officers[0])


def test_a_debtor_without_conditions_appears_with_what_the_law_names(life: Life) -> None:
    assert life.listed() == []
    life.lose()
    columns = (
        "name", "address", "judgment_no", "judgment_date", "court", "decision_no", "decision_date", "obligation",
        "outstanding_vnd", "reason", "published_on", "due_on",
    )  # fmt: skip
    assert life.listed(*columns) == [
        (
            "Lò Thị Pằng", "Bản Nà Tấu", "12/2025/DS-ST", "2025-11-20", "Tòa án nhân dân khu vực 1 - Điện Biên",
            "9/QĐ-THADS", "2026-08-26", "Trả nợ gốc; Án phí dân sự sơ thẩm", 1_050_000, "Điều 44a Luật THADS",
            today().isoformat(), "2026-09-07",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "event", ["conditions_found", "terminated", "deferred", "suspended", "entrusted", "withdrawn", "request_returned"]
)
def test_it_vanishes_when_there_are_conditions_or_the_case_ends(life: Life, event: str) -> None:
    life.lose()
    assert life.listed()
    life.book(event)
    assert life.listed() == []


def test_it_stays_in_the_separate_register_and_goes_when_the_case_comes_back(life: Life) -> None:
    life.lose()
    life.book("to_separate_register")
    assert life.listed() == [("Lò Thị Pằng",)]
    life.book("back_from_register")
    assert life.listed() == []


def test_a_reversed_event_leaves_the_list_as_it_was_before(life: Life) -> None:
    life.lose()
    before = stored(life.org.service, [life.case_id])
    life.book("conditions_found")
    life.book("reversed")
    assert stored(life.org.service, [life.case_id]) == before
    life.book("reversed")
    assert life.listed() == []


def test_the_last_decision_that_stands_is_shown(life: Life) -> None:
    life.lose("1/QĐ-THADS")
    life.book("conditions_found")
    life.lose("2/QĐ-THADS")
    assert life.listed("decision_no") == [("2/QĐ-THADS",)]
    life.book("reversed")
    life.book("reversed")
    assert life.listed("decision_no") == [("1/QĐ-THADS",)]


def test_what_is_reduced_or_raised_is_shown_at_once(life: Life) -> None:
    life.lose()
    life.book("reduced", amount=50_000)
    assert life.listed("outstanding_vnd") == [(1_000_000,)]
    life.book("amount_raised", amount=7)
    assert life.listed("outstanding_vnd") == [(1_000_007,)]


def test_a_correction_of_the_case_corrects_its_entries(life: Life) -> None:
    life.lose()
    corrected = [
        NewParty("creditor", "organisation", "Công ty Hưng Thịnh"),
        NewParty("debtor", "individual", "Lò Thị Pánh", address="Bản Nà Tấu 2"),
        NewParty("debtor", "organisation", "Hợp tác xã Lúa Vàng"),
    ]
    changes = {"parties": corrected, "judgment_no": "13/2025/DS-ST", "judgment_date": None, "court": None}
    life.org.run(change_case, life.case_id, None, changes)
    assert life.listed("name", "address", "judgment_no", "judgment_date", "court") == [
        ("Hợp tác xã Lúa Vàng", None, "13/2025/DS-ST", None, None),
        ("Lò Thị Pánh", "Bản Nà Tấu 2", "13/2025/DS-ST", None, None),
    ]
    life.org.run(change_case, life.case_id, None, {"parties": corrected[:2]})
    assert life.listed() == [("Lò Thị Pánh",)]


def test_only_debtors_are_listed(org: Organisation, officers: tuple[Officer, Officer]) -> None:
    others = [NewParty(role, "individual", f"Nguyễn Văn {role}") for role in ("creditor", "related", "debtor")]
    life = Life(org, officers[0], *others)
    life.lose()
    assert life.listed() == [("Nguyễn Văn debtor",)]


def test_an_entry_follows_its_case_to_another_unit(life: Life, officers: tuple[Officer, Officer]) -> None:
    life.lose()
    there = officers[1]
    unit_id = there.postings[-1].unit_id
    life.book("handed_over", to_unit_id=unit_id, to_officer_id=there.id)
    assert life.listed("unit_id", "decision_no") == [(unit_id, "9/QĐ-THADS")]


@pytest.mark.parametrize("withheld", ["confidentiality = 1", "confidentiality = 2", "anonymised_on = '2026-09-01'"])
def test_restricted_secret_and_anonymised_parties_are_not_public(life: Life, withheld: str) -> None:
    life.lose()

    async def altered(session: Any, to: str) -> None:
        await session.execute(text(f"UPDATE enforcement_case SET {to} WHERE id = :id"), {"id": life.case_id})
        await keep_listed(session, [life.case_id])

    service = life.org.service
    service.runner.run(service.db.write(lambda session: altered(session, withheld)))
    assert life.listed() == []
    life.book("to_separate_register")
    assert life.listed() == []
    open_again = "confidentiality = 0, anonymised_on = NULL"
    service.runner.run(service.db.write(lambda session: altered(session, open_again)))
    assert life.listed() == [("Lò Thị Pằng",)]


def test_what_does_not_concern_the_list_does_not_touch_it(life: Life) -> None:
    life.lose()
    (before,) = life.listed("xmin::text")
    life.org.run(change_case, life.case_id, None, {"file_no": "2/HS"})
    assert life.listed("xmin::text") == [before]


def test_the_list_can_be_written_anew(life: Life, service: Service) -> None:
    life.lose()
    before = stored(service, [life.case_id])

    async def damage(session: Any) -> None:
        await session.execute(text("DELETE FROM public_debtor"))

    async def rebuild(session: Any) -> None:
        for statement in rebuild_statements():
            await session.execute(text(statement))

    service.runner.run(service.db.write(damage))
    found = service.runner.run(verify(service.db))
    assert {table for table, _, _ in found} == {"public_debtor"}
    service.runner.run(service.db.write(rebuild))
    assert service.runner.run(verify(service.db)) == []
    assert stored(service, [life.case_id]) == before
