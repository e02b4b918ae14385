"""A rollup that differs from its entries is named, and put right by the rebuild."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.services.access import Actor, Caller
from app.services.books.commands import rebuild_statements
from app.services.books.queries import verify
from app.services.cases.commands import create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.work import Work
from tests.builders import Service, offices

NATION = Caller("tests", frozenset(), ("vn.",))


@pytest.mark.parametrize(
    ("rollup", "damage"),
    [
        ("rollup_unit_day", "UPDATE rollup_unit_day SET money_accepted = money_accepted + 1"),
        ("rollup_unit_month", "UPDATE rollup_unit_month SET cases_enforcing = cases_enforcing - 1"),
        ("rollup_officer_month", "DELETE FROM rollup_officer_month"),
        ("unit_opening", "UPDATE unit_opening SET cases_enforcing = 7"),
        ("rollup_unit_month_cut", "UPDATE rollup_unit_month_cut SET cut_id = cut_id + 1"),
        ("rollup_officer_month_cut", "UPDATE rollup_officer_month_cut SET money_enforcing = NULL"),
        ("rollup_matter_month", "DELETE FROM rollup_matter_month"),
        ("unit_opening_cut", "UPDATE unit_opening_cut SET cases_no_conditions = 1"),
        ("open_stock", "UPDATE open_stock SET outstanding_vnd = 0"),
    ],
)
def test_a_damaged_rollup_is_named_and_put_right(fresh_database: Callable[[], str], rollup: str, damage: str) -> None:
    service = Service.over(fresh_database())
    try:
        _one_case(service)
        assert service.runner.run(verify(service.db)) == []
        _executed(service, [damage])
        assert {found[0] for found in service.runner.run(verify(service.db))} == {rollup}
        _executed(service, rebuild_statements())
        assert service.runner.run(verify(service.db)) == []
    finally:
        service.close()


def _one_case(service: Service) -> None:
    (office,) = service.runner.run(offices(service, 1))
    duty, debtor = NewObligation("money_party", 1000, "Trả nợ"), NewParty("debtor", "individual", "Nguyễn Văn An")
    day = date(2025, 3, 3)
    new = NewCase("1/HS", "1/QĐ", day, day, office.unit_id, office.officer_id, "civil", "on_request", [duty], [debtor])
    some_matter = "INSERT INTO matter (code, name, unit_path) VALUES ('M', 'Vụ án', 'vn.') RETURNING id::text"

    async def work(session: Any) -> None:
        matter_id = (await session.execute(text(some_matter))).scalar_one()
        case = replace(new, matter_id=matter_id)
        await create_case(Work(session, service.reference.current, NATION, Actor("tests")), case)

    service.runner.run(service.db.write(work))


def _executed(service: Service, statements: list[str]) -> None:
    async def work(session: Any) -> None:
        for statement in statements:
            await session.execute(text(statement))

    service.runner.run(service.db.write(work))
