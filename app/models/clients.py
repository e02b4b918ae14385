"""Clients of the API, what they were granted, and the requests they may repeat."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.models.base import metadata, recorded_at

client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("disabled", Boolean, nullable=False, server_default="false"),
    Column("clearance", SmallInteger, nullable=False, server_default="0", comment="highest confidentiality class seen"),
    Column("institution", Text, comment="the only party whose cases it sees, by code; null: all parties"),
    recorded_at(),
)

client_grant = Table(
    "client_grant",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("unit_id", Uuid, ForeignKey("unit.id"), primary_key=True),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False, comment="digest of method, path and body"),
    Column("status", SmallInteger),
    Column("headers", JSONB(none_as_null=True)),
    Column("body", LargeBinary),
    recorded_at("created_at"),
    Index("ix_idempotency_key_created_at", "created_at"),
)
