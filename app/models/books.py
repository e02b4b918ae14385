"""The books: append-only entries and the rollups kept with them in the same transaction."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from app.models.aggregates import OPENING_ACCOUNTS, balance_columns
from app.models.base import metadata, money, one_of, recorded_at
from app.models.codes import (
    ACCOUNTS,
    ALL_SEGMENTS,
    CASE_KINDS,
    ENTRY_ACCOUNTS,
    EVENTS,
    INITIATIONS,
    PERIOD_STATES,
    SOURCES,
)

cut = Table(
    "cut",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("initiation", Text, nullable=False),
    Column("segment", SmallInteger, nullable=False),
    UniqueConstraint("kind", "initiation", "segment", name="uq_cut_kind"),
    one_of("kind", CASE_KINDS),
    one_of("initiation", INITIATIONS),
    CheckConstraint(f"segment BETWEEN 0 AND {ALL_SEGMENTS - 1}", name="segment"),
    comment="everything reports cut by, numbered: entries and rollups carry the number",
)

entry = Table(
    "entry",
    metadata,
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), primary_key=True),
    Column("event_no", SmallInteger, primary_key=True),
    Column("line", SmallInteger, primary_key=True),
    Column("event", Text, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("officer_id", Uuid, nullable=False),
    Column("from_account", Text, nullable=False),
    Column("to_account", Text, nullable=False),
    Column("cases", SmallInteger, nullable=False),
    money("amount_vnd"),
    Column("effective_on", Date, nullable=False, comment="the true day"),
    Column("booked_on", Date, nullable=False, comment="the day it counts on: later when the period was closed"),
    Column("reverses", SmallInteger, comment="event_no of the event this one takes back"),
    Column("source", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("request_id", Uuid),
    Column("document_no", Text),
    Column("ground", Text),
    Column("note", Text),
    recorded_at(),
    Column("cut_id", SmallInteger, nullable=False, comment="what the case counted as when this was booked"),
    Column("matter_id", Uuid, comment="the matter it belonged to then"),
    one_of("event", EVENTS),
    one_of("source", SOURCES),
    one_of("from_account", ENTRY_ACCOUNTS),
    one_of("to_account", ENTRY_ACCOUNTS),
    CheckConstraint("cases IN (0, 1) AND amount_vnd >= 0", name="moves"),
    CheckConstraint("from_account <> to_account", name="accounts"),
    CheckConstraint("booked_on >= effective_on", name="days"),
    Index("ix_entry_unit_day", "unit_id", "booked_on", "case_id"),
    Index("ix_entry_officer_id", "officer_id", "booked_on"),
)


def _balances(accounts: tuple[str, ...]) -> list[Column[int]]:
    return [money(column) for column in balance_columns(accounts)]


def _sparse(accounts: tuple[str, ...]) -> list[Column[int | None]]:
    """Balances of a narrow key, most of which are zero: NULL stands for 0 and takes no room."""
    return [Column(column, BigInteger) for column in balance_columns(accounts)]


rollup_unit_month = Table(
    "rollup_unit_month",
    metadata,
    Column("month", Date, primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    *_balances(ACCOUNTS),
    Index("ix_rollup_unit_month_unit_id", "unit_id", "month"),
)

rollup_unit_quarter = Table(
    "rollup_unit_quarter",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("quarter", Date, primary_key=True),
    *_balances(ACCOUNTS),
    Index("ix_rollup_unit_quarter_quarter", "quarter"),
)

rollup_unit_day = Table(
    "rollup_unit_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    *_balances(ACCOUNTS),
)

rollup_officer_month = Table(
    "rollup_officer_month",
    metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    *_balances(ACCOUNTS),
    Index("ix_rollup_officer_month_unit_id", "unit_id", "month"),
)

book_year = Table(
    "book_year",
    metadata,
    Column("fiscal_year", SmallInteger, primary_key=True, autoincrement=False),
    comment="fiscal years that have a stored opening; a statement starts from the latest one not after it",
)

unit_opening = Table(
    "unit_opening",
    metadata,
    Column("fiscal_year", SmallInteger, ForeignKey("book_year.fiscal_year"), primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    *_balances(OPENING_ACCOUNTS),
)

# The same again for every cut. The unit comes first: most questions are about one, and these tables are long.
rollup_unit_month_cut = Table(
    "rollup_unit_month_cut",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("cut_id", SmallInteger, primary_key=True, autoincrement=False),
    *_sparse(ACCOUNTS),
)

rollup_officer_month_cut = Table(
    "rollup_officer_month_cut",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("officer_id", Uuid, primary_key=True),
    Column("cut_id", SmallInteger, primary_key=True, autoincrement=False),
    *_sparse(ACCOUNTS),
    Index("ix_rollup_officer_month_cut_officer_id", "officer_id", "month"),
)

rollup_matter_month = Table(
    "rollup_matter_month",
    metadata,
    Column("matter_id", Uuid, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    Column("officer_id", Uuid, primary_key=True),
    Column("cut_id", SmallInteger, primary_key=True, autoincrement=False),
    *_sparse(ACCOUNTS),
    Index("ix_rollup_matter_month_unit_id", "unit_id", "month"),
)

unit_opening_cut = Table(
    "unit_opening_cut",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("fiscal_year", SmallInteger, ForeignKey("book_year.fiscal_year"), primary_key=True, autoincrement=False),
    Column("cut_id", SmallInteger, primary_key=True, autoincrement=False),
    *_sparse(OPENING_ACCOUNTS),
)

open_stock = Table(
    "open_stock",
    metadata,
    Column("unit_id", Uuid, nullable=False),
    Column("decision_month", Date, nullable=False),
    Column("with_conditions", Boolean, nullable=False),
    Column("high_value", Boolean, nullable=False, comment="at or above the threshold of the rule in force"),
    Column("matter_id", Uuid, comment="only of matters a steering committee has tracked"),
    Column("cases", BigInteger, nullable=False),
    money("amount_vnd"),
    money("outstanding_vnd"),
    UniqueConstraint(
        "unit_id",
        "decision_month",
        "with_conditions",
        "high_value",
        "matter_id",
        name="uq_open_stock_key",
        postgresql_nulls_not_distinct=True,
    ),
)

accounting_period = Table(
    "accounting_period",
    metadata,
    Column("month", Date, primary_key=True),
    Column("state", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False, server_default="1"),
    one_of("state", PERIOD_STATES),
    comment="a month is open while neither it nor a later one is closed or frozen",
)
