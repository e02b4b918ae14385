"""What the database itself refuses, whoever asks."""

import psycopg
import pytest

from tests.api.world import World

NATION = "01890000-0000-7000-8000-000000000001"


@pytest.fixture
def direct(database_url: str, world: World) -> psycopg.Connection:
    """A connection around the service, with the world's data."""
    assert world
    return psycopg.connect(database_url, autocommit=True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entry SET amount_vnd = 1", "DELETE FROM entry", "TRUNCATE entry", "UPDATE audit_record SET reason = 'x'"],
)
def test_entries_and_audit_are_append_only(direct: psycopg.Connection, statement: str) -> None:
    with direct, pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        direct.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO unit (code, level, path, validity) VALUES ('G15', 'national', 'x.', '[2020-01-01,2021-01-01)')",
        f"INSERT INTO unit_name (unit_id, name, validity) VALUES ('{NATION}', 'x', '[2020-01-01,2021-01-01)')",
        """INSERT INTO priority_rule SELECT flag, 2, years, years_inclusive, min_amount_vnd, amount_meant,
           requires_conditions, legal_basis, '[2025-01-01,2026-01-01)' FROM priority_rule""",
        """INSERT INTO officer_posting SELECT officer_id, unit_id, 'clerk', '[2020-01-01,2021-01-01)'
           FROM officer_posting""",
        """INSERT INTO matter_tracking SELECT matter_id, level, '[2025-01-01,2025-02-01)', state, state_since
           FROM matter_tracking""",
    ],
)
def test_validities_never_overlap(direct: psycopg.Connection, statement: str) -> None:
    with direct, pytest.raises(psycopg.errors.ExclusionViolation):
        direct.execute(statement.encode())


@pytest.mark.parametrize(
    "change",
    [
        "outstanding_vnd = -1",
        "outstanding_vnd = amount_vnd + 1",
        "account = 'lost'",
        "kind = 'unknown'",
        "unit_id = gen_random_uuid()",
    ],
)
def test_a_case_row_is_always_possible(direct: psycopg.Connection, change: str) -> None:
    with direct, pytest.raises(psycopg.errors.IntegrityError):
        direct.execute(f"UPDATE enforcement_case SET {change}".encode())


def test_a_case_knows_whether_it_counts(direct: psycopg.Connection) -> None:
    with direct:
        direct.execute("BEGIN")
        for account, is_open, with_conditions in (
            ("enforcing", True, True),
            ("other", True, True),
            ("no_conditions", True, False),
            ("suspended", True, False),
            ("completed", False, False),
            ("register", False, False),
        ):
            sql = "UPDATE enforcement_case SET account = %s RETURNING is_open, with_conditions"
            assert direct.execute(sql, (account,)).fetchone() == (is_open, with_conditions)
        direct.execute("ROLLBACK")
