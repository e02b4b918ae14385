"""What a superuser does to the trail is found, and named at the right record."""

from collections.abc import Iterator

import pytest

from app.db import SeenBy
from app.services.audit import chain_queries, export
from app.services.audit.rules import NATION, NEVER_LINKED, NO_HEAD, NOT_SIGNED, OTHER_HEAD, WHY, Break, SignedHead
from app.services.clients.tokens import Tokens
from app.settings import Settings
from tests.conftest import new_database
from tests.services.audit.book import OTHER, ROUNDS, UNIT, audit_id, link, make_book, on, superuser, verdict

LENGTH = 2 * ROUNDS  # of the chain of UNIT
COLUMNS = {
    "subject": "'matter'",
    "subject_id": "'thing-77'",
    "unit_id": f"'{OTHER}'",
    "unit_path": "'vn.bb.'",
    "confidentiality": "2",
    "action": "'changee'",
    "client_id": "'other'",
    "person_id": "NULL",
    "person_unit_id": f"'{OTHER}'",
    "person_role": "'leader'",
    "request_id": "NULL",
    "reason": "'Quyết định số 16'",
    "before": """'{"state": "moi"}'""",
    "after": "NULL",
    "transaction_id": "transaction_id + 1",
    "recorded_at": "recorded_at + interval '1 microsecond'",
}


@pytest.fixture(scope="module")
def original(cluster: str) -> Iterator[str]:
    """The book as it was written."""
    with new_database(cluster) as url:
        make_book(url)
        yield url


@pytest.fixture
def book(original: str) -> Iterator[str]:
    """A copy to tamper with."""
    with new_database(original) as url:
        yield url


def tamper(book: str, *statements: str) -> None:
    """Does as a superuser whom no trigger stops."""
    with superuser(book) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def breaks(book: str, *signed: SignedHead) -> tuple[Break, ...]:
    """The broken places verifying names."""
    return verdict(book, signed).breaks


def exported(book: str) -> tuple[SignedHead, ...]:
    """The heads as an operator keeps them elsewhere."""
    tokens = Tokens(Settings())

    async def work(db: SeenBy) -> list[str]:
        at = await chain_queries.last_round(db)
        return list(export.signed_lines(tokens, await chain_queries.heads(db), at))

    return tuple(export.read_lines(tokens, on(book, work)))


def test_an_untouched_trail_is_whole(book: str) -> None:
    found = verdict(book, exported(book))
    assert (found.breaks, found.chains, found.linked, found.waiting) == ((), 3, 4 * ROUNDS, 0)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_column_is_found(book: str, column: str) -> None:
    broken = audit_id(book, UNIT, 3)
    tamper(book, f"UPDATE audit_record SET {column} = {COLUMNS[column]} WHERE id = {broken}")
    assert breaks(book) == (Break(UNIT, 3, broken, WHY["changed"]),)


def test_every_column_of_a_record_is_flipped_above(book: str) -> None:
    with superuser(book) as connection:
        sql = "SELECT column_name FROM information_schema.columns WHERE table_name = 'audit_record'"
        assert {name for (name,) in connection.execute(sql)} == COLUMNS.keys() | {"id"}


def test_a_deleted_record_is_found(book: str) -> None:
    broken = audit_id(book, UNIT, 4)
    tamper(book, f"DELETE FROM audit_record WHERE id = {broken}")
    assert breaks(book) == (Break(UNIT, 4, broken, WHY["deleted"]),)


def test_a_record_deleted_with_its_link_is_found(book: str) -> None:
    broken = audit_id(book, UNIT, 4)
    both = [f"DELETE FROM audit_record WHERE id = {broken}", f"DELETE FROM audit_link WHERE audit_id = {broken}"]
    tamper(book, *both)
    assert breaks(book) == (Break(UNIT, 4, None, WHY["missing"]),)
    after = audit_id(book, UNIT, 5)
    closed = f"UPDATE audit_link SET no = no - 1 WHERE unit_id = '{UNIT}' AND no = {{}}"
    tamper(book, *(closed.format(no) for no in range(5, LENGTH + 1)))
    assert breaks(book) == (Break(UNIT, 4, after, WHY["changed"]),)


