"""Who is told what: the same by the query and by row-level security."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import text

from app.services.access import ORDINARY, RESTRICTED
from app.services.changes import queries
from app.services.changes.commands import forget_old_changes, number
from app.services.changes.queries import read_page
from app.services.changes.rules import Place, View
from tests.conftest import new_database
from tests.services.audit.book import on
from tests.services.audit.test_walls import _as_service
from tests.services.changes.storm import view

A: Final = "vn.s1."
B: Final = "vn.s2."
# position: subject, path, class, institutions; the three before
CHANGES: Final[list[tuple[Any, ...]]] = [
    ("case", A, 0, [], None, None, None),
    ("case", B, 0, ["VCB"], None, None, None),
    ("case", B, 0, [], A, 0, []),  # handed over
    ("case", A, 1, [], A, 0, []),  # classified
    ("case", A, 0, ["BIDV"], A, 0, ["VCB"]),  # another creditor
    ("case", "vn.s1.k2.", 2, ["VCB"], None, None, None),
    ("priority_rule", None, 0, None, None, None, None),
    ("client", None, 0, None, None, None, None),
    ("officer", A, 0, None, B, 0, None),
    ("unit", "vn.s11.", 0, None, None, None, None),
    ("case", A, 0, ["VCB"], B, 1, ["BIDV"]),
    ("demo_book", None, 0, None, A, 0, None),
]
UPSERT, LEFT = "upsert", "left"


@pytest.fixture(scope="module")
def url(cluster: str) -> Iterator[str]:
    """A feed with these changes at positions 1, 2, 3 …"""
    with new_database(cluster) as made:
        with psycopg.connect(made, autocommit=True) as owner:
            for change in CHANGES:
                owner.execute(
                    "INSERT INTO change_record (subject, unit_path, confidentiality, institutions, was_unit_path,"
                    " was_confidentiality, was_institutions, subject_id, version, action, transaction_id) VALUES"
                    " (%s, %s, %s, %s, %s, %s, %s, 'x', 1, 'changed', pg_current_xact_id()::text::bigint)",
                    change,
                )
        on(made, lambda db: db.write(number))
        yield made


def told(url: str, who: View) -> dict[int, str]:
    """What the feed says at which position."""
    page = on(url, lambda db: read_page(db, who, None, 100))
    assert page is not None
    assert page.upto.position == len(CHANGES)
    return {one["position"]: one["change"] for one in page.changes()}


def shown(url: str, who: View) -> set[int]:
    """What row-level security lets through of what the feed tells about, in the context of this caller."""
    context = {
        "client": "portal",
        "lower": min(who.paths),
        "upper": max(who.paths)[:-1] + "/",
        "paths": "{" + ",".join(who.paths) + "}" if len(who.paths) > 1 else "",
        "clearance": str(who.clearance),
        "institution": who.institution or "",
    }
    with psycopg.connect(url) as connection:
        for statement in _as_service(context):
            connection.execute(statement.encode())
        rows = connection.execute("SELECT position FROM change_record WHERE subject = ANY (%s)", [list(who.kinds)])
        return {row[0] for row in rows}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (view(1), {1: UPSERT, 3: LEFT, 4: LEFT, 5: UPSERT, 7: UPSERT, 9: UPSERT, 11: UPSERT}),
        (view(1, clearance=RESTRICTED), {1: UPSERT, 3: LEFT, 4: UPSERT, 5: UPSERT, 7: UPSERT, 9: UPSERT, 11: UPSERT}),
        (view(2), {2: UPSERT, 3: UPSERT, 7: UPSERT, 9: LEFT}),
        (view(2, clearance=RESTRICTED), {2: UPSERT, 3: UPSERT, 7: UPSERT, 9: LEFT, 11: LEFT}),
        (view(1, 2), {1: UPSERT, 2: UPSERT, 3: UPSERT, 4: LEFT, 5: UPSERT, 7: UPSERT, 9: UPSERT, 11: UPSERT}),
        (view(institution="VCB"), {2: UPSERT, 5: LEFT, 7: UPSERT, 9: UPSERT, 10: UPSERT, 11: UPSERT}),
        (view(2, institution="BIDV"), {7: UPSERT, 9: LEFT}),
        (view(3, clearance=ORDINARY), {7: UPSERT}),
    ],
)
def test_everybody_is_told_what_is_theirs_by_both_walls(url: str, who: View, expected: dict[int, str]) -> None:
    assert told(url, who) == expected
    assert shown(url, who) == expected.keys()


def test_without_a_context_nothing_is_shown_and_nothing_written(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE thads_service")
        for table in ("change_record", "change_head", "change_lineage"):
            assert connection.execute(f"SELECT * FROM {table}".encode()).fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "INSERT INTO change_record (subject, subject_id, version, action, transaction_id)"
                " VALUES ('case', 'x', 1, 'changed', 1)"
            )


@pytest.mark.parametrize(
    ("statement", "done"),
    [
        ("UPDATE change_record SET position = 99 WHERE position = 1", 0),
        ("DELETE FROM change_record WHERE position = 1", 0),
        ("UPDATE change_record SET unit_path = 'vn.'", None),
        ("UPDATE change_record SET subject_id = 'y'", None),
        ("TRUNCATE change_record", None),
        ("DELETE FROM change_lineage", None),
        ("DELETE FROM change_head", None),
    ],
)
def test_a_caller_changes_nothing_of_the_feed(url: str, statement: str, done: int | None) -> None:
    with psycopg.connect(url) as connection:
        for prepare in _as_service({"client": "portal", "lower": "vn.", "clearance": "2"}):
            connection.execute(prepare.encode())
        if done is None:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        else:
            assert connection.execute(statement.encode()).rowcount == done


def test_the_service_numbers_in_its_own_context(fresh_database: Callable[[], str]) -> None:
    """As the role of the service, with everything numbering and forgetting need."""
    url = fresh_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO change_record (subject, subject_id, version, action, transaction_id, recorded_at) VALUES"
            " ('case', 'x', 1, 'changed', pg_current_xact_id()::text::bigint, now() - interval '41 days')"
        )

    async def numbered(session: Any) -> Any:
        for statement in _as_service({"client": "@service"}):
            await session.execute(text(statement))
        return await number(session), await forget_old_changes(session, timedelta(days=40))

    done, forgotten = on(url, lambda db: db.write(numbered))
    assert (done.changes, forgotten) == (1, 1)


def test_a_page_of_others_changes_is_empty_and_leads_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow view passes over at most so many positions in one page."""
    monkeypatch.setattr(queries, "SCANNED", 5)
    who, place, positions = view(3), None, []
    pages = 0
    while place is None or place.position < len(CHANGES):
        page = on(url, lambda db, place=place: read_page(db, who, place, 100))  # type: ignore[misc]  # a default binds it
        assert page is not None
        positions += [one["position"] for one in page.changes()]
        place = page.upto
        pages += 1
        assert page.more is (place.position < len(CHANGES))
    assert (positions, pages) == ([7], 3)
    assert isinstance(place, Place)
