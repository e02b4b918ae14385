"""Webhooks: who is sent which changes and how far, and the log of what was sent."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE
from sqlalchemy.sql import func

from app.models.base import metadata, one_of, recorded_at, uuid_key

webhook = Table(
    "webhook",
    metadata,
    uuid_key(),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("unit_id", Uuid, ForeignKey("unit.id"), comment="only what lies in its subtree; null: all the client sees"),
    Column("description", Text),
    Column("state", Text, nullable=False, server_default="active", comment="gone: the receiver answered 410"),
    Column("signature", Text, nullable=False),
    Column(
        "key_no",
        BigInteger,
        nullable=False,
        server_default="1",
        comment="the key that signs; the one before signs as well until old_key_until",
    ),
    Column("old_key_until", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    Column("mark", BigInteger, nullable=False, comment="lineage of the position"),
    Column(
        "position",
        BigInteger,
        nullable=False,
        comment="everything in the feed up to here was delivered, given up, or not for this view",
    ),
    Column("view", Text, nullable=False, comment="digest of what the client saw when it was last sent something"),
    Column(
        "replay",
        INT8MULTIRANGE,
        nullable=False,
        server_default="{}",
        comment="positions to be sent once more, before all others",
    ),
    Column("notice", Text, comment="why the receiver must take a new snapshot; to be sent before changes"),
    Column("notice_id", Uuid),
    Column("test_id", Uuid, comment="of the test event asked for"),
    Column(
        "attempts", SmallInteger, nullable=False, server_default="0", comment="that failed, of the event that is next"
    ),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "failing_since",
        DateTime(timezone=True),
        comment="when an event was given up first; null once one is delivered",
    ),
    Column("holder", Uuid, comment="the worker that delivers now"),
    Column("leased_until", DateTime(timezone=True)),
    one_of("state", ("active", "disabled", "gone")),
    one_of("signature", ("v1a", "v1")),
    one_of("notice", ("changes-lost", "view-changed")),
    Index("ix_webhook_client_id", "client_id", "id"),
    comment="who is sent which changes, and how far; its keys are derived, not kept",
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    uuid_key(),
    Column("webhook_id", Uuid, ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status_code", SmallInteger, comment="null: there was no answer"),
    Column("error", Text),
    Column("duration_ms", Integer, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True)),
    recorded_at(),
    one_of("outcome", ("delivered", "retry", "failed")),
    Index("ix_webhook_delivery_webhook_id", "webhook_id", "id"),
    Index("ix_webhook_delivery_recorded_at", "recorded_at"),
    comment="every attempt to deliver, without what was sent or answered",
)
