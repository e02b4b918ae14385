"""Administrative judgments whose enforcement is tracked (theo dõi thi hành án hành chính, THAHC)."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid

from app.models.base import CPath, metadata, one_of, recorded_at, uuid_key
from app.models.codes import ADMINISTRATIVE_OUTCOMES

administrative_judgment = Table(
    "administrative_judgment",
    metadata,
    uuid_key(),
    Column("unit_id", Uuid, ForeignKey("unit.id"), nullable=False),
    Column("unit_path", CPath, nullable=False, comment="path of the unit"),
    Column("officer_id", Uuid, ForeignKey("officer.id"), comment="who tracks it; null until somebody is named"),
    Column("file_no", Text, nullable=False),
    Column("court", Text, nullable=False),
    Column("judgment_no", Text, nullable=False),
    Column("judgment_date", Date, nullable=False),
    Column("decision_no", Text, comment="of the decision that compels enforcement (buộc thi hành án hành chính)"),
    Column("decision_date", Date),
    Column("obliged_agency", Text, nullable=False, comment="the public body that has to carry it out; no person"),
    Column("accepted_on", Date, nullable=False, comment="tracked from this day on"),
    Column("ended_on", Date, comment="no longer tracked from this day on"),
    Column("outcome", Text, comment="why it is no longer tracked"),
    Column("proposals", Text, comment="what was proposed against whoever is to blame"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    one_of("outcome", ADMINISTRATIVE_OUTCOMES),
    CheckConstraint("num_nonnulls(decision_no, decision_date) <> 1", name="decision"),
    CheckConstraint("num_nonnulls(ended_on, outcome) <> 1", name="end"),
    CheckConstraint(
        "judgment_date <= accepted_on AND judgment_date <= coalesce(decision_date, judgment_date) "
        "AND accepted_on <= coalesce(ended_on, accepted_on)",
        name="days",
    ),
    UniqueConstraint("unit_id", "file_no"),
    Index("ix_administrative_judgment_unit_path", "unit_path", "accepted_on", "id"),
    Index("ix_administrative_judgment_officer_id", "officer_id", "accepted_on"),
    comment="administrative judgments whose enforcement by the obliged agency is tracked",
)
