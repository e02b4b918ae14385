"""What a case counts as is corrected: its stock moves, its past stays, and the identities hold in every cut."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.clock import today
from app.errors import Conflict
from app.models.codes import ACCOUNTS_STOCK, CASE_KINDS, SEGMENT_CORRUPTION
from app.services.access import Actor, Caller
from app.services.books.cuts import CUTS, cut_of, reclassifying
from app.services.books.queries import verify
from app.services.books.rules import Cut, Event, Line, Position
from app.services.cases import commands
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.work import Work
from tests.builders import Office, Service, offices

NATION = Caller("tests", frozenset(), ("vn.",))
DAY = date(2025, 3, 3)
CIVIL, FAMILY = cut_of("civil", "on_request", 0, None), cut_of("family", "on_request", 0, None)


@pytest.fixture
def here(service: Service) -> Office:
    """An office whose books nobody else writes in."""
    (office,) = service.runner.run(offices(service, 1))
    return office


def write(service: Service, act: Callable[[Work], Awaitable[Any]]) -> Any:
    ref = service.reference.current
    return service.runner.run(
        service.db.write(lambda session: act(Work(session, ref, NATION, Actor("tests", reason="Sửa"))))
    )


def new_case(service: Service, here: Office) -> str:
    new = NewCase("1/HS", "1/QĐ", DAY, DAY, here.unit_id, here.officer_id, "civil", "on_request",
                  [NewObligation("money_party", 1000, "Trả nợ")],
                  [NewParty("debtor", "individual", "Nguyễn Văn An")])  # fmt: skip
    case: str = write(service, lambda work: commands.create_case(work, new))
    return case


def book(service: Service, case: str, event: Event) -> int:
    booked: commands.Booked = write(
        service, lambda work: commands.book_event(work, case, None, commands.Posting(event))
    )
    return booked.event_no


def correct(service: Service, case: str, **changes: Any) -> None:
    write(service, lambda work: commands.change_case(work, case, None, changes))


Balances = dict[tuple[date, str], Counter[str]]


def balances(service: Service, here: Office, measure: str = "money") -> Balances:
    """Net movement of every account by month and kind, from the entries."""
    sql = """
        SELECT date_trunc('month', e.booked_on)::date, k.kind, e.from_account, e.to_account, e.cases, e.amount_vnd
        FROM entry e JOIN cut k ON k.id = e.cut_id WHERE e.unit_id = %s::uuid"""
    found: Balances = {}
    for month, kind, source, target, cases, amount in service.runner.run(service.db.fetch(sql, (here.unit_id,))):
        moved = found.setdefault((date.fromisoformat(month), kind), Counter())
        moved[target] += cases if measure == "cases" else amount
        moved[source] -= cases if measure == "cases" else amount
    for moved in found.values():
        assert sum(moved.values()) == 0
    return {key: Counter({a: n for a, n in moved.items() if n}) for key, moved in found.items()}


MARCH, NOW = date(2025, 3, 1), today().replace(day=1)


def test_the_table_and_the_code_number_the_cuts_alike(service: Service) -> None:
    rows = service.runner.run(service.db.fetch("SELECT kind, initiation, segment FROM cut ORDER BY id"))
    assert rows == list(CUTS)
    assert cut_of("criminal", "ex_officio", SEGMENT_CORRUPTION, "m") == Cut(CASE_KINDS.index("criminal") * 16 + 2, "m")


def test_a_correction_moves_the_stock_today_and_leaves_the_past(service: Service, here: Office) -> None:
    case = new_case(service, here)
    book(service, case, Event("collected", DAY, amount=300))
    before = balances(service, here)
    correct(service, case, kind="family")
    after = balances(service, here)
    assert before[MARCH, "civil"] == after[MARCH, "civil"] == {"accepted": -1000, "enforcing": 700, "completed": 300}
    assert after[NOW, "civil"] == {"enforcing": -700, "handed_out": 700}
    assert after[NOW, "family"] == {"handed_in": -700, "enforcing": 700}
    book(service, case, Event("completed", today()))
    assert balances(service, here)[NOW, "family"] == {"handed_in": -700, "completed": 700}
    assert service.runner.run(verify(service.db)) == []


def test_a_correction_of_what_is_not_counted_moves_nothing(service: Service, here: Office) -> None:
    case = new_case(service, here)
    correct(service, case, file_no="2/HS", kind="civil")
    assert list(balances(service, here)) == [(MARCH, "civil")]
    book(service, case, Event("completed", DAY))
    correct(service, case, kind="family")  # nothing of it is left in the books
    assert list(balances(service, here)) == [(MARCH, "civil")]
    assert service.runner.run(verify(service.db)) == []


def test_what_comes_back_to_life_follows_the_correction(service: Service, here: Office) -> None:
    """The end is taken back where it was counted; then the case moves to where it counts now."""
    case = new_case(service, here)
    book(service, case, Event("completed", DAY))
    correct(service, case, kind="family")
    book(service, case, Event("reversed", today()))
    after = balances(service, here)
    assert after[MARCH, "civil"] == {"accepted": -1000, "enforcing": 1000}
    assert after[NOW, "civil"] == {"enforcing": -1000, "handed_out": 1000}
    assert after[NOW, "family"] == {"handed_in": -1000, "enforcing": 1000}
    assert service.runner.run(verify(service.db)) == []


def test_a_reversal_reaches_behind_a_correction(service: Service, here: Office) -> None:
    case = new_case(service, here)
    book(service, case, Event("conditions_lost", DAY))
    correct(service, case, kind="family")
    book(service, case, Event("reversed", today()))
    for measure, number in (("cases", 1), ("money", 1000)):
        after = balances(service, here, measure)
        assert after[MARCH, "civil"] == {"accepted": -number, "enforcing": number}
        assert Counter(after[NOW, "civil"])["enforcing"] == -number
        assert {a: after[NOW, "family"][a] for a in ACCOUNTS_STOCK if after[NOW, "family"][a]} == {"enforcing": number}
    assert service.runner.run(verify(service.db)) == []


def test_a_late_event_counts_where_the_case_counted_on_its_day(service: Service, here: Office) -> None:
    case = new_case(service, here)
    correct(service, case, kind="family")
    assert book(service, case, Event("collected", date(2025, 4, 1), amount=400)) == 3
    after = balances(service, here)
    assert after[date(2025, 4, 1), "civil"] == {"enforcing": -400, "completed": 400}
    stock = Counter(after[NOW, "family"])
    assert (stock["enforcing"], after[NOW, "civil"]["enforcing"]) == (600, -600)
    assert service.runner.run(verify(service.db)) == []


def test_the_register_and_the_matter_follow_too(service: Service, here: Office) -> None:
    case = new_case(service, here)
    for event in ("conditions_lost", "to_separate_register"):
        book(service, case, Event(event, DAY))
    some_matter = "INSERT INTO matter (code, name, unit_path) VALUES (:code, 'Vụ án', 'vn.') RETURNING id::text"

    async def matter(work: Work) -> str:
        return str((await work.session.execute(text(some_matter), {"code": f"cut {here.path}"})).scalar_one())

    matter_id = write(service, matter)
    correct(service, case, matter_id=matter_id, corruption_economic=True)
    sql = """
        SELECT cut_id, (sum(cases_register_new))::int, (sum(cases_register_moved))::int
        FROM rollup_unit_month_cut WHERE unit_id = %s::uuid GROUP BY 1 ORDER BY 1"""
    rows = service.runner.run(service.db.fetch(sql, (here.unit_id,)))
    assert rows == [(CIVIL.id, 1, -1), (CIVIL.id + SEGMENT_CORRUPTION, None, 1)]
    sql = "SELECT cases_register_moved, money_register_moved FROM rollup_matter_month WHERE matter_id = %s::uuid"
    assert service.runner.run(service.db.fetch(sql, (matter_id,))) == [(1, 1000)]
    assert service.runner.run(verify(service.db)) == []


def test_the_history_names_it_and_the_life_goes_on(service: Service, here: Office) -> None:
    case = new_case(service, here)
    correct(service, case, kind="family")
    sql = "SELECT event_no, event, line, from_account, to_account FROM entry WHERE case_id = %s::uuid ORDER BY 1, 3"
    assert service.runner.run(service.db.fetch(sql, (case,)))[1:] == [
        (2, "reclassified", 1, "enforcing", "handed_out"),
        (2, "reclassified", 2, "handed_in", "enforcing"),
    ]
    with pytest.raises(Conflict):
        book(service, case, Event("reversed", today()))  # there is nothing of its life to take back
    assert book(service, case, Event("conditions_lost", date(2025, 3, 4))) == 3


def test_a_handover_taken_back_ends_in_one_place() -> None:
    accepted = Line("a", "x", "accepted", "enforcing", 1, 70, CIVIL)
    handed = [
        Line("a", "x", "enforcing", "handed_out", 1, 70, CIVIL),
        Line("b", "y", "handed_in", "enforcing", 1, 70, CIVIL),
    ]
    corrected = [
        Line("b", "y", "enforcing", "handed_out", 1, 70, CIVIL),
        Line("b", "y", "handed_in", "enforcing", 1, 70, FAMILY),
    ]
    back = [
        Line("b", "y", "enforcing", "handed_in", 1, 70, CIVIL),
        Line("a", "x", "handed_out", "enforcing", 1, 70, CIVIL),
    ]
    position = Position("enforcing", 70, 70, "a", "x", DAY, None, DAY)
    moves = reclassifying([accepted, *handed, *corrected, *back], position, FAMILY)
    assert set(moves) == {
        Line("a", "x", "enforcing", "handed_out", 1, 70, CIVIL),
        Line("a", "x", "handed_in", "enforcing", 1, 70, FAMILY),
        Line("b", "y", "handed_in", "enforcing", 1, 70, CIVIL),
        Line("b", "y", "enforcing", "handed_out", 1, 70, FAMILY),
    }
    assert reclassifying([accepted, *handed, *corrected, *back, *moves], position, FAMILY) == []
