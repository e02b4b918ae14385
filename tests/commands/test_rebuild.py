"""Rebuild and verify as an operator runs it: what it says of frozen reports that somebody tampered with."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app.cli import app
from app.services.access import Actor, Caller
from app.services.periods import commands
from app.services.statistics.rules import Period
from app.services.work import Work
from tests.builders import Service
from tests.conftest import new_database
from tests.services.audit.book import superuser
from tests.services.statistics import scenario

FROZEN: Final = (Period.of_months(2025, 4), Period.of_months(2025, 6))


async def _freeze(service: Service, reason: str | None, session: AsyncSession) -> None:
    """Closes and freezes two periods, or restates them."""
    caller = Caller("tests", frozenset(), ("vn.",))
    work = Work(session, service.reference.current, caller, Actor("tests"))
    for period in FROZEN:
        if reason is None:
            await commands.close(work, period, None)
        await commands.freeze(work, period, reason or "chưa nhận đủ báo cáo")


@pytest.fixture(scope="module")
def original(cluster: str) -> Iterator[str]:
    """Books with four frozen reports: two periods, in two versions each."""
    with new_database(cluster) as url:
        service = Service.over(url)
        scenario.build(service, seed=7, cases=15)
        for reason in (None, "điều chỉnh"):
            service.runner.run(service.db.write(partial(_freeze, service, reason)))
        service.close()
        yield url


def run(original: str, monkeypatch: pytest.MonkeyPatch, *statements: str) -> Result:
    """What the command says of a copy, after statements of a superuser whom no trigger stops."""
    with new_database(original) as url:
        with superuser(url) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        monkeypatch.setenv("THADS_DATABASE_URL", url)
        return CliRunner().invoke(app, ["rebuild-and-verify"])


def test_reports_as_they_were_frozen(original: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(original, monkeypatch)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "0 differences before the rebuild",
        "Nothing to rebuild.",
        "4 frozen reports, 0 not as they were frozen",
    ]


_ONE: Final = "(SELECT ctid FROM report_line WHERE report_no = {} ORDER BY unit_id, cut_id LIMIT 1)"


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        (
            f"UPDATE report_line SET money_done = coalesce(money_done, 0) + 1 WHERE ctid = {_ONE.format(2)}",
            "report 2 (2025-06, version 1)",
        ),
        (f"DELETE FROM report_line WHERE ctid = {_ONE.format(3)}", "report 3 (2025-04, version 2)"),
        (
            "INSERT INTO report_line (report_no, unit_id, cut_id) SELECT 4, unit_id, 143 FROM report_line LIMIT 1",
            "report 4 (2025-06, version 2)",
        ),
        ("UPDATE report SET regime_version = 1, regime = 'tt06-2019' WHERE no = 1", "report 1 (2025-04, version 1)"),
        ("UPDATE report SET cases_done = cases_done + 1 WHERE no = 3", "report 3 (2025-04, version 2)"),
    ],
)
def test_a_report_that_was_tampered_with_is_named(
    original: str, monkeypatch: pytest.MonkeyPatch, statement: str, first: str
) -> None:
    """The books have nothing to do with it: they are not rebuilt."""
    result = run(original, monkeypatch, statement)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "0 differences before the rebuild",
        "Nothing to rebuild.",
        "4 frozen reports, 1 not as they were frozen",
        f"  the first: {first}",
    ]


def test_the_first_of_several_is_named(original: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[Any] = [f"UPDATE report_line SET cases_done = 77 WHERE report_no = {no}" for no in (4, 2)]
    result = run(original, monkeypatch, *changes)
    assert result.stdout.splitlines()[2:] == [
        "4 frozen reports, 2 not as they were frozen",
        "  the first: report 2 (2025-06, version 1)",
    ]


def test_books_that_differ_are_rebuilt_all_the_same(original: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(
        original,
        monkeypatch,
        "UPDATE rollup_unit_month SET cases_accepted = cases_accepted + 1",
        "UPDATE report_line SET cases_done = 77 WHERE report_no = 1",
    )
    assert result.exit_code == 1
    said = result.stdout.splitlines()
    assert "0 differences after the rebuild" in said
    assert said[-1] == "  the first: report 1 (2025-04, version 1)"
