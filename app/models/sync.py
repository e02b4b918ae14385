"""What partners push: cases under ids of their own."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text, UniqueConstraint, Uuid, text

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
