"""Frozen reports (số liệu đã chốt) with their lines, and who has sent the figures of a period. Rows are only added."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from app.models.base import metadata, recorded_at, uuid_key

REPORT_PARTS: Final = (
    "carried_over", "newly_accepted", "handed_over_net", "entrusted", "withdrawn", "pulled_up", "done", "enforcing",
    "deferred_by_agreement", "other", "without_conditions", "deferred_or_suspended", "accepted", "raised",
    "back_from_register", "to_register_carried", "to_register_new", "handed_in", "handed_out", "completed",
    "terminated", "reduced", "returned", "stock", "separate_register", "ended",
)  # fmt: skip
"""Lines a report keeps of each measure: those of a statement that the others follow from."""


def _figures() -> list[Column[int | None]]:
    """Every line of each measure; NULL stands for 0 and takes no room."""
    return [Column(f"{measure}_{part}", BigInteger) for measure in ("cases", "money") for part in REPORT_PARTS]


report = Table(
    "report",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("month", Date, nullable=False, comment="the last month of the period, which is cumulative from 1 October"),
    Column("version", SmallInteger, nullable=False),
    Column("regime", Text, nullable=False),
    Column("regime_version", SmallInteger, nullable=False),
    Column("reason", Text),
    Column("watermark", Text, nullable=False, comment="pg_current_snapshot(): the transactions whose entries it saw"),
    Column("units", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("officer_lines", Integer, comment="null: frozen before figures of officers were kept"),
    Column("cases_done", BigInteger, nullable=False, comment="of the nation, as the three after it"),
    Column("cases_with_conditions", BigInteger, nullable=False),
    Column("money_done", BigInteger, nullable=False),
    Column("money_with_conditions", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 over what it is and all its lines"),
    Column("client_id", Text, nullable=False),
    Column("person_id", Text),
    recorded_at("frozen_at"),
    UniqueConstraint("month", "version", name="uq_report_month"),
    CheckConstraint("version = 1 OR reason IS NOT NULL", name="restated"),
    ForeignKeyConstraint(
        ["regime", "regime_version"], ["regime_version.code", "regime_version.version"], name="fk_report_regime"
    ),
    comment="frozen figures of all units (số liệu đã chốt); every version stays",
)

report_line = Table(
    "report_line",
    metadata,
    Column("report_no", BigInteger, ForeignKey("report.no"), primary_key=True, autoincrement=False),
    Column("unit_id", Uuid, primary_key=True),
    Column("cut_id", SmallInteger, primary_key=True, autoincrement=False),
    *_figures(),
    comment="what the books of a unit said, without the units below it; NULL stands for 0",
)

report_officer_line = Table(
    "report_officer_line",
    metadata,
    Column("report_no", BigInteger, ForeignKey("report.no"), primary_key=True, autoincrement=False),
    Column("unit_id", Uuid, primary_key=True),
    Column("officer_id", Uuid, primary_key=True),
    *_figures(),
    comment="what the books of an officer in a unit said; NULL stands for 0",
)

report_submission = Table(
    "report_submission",
    metadata,
    uuid_key(),
    Column("month", Date, nullable=False),
    Column("unit_id", Uuid, ForeignKey("unit.id"), nullable=False),
    Column("officer_id", Uuid, ForeignKey("officer.id")),
    Column("missing", Integer, nullable=False, comment="how many below it had not sent by then"),
    Column("reason", Text),
    Column("client_id", Text, nullable=False),
    Column("person_id", Text),
    recorded_at("sent_at"),
    CheckConstraint("missing = 0 OR missing > 0 AND reason IS NOT NULL", name="missing"),
    Index("ix_report_submission_month", "month", "unit_id", "officer_id"),
    comment="a unit or an officer sent, and thereby approved, the figures of a period",
)