def test_a_link_taken_out_is_found(book: str) -> None:
    tamper(book, f"DELETE FROM audit_link WHERE unit_id = '{UNIT}' AND no = 1")
    assert breaks(book) == (Break(UNIT, 1, None, WHY["missing"]),)


def test_a_changed_link_is_found(book: str) -> None:
    tamper(book, f"UPDATE audit_link SET digest = sha256('x') WHERE unit_id = '{UNIT}' AND no = 5")
    assert breaks(book) == (Break(UNIT, 5, audit_id(book, UNIT, 5), WHY["changed"]),)


_INSERTED = """
    INSERT INTO audit_record (subject, subject_id, unit_id, unit_path, action, client_id, recorded_at)
    VALUES ('case', 'thing-1', '{}', 'vn.aa.', 'changed', 'portal', clock_timestamp() - interval '{}')"""


def test_a_record_put_in_with_an_older_time_is_found_when_it_is_linked(book: str) -> None:
    tamper(book, _INSERTED.format(UNIT, "1 hour"))
    assert link(book) == 1
    assert breaks(book) == (Break(UNIT, LENGTH + 1, audit_id(book, UNIT, LENGTH + 1), WHY["backdated"]),)


def test_a_record_put_in_for_chaining_to_overlook_is_found(book: str) -> None:
    tamper(book, _INSERTED.format(UNIT, "1 hour"), "UPDATE audit_record SET transaction_id = 0 WHERE reason IS NULL")
    assert link(book) == 0
    (broken,) = breaks(book)
    assert (broken.unit_id, broken.no, broken.why) == (UNIT, None, NEVER_LINKED)
    assert broken.audit_id == 4 * ROUNDS + 1


def test_a_record_of_now_only_waits(book: str) -> None:
    tamper(book, _INSERTED.format(UNIT, "1 second"))
    found = verdict(book)
    assert (found.breaks, found.waiting) == ((), 1)


def test_a_record_put_in_between_is_found(book: str) -> None:
    later = f"UPDATE audit_link SET no = no + 1 WHERE unit_id = '{UNIT}' AND no = {{}}"
    added = f"""INSERT INTO audit_link SELECT '{UNIT}', 3, max(id), now() - interval '1 hour', sha256('x')
                FROM audit_record"""
    tamper(book, _INSERTED.format(UNIT, "30 minutes"), *(later.format(no) for no in range(LENGTH, 2, -1)), added)
    assert breaks(book) == (Break(UNIT, 3, audit_id(book, UNIT, 3), WHY["changed"]),)


def test_records_in_another_order_are_found(book: str) -> None:
    first, second = audit_id(book, UNIT, 2), audit_id(book, UNIT, 3)
    swapped = [(-1, first), (first, second), (second, -1)]
    tamper(
        book,
        "ALTER TABLE audit_record ALTER COLUMN id DROP IDENTITY",
        *(f"UPDATE audit_record SET id = {to} WHERE id = {now}" for to, now in swapped),
    )
    assert breaks(book) == (Break(UNIT, 2, first, WHY["changed"]),)


def test_links_in_another_order_are_found(book: str) -> None:
    second = audit_id(book, UNIT, 3)
    swapped = [(-1, 2), (2, 3), (3, -1)]
    tamper(book, *(f"UPDATE audit_link SET no = {to} WHERE unit_id = '{UNIT}' AND no = {now}" for to, now in swapped))
    assert breaks(book) == (Break(UNIT, 2, second, WHY["changed"]),)


def test_a_chain_given_to_another_unit_is_found(book: str) -> None:
    moved = "UPDATE {} SET unit_id = '00000000-0000-7000-8000-000000000001' WHERE unit_id = '{}'"
    tamper(book, moved.format("audit_link", UNIT), moved.format("audit_head", UNIT))
    (broken,) = breaks(book)
    assert (broken.no, broken.why) == (1, WHY["changed"])


def _cut(unit_id: str, no: int) -> list[str]:
    """The records from `no` on, with their links."""
    cut = f"SELECT audit_id FROM audit_link WHERE unit_id = '{unit_id}' AND no >= {no}"
    return [
        f"DELETE FROM audit_record WHERE id IN ({cut})",
        f"DELETE FROM audit_link WHERE unit_id = '{unit_id}' AND no >= {no}",
    ]


