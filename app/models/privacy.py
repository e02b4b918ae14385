"""Relatives of officers, how long personal data are kept, and what must be kept longer."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.models.base import metadata, one_of, recorded_at, uuid_key, validity
from app.models.cases import PERSONAL
from app.models.codes import OFFICER_RELATIONS, RETENTION_CLASSES

officer_relative = Table(
    "officer_relative",
    metadata,
    uuid_key(),
    Column("officer_id", Uuid, ForeignKey("officer.id"), nullable=False),
    Column("relation", Text, nullable=False, info=PERSONAL),
    Column("name", Text, nullable=False, info=PERSONAL),
    Column("masked_name", Text, nullable=False, comment="what callers without the right to names are shown"),
    Column("id_number", Text, nullable=False, comment="without blanks, as in party", info=PERSONAL),
    Column("since", Date, nullable=False),
    Column("until", Date, comment="day from which it is over; null while it lasts"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    one_of("relation", OFFICER_RELATIONS),
    CheckConstraint("until >= since", name="days"),
    Index("ix_officer_relative_officer_id", "officer_id", "id"),
    Index("ix_officer_relative_id_number", "id_number"),
    Index(
        "uq_officer_relative_lasting", "officer_id", "id_number", unique=True, postgresql_where=text("until IS NULL")
    ),
)

retention_class = Table(
    "retention_class",
    metadata,
    Column("code", Text, primary_key=True),
    Column("states", ARRAY(Text), nullable=False, comment="states of the cases it is for; none: not for cases"),
    Column("years", SmallInteger, nullable=False, comment="kept for so long after the end"),
    Column("legal_basis", Text, nullable=False),
    Column("provisional", Boolean, nullable=False, comment="no text of law with this number is known"),
    Column("validity", validity().type, primary_key=True),
    one_of("code", RETENTION_CLASSES),
    CheckConstraint("years BETWEEN 1 AND 100", name="years"),
    comment="how long personal data are kept (thời hạn lưu trữ)",
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), primary_key=True),
    Column("validity", validity().type, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("client_id", Text, nullable=False, comment="who placed it"),
    Column("person_id", Text, comment="whom the client acted for"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    comment="cases whose personal data must be kept whatever their age",
)
