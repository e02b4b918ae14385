"""What partners push: cases and their events under ids of their own."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.models.base import metadata, recorded_at

pushed_case = Table(
    "pushed_case",
    metadata,
    Column("partner", Text, ForeignKey("client.id"), primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column(
        "case_id",
        Uuid,
        ForeignKey("enforcement_case.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        server_default=text("uuidv7()"),
    ),
    Column(
        "source_version", BigInteger, nullable=False, comment="version of the partner; only higher ones are applied"
    ),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of all that was pushed"),
    Column("fixed", LargeBinary, nullable=False, comment="SHA-256 of what changes by events only"),
    recorded_at(),
    UniqueConstraint("case_id", name="uq_pushed_case_case_id"),
    comment="which case a partner means by an id of its own, and what it pushed last",
)

pushed_event = Table(
    "pushed_event",
    metadata,
    Column("partner", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("event_no", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of what was pushed"),
    recorded_at(),
    ForeignKeyConstraint(
        ["partner", "external_id"],
        ["pushed_case.partner", "pushed_case.external_id"],
        name="fk_pushed_event_partner_external_id",
    ),
    comment="which event of a case a partner means by an id of its own",
)