def test_a_tail_cut_off_is_found(book: str) -> None:
    tamper(book, *_cut(UNIT, LENGTH - 1))
    (broken,) = breaks(book)
    assert (broken.unit_id, broken.no) == (UNIT, LENGTH - 1)
    assert broken.why.endswith(f"up to number {LENGTH} that the head names")


_MENDED = f"""
    UPDATE audit_head h SET no = l.no, audit_id = l.audit_id, digest = l.digest
    FROM audit_link l WHERE l.unit_id = h.unit_id AND h.unit_id = '{UNIT}' AND l.no = {{}}"""


def test_a_tail_cut_off_with_its_head_is_found_by_the_signed_head(book: str) -> None:
    signed, last = exported(book), audit_id(book, UNIT, LENGTH)
    tamper(book, *_cut(UNIT, LENGTH), _MENDED.format(LENGTH - 1))
    assert breaks(book) == ()
    (broken,) = breaks(book, *signed)
    assert (broken.unit_id, broken.no, broken.audit_id) == (UNIT, LENGTH, last)
    assert broken.why.endswith("a signed head names")


def test_a_whole_chain_taken_away_is_found(book: str) -> None:
    signed = exported(book)
    tamper(book, *_cut(NATION, 1))
    assert [(b.unit_id, b.no) for b in breaks(book)] == [(NATION, 1)]
    tamper(book, f"DELETE FROM audit_head WHERE unit_id = '{NATION}'")
    assert breaks(book) == ()
    assert [(b.unit_id, b.no) for b in breaks(book, *signed)] == [(NATION, 1)]


def test_truncated_tables_are_found(book: str) -> None:
    signed = exported(book)
    tamper(book, "TRUNCATE audit_record")
    assert [(b.no, b.why) for b in breaks(book)] == [(1, WHY["deleted"])] * 3
    tamper(book, "TRUNCATE audit_link, audit_head")
    assert [b.no for b in breaks(book, *signed)] == [1, 1, 1]


def test_heads_that_do_not_fit_are_found(book: str) -> None:
    tamper(book, f"DELETE FROM audit_head WHERE unit_id = '{OTHER}'", _MENDED.format(LENGTH - 1))
    found = {b.unit_id: b for b in breaks(book)}
    assert found[OTHER] == Break(OTHER, None, None, NO_HEAD)
    assert (found[UNIT].no, found[UNIT].why) == (LENGTH - 1, OTHER_HEAD)


_REWRITTEN = f"""
    WITH gone AS (DELETE FROM audit_link WHERE unit_id = '{UNIT}')
    UPDATE audit_head SET no = 0, digest = '' WHERE unit_id = '{UNIT}'"""


def test_a_chain_made_anew_is_found_by_the_signed_head(book: str) -> None:
    """The attacker changes a record and lets chaining link the whole chain again, at the old times."""
    signed = exported(book)
    broken = audit_id(book, UNIT, 3)
    tamper(book, f"UPDATE audit_record SET reason = 'x' WHERE id = {broken}", _REWRITTEN)
    tamper(book, "UPDATE audit_round SET seen_below = 0, at = '1970-01-01 00:00:00Z'")
    assert link(book) == LENGTH
    assert breaks(book) == ()
    assert breaks(book, *signed) == (Break(UNIT, LENGTH, audit_id(book, UNIT, LENGTH), NOT_SIGNED),)


def test_a_round_said_to_be_older_is_found(book: str) -> None:
    """Setting the time of the last round back lets an older record in, but not past a round on record or signed."""
    signed = exported(book)
    tamper(book, "UPDATE audit_round SET at = at - interval '2 hours'", _INSERTED.format(UNIT, "1 hour"))
    tamper(book, _INSERTED.format("0197c0de-0000-7000-8000-0000000000cc", "1 hour"))
    assert link(book) == 2
    assert breaks(book) == (Break(UNIT, LENGTH + 1, audit_id(book, UNIT, LENGTH + 1), WHY["disordered"]),)
    assert [b.no for b in breaks(book, *signed)] == [LENGTH + 1]
