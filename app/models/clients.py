"""Clients of the API, what they were granted, and the requests they may repeat."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.models.base import metadata, recorded_at

client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, comment="null: it has keys, or an outside issuer speaks for it"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("disabled", Boolean, nullable=False, server_default="false"),
    Column("clearance", SmallInteger, nullable=False, server_default="0", comment="highest confidentiality class seen"),
    Column("institution", Text, comment="the only party whose cases it sees, by code; null: all parties"),
    recorded_at(),
    Column("old_secret_hash", Text, comment="the secret before, good until old_secret_until"),
    Column("old_secret_until", DateTime(timezone=True)),
    Column("jwks", JSONB(none_as_null=True), comment="public keys it signs assertions with"),
    Column("issuer", Text, comment="outside issuer that may speak for it and the people behind it"),
)

client_assertion = Table(
    "client_assertion",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_client_assertion_expires_at", "expires_at"),
    comment="assertions that were used; each counts once",
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
