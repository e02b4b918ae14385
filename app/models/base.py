"""What all tables share: the metadata with its naming convention and the column types of this house."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, MetaData, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.sql import func

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

CPath = Text(collation="C")


def uuid_key(name: str = "id") -> Column[object]:
    """A UUIDv7 primary key made by the database when the caller brings none."""
    return Column(name, Uuid(), primary_key=True, server_default=func.uuidv7())


def money(name: str) -> Column[int]:
    """An amount in whole VND."""
    return Column(name, BigInteger, nullable=False, server_default="0")


def count(name: str) -> Column[int]:
    """A small non-negative number."""
    return Column(name, SmallInteger, nullable=False, server_default="0")


def recorded_at(name: str = "recorded_at") -> Column[object]:
    """The moment the database learnt of it."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


def validity() -> Column[object]:
    """Days on which a row holds, `[from, until)`."""
    return Column("validity", DATERANGE, nullable=False)


def one_of(column: str, codes: Sequence[str]) -> CheckConstraint:
    """CHECK that a text column holds one of the codes."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
