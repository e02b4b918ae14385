"""Units (đơn vị), officers (chấp hành viên) and matters (vụ)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from app.models.base import CPath, metadata, one_of, recorded_at, uuid_key, validity
from app.models.codes import LEVELS, MATTER_STATES, RANKS, TRACKING_LEVELS

unit = Table(
    "unit",
    metadata,
    uuid_key(),
    Column("code", Text, nullable=False, comment="electronic identifier, Decision 20/2020"),
    Column("province_code", Text),
    Column("level", Text, nullable=False),
    Column("parent_id", Uuid, ForeignKey("unit.id")),
    Column("path", CPath, nullable=False, unique=True, comment='ends with "."; a subtree is a range'),
    validity(),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    one_of("level", LEVELS),
    UniqueConstraint("code", "validity", name="uq_unit_code"),  # WITHOUT OVERLAPS in the database
)

unit_name = Table(
    "unit_name",
    metadata,
    Column("unit_id", Uuid, ForeignKey("unit.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("validity", validity().type, primary_key=True),
)

unit_successor = Table(
    "unit_successor",
    metadata,
    Column("predecessor_id", Uuid, ForeignKey("unit.id"), primary_key=True),
    Column("successor_id", Uuid, ForeignKey("unit.id"), primary_key=True),
    Column("since", Date, nullable=False),
)

officer = Table(
    "officer",
    metadata,
    uuid_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
)

officer_posting = Table(
    "officer_posting",
    metadata,
    Column("officer_id", Uuid, ForeignKey("officer.id"), primary_key=True),
    Column("unit_id", Uuid, ForeignKey("unit.id"), nullable=False),
    Column("rank", Text, nullable=False),
    Column("validity", validity().type, primary_key=True),
    one_of("rank", RANKS),
    Index("ix_officer_posting_unit_id", "unit_id"),
)

matter = Table(
    "matter",
    metadata,
    uuid_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("unit_path", CPath, nullable=False, comment="subtree that may see the matter"),
    Column("ever_tracked", Boolean, nullable=False, server_default="false"),
    Column(
        "confidentiality",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="class (độ mật): 0 ordinary, 1 restricted, 2 secret",
    ),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    Index("ix_matter_unit_path", "unit_path", "code"),
)

matter_tracking = Table(
    "matter_tracking",
    metadata,
    Column("matter_id", Uuid, ForeignKey("matter.id"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("tracked", validity().type, primary_key=True),
    Column("state", Text, nullable=False),
    Column("state_since", Date, nullable=False),
    one_of("level", TRACKING_LEVELS),
    one_of("state", MATTER_STATES),
)
