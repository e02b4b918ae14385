"""What every change and every unmasked read leaves behind, and the chain that shows when it was rewritten."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.models.base import CPath, metadata, recorded_at

change_record = Table(
    "change_record",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("unit_id", Uuid),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("transaction_id", BigInteger, nullable=False, comment="lets numbering find what it has not seen"),
    recorded_at(),
    Column("position", BigInteger, comment="place in the feed: 1, 2, 3 … without gaps; null until numbered"),
    Column("client_id", Text, comment="client that made the change"),
    Column("unit_path", CPath, comment="path of the unit: who may see the thing"),
    Column("confidentiality", SmallInteger, nullable=False, server_default="0", comment="class of the thing"),
    Column(
        "institutions",
        ARRAY(Text),
        comment="institutions among its parties; null: it names no parties, so that institutions see it like everybody",
    ),
    Column("was_unit_path", CPath, comment="the same three before, when the change altered who may see the thing"),
    Column("was_confidentiality", SmallInteger),
    Column("was_institutions", ARRAY(Text)),
    Index("ix_change_record_recorded_at", "subject", "recorded_at"),
    Index(
        "uq_change_record_position",
        "position",
        unique=True,
        postgresql_where=text("position IS NOT NULL"),
    ),
    Index("ix_change_record_transaction_id", "transaction_id", postgresql_where=text("position IS NULL")),
)

change_head = Table(
    "change_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, comment="the last position given"),
    Column("forgotten", BigInteger, nullable=False, comment="changes up to this position were deleted for their age"),
    Column(
        "seen_below",
        BigInteger,
        nullable=False,
        comment="all transactions below had ended and are numbered, but those running",
    ),
    Column("running", ARRAY(BigInteger), nullable=False),
    CheckConstraint("id = 1", name="single"),
    comment="how far the feed is numbered; one row",
)

change_lineage = Table(
    "change_lineage",
    metadata,
    Column("no", SmallInteger, primary_key=True, autoincrement=False),
    Column("mark", BigInteger, nullable=False, comment="random; cursors carry it"),
    Column("server", Text, nullable=False, comment="cluster, timeline and database"),
    Column("since", BigInteger, nullable=False, comment="the first position it numbered"),
    comment="which server numbered from which position on; a new one after restore or failover",
)

audit_record = Table(
    "audit_record",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("unit_id", Uuid, comment="null: about things of the whole nation, such as clients and rules"),
    Column("unit_path", CPath, comment="path of the unit: who may read the record"),
    Column("confidentiality", SmallInteger, nullable=False, server_default="0", comment="class of the subject then"),
    Column("action", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("person_id", Text, comment="whom the client acted for, as the token said"),
    Column("person_unit_id", Uuid),
    Column("person_role", Text),
    Column("request_id", Uuid),
    Column("reason", Text, comment="of a change; of an unmasked read its purpose"),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column(
        "transaction_id",
        BigInteger,
        nullable=False,
        server_default=text("pg_current_xact_id()::text::bigint"),
        comment="lets chaining find what it has not seen",
    ),
    recorded_at(),
    Index("ix_audit_record_transaction_id", "transaction_id"),
    Index("ix_audit_record_recorded_at", "recorded_at", "id"),
    Index("ix_audit_record_unit_id", "unit_id", "recorded_at", "id"),
    Index("ix_audit_record_subject_id", "subject_id", "recorded_at", "id"),
    Index("ix_audit_record_subject", "subject", "recorded_at", "id"),
    Index("ix_audit_record_action", "action", "recorded_at", "id"),
    Index("ix_audit_record_client_id", "client_id", "recorded_at", "id"),
    Index(
        "ix_audit_record_person_id",
        "person_id",
        "recorded_at",
        "id",
        postgresql_where=text("person_id IS NOT NULL"),
    ),
)

audit_link = Table(
    "audit_link",
    metadata,
    Column("unit_id", Uuid, primary_key=True, comment="the chain; the nil UUID for records without a unit"),
    Column("no", BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 … within the chain"),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("since", DateTime(timezone=True), nullable=False, comment="the round before: the record was not there yet"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the digest before and of the record"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("no", BigInteger, nullable=False),
    Column("audit_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    comment="the last link of each chain",
)

audit_round = Table(
    "audit_round",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("seen_below", BigInteger, nullable=False, comment="all transactions below had ended, and are linked"),
    CheckConstraint("id = 1", name="single"),
    comment="the last round of chaining; one row",
)
